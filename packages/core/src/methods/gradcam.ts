import type { GraphMethod } from './method.ts';

/** w = mean over space of ∂y/∂A, or of ∂y/∂A · 1[∂y/∂A > 0] · 1[A > 0]; map = Σ_k w_k A_k. */
export const gradcam: GraphMethod = {
  kind: 'graph',
  name: 'gradcam',
  title: 'Grad-CAM',
  aliases: ['grad-cam', 'grad_cam', 'gcam'],
  summary: 'Channels of a layer, weighted by the mean gradient of the target.',
  formula: 'ReLU(Σ_k w_k A_k), w_k = 1/(h·w) Σ_ij ∂y/∂A_kij',
  paper:
    'Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017, eq. 1-2 (arXiv 1610.02391)',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions',
  stages: { rectify: 'relu' },
  variants: {
    standard: 'the mean of the gradient, as in the paper',
    gated:
      'the mean of the gradient where it and the activation are above 0, 0 elsewhere: what tf-explain calls guided gradients, though it is not guided backpropagation; classes come to look alike',
  },
  variantOf: { 'tf-explain': 'gated' },
  build({ b, gradient, wrt, view, options }) {
    const cells = view!.cells(wrt);
    const slopes = view!.cells(gradient);
    // sign(ReLU(A)) is 1[A > 0] in every element type.
    const kept = options.variant === 'gated' ? b.mul(b.relu(slopes), b.op('Sign', [b.relu(cells)])) : slopes;
    return view!.sumChannels(b.mul(view!.meanSpace(kept), cells));
  },
};
