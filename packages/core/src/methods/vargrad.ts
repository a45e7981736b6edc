import { infoOf } from '../wrappers/info-of.ts';
import { NOISE_OPTIONS } from '../wrappers/noise.ts';
import { smoothSampler } from '../wrappers/smooth.ts';
import type { SamplingMethod } from './method.ts';
import { saliency } from './saliency.ts';

/** map = Var ∂y/∂x (x + ε). */
export const vargrad: SamplingMethod = {
  ...infoOf(saliency),
  kind: 'sampling',
  name: 'vargrad',
  title: 'VarGrad',
  aliases: ['var-grad', 'variance-gradient'],
  summary: 'The variance of the gradient over noisy copies of the picture: where it is not constant.',
  formula: 'max_c 1/n Σ (g_c − ḡ_c)², g = ∂y/∂x (x + ε), ε ~ N(0, σ²), ḡ its mean',
  paper:
    'Adebayo et al., Local Explanation Methods for Deep Neural Networks Lack Sensitivity to Parameter Values, ICLR workshop 2018, sec. 2 (arXiv 1810.03307)',
  cost: 'samples × saliency',
  options: NOISE_OPTIONS,
  variants: {
    population: 'divided by n, as captum has it',
    unbiased: 'divided by n − 1, as xplique has it',
  },
  variantOf: { xplique: 'unbiased' },
  open: (context) =>
    smoothSampler(saliency, context.options.variant === 'unbiased' ? 'unbiased-variance' : 'variance', context),
};
