import type { AuditRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';

/** What of a run decisions need: tests and parts of an audit may be asked with less than a whole run. */
export type Deciding = Pick<AuditRun, 'task' | 'classes' | 'threshold'> & { readonly positive?: number };
/** What of a record decisions need. */
export type Scored = Pick<AuditRecord, 'scores' | 'label'>;

/** Hit or miss of a two-class decision: true or false, positive or negative. */
export type Cell = 'TP' | 'FN' | 'TN' | 'FP';
export const CELLS: readonly Cell[] = ['TP', 'FN', 'TN', 'FP'];

/** Index of the class that a high score of a binary head means (1 unless the run says otherwise). */
export const positiveOf = (run: Pick<AuditRun, 'task'> & { readonly positive?: number }): number => run.positive ?? 1;

/** Probability of a class; undefined where the record does not hold it or it is not a number. */
export function scoreOf(record: Pick<AuditRecord, 'scores'>, index: number): number | undefined {
  for (const [at, score] of record.scores) if (at === index) return Number.isFinite(score) ? score : undefined;
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
