import { infoOf } from '../wrappers/info-of.ts';
import { NOISE_OPTIONS } from '../wrappers/noise.ts';
import { smoothSampler } from '../wrappers/smooth.ts';
import type { SamplingMethod } from './method.ts';
import { saliency } from './saliency.ts';

/** map = 1/n Σ (∂y/∂x (x + ε))². */
export const smoothgradSquared: SamplingMethod = {
  ...infoOf(saliency),
  kind: 'sampling',
  name: 'smoothgrad-squared',
  title: 'SmoothGrad²',
  aliases: ['smoothgrad-sq', 'smoothgradsq', 'smooth-grad-squared', 'squaregrad', 'square-grad'],
  summary:
    'The squared gradient averaged over noisy copies of the picture: where the score is sensitive, whatever the sign.',
  formula: 'max_c 1/n Σ (∂y/∂x_c (x + ε))², ε ~ N(0, σ²)',
  paper:
    'Hooker et al., A Benchmark for Interpretability Methods in Deep Neural Networks, NeurIPS 2019, sec. 3 (arXiv 1806.10758)',
  cost: 'samples × saliency',
  options: NOISE_OPTIONS,
  open: (context) => smoothSampler(saliency, 'square', context),
};
