import type { GraphMethod } from './method.ts';

/** map = ∂y/∂x. */
export const saliency: GraphMethod = {
  kind: 'graph',
  name: 'saliency',
  title: 'Saliency',
  aliases: ['vanilla-gradients', 'vanilla-gradient', 'gradient', 'gradients', 'vanilla'],
  summary: 'How much the target changes with each pixel.',
  formula: 'max_c |∂y/∂x_c|',
  paper: 'Simonyan et al., Deep Inside Convolutional Networks, ICLR workshop 2014, sec. 3.1 (arXiv 1312.6034)',
  needs: 'input gradient',
  output: 'pixel',
  cost: '2–5 predictions',
  stages: { reduce: 'max-abs', rectify: 'none' },
  isGradient: true,
  build: ({ gradient }) => gradient,
};
