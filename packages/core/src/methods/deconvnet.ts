import { DECONVNET_RULES } from '@seewhy/autodiff';
import type { GraphMethod } from './method.ts';
import { rectifierNotes } from './rectifier-notes.ts';

/** map = ∂y/∂x with max(0, g) at every rectifier, open or shut. */
export const deconvnet: GraphMethod = {
  kind: 'graph',
  name: 'deconvnet',
  title: 'DeconvNet',
  aliases: ['deconvolution', 'deconv', 'deconvolutional-network'],
  summary: 'The network run backwards: every rectifier passes what is positive, whether it was open or not.',
  formula: 'max_c |∂y/∂x_c|, at every rectifier: max(0, g)',
  paper:
    'Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, sec. 2.1 (arXiv 1311.2901)',
  needs: 'input gradient',
  output: 'pixel',
  cost: '2–5 predictions',
  stages: { reduce: 'max-abs', rectify: 'none' },
  imageRules: DECONVNET_RULES,
  caution:
    'Depends on the picture only through max pooling and smooth activations: without them it shows the filters, not the picture.',
  notes: (facts) => rectifierNotes('DeconvNet', facts),
  build: ({ gradient }) => gradient,
};
