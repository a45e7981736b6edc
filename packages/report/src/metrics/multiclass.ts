import type { AuditRecord } from '../audit-record.ts';
import type { BinaryCurve } from './binary-curve.ts';
import { f1Of } from './binary-metrics.ts';
import { curveOf } from './curve-of.ts';
import { type Deciding, predictedOf } from './decision.ts';
import { type Estimate, plain, undefinedFor } from './estimate.ts';
import { areaUnderRoc, averagePrecision } from './roc.ts';
import { wilson } from './wilson.ts';

type Row = Pick<AuditRecord, 'scores' | 'label'>;

/** Labels against decisions, one decision a picture. */
export interface ConfusionMatrix {
  /** Number of classes; the matrix has `size × size` counts. */
  readonly size: number;
  /** Row: label; column: decision; row by row. */
  readonly counts: Int32Array;
  /** Pictures counted, and pictures left out for want of a label or a score. */
  readonly count: number;
  readonly omitted: number;
}

/**
 * Counts of label against decision. A picture with several labels counts under the one that was decided for, else under its first. For binary
 * heads the decision follows the threshold.
 */
export function confusionMatrix(records: readonly Row[], run: Deciding, threshold = run.threshold): ConfusionMatrix {
  const size = run.classes.length;
  const counts = new Int32Array(size * size);
  let count = 0;
  for (const record of records) {
    const cell = matrixCellOf(record, run, threshold);
    if (!cell || !(cell.label < size) || !(cell.predicted < size)) continue;
    counts[cell.label * size + cell.predicted]!++;
    count++;
  }
  return { size, counts, count, omitted: records.length - count };
}

/** Row and column of the confusion matrix that a picture belongs to; undefined without a label or a score. */
export function matrixCellOf(
  record: Row,
  run: Deciding,
  threshold = run.threshold,
): { readonly label: number; readonly predicted: number } | undefined {
  const predicted = predictedOf(record, run, threshold)?.[0];
  if (predicted === undefined || record.label === undefined || record.label.length === 0) return undefined;
  return { label: record.label.includes(predicted) ? predicted : record.label[0]!, predicted };
}

/** One class against the rest. */
export interface ClassRow {
  readonly index: number;
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
  /** Pictures with this label, and pictures decided so. */
  readonly support: number;
  readonly predicted: number;
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly specificity: Estimate;
  readonly f1: Estimate;
  /** Of its score against the rest, whatever the decision. */
  readonly auc: Estimate;
  readonly averagePrecision: Estimate;
}

/** Means over classes. `omitted`: classes left out of them because theirs is not defined. */
export interface Averages {
  readonly macro: AverageRow;
  readonly weighted: AverageRow;
  readonly micro: AverageRow;
}
/** Averages over the classes, each with its 95 % interval. */
export interface AverageRow {
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly f1: Estimate;
  readonly auc: Estimate;
  readonly averagePrecision: Estimate;
}

function classRow(
  index: number,
  tp: number,
  fp: number,
  fn: number,
  tn: number,
): Omit<ClassRow, 'auc' | 'averagePrecision'> {
  return {
    index,
    tp,
    fp,
    fn,
    tn,
    support: tp + fn,
    predicted: tp + fp,
    precision: wilson(tp, tp + fp, 'No picture is decided for this class.'),
    recall: wilson(tp, tp + fn, 'No picture has this label.'),
    specificity: wilson(tn, tn + fp, 'All pictures have this label.'),
    f1: f1Of(tp, fp, fn),
  };
}

/** Up to this many classes the scores of all are kept with every picture, beyond only the best few. */
const ALL_KEPT = 50;

/** The curve of each class against the rest; undefined where a run has more than 50 classes, of which not all scores are kept. */
export function classCurves(records: readonly Row[], run: Deciding): readonly BinaryCurve[] | undefined {
  return run.classes.length > ALL_KEPT ? undefined : run.classes.map((_, index) => curveOf(records, run, index));
}

/**
 * Each class against the rest. Multi-label heads decide for each class by the threshold; others for one class a picture.
 * @param curves of the same records, made once where the threshold moves
 */
export function classTable(
  records: readonly Row[],
  run: Deciding,
  threshold = run.threshold,
  curves = classCurves(records, run),
): readonly ClassRow[] {
  const size = run.classes.length;
  const tp = new Int32Array(size);
  const support = new Int32Array(size);
  const decided = new Int32Array(size);
  let count = 0;
  for (const record of records) {
    const predicted = predictedOf(record, run, threshold);
    if (predicted === undefined || record.label === undefined) continue;
    if (run.task === 'multilabel') {
      count++;
      for (const index of new Set(record.label)) if (index < size) support[index]!++;
      for (const index of predicted) {
        if (index >= size) continue;
        decided[index]!++;
        if (record.label.includes(index)) tp[index]!++;
      }
      continue;
    }
    const cell = matrixCellOf(record, run, threshold);
    if (!cell || !(cell.label < size) || !(cell.predicted < size)) continue;
    count++;
    support[cell.label]!++;
    decided[cell.predicted]!++;
    if (cell.label === cell.predicted) tp[cell.label]!++;
  }
  return run.classes.map((_, index) => {
    const [hits, of, said] = [tp[index]!, support[index]!, decided[index]!];
    const curve = curves?.[index];
    const missing = undefinedFor(`Of more than ${ALL_KEPT} classes not all scores are kept.`);
    return {
      ...classRow(index, hits, said - hits, of - hits, count - of - said + hits),
      auc: curve ? areaUnderRoc(curve) : missing,
      averagePrecision: curve ? averagePrecision(curve) : missing,
    };
  });
}

