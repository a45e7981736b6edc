import { computed } from '@preact/signals';
import type { AuditRecord } from '../../index.ts';
import type { Counts } from '../../metrics/binary-metrics.ts';
import { binaryScoreOf, CELLS, type Cell, isCorrect, positiveOf, scoreOf } from '../../metrics/decision.ts';
import { SortedDecisions } from '../../metrics/sorted-decisions.ts';
import { here, view } from './place.ts';
import { records, run } from './report.ts';
import { selected } from './selection.ts';
import { facetOf, MOST_FACETS, thirdsOf, threshold, thresholdAt, thresholdOf } from './threshold.ts';

/** How a decision went: a cell of the 2 × 2 table, right or wrong for other heads, `none` without label or score. */
export type Kind = Cell | 'right' | 'wrong' | 'none';

/** The class that is looked at against the rest: the positive one of a binary head, of others the chosen one (or none). */
export const target = computed<number | undefined>(() => {
  if (run.task === 'binary') return positiveOf(run);
  const index = run.classes.indexOf(here.class.value);
  if (index >= 0) return index;
  return run.task === 'multilabel' ? 0 : undefined;
});

/** A record as the two-class question "is it the target class?" sees it. */
export interface Decided {
  readonly record: AuditRecord;
  readonly score: number;
  readonly truth: boolean;
}

/** Labelled pictures with a score for the target class, by score: a filter leaves a part of them in this order. */
const allDecided = computed(() => decidedFor(records, target.value).sort((a, b) => a.score - b.score));

/** Those of the selection, for all thresholds. */
export const decided = computed(() => {
  if (selected.value === records) return new SortedDecisions(allDecided.value);
  const chosen = new Set(selected.value);
  return new SortedDecisions(allDecided.value.filter(({ record }) => chosen.has(record)));
});

function decidedFor(rows: readonly AuditRecord[], index: number | undefined): Decided[] {
  return index === undefined ? [] : rows.flatMap((record) => decidedOf(record, index) ?? []);
}

/** The question "is it this class?" of one picture; undefined without a label or a score. */
function decidedOf(record: AuditRecord, index: number): Decided | undefined {
  const { label } = record;
  if (label === undefined || (label.length === 0 && run.task !== 'multilabel')) return undefined;
  const score = targetScore(record, index);
  return score === undefined ? undefined : { record, score, truth: label.includes(index) };
}

/** Probability of the class in question. */
export function targetScore(record: Pick<AuditRecord, 'scores'>, index = target.value): number | undefined {
  if (index === undefined) return undefined;
  return run.task === 'binary' && index === positiveOf(run) ? binaryScoreOf(record, run) : scoreOf(record, index);
}

/** The target class's cell of one decided picture, at the threshold that holds for it. */
export function cellOfDecided({ record, score, truth }: Decided): Cell {
  const positive = score >= thresholdOf(record);
  if (truth) return positive ? 'TP' : 'FN';
  return positive ? 'FP' : 'TN';
}

/** How many pictures each cell holds. */
export const counts = computed<Counts>(() => {
  if (facets.value.length === 0) return decided.value.counts(threshold.value);
  const sum = { tp: 0, fn: 0, tn: 0, fp: 0 };
  for (const { value, decided: part } of facets.value) {
    const { tp, fn, tn, fp } = part.counts(thresholdAt(value));
    sum.tp += tp;
    sum.fn += fn;
    sum.tn += tn;
    sum.fp += fp;
  }
  return sum;
});

/** The pictures of each cell, by score, at the thresholds of this moment. */
export function cellsNow(): Readonly<Record<Cell, readonly Decided[]>> {
  if (facets.value.length === 0) return decided.value.cells(threshold.value);
  const parts = facets.value.map(({ value, decided: part }) => part.cells(thresholdAt(value)));
  const joined = (cell: Cell) => parts.flatMap((part) => part[cell]).sort((a, b) => a.score - b.score);
  return Object.fromEntries(CELLS.map((cell) => [cell, joined(cell)])) as Record<Cell, Decided[]>;
}

/** How the picture was decided: for binary heads its cell, else right or wrong. */
export function kindOf(record: AuditRecord): Kind {
  if (run.task === 'binary') return cellFor(record, positiveOf(run));
  const right = isCorrect(record, run, thresholdOf(record));
  return right === undefined ? 'none' : right ? 'right' : 'wrong';
}

function cellFor(record: AuditRecord, index: number): Kind {
  const found = decidedOf(record, index);
  return found ? cellOfDecided(found) : 'none';
}

/** The class that the view asks about where that is not the whole decision: one against the rest. */
export const askedClass = computed(() =>
  run.task !== 'binary' && view.value === 'decisions' ? target.value : undefined,
);

/** What a picture's mark says: {@link kindOf}, or its cell for the {@link askedClass}. */
export const shownKind = (record: AuditRecord): Kind =>
  askedClass.value === undefined ? kindOf(record) : cellFor(record, askedClass.value);

export const isWrong = (kind: Kind) => kind === 'FP' || kind === 'FN' || kind === 'wrong';

/** Columns (and the group and split) whose few values, or thirds of many numbers, can have thresholds and tables of their own. */
export const facetNames = computed<readonly string[]>(() => {
  const values = new Map<string, Set<string>>();
  for (const record of records)
    for (const [name, value] of facetEntries(record)) {
      const set = values.get(name) ?? new Set();
      if (set.size <= MOST_FACETS) set.add(value);
      values.set(name, set);
    }
  return [...values.keys()].filter((name) => {
    const { size } = values.get(name)!;
    return size >= 2 && (size <= MOST_FACETS || (name !== 'group' && name !== 'split' && thirdsOf(name) !== undefined));
  });
});

function* facetEntries(record: AuditRecord): Generator<readonly [string, string]> {
  if (record.group !== undefined) yield ['group', record.group];
  if (record.split !== undefined) yield ['split', record.split];
  for (const [name, value] of Object.entries(record.columns)) yield [name, String(value)];
}

/** The parts of the selection that have thresholds of their own. */
export const facets = computed(() => {
  const name = here.by.value;
  if (!name) return [];
  const parts = new Map<string, Decided[]>();
  for (const row of [...decided.value.positive, ...decided.value.negative]) {
    const value = facetOf(row.record, name);
    const part = parts.get(value);
    if (part) part.push(row);
    else parts.set(value, [row]);
  }
  return [...parts]
    .map(([value, rows]) => ({ value, decided: new SortedDecisions(rows) }))
    .sort((a, b) => (a.value < b.value ? -1 : 1));
});
