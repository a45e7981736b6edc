import {
  type AuditRecord,
  type AuditRun,
  binaryScoreOf,
  type ComparedPair,
  type Flip,
  isCorrect,
  positiveOf,
  predictedOf,
  scoreOf,
} from '@seewhy/report';
import { naturally } from '../panels/order.ts';

/** The decisions of both runs. */
export interface Deciders {
  readonly a: AuditRun;
  /** With A's class list. */
  readonly b: AuditRun;
}

/** One picture in both runs, as long as its maps have not been looked at. */
export type Pair = Omit<ComparedPair, 'agreement'>;

/** What became of one picture. A label that the runs do not agree on is taken from both. */
export function pairUp(a: AuditRecord, b: AuditRecord, runs: Deciders): Pair {
  const same = sameLabel(a, b);
  const [left, right] = same ? [a, b] : [withoutLabel(a), withoutLabel(b)];
  const flip = flipOf(left, right, runs);
  return {
    id: a.id,
    ...(b.id === a.id ? {} : { idB: b.id }),
    a: left,
    b: right,
    ...(flip ? { flip } : {}),
    ...changeOf(left, right, runs),
  };
}

/** Whether both runs say the same of a picture; a label that only one has is no contradiction to be counted, but is not used either. */
export const sameLabel = (a: AuditRecord, b: AuditRecord): boolean =>
  a.label !== undefined && b.label !== undefined && same(a.label, b.label);

const same = (x: readonly number[], y: readonly number[]) =>
  x.length === y.length && x.every((index) => y.includes(index));

function withoutLabel(record: AuditRecord): AuditRecord {
  const { label: _, ...rest } = record;
  return rest;
}

function flipOf(a: AuditRecord, b: AuditRecord, runs: Deciders): Flip | undefined {
  const [before, after] = [isCorrect(a, runs.a), isCorrect(b, runs.b)];
  if (before !== undefined && after !== undefined && before !== after) return after ? 'to-right' : 'to-wrong';
  const [x, y] = [predictedOf(a, runs.a), predictedOf(b, runs.b)];
  if (x === undefined || y === undefined) return undefined;
  return same(x, y) ? undefined : 'other';
}

/**
 * B − A of the score that matters: binary, of the positive class; several classes, of the label, unlabelled of A's decision; multi-label, of
 * the class that changed most (the first of several).
 */
function changeOf(a: AuditRecord, b: AuditRecord, runs: Deciders): Pick<ComparedPair, 'change' | 'about'> {
  const of = (index: number | undefined) => {
    const change = index === undefined ? undefined : differenceOf(scoreIn(a, runs.a, index), scoreIn(b, runs.b, index));
    return change === undefined ? { change: null, about: null } : { change, about: index! };
  };
  if (runs.a.task === 'binary') return of(positiveOf(runs.a));
  if (runs.a.task === 'multiclass') return of(a.label?.[0] ?? predictedOf(a, runs.a)?.[0]);
  const size = (index: number) => Math.abs(of(index).change ?? -1);
  return of(a.scores.map(([index]) => index).sort((x, y) => size(y) - size(x) || x - y)[0]);
}

/** Probability of a class; a binary head tells both by one. */
export const scoreIn = (record: AuditRecord, run: AuditRun, index: number): number | undefined =>
  run.task === 'binary' && index === positiveOf(run) ? binaryScoreOf(record, run) : scoreOf(record, index);

const differenceOf = (before: number | undefined, after: number | undefined): number | undefined =>
  before === undefined || after === undefined ? undefined : after - before;

const RANK: Readonly<Record<Flip | 'same', number>> = { 'to-wrong': 0, 'to-right': 1, other: 2, same: 3 };

/** Flips first: to wrong, to right, other; in each the largest change first. */
export function byInterest(pairs: readonly Pair[]): Pair[] {
  return [...pairs].sort(
    (x, y) =>
      RANK[x.flip ?? 'same'] - RANK[y.flip ?? 'same'] ||
      Math.abs(y.change ?? 0) - Math.abs(x.change ?? 0) ||
      naturally(x.id, y.id),
  );
}
