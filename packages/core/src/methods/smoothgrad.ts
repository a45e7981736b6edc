import { infoOf } from '../wrappers/info-of.ts';
import { NOISE_OPTIONS } from '../wrappers/noise.ts';
import { smoothSampler } from '../wrappers/smooth.ts';
import type { GraphMethod, SamplingMethod } from './method.ts';
import { saliency } from './saliency.ts';

/** map = |∂y/∂x|. */
const magnitude: GraphMethod = {
  ...saliency,
  isGradient: false,
  build: ({ b, gradient }) => b.op('Abs', [gradient]),
};

/** map = 1/n Σ ∂y/∂x (x + ε). */
export const smoothgrad: SamplingMethod = {
  ...infoOf(saliency),
  kind: 'sampling',
  name: 'smoothgrad',
  title: 'SmoothGrad',
  aliases: ['smooth-grad', 'smooth-gradient', 'smoothed-gradient', 'noise-tunnel', 'noisetunnel'],
  summary: 'The gradient averaged over noisy copies of the picture: what of it is not an accident of one point.',
  formula: 'max_c |1/n Σ ∂y/∂x_c (x + ε)|, ε ~ N(0, σ²)',
  paper: 'Smilkov et al., SmoothGrad: removing noise by adding noise, 2017, sec. 2 (arXiv 1706.03825)',
  cost: 'samples × saliency',
  options: NOISE_OPTIONS,
  variants: {
    signed: 'the mean of the gradients, as in the paper',
    magnitude: 'the mean of their magnitudes, as captum and tf-keras-vis have it of saliency',
  },
  variantOf: { captum: 'magnitude', 'tf-keras-vis': 'magnitude' },
  open: (context) => smoothSampler(context.options.variant === 'magnitude' ? magnitude : saliency, 'mean', context),
};
