import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { AuditRecord } from '../../index.ts';
import { describeMap } from '../../map-statistics/describe-map.ts';
import { figure, percent, short } from '../draw/text.ts';
import { comparison, kindOfSecond, pairOf, secondRun } from '../state/comparison.ts';
import { type Kind, kindOf } from '../state/decisions.ts';
import { coloursFor, MODES, type Mode, method, mode, opacity } from '../state/display.ts';
import { noteOf, setNote, VERDICTS } from '../state/notes.ts';
import { mapOf, maskOf, pictureUrl } from '../state/pictures.ts';
import { follow, go, openId } from '../state/place.ts';
import { run } from '../state/report.ts';
import { filterFor } from '../state/selection.ts';
import { thresholdOf } from '../state/threshold.ts';
import {
  closePicture,
  focusBack,
  openRecord,
  pointer,
  sequence,
  shows,
  step,
  wipe,
  zoom,
  zoomTo,
} from '../state/viewer.ts';
import { Choice } from './choice.tsx';
import { CopyButton } from './copy-button.tsx';
import { ColourChoice, MethodChoice, OpacitySlider } from './display-controls.tsx';
import { Legend } from './legend.tsx';
import { KIND_NAMES, Mark } from './marks.tsx';
import { Name } from './name.tsx';
import { Readout } from './readout.tsx';
import { ScrollBox } from './scroll-box.tsx';
import { Stage } from './stage.tsx';

const MODE_NAMES: Readonly<Record<Mode, string>> = {
  one: 'Overlay',
  beside: 'Side by side',
  wipe: 'Wipe',
  grid: 'All methods',
};

/** The open picture: its maps, what is known of it, and the reviewer's note. */
export function Viewer() {
  const dialog = useRef<HTMLDialogElement>(null);
  const record = openRecord.value;
  const id = openId.value;
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (id !== '' && !element.open) element.showModal();
    if (id === '' && element.open) {
      element.close();
      focusBack();
    }
  }, [id]);
  useEffect(() => {
    zoom.value = { scale: 1, x: 0, y: 0 };
    pointer.value = undefined;
    dialog.current?.querySelector('.viewer-body')?.scrollTo(0, 0);
  }, [id]);
  return (
    <dialog
      ref={dialog}
      class="viewer"
      aria-labelledby="viewer-title"
      onCancel={(event) => {
        event.preventDefault();
        closePicture();
      }}
    >
      {record && <Open record={record} />}
      {!record && id !== '' && (
        <div class="viewer-missing">
          <h2 id="viewer-title">No such picture</h2>
          <p>
            This report has no picture <Name text={id} />.
          </p>
          <button type="button" onClick={closePicture}>
            Close
          </button>
        </div>
      )}
    </dialog>
  );
}

function Open({ record }: { record: AuditRecord }) {
  const list = sequence.value;
  const at = list.findIndex(({ id }) => id === record.id);
  const kind = kindOf(record);
  return (
    <>
      <header class="viewer-head">
        <h2 id="viewer-title">
          <Mark kind={kind} />
          <Name text={record.id} />
        </h2>
        <div class="viewer-steps">
          <span class="quiet">
            {at + 1} of {list.length}
          </span>
          <button
            type="button"
            class="icon"
            aria-label="Previous picture"
            title="Previous (←)"
            disabled={at <= 0}
            onClick={() => step(-1)}
          >
            ←
          </button>
          <button
            type="button"
            class="icon"
            aria-label="Next picture"
            title="Next (→)"
            disabled={at < 0 || at >= list.length - 1}
            onClick={() => step(1)}
          >
            →
          </button>
          <button type="button" class="icon" aria-label="Close" title="Close (Escape)" onClick={closePicture}>
            ✕
          </button>
        </div>
      </header>
      <div class="viewer-body">
        <section class="viewer-pictures" aria-label="Picture and heatmaps">
          <Controls record={record} />
          <Panes record={record} />
          <Readout record={record} />
        </section>
        <Facts record={record} />
      </div>
    </>
  );
}

