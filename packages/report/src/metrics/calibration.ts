import { type Estimate, plain, undefinedFor } from './estimate.ts';
import { wilson } from './wilson.ts';

/** Pictures whose scores are alike: does what is promised come true as often as promised? */
export interface CalibrationBin {
  /** Scores of this bin: above `low` (the first bin: from `low`), up to `high`. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean score. */
  readonly promised: number;
  /** Share of the pictures for which it is true, with Wilson's interval. */
  readonly observed: Estimate;
}

/** How well scores are probabilities. */
export interface Calibration {
  readonly kind: 'width' | 'mass';
  /** Bins with at least one picture, by score. */
  readonly bins: readonly CalibrationBin[];
  readonly count: number;
  /** Expected and maximum calibration error over the bins: Σ nᵦ/n · |promised − observed|, and the largest of them. */
  readonly ece: Estimate;
  readonly mce: Estimate;
  /** Brier score: mean of (score − truth)². */
  readonly brier: Estimate;
  /**
   * What the Brier score is made of (A. Murphy 1973, over bins as D. Stephenson et al. 2008):
   * brier = reliability − resolution + uncertainty + within.
   */
  readonly parts: {
    /** Σ nᵦ/n (promised − observed)²: 0 when calibrated. */
    readonly reliability: number;
    /** Σ nᵦ/n (observed − rate)²: how far the bins tell cases apart. */
    readonly resolution: number;
    /** rate (1 − rate), rate the share of positives. */
    readonly uncertainty: number;
    /** Variance of the scores within bins less twice their covariance with the truth: what binning hides. */
    readonly within: number;
  };
}

const NOTHING = 'There is no labelled picture with a score.';

/**
 * Calibration of scores that claim to be probabilities: of the positive class of a binary head against its truth, or of the predicted class
 * of several against whether it was right.
 * @param scores 0..1; NaN is left out
 * @param truths of the same length
 * @param kind `width`: bins of equal width over 0..1; `mass`: edges at the quantiles of the scores (linear interpolation); both with the
 *   edges of scikit-learn's `calibration_curve`: a score on an edge belongs to the lower bin
 * @param count bins (default 10)
 */
export function calibrationOf(
  scores: ArrayLike<number>,
  truths: ArrayLike<number | boolean>,
  kind: 'width' | 'mass' = 'width',
  count = 10,
): Calibration {
  const kept: number[] = [];
  for (let i = 0; i < scores.length; i++) if (!Number.isNaN(scores[i]!)) kept.push(i);
  const n = kept.length;
  const edges =
    kind === 'width'
      ? evenEdges(count)
      : quantileEdges(
          Float64Array.from(kept, (i) => scores[i]!),
          count,
        );
  const size = new Float64Array(count);
  const promised = new Float64Array(count);
  const hits = new Float64Array(count);
  const bin = new Int32Array(n);
  let squares = 0;
  kept.forEach((i, k) => {
    const score = scores[i]!;
    const truth = truths[i] ? 1 : 0;
    const at = binOf(edges, score);
    bin[k] = at;
    size[at]!++;
    promised[at]! += score;
    hits[at]! += truth;
    squares += (score - truth) ** 2;
  });
  const rate = hits.reduce((sum, value) => sum + value, 0) / n;
  const bins: CalibrationBin[] = [];
  let ece = 0;
  let mce = 0;
  let reliability = 0;
  let resolution = 0;
  for (let at = 0; at < count; at++) {
    if (size[at] === 0) continue;
    promised[at]! /= size[at]!;
    const observed = hits[at]! / size[at]!;
    const gap = Math.abs(promised[at]! - observed);
    const share = size[at]! / n;
    ece += share * gap;
    mce = Math.max(mce, gap);
    reliability += share * gap * gap;
    resolution += share * (observed - rate) ** 2;
    bins.push({
      low: edges[at]!,
      high: edges[at + 1]!,
      count: size[at]!,
      promised: promised[at]!,
      observed: wilson(hits[at]!, size[at]!, NOTHING),
    });
  }
  // Over all pictures, from its definition and not as the remainder: then the sum is a check.
  let within = 0;
  kept.forEach((i, k) => {
    const away = scores[i]! - promised[bin[k]!]!;
    within += away * away - 2 * away * ((truths[i] ? 1 : 0) - hits[bin[k]!]! / size[bin[k]!]!);
  });
  const figure = (value: number) => (n > 0 ? plain(value) : undefinedFor(NOTHING));
  return {
    kind,
    bins,
    count: n,
    ece: figure(ece),
    mce: figure(mce),
    brier: figure(squares / n),
    parts: { reliability, resolution, uncertainty: rate * (1 - rate), within: within / n },
  };
}

/** Edges of `count` bins of equal width over 0..1. */
export const evenEdges = (count: number) =>
  Float64Array.from({ length: count + 1 }, (_, i) => (i === count ? 1 : i * (1 / count)));

/** The bin of a score: a score on an edge belongs to the lower one. */
export function binOf(edges: Float64Array, score: number): number {
  let at = 0;
  while (at < edges.length - 2 && edges[at + 1]! < score) at++;
  return at;
}

function quantileEdges(scores: Float64Array, count: number): Float64Array {
  const sorted = scores.sort();
  const last = sorted.length - 1;
  return Float64Array.from({ length: count + 1 }, (_, i) => {
    const at = (i / count) * last;
    const left = sorted[Math.floor(at)] ?? Number.NaN;
    const right = sorted[Math.min(last, Math.floor(at) + 1)] ?? Number.NaN;
    return left + (right - left) * (at - Math.floor(at));
  });
}
