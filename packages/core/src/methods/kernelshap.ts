import { errors } from '../errors.ts';
import { type Coalitions, coalitions, kernelShap } from '../perturbation/kernel-shap.ts';
import { weightedRidge } from '../perturbation/regression.ts';
import { randomStream } from '../random/random-stream.ts';
import { givenCoalitions } from './given-coalitions.ts';
import type { SamplingMethod } from './method.ts';
import { type RegionItem, type RegionPlan, RegionSampler } from './region-sampler.ts';

/** Value of a region = its Shapley value, by weighted least squares over coalitions of regions. */
export const kernelshap: SamplingMethod = {
  kind: 'sampling',
  name: 'kernelshap',
  title: 'KernelSHAP',
  aliases: ['kernel-shap', 'shap', 'shapley', 'shapley-values'],
  summary:
    'The share of each region in the score, as if the regions were players of a game: exact when all coalitions fit.',
  formula:
    'argmin_φ Σ_S w(S) (y(x_S) − y(x_∅) − Σ_{j∈S} φ_j)², Σ φ = y(x) − y(x_∅), w(S) = (M − 1) / (C(M, |S|) |S| (M − |S|))',
  paper:
    'Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, NIPS 2017, theorem 2 (arXiv 1705.07874); pairs: Covert and Lee, AISTATS 2021 (arXiv 2012.01536)',
  needs: 'runs',
  output: 'plane',
  cost: 'one prediction a coalition: 1000; all of M regions are 2^M − 2',
  stages: { rectify: 'none', signed: true },
  options: { segmentation: 'slic', segments: 50, coalitions: 1000, fill: 'mean' },
  variants: {
    exact: 'the values sum to y(x) − y(all hidden) exactly, as the definition has it',
    free: 'the intercept is fitted too and the sum is not fixed, as in xplique: the values are not Shapley values',
  },
  variantOf: { xplique: 'free' },
  caution: 'The values are those of regions filled as --fill says: another fill is another game.',
  open: (context) => new RegionSampler(context, kernelShapPlan),
};

function kernelShapPlan(item: RegionItem): RegionPlan {
  const { segmentation, context, value } = item;
  const { count } = segmentation;
  const free = context.options.variant === 'free';
  const drawn = coalitionsOf(item, count, free);
  const { bits, weights } = drawn;
  // The sample before the coalitions is the empty one; the full one is the picture, whose score is known.
  const first = free ? 0 : 1;
  const hidden = new Uint8Array(count);
  const scores: number[] = [];
  let empty: number | undefined;
  const some = (rows: readonly number[]) => {
    const part = new Uint8Array(rows.length * count);
    for (const [i, at] of rows.entries()) part.set(bits.subarray(at * count, (at + 1) * count), i * count);
    const [y, w] = [rows.map((at) => scores[at]!), Float64Array.from(rows, (at) => weights[at]!)];
    if (free) return weightedRidge({ x: part, columns: count, y, weights: w }, { alpha: 0 }).coefficients;
    return kernelShap({ ...drawn, bits: part, weights: w }, y, empty!, value);
  };
  // What was not drawn is in both halves.
  const pairs = (half: number) =>
    [...scores.keys()].filter((at) => at < (drawn.enumerated ?? 0) || Math.floor(at / 2) % 2 === half);
  return {
    total: first + weights.length,
    kept: (at) => (at < first ? hidden : bits.subarray((at - first) * count, (at - first + 1) * count)),
    take: (at, score) => {
      if (at < first) empty = score;
      else scores.push(score);
    },
    values: () => ((free ? scores.length > 0 : empty !== undefined) ? some([...scores.keys()]) : undefined),
    ...(drawn.complete
      ? {}
      : { halves: () => (scores.length < 4 ? undefined : ([some(pairs(0)), some(pairs(1))] as const)) }),
    notes: () =>
      drawn.complete && scores.length === weights.length
        ? [`All ${weights.length + 2} coalitions of the regions: the Shapley values are exact.`]
        : [],
  };
}

/** Those given or drawn, without the empty and the full one, unless the fit is free. @throws COALITIONS_INVALID, COALITIONS_FEW */
function coalitionsOf({ context, item }: RegionItem, count: number, free: boolean): Coalitions {
  const { options, sampling } = context;
  if (typeof options.coalitions !== 'number') {
    const given = givenCoalitions(options.coalitions, count);
    const rows = Array.from({ length: given.length / count }, (_, i) => given.subarray(i * count, (i + 1) * count));
    const used = free ? rows : rows.filter((row) => row.includes(0) && row.includes(1));
    const bits = new Uint8Array(used.length * count);
    for (const [i, row] of used.entries()) bits.set(row, i * count);
    return { bits, weights: new Float64Array(used.length).fill(1), players: count, complete: false };
  }
  const drawn = coalitions(randomStream(sampling.seed, 'kernelshap', item), count, options.coalitions);
  if (drawn.complete)
    return shuffled(drawn, randomStream(sampling.seed, 'kernelshap-order', item).permutation(drawn.weights.length));
  // A coalition and its complement are one equation.
  const least = 2 * (free ? count : count - 1);
  if (options.coalitions < least) throw errors.coalitionsFew(options.coalitions, count, least);
  return drawn;
}

/** In another order: an interrupted run has coalitions of all kinds. */
function shuffled(all: Coalitions, order: Int32Array): Coalitions {
  const { players } = all;
  const bits = new Uint8Array(all.bits.length);
  for (const [i, at] of order.entries()) bits.set(all.bits.subarray(at * players, (at + 1) * players), i * players);
  return { ...all, bits, weights: Float64Array.from(order, (at) => all.weights[at]!) };
}
