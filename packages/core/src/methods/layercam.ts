import type { GraphMethod } from './method.ts';

/** map = Σ_k ReLU(∂y/∂A_k) ⊙ A_k: every cell has its own weight, so shallow layers give fine maps. */
export const layercam: GraphMethod = {
  kind: 'graph',
  name: 'layercam',
  title: 'LayerCAM',
  aliases: ['layer-cam', 'layer_cam'],
  summary: 'Activations of a layer, each cell weighted by its own positive gradient; also for shallow layers.',
  formula: 'ReLU(Σ_k ReLU(∂y/∂A_k) ⊙ A_k)',
  paper:
    'Jiang et al., LayerCAM: Exploring Hierarchical Class Activation Maps for Localization, IEEE TIP 2021, eq. 6-8',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions at the last layer, up to a saliency run at shallow ones',
  stages: { rectify: 'relu' },
  build({ b, gradient, wrt, view }) {
    return view!.sumChannels(b.mul(b.relu(view!.cells(gradient)), view!.cells(wrt)));
  },
};
