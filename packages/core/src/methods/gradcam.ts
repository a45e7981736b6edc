import type { GraphMethod } from './method.ts';

/** w = mean over space of ∂y/∂A; map = Σ_k w_k A_k. */
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
  build({ b, gradient, wrt, view }) {
    const weights = view!.meanSpace(view!.cells(gradient));
    return view!.sumChannels(b.mul(weights, view!.cells(wrt)));
  },
};
