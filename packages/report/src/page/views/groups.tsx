import { computed } from '@preact/signals';
import type { AuditRecord } from '../../index.ts';
import { binaryMetrics } from '../../metrics/binary-metrics.ts';
import { positiveOf } from '../../metrics/decision.ts';
import { GROUP_RULES, type GroupRule, groupCurve, groupDecisions } from '../../metrics/group-decisions.ts';
import { Grouping, type GroupRow } from '../../metrics/grouping.ts';
import { areaUnderRoc } from '../../metrics/roc.ts';
import { count, figure, percent, shorten, thresholdText } from '../draw/text.ts';
import { Choice } from '../parts/choice.tsx';
import { EstimateRow, EstimateTable } from '../parts/estimate.tsx';
import { Gallery } from '../parts/gallery.tsx';
import { KIND_NAMES } from '../parts/marks.tsx';
import { Name } from '../parts/name.tsx';
import { cellHead, numbers, TableHead } from '../parts/table-head.tsx';
import { ThresholdSlider } from '../parts/threshold-slider.tsx';
import { kindOf, targetScore } from '../state/decisions.ts';
import { adjust, follow, go, here } from '../state/place.ts';
import { run } from '../state/report.ts';
import { filterFor, selected } from '../state/selection.ts';
import { threshold } from '../state/threshold.ts';
import { openPicture } from '../state/viewer.ts';

const grouping = computed(() => new Grouping(selected.value, run));
const rows = computed(() => grouping.value.at(threshold.value));
/** Shown at once. */
const MOST = 200;

const RULE_NAMES: Readonly<Record<GroupRule, string>> = { max: 'largest score', mean: 'mean score', vote: 'vote' };

