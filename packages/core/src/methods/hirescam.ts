import type { GraphMethod } from './method.ts';

/** map = Σ_k ∂y/∂A_k ⊙ A_k: Grad-CAM without averaging the gradient; captum's LayerGradientXActivation summed over channels. */
export const hirescam: GraphMethod = {
  kind: 'graph',
  name: 'hirescam',
  title: 'HiResCAM',
  aliases: ['hires-cam', 'hi-res-cam', 'layer-gradient-x-activation', 'layergradientxactivation', 'layer-gxa'],
  summary: 'Gradient times activation of a layer, summed over channels: shows only places that the model used.',
  formula: 'ReLU(Σ_k ∂y/∂A_k ⊙ A_k)',
  paper:
    'Draelos and Carin, Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks, 2020, eq. 3 (arXiv 2011.08891)',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions',
  stages: { rectify: 'relu' },
  build({ b, gradient, wrt, view }) {
    return view!.sumChannels(b.mul(view!.cells(gradient), view!.cells(wrt)));
  },
};
