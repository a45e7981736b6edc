import { GUIDED_RULES } from '@seewhy/autodiff';
import type { GraphMethod } from './method.ts';
import { rectifierNotes } from './rectifier-notes.ts';

/** map = ∂y/∂x with max(0, g) · f′ at every rectifier. */
export const guidedBackprop: GraphMethod = {
  kind: 'graph',
  name: 'guided-backprop',
  title: 'Guided backpropagation',
  aliases: ['guided-backpropagation', 'guidedbackprop', 'guided-bp', 'gbp'],
  summary: 'The gradient, with every rectifier passing only what raises the target: crisp edges.',
  formula: 'max_c |∂y/∂x_c|, at every rectifier y = f(x): max(0, g) · f′(x)',
  paper: 'Springenberg et al., Striving for Simplicity, ICLR workshop 2015, sec. 3.4 (arXiv 1412.6806)',
  needs: 'input gradient',
  output: 'pixel',
  cost: '2–5 predictions',
  stages: { reduce: 'max-abs', rectify: 'none' },
  imageRules: GUIDED_RULES,
  caution:
    'Draws the edges of the picture much the same for every class, and hardly changes when the last layers are randomised (Adebayo et al. 2018): it shows what the network can see, not why it decided.',
  notes: (facts) => rectifierNotes('guided backpropagation', facts),
  build: ({ gradient }) => gradient,
};