function Controls({ record }: { record: AuditRecord }) {
  const known = run.methods.filter(({ name }) => record.maps?.[name]);
  const modes = MODES.filter((value) =>
    value === 'grid' ? run.methods.length > 1 : value !== 'beside' || !comparison,
  );
  return (
    <div class="toolbar">
      {known.length > 0 && (
        <>
          <Choice
            label="Arrangement"
            name="mode"
            values={modes.map((value) => ({ value, text: MODE_NAMES[value] }))}
            value={mode.value}
            onChange={(value) => go({ mode: value === 'one' ? '' : value })}
          />
          {mode.value !== 'grid' && <MethodChoice />}
          <OpacitySlider />
          <ColourChoice />
          <label class="check">
            <input
              type="checkbox"
              checked={shows.contours.value}
              onChange={() => (shows.contours.value = !shows.contours.value)}
            />
            Contours
          </label>
        </>
      )}
      {record.masked && (
        <label class="check">
          <input type="checkbox" checked={shows.mask.value} onChange={() => (shows.mask.value = !shows.mask.value)} />
          Mask
        </label>
      )}
      <span class="zoom-buttons">
        <button
          type="button"
          class="icon"
          aria-label="Zoom out"
          onClick={() => zoomTo(zoom.value.scale / 1.5)}
          disabled={zoom.value.scale <= 1}
        >
          −
        </button>
        <output aria-label="Zoom">{percent(zoom.value.scale)}</output>
        <button type="button" class="icon" aria-label="Zoom in" onClick={() => zoomTo(zoom.value.scale * 1.5)}>
          +
        </button>
      </span>
    </div>
  );
}

