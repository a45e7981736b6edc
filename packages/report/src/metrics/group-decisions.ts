import type { AuditRecord } from '../audit-record.ts';
import { BinaryCurve } from './binary-curve.ts';
import { binaryScoreOf, type Cell, cellOf, type Deciding, isCorrect, positiveOf, predictedOf } from './decision.ts';

/**
 * How the pictures of a group decide together.
 * - `max`: by the largest score of each class (one suspicious mole is enough)
 * - `mean`: by the mean score of each class
 * - `vote`: the score of a class is the share of the pictures decided for it at the threshold; binary groups are positive from half on
 */
export type GroupRule = 'max' | 'mean' | 'vote';
export const GROUP_RULES: readonly GroupRule[] = ['max', 'mean', 'vote'];

/** A group decided as one: it has scores and a label as a picture has, so everything that is asked of records can be asked of groups. */
export interface GroupDecision {
  readonly group: string;
  /** Pictures with a score. */
  readonly count: number;
  readonly scores: readonly (readonly [index: number, score: number])[];
  /** undefined: no picture is labelled, or (several classes) the pictures' labels differ. */
  readonly label?: readonly number[];
  /** Of the group. */
  readonly predicted: readonly number[];
  readonly cell?: Cell;
  readonly correct?: boolean;
}

export interface GroupDecisions {
  readonly rule: GroupRule;
  readonly groups: readonly GroupDecision[];
  /** Groups without a label of their own, by reason. */
  readonly unlabelled: number;
  readonly mixed: number;
  /** Threshold that `groups` were decided at: ½ for votes, else the pictures' own. */
  readonly threshold: number;
}

type Row = Pick<AuditRecord, 'scores' | 'label' | 'group'>;

/**
 * One decision a group. The label of a binary group is positive if that of any of its pictures is (a patient with one melanoma has melanoma),
 * of a multi-label one the union of its pictures' labels; of several classes it must be the same for all pictures.
 */
export function groupDecisions(
  records: readonly Row[],
  run: Deciding,
  rule: GroupRule,
  threshold = run.threshold,
): GroupDecisions {
  const members = new Map<string, Row[]>();
  for (const record of records) {
    if (record.group === undefined) continue;
    const known = members.get(record.group);
    if (known) known.push(record);
    else members.set(record.group, [record]);
  }
  const own = rule === 'vote' ? 0.5 : threshold;
  let unlabelled = 0;
  let mixed = 0;
  const groups: GroupDecision[] = [];
  for (const [group, list] of members) {
    const scored = list.filter((record) => predictedOf(record, run, threshold) !== undefined);
    if (scored.length === 0) continue;
    const scores = joinedScores(scored, run, rule, threshold);
    const label = joinedLabel(list, run);
    if (label === undefined) unlabelled++;
    else if (label === 'mixed') mixed++;
    const known = label === 'mixed' ? undefined : label;
    const asRecord = { scores, label: known };
    groups.push({
      group,
      count: scored.length,
      ...asRecord,
      predicted: predictedOf(asRecord, run, own)!,
      cell: cellOf(asRecord, run, own),
      correct: isCorrect(asRecord, run, own),
    });
  }
  return { rule, groups, unlabelled, mixed, threshold: own };
}

function joinedScores(
  scored: readonly Row[],
  run: Deciding,
  rule: GroupRule,
  threshold: number,
): readonly (readonly [number, number])[] {
  const joined = new Map<number, number>();
  const add = (index: number, score: number) => {
    const before = joined.get(index) ?? 0;
    joined.set(index, rule === 'max' ? Math.max(before, score) : before + score);
  };
  for (const record of scored) {
    if (rule === 'vote') for (const index of predictedOf(record, run, threshold)!) add(index, 1);
    else if (run.task === 'binary') add(positiveOf(run), binaryScoreOf(record, run)!);
    else for (const [index, score] of record.scores) if (Number.isFinite(score)) add(index, score);
  }
  if (rule !== 'max') for (const [index, sum] of joined) joined.set(index, sum / scored.length);
  if (run.task === 'binary') {
    const positive = positiveOf(run);
    const score = joined.get(positive) ?? 0;
    return [
      [positive, score],
      [1 - positive, 1 - score],
    ];
  }
  return [...joined].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}

function joinedLabel(list: readonly Row[], run: Deciding): readonly number[] | 'mixed' | undefined {
  const labels = list.flatMap(({ label }) => (label === undefined ? [] : [label]));
  if (labels.length === 0) return undefined;
  const all = [...new Set(labels.flat())].sort((a, b) => a - b);
  if (run.task === 'multilabel') return all;
  if (all.length === 0) return undefined;
  if (run.task === 'binary') return [all.includes(positiveOf(run)) ? positiveOf(run) : 1 - positiveOf(run)];
  return all.length === 1 ? all : 'mixed';
}

/** The curve of binary group decisions. */
export function groupCurve(decisions: GroupDecisions, run: Deciding): BinaryCurve {
  const labelled = decisions.groups.filter(({ label }) => label !== undefined);
  return new BinaryCurve(
    labelled.map((group) => binaryScoreOf(group, run) ?? Number.NaN),
    labelled.map(({ label }) => label!.includes(positiveOf(run))),
  );
}
