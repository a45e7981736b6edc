import { type Estimate, undefinedFor } from '../metrics/estimate.ts';
import { twoSided, Z95 } from '../metrics/normal.ts';
import { placements } from '../metrics/roc.ts';

/** Two areas under the ROC curve of the same pictures. */
export interface PairedAuc {
  readonly a: number;
  readonly b: number;
  /** B − A. */
  readonly difference: Estimate;
  /** Two-sided, of no difference; NaN where it cannot be known. */
  readonly p: number;
}

/**
 * Compares two AUCs of the same pictures (E. DeLong, D. DeLong, D. Clarke-Pearson, Biometrics 44, 1988): their difference is normal with the
 * variance of the differences of the placements, S₁₀/m + S₀₁/n over the m positive and n negative pictures.
 * @param truths not 0 (true): positive
 */
export function pairedAuc(a: ArrayLike<number>, b: ArrayLike<number>, truths: ArrayLike<number | boolean>): PairedAuc {
  const positive: number[] = [];
  const negative: number[] = [];
  for (let i = 0; i < truths.length; i++) (truths[i] ? positive : negative).push(i);
  if (positive.length === 0 || negative.length === 0) {
    const reason = positive.length === 0 ? 'There is no positive picture.' : 'There is no negative picture.';
    return { a: Number.NaN, b: Number.NaN, difference: undefinedFor(reason), p: Number.NaN };
  }
  const up = [a, b].map((scores) => placed(scores, positive, negative));
  const down = [a, b].map((scores) => placed(scores, negative, positive));
  const [first, second] = [meanOf(up[0]!), meanOf(up[1]!)];
  const value = second - first;
  const squared = spread(up[0]!, up[1]!) / positive.length + spread(down[0]!, down[1]!) / negative.length;
  if (!(squared > 1e-20)) {
    const reason =
      squared >= 0
        ? 'The runs order all pictures alike: the difference has no spread.'
        : 'One picture of a class is too few.';
    return { a: first, b: second, difference: { value, low: Number.NaN, high: Number.NaN, reason }, p: Number.NaN };
  }
  const error = Math.sqrt(squared);
  return {
    a: first,
    b: second,
    difference: { value, low: Math.max(-1, value - Z95 * error), high: Math.min(1, value + Z95 * error) },
    p: twoSided(value / error),
  };
}

/** For each of `own` the share of `others` that scores lower, ties half, in the order of `own`. */
function placed(scores: ArrayLike<number>, own: readonly number[], others: readonly number[]): Float64Array {
  const order = own.map((_, k) => k).sort((x, y) => scores[own[x]!]! - scores[own[y]!]!);
  const sorted = placements(
    order.map((k) => scores[own[k]!]!),
    Float64Array.from(others, (i) => scores[i]!).sort(),
  );
  const found = new Float64Array(own.length);
  order.forEach((k, at) => {
    found[k] = sorted[at]!;
  });
  return found;
}

const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sample variance of `b − a`. */
function spread(a: Float64Array, b: Float64Array): number {
  const differences = b.map((value, i) => value - a[i]!);
  const mean = meanOf(differences);
  return differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (differences.length - 1);
}
