import { computed, signal } from '@preact/signals';
import type { AuditRecord } from '../../index.ts';
import type { BinaryCurve } from '../../metrics/binary-curve.ts';
import { curveOf } from '../../metrics/curve-of.ts';
import { binaryScoreOf, type Cell, type Deciding, isCorrect, positiveOf, scoreOf } from '../../metrics/decision.ts';
import { place } from './place.ts';
import { records, run } from './report.ts';
import { selected } from './selection.ts';
import { thresholdOf, thresholdsBy } from './threshold.ts';

/** How a decision went: a cell of the 2 × 2 table, right or wrong for other heads, `none` without label or score. */
export type Kind = Cell | 'right' | 'wrong' | 'none';

/** The class that is looked at against the rest: the positive one of a binary head, of others the chosen one (or none). */
export const target = computed<number | undefined>(() => {
  if (run.task === 'binary') return positiveOf(run);
  const index = run.classes.indexOf(place.value.class);
  if (index >= 0) return index;
  return run.task === 'multilabel' ? 0 : undefined;
});

/** A record as the two-class question "is it the target class?" sees it. */
export interface Decided {
  readonly record: AuditRecord;
  readonly score: number;
  readonly truth: boolean;
}

/** Labelled pictures with a score for the target class, of the selection, by score. */
export const decided = computed<readonly Decided[]>(() => decidedFor(selected.value, target.value));

function decidedFor(rows: readonly AuditRecord[], index: number | undefined): readonly Decided[] {
  if (index === undefined) return [];
  const found: Decided[] = [];
  for (const record of rows) {
    const { label } = record;
    if (label === undefined || (label.length === 0 && run.task !== 'multilabel')) continue;
    const score = targetScore(record, index);
    if (score !== undefined) found.push({ record, score, truth: label.includes(index) });
  }
  return found.sort((a, b) => a.score - b.score);
}

/** Probability of the class in question. */
export function targetScore(record: Pick<AuditRecord, 'scores'>, index = target.value): number | undefined {
  if (index === undefined) return undefined;
  return run.task === 'binary' && index === positiveOf(run) ? binaryScoreOf(record, run) : scoreOf(record, index);
}

const asked: Pick<Deciding, 'task' | 'classes'> = { task: 'binary', classes: ['rest', 'class'] };

/** The curve of the selection, sorted once for all thresholds. */
export const curve = computed<BinaryCurve>(() => curveOfDecided(decided.value));

export function curveOfDecided(rows: readonly Decided[]): BinaryCurve {
  return curveOf(
    rows.map(({ score, truth }) => ({ scores: [[1, score]] as const, label: [truth ? 1 : 0] })),
    { ...asked, threshold: 0.5 },
  );
}

/** The target class's cell of one decided picture, at the threshold that holds for it. */
export function cellOfDecided({ record, score, truth }: Decided): Cell {
  const positive = score >= thresholdOf(record);
  if (truth) return positive ? 'TP' : 'FN';
  return positive ? 'FP' : 'TN';
}

/** Pictures of each cell, by score. With one threshold for all these are pieces of the sorted list. */
export const cells = computed<Readonly<Record<Cell, readonly Decided[]>>>(() => {
  const found: Record<Cell, Decided[]> = { TP: [], FN: [], TN: [], FP: [] };
  for (const row of decided.value) found[cellOfDecided(row)].push(row);
  return found;
});

/** How the picture was decided: for binary heads its cell, else right or wrong. */
export function kindOf(record: AuditRecord): Kind {
  if (run.task === 'binary') {
    const index = positiveOf(run);
    const score = targetScore(record, index);
    if (score === undefined || record.label === undefined || record.label.length === 0) return 'none';
    return cellOfDecided({ record, score, truth: record.label.includes(index) });
  }
  const right = isCorrect(record, run, thresholdOf(record));
  return right === undefined ? 'none' : right ? 'right' : 'wrong';
}

export const isWrong = (kind: Kind) => kind === 'FP' || kind === 'FN' || kind === 'wrong';

/** Columns (and the group and split) whose few values can have thresholds, or tables, of their own. */
export const facetNames = computed<readonly string[]>(() => {
  const values = new Map<string, Set<string>>();
  for (const record of records)
    for (const [name, value] of facetEntries(record)) {
      const set = values.get(name) ?? new Set();
      if (set.size <= MOST_FACETS) set.add(value);
      values.set(name, set);
    }
  return [...values].filter(([, set]) => set.size >= 2 && set.size <= MOST_FACETS).map(([name]) => name);
});
const MOST_FACETS = 12;

function* facetEntries(record: AuditRecord): Generator<readonly [string, string]> {
  if (record.group !== undefined) yield ['group', record.group];
  if (record.split !== undefined) yield ['split', record.split];
  for (const [name, value] of Object.entries(record.columns)) yield [name, String(value)];
}

/** The parts of the selection that have thresholds of their own. */
export const facets = computed(() => {
  const { name, valueIn } = thresholdsBy.value;
  if (!name) return [];
  const parts = new Map<string, Decided[]>();
  for (const row of decided.value) {
    const value = valueIn(row.record);
    const part = parts.get(value);
    if (part) part.push(row);
    else parts.set(value, [row]);
  }
  return [...parts]
    .map(([value, rows]) => ({ value, rows, curve: curveOfDecided(rows) }))
    .sort((a, b) => (a.value < b.value ? -1 : 1));
});

/** While the slider is being dragged, costly parts of the page may wait. */
export const dragging = signal(false);
