import type { GraphMethod } from './method.ts';

/** map = Σ_k ReLU(∂y/∂A_k ⊙ A_k). */
export const gradcamElementwise: GraphMethod = {
  kind: 'graph',
  name: 'gradcam-elementwise',
  title: 'Element-wise Grad-CAM',
  aliases: ['gradcamelementwise', 'grad-cam-elementwise', 'elementwise-gradcam', 'element-wise-gradcam'],
  summary: 'Gradient times activation, cell by cell, without what speaks against the target.',
  formula: 'Σ_k ReLU(∂y/∂A_k ⊙ A_k)',
  paper:
    'pytorch-grad-cam, GradCAMElementWise; HiResCAM (Draelos and Carin, 2020, arXiv 2011.08891) with every term rectified',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions',
  stages: { rectify: 'relu' },
  build({ b, gradient, wrt, view }) {
    return view!.sumChannels(b.relu(b.mul(view!.cells(gradient), view!.cells(wrt))));
  },
};
