import type { AuditRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';

/** What of a run decisions need: tests and parts of an audit may be asked with less than a whole run. */
export type Deciding = Pick<AuditRun, 'task' | 'classes' | 'threshold'> & { readonly positive?: number };
/** What of a record decisions need. */
export type Scored = Pick<AuditRecord, 'scores' | 'label'>;

/** Hit or miss of a two-class decision: true or false, positive or negative. */
export type Cell = 'TP' | 'FN' | 'TN' | 'FP';
/** The four cells of a binary decision, in the order of the panels. */
export const CELLS: readonly Cell[] = ['TP', 'FN', 'TN', 'FP'];

/** Index of the class that a high score of a binary head means (1 unless the run says otherwise). */
export const positiveOf = (run: Pick<AuditRun, 'task'> & { readonly positive?: number }): number => run.positive ?? 1;

/** Probability of a class; undefined where the record does not hold it or it is not a number. */
export function scoreOf(record: Pick<AuditRecord, 'scores'>, index: number): number | undefined {
  // By place: asked for every picture at every letter of a filter, and a pair taken apart by an iterator costs ten times as much.
  const { scores } = record;
  for (let i = 0; i < scores.length; i++) {
    const pair = scores[i]!;
    if (pair[0] === index) return Number.isFinite(pair[1]) ? pair[1] : undefined;
  }
  return undefined;
}

/** The score that decides a binary head: the probability of the positive class, or 1 − that of the negative one where only that is held. */
export function binaryScoreOf(record: Pick<AuditRecord, 'scores'>, run: Deciding): number | undefined {
  const positive = positiveOf(run);
  const score = scoreOf(record, positive);
  if (score !== undefined || record.scores.some(([index]) => index === positive)) return score;
  const other = scoreOf(record, 1 - positive);
  return other === undefined ? undefined : 1 - other;
}

/**
 * The classes that are decided for.
 * - binary: the positive one if its score is at least the threshold, else the negative one
 * - multiclass: the one with the largest score (the first of several); the threshold has no say
 * - multilabel: all whose score is at least the threshold, by index; perhaps none
 *
 * @returns undefined where there is no usable score
 */
export function predictedOf(
  record: Pick<AuditRecord, 'scores'>,
  run: Deciding,
  threshold = run.threshold,
): readonly number[] | undefined {
  if (run.task === 'binary') {
    const score = binaryScoreOf(record, run);
    if (score === undefined) return undefined;
    return [score >= threshold ? positiveOf(run) : 1 - positiveOf(run)];
  }
  const known = record.scores.filter(([, score]) => Number.isFinite(score));
  if (known.length === 0) return undefined;
  if (run.task === 'multilabel')
    return known
      .filter(([, score]) => score >= threshold)
      .map(([index]) => index)
      .sort((a, b) => a - b);
  let [best, highest] = known[0]!;
  for (const [index, score] of known) {
    if (score > highest || (score === highest && index < best)) [best, highest] = [index, score];
  }
  return [best];
}

/** The cell of a binary decision (`score ≥ threshold` is positive); undefined without a label or score, and for other tasks. */
export function cellOf(record: Scored, run: Deciding, threshold = run.threshold): Cell | undefined {
  if (run.task !== 'binary' || record.label === undefined || record.label.length === 0) return undefined;
  const predicted = predictedOf(record, run, threshold);
  if (predicted === undefined) return undefined;
  const positive = positiveOf(run);
  if (record.label.includes(positive)) return predicted[0] === positive ? 'TP' : 'FN';
  return predicted[0] === positive ? 'FP' : 'TN';
}

/**
 * Is the decision the label? One of several labels is enough for a multiclass head; a multi-label head must say exactly the labels.
 * @returns undefined without a label or without a score
 */
export function isCorrect(record: Scored, run: Deciding, threshold = run.threshold): boolean | undefined {
  const { label } = record;
  if (label === undefined) return undefined;
  const predicted = predictedOf(record, run, threshold);
  if (predicted === undefined) return undefined;
  if (run.task === 'multilabel') {
    const wanted = new Set(label);
    return wanted.size === predicted.length && predicted.every((index) => wanted.has(index));
  }
  return label.length === 0 ? undefined : label.includes(predicted[0]!);
}

/** The thresholds at which a decision is right: above one number, up to another. */
export interface RightBetween {
  readonly above: number;
  readonly upTo: number;
}
const ALWAYS: RightBetween = { above: Number.NEGATIVE_INFINITY, upTo: Number.POSITIVE_INFINITY };
const NEVER: RightBetween = { above: Number.POSITIVE_INFINITY, upTo: Number.NEGATIVE_INFINITY };

/**
 * All thresholds at which the decision is right ({@link isCorrect}), found once: `above < threshold ≤ upTo`. A multi-label decision is right
 * from above the largest score of what is not labelled up to the smallest score of what is. A binary picture is positive where its label
 * names the positive class, as in {@link cellOf}.
 * @returns undefined without a label or without a score
 */
export function rightBetween(record: Scored, run: Deciding): RightBetween | undefined {
  const { label } = record;
  if (label === undefined || (label.length === 0 && run.task !== 'multilabel')) return undefined;
  if (run.task === 'binary') {
    const score = binaryScoreOf(record, run);
    if (score === undefined) return undefined;
    return label.includes(positiveOf(run)) ? { ...ALWAYS, upTo: score } : { ...ALWAYS, above: score };
  }
  if (run.task === 'multiclass') {
    const right = isCorrect(record, run);
    return right === undefined ? undefined : right ? ALWAYS : NEVER;
  }
  let { above, upTo } = ALWAYS;
  let found = 0;
  let known = false;
  const wanted = new Set(label);
  for (const [index, score] of record.scores) {
    if (!Number.isFinite(score)) continue;
    known = true;
    if (wanted.has(index)) {
      found++;
      upTo = Math.min(upTo, score);
    } else above = Math.max(above, score);
  }
  if (!known) return undefined;
  return found === wanted.size ? { above, upTo } : NEVER;
}
