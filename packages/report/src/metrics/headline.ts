import type { AuditRecord } from '../audit-record.ts';
import { binaryMetrics } from './binary-metrics.ts';
import { curveOf } from './curve-of.ts';
import type { Deciding } from './decision.ts';
import type { Estimate } from './estimate.ts';
import { averagesOf, classTable, multiLabelMetrics, topK } from './multiclass.ts';
import { areaUnderRoc } from './roc.ts';

/**
 * The few figures of an audit that its front page shows, at the run's threshold, by name: those of `evaluate` with the same names, without
 * the work and the code of all others. Binary: `auc`, `sensitivity`, `specificity`, `f1`, `mcc`; several classes: `accuracy`, `top_3` (of more
 * than three), `macro_f1`, `macro_auc`; multi-label: `accuracy` (exact match), `micro_f1`, `macro_f1`, `macro_auc`.
 */
export function headlineOf(
  records: readonly Pick<AuditRecord, 'scores' | 'label'>[],
  run: Deciding,
): Readonly<Record<string, Estimate>> {
  if (run.task === 'binary') {
    const curve = curveOf(records, run);
    const { sensitivity, specificity, f1, mcc } = binaryMetrics(curve.at(run.threshold));
    return { auc: areaUnderRoc(curve), sensitivity, specificity, f1, mcc };
  }
  const { macro, micro } = averagesOf(classTable(records, run));
  const means = { macro_f1: macro.f1, macro_auc: macro.auc };
  if (run.task === 'multilabel')
    return { accuracy: multiLabelMetrics(records, run).exactMatch, micro_f1: micro.f1, ...means };
  return {
    accuracy: topK(records, run, 1),
    ...(run.classes.length > 3 ? { top_3: topK(records, run, 3) } : {}),
    ...means,
  };
}
