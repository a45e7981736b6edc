import { floatCells } from './float-cells.ts';
import type { GraphMethod } from './method.ts';

/** Keeps the sum of a channel that is nowhere active apart from 0. */
const EPSILON = 1e-7;

/** w_k = Σ g ⊙ A / Σ A: the gradient averaged with the activations as weights; map = Σ_k w_k A_k. */
export const xgradcam: GraphMethod = {
  kind: 'graph',
  name: 'xgradcam',
  title: 'XGrad-CAM',
  aliases: ['xgrad-cam', 'xgrad_cam', 'x-grad-cam'],
  summary: 'Channels of a layer, weighted by the mean of the gradient where the channel is active.',
  formula: 'ReLU(Σ_k w_k A_k), w_k = Σ_ij (∂y/∂A_kij · A_kij) / (Σ_ij A_kij + 1e-7)',
  paper:
    'Fu et al., Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs, BMVC 2020, eq. 9 (arXiv 2008.02312)',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions',
  stages: { rectify: 'relu' },
  caution: 'For layers behind a ReLU: where activations of both signs cancel, the division by their sum is unstable.',
  build(context) {
    const { b, view } = context;
    const activation = floatCells(context);
    const product = b.mul(floatCells(context, context.gradient), activation);
    const weights = b.div(view!.sumSpace(product), b.add(view!.sumSpace(activation), b.scalar(EPSILON)));
    return view!.sumChannels(b.mul(weights, activation));
  },
};
