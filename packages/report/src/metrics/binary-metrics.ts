import { type Estimate, undefinedFor } from './estimate.ts';
import { Z95 } from './normal.ts';
import { wilson } from './wilson.ts';

/** How many decisions are of each kind. */
export interface Counts {
  readonly tp: number;
  readonly fn: number;
  readonly tn: number;
  readonly fp: number;
}

/** All figures of one 2 × 2 table. */
export interface BinaryMetrics {
  readonly sensitivity: Estimate;
  readonly specificity: Estimate;
  readonly ppv: Estimate;
  readonly npv: Estimate;
  readonly accuracy: Estimate;
  readonly balancedAccuracy: Estimate;
  readonly f1: Estimate;
  readonly mcc: Estimate;
}

/**
 * The figures of a two-class decision with 95 % intervals.
 *
 * | figure | formula | interval |
 * |---|---|---|
 * | sensitivity (recall) | TP / (TP + FN) | Wilson |
 * | specificity | TN / (TN + FP) | Wilson |
 * | PPV (precision) | TP / (TP + FP) | Wilson |
 * | NPV | TN / (TN + FN) | Wilson |
 * | accuracy | (TP + TN) / n | Wilson |
 * | balanced accuracy | (sensitivity + specificity) / 2 | square-and-add of the two Wilson intervals (Newcombe 1998, Zou and Donner 2008) |
 * | F1 | 2 TP / (2 TP + FP + FN) | {@link f1Of} |
 * | MCC | (TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)) | {@link mccOf} |
 */
export function binaryMetrics({ tp, fn, tn, fp }: Counts): BinaryMetrics {
  const sensitivity = wilson(tp, tp + fn, 'There is no positive picture.');
  const specificity = wilson(tn, tn + fp, 'There is no negative picture.');
  return {
    sensitivity,
    specificity,
    ppv: wilson(tp, tp + fp, 'No picture is predicted positive.'),
    npv: wilson(tn, tn + fn, 'No picture is predicted negative.'),
    accuracy: wilson(tp + tn, tp + tn + fp + fn, 'There is no labelled picture.'),
    balancedAccuracy: mean(sensitivity, specificity),
    f1: f1Of(tp, fp, fn),
    mcc: mccOf({ tp, fn, tn, fp }),
  };
}

function mean(a: Estimate, b: Estimate): Estimate {
  const reason = a.reason ?? b.reason;
  if (reason) return undefinedFor(reason);
  const value = (a.value + b.value) / 2;
  return {
    value,
    low: Math.max(0, value - Math.hypot(a.value - a.low, b.value - b.low) / 2),
    high: Math.min(1, value + Math.hypot(a.high - a.value, b.high - b.value) / 2),
  };
}

/**
 * F1 and its 95 % interval. F1 = 2J / (1 + J) with J = TP / (TP + FP + FN) (Jaccard's index), growing with J. Among the pictures that are
 * not true negatives TP is binomial with J, so Wilson's interval of J, mapped the same way, is an interval of F1.
 */
export function f1Of(tp: number, fp: number, fn: number): Estimate {
  const jaccard = wilson(tp, tp + fp + fn, 'No picture is positive, and none is predicted positive.');
  if (jaccard.reason) return jaccard;
  const map = (j: number) => (2 * j) / (1 + j);
  return { value: map(jaccard.value), low: map(jaccard.low), high: map(jaccard.high) };
}

/**
 * Matthews' correlation coefficient (B. W. Matthews 1975; the φ of the 2 × 2 table) and its 95 % interval: tanh(atanh φ ± z σ / (1 − φ²))
 * with the variance of φ under multinomial sampling (Y. Bishop, S. Fienberg, P. Holland, "Discrete multivariate analysis", 1975, eq. 11.3-16):
 *
 *     n σ² = 1 − φ² + φ(1 + φ²/2) · (r − r')(c − c') / √(r r' c c') − ¾ φ² · ((r − r')² / (r r') + (c − c')² / (c c'))
 *
 * r, r', c, c': shares of the rows and columns. σ / (1 − φ²) is that of the table with 0.15 added to each cell, so that a table without errors
 * has an interval too (its middle is then also that table's, and its end ±1). With 0.15 the interval covers the truth in 94 to 98 % of samples of
 * 20, 60 and 400 pictures, from no skill to one error in a hundred; without, or with ½, in 82 % of some.
 */
export function mccOf(counts: Counts): Estimate {
  const { tp, fn, tn, fp } = counts;
  if (tp + fn === 0) return undefinedFor('There is no positive picture.');
  if (tn + fp === 0) return undefinedFor('There is no negative picture.');
  if (tp + fp === 0) return undefinedFor('No picture is predicted positive.');
  if (tn + fn === 0) return undefinedFor('No picture is predicted negative.');
  const value = phi(tp, fn, fp, tn);
  const [a, b, c, d] = [tp + ADDED, fn + ADDED, fp + ADDED, tn + ADDED];
  const n = a + b + c + d;
  const smooth = phi(a, b, c, d);
  const [r, r2, k, k2] = [(a + b) / n, (c + d) / n, (a + c) / n, (b + d) / n];
  const variance =
    (1 -
      smooth ** 2 +
      (smooth * (1 + smooth ** 2 / 2) * (r - r2) * (k - k2)) / Math.sqrt(r * r2 * k * k2) -
      0.75 * smooth ** 2 * ((r - r2) ** 2 / (r * r2) + (k - k2) ** 2 / (k * k2))) /
    n;
  const reach = (Z95 * Math.sqrt(Math.max(0, variance))) / (1 - smooth ** 2);
  const perfect = (fn === 0 && fp === 0) || (tp === 0 && tn === 0);
  const middle = Math.atanh(perfect ? smooth : value);
  return {
    value,
    low: Math.min(value, Math.tanh(middle - reach)),
    high: Math.max(value, Math.tanh(middle + reach)),
  };
}

/** See {@link mccOf}. */
const ADDED = 0.15;

/** Correlation of rows and columns of the table `[[a, b], [c, d]]`. Roots one by one: the product of four counts may be too large. */
function phi(a: number, b: number, c: number, d: number): number {
  const value = (a * d - b * c) / (Math.sqrt((a + b) * (c + d)) * Math.sqrt((a + c) * (b + d)));
  return Math.max(-1, Math.min(1, value));
}