/** What belongs together (patients): worst first, and how each group would be decided as one. */
export function Groups() {
  const list = rows.value;
  const open = list.find(({ name }) => name === here.group.value);
  const leaks = grouping.value.leaking();
  return (
    <section>
      <div class="title-row">
        <h1>Groups</h1>
        <p class="quiet">{count(list.length, 'group')}, worst first</p>
      </div>
      {run.task !== 'multiclass' && <ThresholdSlider />}
      {leaks.length > 0 && (
        <div class="card leak" role="note">
          <h2>▲ {count(leaks.length, 'group lies', 'groups lie')} in more than one split</h2>
          <p>
            What the model learnt from a group in training may be what it is tested on here: the figures flatter it.
          </p>
          <p class="small">
            {leaks.slice(0, 12).map(({ name, splits }, i) => (
              <span key={name}>
                {i > 0 && '; '}
                <a {...follow({ group: name })}>
                  <Name text={name} most={40} />
                </a>{' '}
                ({splits.map((split) => shorten(split, 20)).join(', ')})
              </span>
            ))}
            {leaks.length > 12 && ` and ${leaks.length - 12} more`}
          </p>
        </div>
      )}
      {open && <OneGroup row={open} />}
      <Together />
      <div class="card table-box">
        <table class="groups">
          <caption class="unseen">Groups, worst first</caption>
          <TableHead
            columns={[
              'Group',
              ...numbers(
                'Pictures',
                ...(run.task === 'binary' ? (['TP', 'FN', 'FP', 'TN'] as const).map(cellHead) : []),
                'Errors',
              ),
              { head: 'Error rate', apart: true },
              { head: 'Scores', wide: true },
            ]}
          />
          <tbody>
            {list.slice(0, MOST).map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  <a {...follow({ group: row.name })} aria-current={row.name === open?.name ? 'true' : undefined}>
                    <Name text={row.name} most={48} />
                  </a>
                  {row.splits.length > 1 && (
                    <span class="tag" title={row.splits.join(', ')}>
                      two splits
                    </span>
                  )}
                </th>
                <td class="number">{row.members.length}</td>
                {row.counts &&
                  (['tp', 'fn', 'fp', 'tn'] as const).map((kind) => (
                    <td class={row.counts![kind] === 0 ? 'number quiet' : 'number'} key={kind}>
                      {row.counts![kind]}
                    </td>
                  ))}
                <td class="number">
                  <strong>{row.errors}</strong>
                </td>
                <td class="apart">
                  {row.labelled > 0 ? percent(row.errorRate.value) : '–'}
                  {row.labelled > 0 && (
                    <span class="quiet small">
                      {' '}
                      ({percent(row.errorRate.low)} – {percent(row.errorRate.high)})
                    </span>
                  )}
                </td>
                <td class="strip-cell">
                  <Strip records={recordsOf(row)} small />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {list.length > MOST && (
          <p class="quiet">
            The {MOST} worst of {list.length} groups are listed; the filter finds the others: <code>group:…</code>
          </p>
        )}
        {list.length === 0 && <p class="quiet">No picture of the selection belongs to a group.</p>}
      </div>
    </section>
  );
}

const recordsOf = (row: GroupRow): readonly AuditRecord[] => row.members.map((i) => grouping.value.records[i]!);

function OneGroup({ row }: { row: GroupRow }) {
  const members = recordsOf(row);
  return (
    <section class="card" aria-labelledby="group-title">
      <div class="title-row">
        <h2 id="group-title">
          <Name text={row.name} />
        </h2>
        <p class="quiet">
          {count(members.length, 'picture')}, {count(row.errors, 'error')}
          {row.splits.length > 0 && `; split ${row.splits.map((split) => shorten(split, 30)).join(' and ')}`}
        </p>
        <button type="button" class="quiet-button" onClick={() => go({ group: '' })}>
          Close
        </button>
      </div>
      <Strip records={members} />
      <Gallery records={members} label={`Pictures of ${row.name.slice(0, 80)}`} tile={128} height={430} />
      <p>
        <a {...follow({ view: 'pictures', q: filterFor('group', row.name) })}>Open in Pictures</a>
      </p>
    </section>
  );
}

const HIGH = 88;

/** The scores along the pictures of one group, with the threshold. */
function Strip({ records, small = false }: { records: readonly AuditRecord[]; small?: boolean }) {
  const scored = records.map((record) => {
    const score = targetScore(record, run.task === 'binary' ? positiveOf(run) : undefined) ?? record.scores[0]?.[1];
    return { record, score, kind: kindOf(record) };
  });
  const known = scored.filter(({ score }) => score !== undefined);
  const said = `Scores along the pictures: ${known
    .slice(0, 30)
    .map(({ score, kind }) => `${figure(score!, 2)} ${KIND_NAMES[kind]}`)
    .join(', ')}${known.length > 30 ? ' …' : ''}`;
  if (small) {
    return (
      <svg class="strip strip-small" viewBox="0 0 220 26" role="img" aria-label={said}>
        <path d="M0 13H220" class="scale-line" />
        {run.task !== 'multiclass' && (
          <path d={`M${6 + 208 * Math.min(1, Math.max(0, threshold.value))} 1V25`} class="cursor" />
        )}
        {known.slice(0, 200).map(({ record, score, kind }) => (
          <Point key={record.id} kind={kind} x={6 + 208 * Math.min(1, Math.max(0, score!))} y={13} r={4} />
        ))}
      </svg>
    );
  }
  const step = Math.max(16, Math.min(60, 900 / Math.max(1, scored.length)));
  const width = step * scored.length + 46;
  return (
    <div class="strip-box table-box">
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing with buttons in it */}
      <svg
        class="strip"
        viewBox={`0 0 ${width} ${HIGH + 26}`}
        style={{ width: `${width}px` }}
        role="group"
        aria-label={said}
      >
        {[0, 0.5, 1].map((tick) => (
          <g key={tick}>
            <path d={`M34 ${10 + (1 - tick) * HIGH}H${width}`} class="grid" />
            <text x="28" y={14 + (1 - tick) * HIGH} class="tick tick-y">
              {tick}
            </text>
          </g>
        ))}
        {run.task !== 'multiclass' && (
          <path
            d={`M34 ${10 + (1 - Math.min(1, Math.max(0, threshold.value))) * HIGH}H${width}`}
            class="cursor"
            stroke-dasharray="6 4"
          />
        )}
        {scored.map(({ record, score, kind }, i) => {
          if (score === undefined) return null;
          const [x, y] = [40 + step * (i + 0.5), 10 + (1 - Math.min(1, Math.max(0, score))) * HIGH];
          return (
            // biome-ignore lint/a11y/useSemanticElements: a button inside a drawing
            <g
              key={record.id}
              role="button"
              tabindex={0}
              class="strip-point"
              aria-label={`${shorten(record.id, 60)}: ${figure(score, 2)}, ${KIND_NAMES[kind]}`}
              onClick={() => openPicture(record.id, records)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                event.preventDefault();
                openPicture(record.id, records);
              }}
            >
              <rect x={x - step / 2} y="0" width={step} height={HIGH + 20} fill="transparent" />
              <path d={`M${x} ${10 + HIGH}V${y}`} class="stem" />
              <Point kind={kind} x={x} y={y} r={6} />
            </g>
          );
        })}
        <text x={34} y={HIGH + 24} class="tick">
          pictures in the order of the data set →
        </text>
      </svg>
    </div>
  );
}

