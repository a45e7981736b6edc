import type { BinaryCurve } from './binary-curve.ts';
import type { Counts } from './binary-metrics.ts';

/**
 * What a threshold is chosen for.
 * - `youden`: sensitivity + specificity − 1 (W. Youden 1950); also the best balanced accuracy
 * - `f1`, `mcc`, `accuracy`: the largest
 * - `cost`: the smallest mean cost a picture, where a false positive costs `fp` and a false negative `fn`
 * - `sensitivity`: the largest specificity among the thresholds whose sensitivity is at least `least`; `specificity`: the reverse
 */
export type Criterion =
  | { readonly kind: 'youden' | 'f1' | 'mcc' | 'accuracy' }
  | { readonly kind: 'cost'; readonly fp: number; readonly fn: number }
  | { readonly kind: 'sensitivity' | 'specificity'; readonly least: number };

/** The best threshold by one criterion. */
export interface BestThreshold {
  /** Undefined where the criterion has no meaning: `reason` says why. */
  readonly threshold?: number;
  /** The criterion at it (cost: the mean cost; sensitivity ≥ x: the specificity). */
  readonly value: number;
  readonly counts?: Counts;
  readonly reason?: string;
}

/** Shares are compared with this slack: 0.95 of 20 is 19, whatever the floats say. */
const SLACK = 1e-12;

type Goodness = (counts: Counts) => number;

const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : Number.NaN);

function goodnessOf(criterion: Criterion): Goodness {
  switch (criterion.kind) {
    case 'youden':
      return ({ tp, fn, tn, fp }) => ratio(tp, tp + fn) + ratio(tn, tn + fp) - 1;
    case 'f1':
      return ({ tp, fn, fp }) => ratio(2 * tp, 2 * tp + fp + fn);
    case 'mcc':
      // A table with an empty column says nothing about the label: 0, as in the limit.
      return ({ tp, fn, tn, fp }) =>
        tp + fp === 0 || tn + fn === 0
          ? 0
          : (tp * tn - fp * fn) / (Math.sqrt((tp + fp) * (tn + fn)) * Math.sqrt((tp + fn) * (tn + fp)));
    case 'accuracy':
      return ({ tp, fn, tn, fp }) => ratio(tp + tn, tp + tn + fp + fn);
    case 'cost':
      return ({ tp, fn, tn, fp }) => -ratio(criterion.fp * fp + criterion.fn * fn, tp + tn + fp + fn);
    case 'sensitivity':
      return ({ tp, fn, tn, fp }) => (ratio(tp, tp + fn) >= criterion.least - SLACK ? ratio(tn, tn + fp) : Number.NaN);
    case 'specificity':
      return ({ tp, fn, tn, fp }) => (ratio(tn, tn + fp) >= criterion.least - SLACK ? ratio(tp, tp + fn) : Number.NaN);
  }
}

/**
 * The best threshold by a criterion, over all thresholds that change a decision (and the one at which nothing is positive). All numbers
 * between two neighbouring scores decide alike: the one with the fewest decimals is taken. Of several equally good ones the nearest to 0.5.
 */
export function bestThreshold(curve: BinaryCurve, criterion: Criterion): BestThreshold {
  const onlyPositives = criterion.kind === 'f1';
  const reason =
    curve.reason && (curve.count === 0 || !(onlyPositives && curve.positive.length > 0)) ? curve.reason : undefined;
  if (reason) return { value: Number.NaN, reason };
  const goodness = goodnessOf(criterion);
  const { thresholds, tp, fp } = curve;
  const [positives, negatives] = [curve.positive.length, curve.negative.length];
  let best = Number.NEGATIVE_INFINITY;
  let threshold = Number.NaN;
  // i = −1: above all scores.
  for (let i = -1; i < thresholds.length; i++) {
    const hits = i < 0 ? 0 : tp[i]!;
    const alarms = i < 0 ? 0 : fp[i]!;
    const value = goodness({ tp: hits, fn: positives - hits, fp: alarms, tn: negatives - alarms });
    if (!(value >= best - SLACK)) continue;
    const candidate = candidateAt(thresholds, i);
    if (value > best + SLACK || Math.abs(candidate - 0.5) < Math.abs(threshold - 0.5)) threshold = candidate;
    best = Math.max(best, value);
  }
  if (Number.isNaN(threshold)) return { value: Number.NaN, reason: 'No threshold fulfils the condition.' };
  return { threshold, value: criterion.kind === 'cost' ? 0 - best : best, counts: curve.at(threshold) };
}

/** A number that decides as score `i` does (−1: above all scores), with few decimals. */
function candidateAt(thresholds: Float64Array, i: number): number {
  const score = thresholds[i] ?? Number.POSITIVE_INFINITY;
  const next = thresholds[i + 1] ?? Number.NEGATIVE_INFINITY;
  if (score === Number.POSITIVE_INFINITY) return next < 1 ? 1 : Math.floor(next) + 1;
  if (next === Number.NEGATIVE_INFINITY) return score >= 0 ? 0 : Math.floor(score);
  return roundestIn(next, score);
}

/** The number with the fewest decimals in `(low, high]`; of several the one nearest to the middle. */
export function roundestIn(low: number, high: number): number {
  for (let digits = 0; digits <= 15; digits++) {
    const unit = 10 ** digits;
    const first = Math.floor(low * unit) + 1;
    const last = Math.floor(high * unit);
    if (first > last) continue;
    const middle = Math.min(last, Math.max(first, Math.round(((low + high) / 2) * unit)));
    const found = middle / unit;
    if (found > low && found <= high) return found;
  }
  return high;
}
