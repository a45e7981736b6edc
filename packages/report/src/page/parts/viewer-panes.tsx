import type { AuditRecord } from '../../index.ts';
import { describeMap } from '../../map-statistics/describe-map.ts';
import { comparison, pairOf, secondRun } from '../state/comparison.ts';
import { coloursFor, method, mode, opacity } from '../state/display.ts';
import { mapOf, maskOf, pictureUrl } from '../state/pictures.ts';
import { run } from '../state/report.ts';
import { thresholdOf } from '../state/threshold.ts';
import { wipe } from '../state/viewer.ts';
import { Legend } from './legend.tsx';
import { Name } from './name.tsx';
import { Stage } from './stage.tsx';

/** The picture with its maps, arranged as was chosen. */
export function Panes({ record }: { record: AuditRecord }) {
  const url = pictureUrl(record.id);
  const mask = record.masked ? maskOf(record.id) : undefined;
  const threshold = thresholdOf(record);
  const known = run.methods.filter(({ name }) => record.maps?.[name]);
  const shown = known.find(({ name }) => name === method.value?.name) ?? known[0];
  if (comparison) return <PairPanes record={record} />;
  const plain = describeMap(record, run, undefined, threshold);
  if (!shown)
    return (
      <div class="panes panes-1">
        <figure class="pane">
          <Stage url={url} alt={plain} mask={mask} colours="viridis" alpha={0} />
          <figcaption class="quiet">This picture was not explained.</figcaption>
        </figure>
      </div>
    );
  const pane = (one: typeof shown, alpha: number, wiping = false) => {
    const map = mapOf(record.id, one.name);
    const colours = coloursFor(one.signed);
    return (
      <figure class="pane" key={one.name}>
        <Stage
          url={url}
          alt={describeMap(record, run, one.name, threshold)}
          map={map}
          mask={mask}
          colours={colours}
          alpha={alpha}
          wiping={wiping}
        />
        <figcaption>
          <strong>{one.title}</strong>
          <span class="quiet">
            for <Name text={run.classes[record.maps![one.name]!.target] ?? ''} most={40} />
          </span>
          {map ? (
            <Legend range={record.maps![one.name]!.range} colours={colours} />
          ) : (
            <span class="quiet">map not in this file</span>
          )}
        </figcaption>
      </figure>
    );
  };
  switch (mode.value) {
    case 'grid':
      return (
        <div class={`panes panes-${Math.min(3, known.length)}`}>{known.map((one) => pane(one, opacity.value))}</div>
      );
    case 'beside':
      return (
        <div class="panes panes-2">
          <figure class="pane">
            <Stage url={url} alt={plain} mask={mask} colours="viridis" alpha={0} />
            <figcaption>
              <strong>Picture</strong>
              <span class="quiet">as the model saw it</span>
            </figcaption>
          </figure>
          {pane(shown, opacity.value)}
        </div>
      );
    case 'wipe':
      return (
        <div class="panes panes-1">
          {pane(shown, Math.max(opacity.value, 0.05), true)}
          <label class="slider-small">
            <span>Wipe</span>
            <input
              type="range"
              min="0"
              max="1"
              step="0.01"
              value={wipe.value}
              onInput={(event) => (wipe.value = Number(event.currentTarget.value))}
            />
          </label>
        </div>
      );
    default:
      return <div class="panes panes-1">{pane(shown, opacity.value)}</div>;
  }
}

/** The maps of both runs on one picture. */
function PairPanes({ record }: { record: AuditRecord }) {
  const pair = pairOf(record.id);
  const shown = mode.value === 'grid' ? run.methods : run.methods.filter(({ name }) => name === method.value?.name);
  if (!pair) return null;
  const url = pictureUrl(record.id);
  const mask = record.masked ? maskOf(record.id) : undefined;
  const sides = [
    { side: 'a', name: 'A', one: pair.a, of: run },
    { side: 'b', name: 'B', one: pair.b, of: { ...run, threshold: secondRun().threshold } },
  ] as const;
  return (
    <div class="panes panes-2">
      {(shown.length > 0 ? shown : [undefined]).flatMap((by) =>
        sides.map(({ side, name, one, of }) => {
          const map = by && mapOf(record.id, by.name, side);
          const known = by && one.maps?.[by.name];
          const colours = coloursFor(by?.signed ?? false);
          return (
            <figure class="pane" key={`${by?.name} ${side}`}>
              <Stage
                url={url}
                alt={describeMap(one, of, by?.name)}
                map={map}
                mask={mask}
                colours={colours}
                alpha={opacity.value}
                wiping={mode.value === 'wipe'}
              />
              <figcaption>
                <span class={`side side-${name}`}>{name}</span>
                <strong>{by?.title ?? 'Picture'}</strong>
                {map && known ? <Legend range={known.range} colours={colours} /> : <span class="quiet">no map</span>}
              </figcaption>
            </figure>
          );
        }),
      )}
    </div>
  );
}
