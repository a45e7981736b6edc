import type { BinaryCurve } from './binary-curve.ts';
import { type Estimate, plain, undefinedFor } from './estimate.ts';
import { Z95 } from './normal.ts';

/** Points of a curve, one a threshold, from the strictest threshold on. */
export interface CurvePoints {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Predicted positive from this score on; the first of a ROC curve is +∞: nothing is. */
  readonly threshold: Float64Array;
}

/** The ROC curve: false positive rate (1 − specificity) and true positive rate (sensitivity) at every threshold that changes something. */
export function rocPoints(curve: BinaryCurve): CurvePoints {
  const n = curve.thresholds.length;
  const points = { x: new Float64Array(n + 1), y: new Float64Array(n + 1), threshold: new Float64Array(n + 1) };
  points.threshold[0] = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    points.x[i + 1] = curve.fp[i]! / curve.negative.length;
    points.y[i + 1] = curve.tp[i]! / curve.positive.length;
    points.threshold[i + 1] = curve.thresholds[i]!;
  }
  return points;
}

/** The precision–recall curve: recall (x) and precision (y) at every score, as scikit-learn's without its last, made-up point. */
export function precisionRecallPoints(curve: BinaryCurve): CurvePoints {
  const { tp, fp } = curve;
  return {
    x: tp.map((hits) => hits / curve.positive.length),
    y: tp.map((hits, i) => hits / (hits + fp[i]!)),
    threshold: curve.thresholds,
  };
}

/** Average precision Σ (Rᵢ − Rᵢ₋₁) Pᵢ over the thresholds, without interpolation: what scikit-learn's `average_precision_score` is. No interval. */
export function averagePrecision(curve: BinaryCurve): Estimate {
  if (curve.count === 0 || curve.positive.length === 0) return undefinedFor(curve.reason!);
  let sum = 0;
  let before = 0;
  for (let i = 0; i < curve.tp.length; i++) {
    const hits = curve.tp[i]!;
    sum += (hits - before) * (hits / (hits + curve.fp[i]!));
    before = hits;
  }
  return plain(sum / curve.positive.length);
}

/** For each of the ascending scores the share of the ascending others that is smaller, ties half: one walk for all. */
export function placements(scores: ArrayLike<number>, others: ArrayLike<number>): Float64Array {
  const found = new Float64Array(scores.length);
  let less = 0;
  let notMore = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    while (less < others.length && others[less]! < score) less++;
    if (notMore < less) notMore = less;
    while (notMore < others.length && others[notMore]! <= score) notMore++;
    found[i] = (less + notMore) / 2 / others.length;
  }
  return found;
}

/** Sample variance (n − 1). */
function variance(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/**
 * Area under the ROC curve (the chance that a positive picture scores higher than a negative one, ties half) and its 95 % interval
 * AUC ± z √(S₁₀/m + S₀₁/n), cut at 0 and 1 (E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the areas under two or more correlated
 * receiver operating characteristic curves", Biometrics 44, 1988): S₁₀ and S₀₁ are the sample variances of the placements of the m positive
 * scores among the n negative ones and the reverse.
 *
 * Where that variance is 0 or undefined (perfectly separated, or a single picture of a class) the interval is {@link newcombe}'s instead, and
 * `method` says so.
 */
export function areaUnderRoc(curve: BinaryCurve): Estimate {
  if (curve.reason) return undefinedFor(curve.reason);
  const { positive, negative } = curve;
  const among = placements(positive, negative);
  const value = among.reduce((sum, share) => sum + share, 0) / among.length;
  const squared = variance(among) / positive.length + variance(placements(negative, positive)) / negative.length;
  if (!(squared > 1e-20)) {
    const [low, high] = newcombe(value, positive.length, negative.length);
    return { value, low, high, method: 'Newcombe 2006' };
  }
  const reach = Z95 * Math.sqrt(squared);
  return { value, low: Math.max(0, value - reach), high: Math.min(1, value + reach), method: 'DeLong 1988' };
}

/**
 * 95 % interval of an AUC that needs no scores (R. Newcombe, "Confidence intervals for an effect size measure based on the Mann–Whitney
 * statistic. Part 2", Statistics in Medicine 25, 2006, method 5): the θ with |AUC − θ| ≤ z √V(θ),
 *
 *     V(θ) = θ(1 − θ) (1 + N* ((1 − θ)/(2 − θ) + θ/(1 + θ))) / (m n),  N* = (m + n)/2 − 1
 */
export function newcombe(auc: number, m: number, n: number): readonly [low: number, high: number] {
  const free = (m + n) / 2 - 1;
  const outside = (theta: number) =>
    Math.abs(auc - theta) >
    Z95 * Math.sqrt((theta * (1 - theta) * (1 + free * ((1 - theta) / (2 - theta) + theta / (1 + theta)))) / (m * n));
  const edge = (far: number) => {
    let out = far;
    let inside = auc;
    for (let i = 0; i < 60; i++) {
      const middle = (out + inside) / 2;
      if (outside(middle)) out = middle;
      else inside = middle;
    }
    return inside;
  };
  return [auc === 0 ? 0 : edge(0), auc === 1 ? 1 : edge(1)];
}
