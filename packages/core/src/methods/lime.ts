import { limeSamples, limeWeights } from '../perturbation/lime.ts';
import { pictureDistances } from '../perturbation/picture-distances.ts';
import { weightedLasso, weightedRidge } from '../perturbation/regression.ts';
import { randomStream } from '../random/random-stream.ts';
import { givenCoalitions } from './given-coalitions.ts';
import type { SamplingMethod } from './method.ts';
import { type RegionItem, type RegionPlan, RegionSampler } from './region-sampler.ts';

/** Value of a region = its coefficient in a linear model of the score, fitted to pictures with random regions hidden. */
export const lime: SamplingMethod = {
  kind: 'sampling',
  name: 'lime',
  title: 'LIME',
  aliases: ['lime-image'],
  summary: 'A linear model of the score, of which regions are to be seen, that holds near the picture.',
  formula: 'argmin_β Σ_z π(z) (y(x_z) − β₀ − Σ_j β_j z_j)² + penalty · ‖β‖, π(z) = exp(−d(z)² / 2 width²)',
  paper:
    'Ribeiro, Singh and Guestrin, "Why Should I Trust You?": Explaining the Predictions of Any Classifier, KDD 2016, eq. 1 and 2 (arXiv 1602.04938)',
  needs: 'runs',
  output: 'plane',
  cost: 'one prediction a coalition: 1000',
  stages: { rectify: 'none', signed: true },
  options: {
    segmentation: 'slic',
    segments: 50,
    coalitions: 1000,
    fill: 'mean',
    distance: 'cosine',
    kernelWidth: 0.25,
    penalty: 0.01,
  },
  variants: {
    ridge: 'squares of the coefficients are penalised (penalty · Σ β²), as in the lime package, whose penalty is 1',
    lasso:
      'magnitudes are penalised (penalty · Σ |β| against half the mean square error), as captum has it: many regions become 0',
  },
  variantOf: { captum: 'lasso' },
  caution:
    'Another segmentation or kernel width gives another map. xplique writes its kernel exp(−d² / w²): its width is √2 of the one here.',
  open: (context) => new RegionSampler(context, limePlan),
};

function limePlan(item: RegionItem): RegionPlan {
  const { segmentation, context } = item;
  const { options, sampling } = context;
  const { coalitions, distance, kernelWidth, penalty, variant } = options;
  const { count } = segmentation;
  const bits =
    typeof coalitions === 'number'
      ? limeSamples(randomStream(sampling.seed, 'lime', item.item), coalitions, count)
      : givenCoalitions(coalitions, count);
  const total = bits.length / count;
  const weights =
    distance === 'cosine' || distance === 'euclidean'
      ? limeWeights(bits, count, distance, kernelWidth)
      : pictureDistances({ ...item, layout: context.model.image.layout }, bits, distance).map((d) =>
          Math.exp(-(d * d) / (2 * kernelWidth * kernelWidth)),
        );
  const row = (at: number) => bits.subarray(at * count, (at + 1) * count);
  const scores: number[] = [];
  const fit = (rows: readonly number[]) => {
    const x = new Uint8Array(rows.length * count);
    for (const [i, at] of rows.entries()) x.set(row(at), i * count);
    const system = {
      x,
      columns: count,
      y: rows.map((at) => scores[at]!),
      weights: rows.map((at) => weights[at]!),
    };
    const fitted = variant === 'lasso' ? weightedLasso : weightedRidge;
    return fitted(system, { alpha: penalty }).coefficients;
  };
  return {
    total,
    kept: row,
    take: (at, score) => {
      scores[at] = score;
    },
    values: () => (scores.length < 2 ? undefined : fit([...scores.keys()])),
    halves: () => (scores.length < 4 ? undefined : [fit(every(scores.length, 0)), fit(every(scores.length, 1))]),
  };
}

/** The even or the odd numbers below a bound. */
const every = (below: number, first: 0 | 1): number[] =>
  Array.from({ length: Math.ceil((below - first) / 2) }, (_, i) => first + 2 * i);
