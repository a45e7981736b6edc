import type { AuditRecord } from '../audit-record.ts';
import { BinaryCurve } from './binary-curve.ts';
import { binaryScoreOf, type Deciding, positiveOf, scoreOf } from './decision.ts';

/**
 * The curve of one class against the rest, over the labelled records: its score against whether it is among the labels.
 * @param target class index (default: the positive one; needed for more than two classes)
 */
export function curveOf(
  records: readonly Pick<AuditRecord, 'scores' | 'label'>[],
  run: Deciding,
  target = positiveOf(run),
): BinaryCurve {
  const scores: number[] = [];
  const truths: boolean[] = [];
  const decides = run.task === 'binary' && target === positiveOf(run);
  for (const record of records) {
    if (record.label === undefined || (record.label.length === 0 && run.task !== 'multilabel')) continue;
    scores.push((decides ? binaryScoreOf(record, run) : scoreOf(record, target)) ?? Number.NaN);
    truths.push(record.label.includes(target));
  }
  return new BinaryCurve(scores, truths);
}
