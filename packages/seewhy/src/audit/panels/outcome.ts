import { binaryScoreOf, cellOf, isCorrect, positiveOf, predictedOf, scoreOf } from '@seewhy/report';
import type { Plannable, PlannedRun } from './plan.ts';

/** What became of one picture at a threshold. */
export interface Outcome {
  readonly record: Plannable;
  readonly predicted: readonly number[] | undefined;
  /** Undefined without a label or a score. */
  readonly correct: boolean | undefined;
  /** Hit or miss of a binary head. */
  readonly cell: 'TP' | 'FN' | 'TN' | 'FP' | undefined;
  /** Binary: probability of the positive class; multi-class: of the predicted one. */
  readonly score: number | undefined;
  /** −ln of the label's probability; multi-label: the mean over the classes. Undefined without a label or a score. */
  readonly loss: number | undefined;
}

/** Outcomes of all records, in the natural order of their ids. */
export function outcomesOf(records: readonly Plannable[], run: PlannedRun, threshold: number): Outcome[] {
  return records.map((record) => {
    const predicted = predictedOf(record, run, threshold);
    const score =
      run.task === 'binary'
        ? binaryScoreOf(record, run)
        : run.task === 'multiclass' && predicted
          ? scoreOf(record, predicted[0]!)
          : undefined;
    return {
      record,
      predicted,
      correct: isCorrect(record, run, threshold),
      cell: cellOf(record, run, threshold),
      score,
      loss: lossOf(record, run),
    };
  });
}

/** A probability of 0 counts as this: the loss of one picture stays finite. */
const SMALLEST = 1e-12;
const surprise = (probability: number) => -Math.log(Math.max(SMALLEST, probability)) + 0;

/**
 * Cross-entropy of one picture: −ln p(label); of several labels of a multi-class head the likeliest counts. Multi-label: the mean over the
 * classes of −ln p for those of the label and −ln (1 − p) for the others.
 */
function lossOf(record: Plannable, run: PlannedRun): number | undefined {
  const { label } = record;
  if (label === undefined) return undefined;
  if (run.task === 'multilabel') {
    const losses = record.scores.flatMap(([index, p]) =>
      Number.isFinite(p) ? [surprise(label.includes(index) ? p : 1 - p)] : [],
    );
    return losses.length > 0 ? losses.reduce((sum, loss) => sum + loss, 0) / losses.length : undefined;
  }
  if (run.task === 'binary') {
    const p = binaryScoreOf(record, run);
    if (p === undefined || label.length === 0) return undefined;
    return surprise(label.includes(positiveOf(run)) ? p : 1 - p);
  }
  const scores = label.flatMap((index) => scoreOf(record, index) ?? []);
  return scores.length > 0 ? surprise(Math.max(...scores)) : undefined;
}
