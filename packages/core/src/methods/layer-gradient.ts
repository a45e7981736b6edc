import type { GraphMethod } from './method.ts';

/** ∂y/∂A of a layer, whole: a part of other methods, not one that is shown. */
export const layerGradient: GraphMethod = {
  kind: 'graph',
  name: 'layer-gradient',
  title: 'Layer gradient',
  aliases: [],
  summary: 'The gradient with respect to a layer, all channels.',
  formula: '∂y/∂A',
  paper: '',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions',
  stages: { rectify: 'none' },
  build: ({ gradient }) => gradient,
};
