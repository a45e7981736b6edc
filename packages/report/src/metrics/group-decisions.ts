import type { AuditRecord } from '../audit-record.ts';
import { BinaryCurve, below } from './binary-curve.ts';
import {
  binaryScoreOf,
  type Cell,
  cellOf,
  type Deciding,
  isCorrect,
  positiveOf,
  predictedOf,
  type RightBetween,
  rightBetween,
} from './decision.ts';

/**
 * How the pictures of a group decide together.
 * - `max`: by the largest score of each class (one suspicious mole is enough)
 * - `mean`: by the mean score of each class
 * - `vote`: the score of a class is the share of the pictures decided for it at the threshold; binary groups are positive from half on
 */
export type GroupRule = 'max' | 'mean' | 'vote';
/** The rules by which a group is decided from its pictures. */
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

/** All groups decided by one rule, and those that could not be. */
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
    if (rule === 'vote') {
      for (const index of predictedOf(record, run, threshold)!) add(index, 1);
      // A class that nobody votes for has a score too: a group may be decided for none.
      if (run.task === 'multilabel')
        for (const [index, score] of record.scores) if (Number.isFinite(score)) add(index, 0);
    } else if (run.task === 'binary') add(positiveOf(run), binaryScoreOf(record, run)!);
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

/**
 * The group decisions of a rule, made ready once and asked at any threshold: the same numbers as {@link groupDecisions} gives at each.
 *
 * Largest and mean scores are the same at every threshold. A vote is for a class when at least half of the n pictures reach the threshold, so
 * when the threshold is at most the ⌈n/2⌉-th largest score of the class: that score stands for the group.
 */
export class GroupTally {
  readonly labelled: number;
  readonly mixed: number;
  readonly unlabelled: number;
  readonly #rule: GroupRule;
  readonly #right: readonly RightBetween[];
  readonly #truths: readonly boolean[];
  /** Binary: score by group; the scores of its pictures, ascending, where they vote. */
  readonly #curve: BinaryCurve | undefined;
  readonly #voters: readonly Float64Array[];

  constructor(records: readonly Row[], run: Deciding, rule: GroupRule) {
    const { groups, mixed, unlabelled } = groupDecisions(records, run, rule);
    const voted = rule === 'vote' && run.task !== 'multiclass' ? votersOf(records, run) : undefined;
    const asked = groups.filter(({ label }) => label !== undefined);
    this.#rule = rule;
    this.labelled = asked.length;
    this.mixed = mixed;
    this.unlabelled = unlabelled;
    this.#right = asked.flatMap((one) => {
      const classes = voted?.get(one.group);
      const scores = classes ? middleScores(classes, one.count) : one.scores;
      return rightBetween({ label: one.label, scores }, run) ?? [];
    });
    const binary = run.task === 'binary';
    this.#truths = binary ? asked.map(({ label }) => label!.includes(positiveOf(run))) : [];
    this.#voters = binary && voted ? asked.map(({ group }) => voted.get(group)!.get(positiveOf(run))!) : [];
    this.#curve = binary && !voted ? groupCurve({ rule, groups, mixed, unlabelled, threshold: 0 }, run) : undefined;
  }

  /** The threshold that the groups' own scores are held against: ½ of the votes, else the pictures'. */
  own(threshold: number): number {
    return this.#rule === 'vote' ? 0.5 : threshold;
  }

  /** Labelled groups that are decided right. */
  right(threshold: number): number {
    let right = 0;
    for (const { above, upTo } of this.#right) if (threshold > above && threshold <= upTo) right++;
    return right;
  }

  /** The curve of binary group decisions; of votes the scores are shares of the pictures, at each threshold others. */
  curve(threshold: number): BinaryCurve | undefined {
    if (this.#curve || this.#voters.length === 0) return this.#curve;
    const shares = this.#voters.map((scores) => (scores.length - below(scores, threshold)) / scores.length);
    return new BinaryCurve(shares, this.#truths);
  }
}

/** Scores of the pictures of each group by class, ascending. */
function votersOf(records: readonly Row[], run: Deciding): Map<string, Map<number, Float64Array>> {
  const found = new Map<string, Map<number, number[]>>();
  for (const record of records) {
    if (record.group === undefined) continue;
    const own = binaryScoreOf(record, run);
    const scores = run.task === 'binary' ? (own === undefined ? [] : [[positiveOf(run), own] as const]) : record.scores;
    for (const [index, score] of scores) {
      if (!Number.isFinite(score)) continue;
      const classes = found.get(record.group) ?? new Map<number, number[]>();
      found.set(record.group, classes);
      const known = classes.get(index);
      if (known) known.push(score);
      else classes.set(index, [score]);
    }
  }
  return new Map(
    [...found].map(([group, classes]) => [
      group,
      new Map([...classes].map(([index, scores]) => [index, Float64Array.from(scores).sort()])),
    ]),
  );
}

/** The ⌈n/2⌉-th largest score of each class of a group of n pictures; a class of which fewer are known is never voted for. */
function middleScores(classes: ReadonlyMap<number, Float64Array>, n: number): [number, number][] {
  const needed = Math.ceil(n / 2);
  return [...classes].flatMap(([index, scores]): [number, number][] =>
    scores.length < needed ? [] : [[index, scores[scores.length - needed]!]],
  );
}
