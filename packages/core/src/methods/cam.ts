import type { GraphMethod } from './method.ts';

/** map = Σ_k W_ck A_k with the weights of the final linear layer: exact, no gradient. */
export const cam: GraphMethod = {
  kind: 'graph',
  name: 'cam',
  title: 'CAM',
  aliases: ['class-activation-map', 'class-activation-mapping'],
  summary:
    'Channels of the last layer, weighted by the linear head itself; needs a head of pooling + one linear layer.',
  formula: 'Σ_k W_ck A_k',
  paper: 'Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016, eq. 2 (arXiv 1512.04150)',
  needs: 'linear head',
  output: 'layer',
  cost: '1.0 predictions',
  stages: { rectify: 'relu' },
  build({ b, wrt, view, headWeights }) {
    return view!.sumChannels(b.mul(view!.asWeights(headWeights!), view!.cells(wrt)));
  },
};