/** The reason that all classes have in common, if they have one. */
function whyNone(figures: readonly Estimate[]): string {
  const [first, ...others] = new Set(figures.map(({ reason }) => reason));
  return first !== undefined && others.length === 0 ? first : 'No class has this figure.';
}

/**
 * Means over the classes of a {@link classTable}, as scikit-learn's with `zero_division=nan`: `macro` is the plain mean, `weighted` by
 * support, both over the classes for which the figure is defined; `micro` from the sums of the counts (for one decision a picture all three
 * micro figures are the accuracy). AUC: mean of one against the rest, no micro.
 */
export function averagesOf(table: readonly ClassRow[]): Averages {
  const names = ['precision', 'recall', 'f1', 'auc', 'averagePrecision'] as const;
  const averaged = (weight: (row: ClassRow) => number): AverageRow => {
    const figures = names.map((name) => {
      let sum = 0;
      let weights = 0;
      for (const row of table) {
        const { value } = row[name];
        if (Number.isNaN(value)) continue;
        sum += weight(row) * value;
        weights += weight(row);
      }
      return [name, weights > 0 ? plain(sum / weights) : undefinedFor(whyNone(table.map((row) => row[name])))] as const;
    });
    return Object.fromEntries(figures) as unknown as AverageRow;
  };
  const total = (name: 'tp' | 'fp' | 'fn') => table.reduce((sum, row) => sum + row[name], 0);
  const [tp, fp, fn] = [total('tp'), total('fp'), total('fn')];
  const none = undefinedFor('There is no micro average of curves over classes.');
  return {
    macro: averaged(() => 1),
    weighted: averaged((row) => row.support),
    micro: {
      precision: wilson(tp, tp + fp, 'No class is decided for.'),
      recall: wilson(tp, tp + fn, 'There is no label.'),
      f1: f1Of(tp, fp, fn),
      auc: none,
      averagePrecision: none,
    },
  };
}

/** Scores are kept for at least this many of the best classes. */
const KEPT = 5;

/**
 * Share of the pictures whose label is among the k best scores (equal scores: the smaller index first), with Wilson's interval.
 * @param k up to 5 where there are more than 50 classes: further scores are not kept
 */
export function topK(records: readonly Row[], run: Deciding, k: number): Estimate {
  if (run.task === 'multilabel') return undefinedFor('A multi-label head does not choose one class.');
  if (run.classes.length > ALL_KEPT && k > KEPT)
    return undefinedFor(`Only the best ${KEPT} scores are kept of more than ${ALL_KEPT} classes.`);
  let hits = 0;
  let count = 0;
  for (const { label, scores } of records) {
    const known = scores.filter(([, score]) => Number.isFinite(score));
    if (label === undefined || label.length === 0 || known.length === 0) continue;
    count++;
    const found = label.some((index) => {
      const own = known.find(([other]) => other === index)?.[1];
      if (own === undefined) return false;
      return known.filter(([other, score]) => score > own || (score === own && other < index)).length < k;
    });
    if (found) hits++;
  }
  return wilson(hits, count, 'There is no labelled picture with a score.');
}

/** Figures of a multi-label head beyond those of each class. */
export interface MultiLabelMetrics {
  /** Share of the pictures whose set of classes is exactly right. */
  readonly exactMatch: Estimate;
  /** Share of all (picture, class) decisions that are wrong. */
  readonly hammingLoss: Estimate;
  /** Mean over the pictures of 2|P∩L| / (|P|+|L|); pictures with neither count as 1. */
  readonly sampleF1: Estimate;
}

/** Metrics of a multi-label head: each class decided alone at `threshold`, and the picture as a whole (exact match, Hamming loss, F1). */
export function multiLabelMetrics(
  records: readonly Row[],
  run: Deciding,
  threshold = run.threshold,
): MultiLabelMetrics {
  let count = 0;
  let exact = 0;
  let wrong = 0;
  let f1 = 0;
  for (const record of records) {
    const predicted = predictedOf(record, run, threshold);
    if (predicted === undefined || record.label === undefined) continue;
    count++;
    const label = new Set(record.label);
    const both = predicted.filter((index) => label.has(index)).length;
    const misses = label.size + predicted.length - 2 * both;
    if (misses === 0) exact++;
    wrong += misses;
    f1 += label.size + predicted.length === 0 ? 1 : (2 * both) / (label.size + predicted.length);
  }
  const none = 'There is no labelled picture with a score.';
  return {
    exactMatch: wilson(exact, count, none),
    hammingLoss: count > 0 ? plain(wrong / (count * run.classes.length)) : undefinedFor(none),
    sampleF1: count > 0 ? plain(f1 / count) : undefinedFor(none),
  };
}