function Point({ kind, x, y, r }: { kind: ReturnType<typeof kindOf>; x: number; y: number; r: number }) {
  const filled = kind === 'TP' || kind === 'FP' || kind === 'right' || kind === 'wrong';
  const round = kind === 'TP' || kind === 'TN' || kind === 'right';
  const shape = filled ? 'mark-full' : 'mark-line point-hollow';
  return (
    <g class={`mark-${kind}`}>
      {kind === 'none' ? (
        <path d={`M${x - r} ${y}H${x + r}`} class="mark-line" />
      ) : round ? (
        <circle cx={x} cy={y} r={r} class={shape} />
      ) : (
        <path d={`M${x} ${y - r * 1.2}L${x + r * 1.15} ${y + r * 0.9}H${x - r * 1.15}Z`} class={shape} />
      )}
    </g>
  );
}

/** The groups decided as one each. */
function Together() {
  const rule = GROUP_RULES.find((name) => name === here.sort.value) ?? 'max';
  const found = groupDecisions(selected.value, run, rule, threshold.value);
  if (found.groups.length === 0) return null;
  const labelled = found.groups.filter(({ label }) => label !== undefined);
  const right = labelled.filter(({ correct }) => correct).length;
  const binary = run.task === 'binary';
  const curve = binary ? groupCurve(found, run) : undefined;
  const counts = curve?.at(found.threshold);
  const metrics = counts && binaryMetrics(counts);
  return (
    <div class="card">
      <h2>Each group decided as one</h2>
      <div class="toolbar">
        <Choice
          label="Rule"
          name="rule"
          values={GROUP_RULES.map((value) => ({ value, text: RULE_NAMES[value] }))}
          value={rule}
          onChange={(value) => adjust({ sort: value })}
        />
        <span class="quiet">
          {count(labelled.length, 'labelled group')}
          {counts ? `: ${counts.tp} TP, ${counts.fn} FN, ${counts.fp} FP, ${counts.tn} TN` : `, ${right} decided right`}{' '}
          at {thresholdText(found.threshold)}
          {found.mixed > 0 && `; ${found.mixed} with mixed labels left out`}
          {found.unlabelled > 0 && `; ${found.unlabelled} without a label`}
        </span>
      </div>
      {metrics && curve && (
        <EstimateTable>
          <EstimateRow name="Sensitivity" value={metrics.sensitivity} />
          <EstimateRow name="Specificity" value={metrics.specificity} />
          <EstimateRow name="PPV" value={metrics.ppv} />
          <EstimateRow name="NPV" value={metrics.npv} />
          <EstimateRow name="AUC" value={areaUnderRoc(curve)} />
        </EstimateTable>
      )}
    </div>
  );
}
