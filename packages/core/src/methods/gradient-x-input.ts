import type { GraphMethod } from './method.ts';

/** map = x ⊙ ∂y/∂x. */
export const gradientXInput: GraphMethod = {
  kind: 'graph',
  name: 'gradient-x-input',
  title: 'Gradient × input',
  aliases: ['gradients-inputs', 'input-x-gradient', 'inputxgradient', 'gradient-times-input', 'grad-x-input', 'gxi'],
  summary: 'Gradient times pixel value: a first-order share of each pixel in the score.',
  formula: 'Σ_c x_c · ∂y/∂x_c',
  paper: 'Shrikumar et al., Not Just a Black Box, 2016 (arXiv 1605.01713)',
  needs: 'input gradient',
  output: 'pixel',
  cost: '2–5 predictions',
  stages: { reduce: 'sum', rectify: 'none' },
  build: ({ b, gradient, wrt }) => b.mul(gradient, wrt),
};
