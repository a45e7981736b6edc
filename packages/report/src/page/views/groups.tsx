import { computed, effect, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { AuditRecord } from '../../index.ts';
import { binaryMetrics } from '../../metrics/binary-metrics.ts';
import { positiveOf } from '../../metrics/decision.ts';
import type { Estimate } from '../../metrics/estimate.ts';
import { GROUP_RULES, type GroupRule, GroupTally } from '../../metrics/group-decisions.ts';
import { Grouping, type GroupRow } from '../../metrics/grouping.ts';
import { areaUnderRoc } from '../../metrics/roc.ts';
import { count, figure, percent, shorten, thresholdText } from '../draw/text.ts';
import { Choice } from '../parts/choice.tsx';
import { EstimateRow, EstimateTable } from '../parts/estimate.tsx';
import { Gallery } from '../parts/gallery.tsx';
import { KIND_NAMES } from '../parts/marks.tsx';
import { Name } from '../parts/name.tsx';
import { useRowsInSight } from '../parts/rows-in-sight.ts';
import { cellHead, numbers, TableHead } from '../parts/table-head.tsx';
import { ThresholdSlider } from '../parts/threshold-slider.tsx';
import { kindOf, targetScore } from '../state/decisions.ts';
import { adjust, follow, go, here } from '../state/place.ts';
import { printing } from '../state/printing.ts';
import { run } from '../state/report.ts';
import { filterFor, selected } from '../state/selection.ts';
import { threshold } from '../state/threshold.ts';
import { openPicture } from '../state/viewer.ts';

/** The selection as it was when the typing rested: all groups are made anew for each, which no letter should wait for. */
const settled = signal<readonly AuditRecord[]>([]);
/** Milliseconds of rest after which the groups follow. */
const REST = 120;

function followSelection(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    const next = selected.value;
    clearTimeout(timer);
    if (next !== settled.peek()) timer = setTimeout(() => (settled.value = next), REST);
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

const grouping = computed(() => new Grouping(settled.value, run));
/** Groups in the table. */
const MOST = 200;
const rows = computed(() => grouping.value.at(threshold.value, MOST));
const leaks = computed(() => grouping.value.leaking());
const total = computed(() => grouping.value.names.length);

const RULE_NAMES: Readonly<Record<GroupRule, string>> = { max: 'largest score', mean: 'mean score', vote: 'vote' };

/** What belongs together (patients): worst first, and how each group would be decided as one. */
export function Groups() {
  useMemo(() => {
    settled.value = selected.peek();
  }, []);
  useEffect(followSelection, []);
  return (
    <section>
      <div class="title-row">
        <h1>Groups</h1>
        <p class="quiet">{count(total.value, 'group')}, worst first</p>
      </div>
      {run.task !== 'multiclass' && <ThresholdSlider />}
      <Leaks />
      <OneGroup />
      <Together />
      <Worst />
    </section>
  );
}

function Leaks() {
  const list = leaks.value;
  if (list.length === 0) return null;
  return (
    <div class="card leak" role="note">
      <h2>▲ {count(list.length, 'group lies', 'groups lie')} in more than one split</h2>
      <p>What the model learnt from a group in training may be what it is tested on here: the figures flatter it.</p>
      <p class="small">
        {list.slice(0, 12).map(({ name, splits }, i) => (
          <span key={name}>
            {i > 0 && '; '}
            <a {...follow({ group: name })}>
              <Name text={name} most={40} />
            </a>{' '}
            ({splits.map((split) => shorten(split, 20)).join(', ')})
          </span>
        ))}
        {list.length > 12 && ` and ${list.length - 12} more`}
      </p>
    </div>
  );
}

/** The table of the worst groups, of which only the rows in sight exist. */
function Worst() {
  const list = rows.value;
  const { body, first, end, before, after } = useRowsInSight(list.length);
  const shown = printing.value ? list : list.slice(first, end);
  const from = printing.value ? 0 : first;
  return (
    <div class="card table-box">
      <table class={run.task === 'binary' ? 'groups groups-counted' : 'groups'} aria-rowcount={list.length + 1}>
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
        <tbody ref={body}>
          {!printing.value && before > 0 && <tr key=" before" style={{ height: `${before}px` }} />}
          {shown.map((row, i) => (
            <Row key={row.name} row={row} at={from + i} />
          ))}
          {!printing.value && after > 0 && <tr key=" after" style={{ height: `${after}px` }} />}
        </tbody>
      </table>
      {total.value > MOST && (
        <p class="quiet">
          The {MOST} worst of {total.value.toLocaleString('en')} groups are listed; the filter finds the others:{' '}
          <code>group:…</code>
        </p>
      )}
      {list.length === 0 && <p class="quiet">No picture of the selection belongs to a group.</p>}
    </div>
  );
}

function Row({ row, at }: { row: GroupRow; at: number }) {
  return (
    <tr aria-rowindex={at + 2}>
      <th scope="row">
        <a {...follow({ group: row.name })} aria-current={row.name === here.group.value ? 'true' : undefined}>
          <Name text={row.name} most={48} />
        </a>
        {row.splits.length > 1 && (
          <span class="tag" title={row.splits.join(', ')}>
            {row.splits.length === 2 ? 'two' : row.splits.length} splits
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
  );
}

const recordsOf = (row: GroupRow): readonly AuditRecord[] => row.members.map((i) => grouping.value.records[i]!);

/** The group that was opened. */
function OneGroup() {
  const name = here.group.value;
  const row = name === '' ? undefined : grouping.value.one(name, threshold.value);
  if (!row) return null;
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

const rule = computed(() => GROUP_RULES.find((name) => name === here.sort.value) ?? 'max');
const tally = computed(() => new GroupTally(settled.value, run, rule.value));
/** At each threshold another only where the pictures vote. */
const curve = computed(() => tally.value.curve(threshold.value));
const area = computed(() => curve.value && areaUnderRoc(curve.value));

/** The groups decided as one each. */
function Together() {
  const { labelled, mixed, unlabelled } = tally.value;
  if (labelled + mixed + unlabelled === 0) return null;
  const own = tally.value.own(threshold.value);
  const counts = curve.value?.at(own);
  const metrics = counts && binaryMetrics(counts);
  return (
    <div class="card">
      <h2>Each group decided as one</h2>
      <div class="toolbar">
        <Choice
          label="Rule"
          name="rule"
          values={GROUP_RULES.map((value) => ({ value, text: RULE_NAMES[value] }))}
          value={rule.value}
          onChange={(value) => adjust({ sort: value })}
        />
        <span class="quiet">
          {count(labelled, 'labelled group')}
          {counts
            ? `: ${counts.tp} TP, ${counts.fn} FN, ${counts.fp} FP, ${counts.tn} TN`
            : `, ${tally.value.right(threshold.value)} decided right`}
          {run.task !== 'multiclass' && ` at ${thresholdText(own)}`}
          {mixed > 0 && `; ${mixed} with mixed labels left out`}
          {unlabelled > 0 && `; ${unlabelled} without a label`}
        </span>
      </div>
      {metrics && area.value && (
        <EstimateTable>
          <EstimateRow name="Sensitivity" value={ofGroups(metrics.sensitivity)} />
          <EstimateRow name="Specificity" value={ofGroups(metrics.specificity)} />
          <EstimateRow name="PPV" value={ofGroups(metrics.ppv)} />
          <EstimateRow name="NPV" value={ofGroups(metrics.npv)} />
          <EstimateRow name="AUC" value={ofGroups(area.value)} />
        </EstimateTable>
      )}
    </div>
  );
}

/** Says of groups why a figure is missing, as what is counted here. */
const ofGroups = (value: Estimate): Estimate =>
  value.reason === undefined ? value : { ...value, reason: value.reason.replace('picture', 'group') };
