import type { AuditRecord } from '../../index.ts';
import { figure, percent, short } from '../draw/text.ts';
import { comparison, kindOfSecond, pairOf } from '../state/comparison.ts';
import { askedClass, type Kind, kindOf, shownKind } from '../state/decisions.ts';
import { noteOf, setNote, VERDICTS } from '../state/notes.ts';
import { follow } from '../state/place.ts';
import { run } from '../state/report.ts';
import { filterFor } from '../state/selection.ts';
import { thresholdOf } from '../state/threshold.ts';
import { CopyButton } from './copy-button.tsx';
import { KIND_NAMES, Mark } from './marks.tsx';
import { Name } from './name.tsx';
import { ScrollBox } from './scroll-box.tsx';

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

/** What is known of the picture, and the reviewer's note. */
export function Facts({ record }: { record: AuditRecord }) {
  const kind = shownKind(record);
  const asked = askedClass.value;
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
          <span>
            {KIND_NAMES[kind]}
            {asked !== undefined && (
              <>
                {' '}
                for <Name text={run.classes[asked] ?? ''} most={40} />
              </>
            )}
          </span>
        </p>
      )}
      <dl class="pairs">
        {asked !== undefined && kindOf(record) !== 'none' && (
          <>
            <dt>{run.task === 'multilabel' ? 'All classes' : 'Best class'}</dt>
            <dd>{KIND_NAMES[kindOf(record)]}</dd>
          </>
        )}
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