function Panes({ record }: { record: AuditRecord }) {
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

/** How both runs decided. */
function PairFacts({ record }: { record: AuditRecord }) {
  const pair = pairOf(record.id);
  if (!pair) return null;
  const line = (name: 'A' | 'B', one: AuditRecord, kind: Kind) => {
    const best = [...one.scores].sort((x, y) => y[1] - x[1])[0];
    return (
      <tr>
        <th scope="row">
          <span class={`side side-${name}`}>{name}</span>
        </th>
        <td class={`kind-${kind}`}>
          <Mark kind={kind} quiet /> {KIND_NAMES[kind]}
        </td>
        <td>{best && <Name text={run.classes[best[0]] ?? String(best[0])} most={30} />}</td>
        <td class="number">{best ? figure(best[1], 3) : '–'}</td>
      </tr>
    );
  };
  return (
    <>
      <table class="table-small">
        <thead class="unseen">
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Result</th>
            <th scope="col">Best class</th>
            <th scope="col">Score</th>
          </tr>
        </thead>
        <tbody>
          {line('A', pair.a, kindOf(record))}
          {line('B', pair.b, kindOfSecond(pair))}
        </tbody>
      </table>
      <p class="small">
        {pair.change !== null && (
          <>
            Score{' '}
            {pair.about !== null && (
              <>
                of <Name text={run.classes[pair.about] ?? ''} most={30} />{' '}
              </>
            )}
            B − A: {pair.change > 0 ? '+' : ''}
            {figure(pair.change)}.{' '}
          </>
        )}
        {Object.entries(pair.agreement).map(([name, value]) => (
          <span key={name}>
            Maps of {run.methods.find((one) => one.name === name)?.title ?? name} correlate{' '}
            {value === null ? 'not (one is constant)' : figure(value, 2)}.{' '}
          </span>
        ))}
      </p>
    </>
  );
}

function Facts({ record }: { record: AuditRecord }) {
  const kind = kindOf(record);
  const note = noteOf(record.id);
  const label = record.label?.map((index) => run.classes[index] ?? String(index));
  const scores = [...record.scores].sort((a, b) => b[1] - a[1]).slice(0, 8);
  return (
    <section class="facts" aria-label="About this picture">
      {comparison ? (
        <PairFacts record={record} />
      ) : (
        <p class={`verdict verdict-${kind}`}>
          <Mark kind={kind} quiet />
          <span>{KIND_NAMES[kind]}</span>
        </p>
      )}
      <dl class="pairs">
        <dt>Label</dt>
        <dd>
          {label === undefined ? (
            <span class="quiet">none</span>
          ) : label.length === 0 ? (
            'no class'
          ) : (
            label.map((name, i) => (
              <span key={name}>
                {i > 0 && ', '}
                <Name text={name} />
              </span>
            ))
          )}
        </dd>
        {run.task !== 'multiclass' && (
          <>
            <dt>Threshold</dt>
            <dd>{figure(thresholdOf(record), 3)}</dd>
          </>
        )}
        {record.group !== undefined && (
          <>
            <dt>Group</dt>
            <dd>
              <a
                {...follow(
                  comparison
                    ? { view: 'pictures', q: filterFor('group', record.group), id: '' }
                    : { view: 'groups', group: record.group, id: '' },
                )}
              >
                <Name text={record.group} />
              </a>
            </dd>
          </>
        )}
        {record.split !== undefined && (
          <>
            <dt>Split</dt>
            <dd>
              <Name text={record.split} />
            </dd>
          </>
        )}
      </dl>
      <h3>Scores</h3>
      <ul class="score-bars">
        {scores.map(([index, score]) => (
          <li key={index} class={record.label?.includes(index) ? 'score-true' : ''}>
            <span class="score-name">
              <Name text={run.classes[index] ?? String(index)} most={40} />
              {record.label?.includes(index) && <span class="tag">label</span>}
            </span>
            <span class="score-track">
              <span style={{ width: `${100 * Math.min(1, Math.max(0, score))}%` }} />
            </span>
            <span class="score-value">{figure(score, 3)}</span>
          </li>
        ))}
      </ul>
      <MapFacts record={record} />
      <section class="note">
        <h3>Your review</h3>
        <div class="note-row">
          <button
            type="button"
            class={note?.flag ? 'toggle toggle-on' : 'toggle'}
            aria-pressed={note?.flag ?? false}
            onClick={() => setNote(record.id, { flag: !note?.flag })}
          >
            ⚑ Flag
          </button>
          <label class="field">
            <span>The label is</span>
            <select
              value={note?.verdict ?? ''}
              onChange={(event) =>
                setNote(record.id, { verdict: event.currentTarget.value as (typeof VERDICTS)[number] })
              }
            >
              {VERDICTS.map((verdict) => (
                <option key={verdict} value={verdict}>
                  {verdict === '' ? 'not judged' : verdict.replace('label ', '')}
                </option>
              ))}
            </select>
          </label>
        </div>
        <label class="note-text">
          <span>Note</span>
          <textarea
            id="note"
            rows={3}
            value={note?.text ?? ''}
            onInput={(event) => setNote(record.id, { text: event.currentTarget.value })}
          />
        </label>
      </section>
      {(record.notes?.length ?? 0) > 0 && (
        <>
          <h3>Noticed</h3>
          <ul class="plain">
            {record.notes!.map((text) => (
              <li key={text}>
                <Name text={text} most={300} />
              </li>
            ))}
          </ul>
        </>
      )}
      <details>
        <summary>File and columns</summary>
        <dl class="pairs">
          <dt>Path</dt>
          <dd>
            <Name text={record.path} most={200} />
          </dd>
          <dt>Size</dt>
          <dd>
            {record.width} × {record.height}
          </dd>
          <dt>SHA-256</dt>
          <dd>
            <code class="hash">{record.sha256}</code>
          </dd>
          {Object.entries(record.columns).map(([name, value]) => (
            <>
              <dt>
                <Name text={name} most={40} />
              </dt>
              <dd>
                <Name text={String(value)} most={200} />
              </dd>
            </>
          ))}
        </dl>
      </details>
      <CopyButton text={() => location.href} label="Copy link to this picture" />
    </section>
  );
}

/** Where the maps' mass lies, method by method. */
function MapFacts({ record }: { record: AuditRecord }) {
  const known = run.methods.filter(({ name }) => record.maps?.[name]);
  if (known.length === 0) return null;
  return (
    <>
      <h3>Where the maps look{comparison && ' (A)'}</h3>
      <ScrollBox label="Where the maps look">
        <table class="table-small">
          <thead>
            <tr>
              <th scope="col">Method</th>
              <th scope="col">Border</th>
              <th scope="col" title="Share of the picture that holds half of the mass">
                Half on
              </th>
              {record.masked && (
                <th scope="col" title="Share of the mass inside the mask, and the share of the picture it covers">
                  In mask
                </th>
              )}
              <th scope="col">Range</th>
            </tr>
          </thead>
          <tbody>
            {known.map(({ name, title }) => {
              const map = record.maps![name]!;
              return (
                <tr key={name}>
                  <th scope="row">{title}</th>
                  <td>{percent(map.border)}</td>
                  <td>{percent(map.halfMassArea)}</td>
                  {record.masked && (
                    <td>{map.inside ? `${percent(map.inside.mass)} / ${percent(map.inside.area)}` : '–'}</td>
                  )}
                  <td>
                    {short(map.range[0])} … {short(map.range[1])}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </ScrollBox>
      {known.map(({ name, title }) => {
        const { covered, warnings } = record.maps![name]!;
        return (
          <>
            {covered && (
              <p class="small">
                {title}: with its strongest parts covered the probability goes from {figure(covered.before, 2)} to{' '}
                {figure(covered.hot, 2)}; with as much covered elsewhere, to {figure(covered.cold, 2)}.
              </p>
            )}
            {warnings.map((text) => (
              <p class="small warning" key={text}>
                ▲ {title}: <Name text={text} most={300} />
              </p>
            ))}
          </>
        );
      })}
    </>
  );
}
