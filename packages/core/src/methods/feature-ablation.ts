import type { SamplingMethod } from './method.ts';
import { type RegionItem, type RegionPlan, RegionSampler } from './region-sampler.ts';

/** Value of a region = y(x) − y(x with the region filled). */
export const featureAblation: SamplingMethod = {
  kind: 'sampling',
  name: 'feature-ablation',
  title: 'Feature ablation',
  aliases: ['ablation', 'region-ablation', 'leave-one-out', 'superpixel-ablation'],
  summary: 'How much the score falls when one region of the picture is filled, region by region.',
  formula: 'y(x) − y(x with the region filled)',
  paper: 'Merrick, Randomized Ablation Feature Importance, 2019 (arXiv 1910.00174); as captum has it',
  needs: 'runs',
  output: 'plane',
  cost: 'one prediction a region',
  stages: { rectify: 'none', signed: true },
  options: { segmentation: 'slic', segments: 50, fill: 'mean' },
  caution:
    'What two regions show alike is credited to neither: the rest is enough for the model. Shapley values (kernelshap, shapley-sampling) share it.',
  open: (context) => new RegionSampler(context, ablationPlan),
};

function ablationPlan({ segmentation: { count }, value }: RegionItem): RegionPlan {
  const falls = new Float64Array(count);
  let taken = 0;
  return {
    total: count,
    kept: (at) => Uint8Array.from({ length: count }, (_, region) => (region === at ? 0 : 1)),
    take: (at, score) => {
      falls[at] = value - score;
      taken++;
    },
    values: () => (taken === 0 ? undefined : falls),
    notes: () => (taken < count ? [`${count - taken} regions were not reached: they stand at 0.`] : []),
  };
}
