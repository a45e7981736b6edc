import { firstComponent } from './first-component.ts';
import { floatCells } from './float-cells.ts';
import type { GraphMethod } from './method.ts';

/** EigenCAM of ∂y/∂A ⊙ A. */
export const eigengradcam: GraphMethod = {
  kind: 'graph',
  name: 'eigengradcam',
  title: 'EigenGrad-CAM',
  aliases: ['eigen-grad-cam', 'eigengrad-cam', 'eigen-gradcam', 'eigen_grad_cam'],
  summary: 'The first principal component of gradient times activation: EigenCAM that knows the target.',
  formula: 'ReLU(±X v₁), X = (∂y/∂A ⊙ A) as [h·w, C] minus its mean over the cells; the largest magnitude is positive',
  paper:
    'Muhammad and Yeasin, Eigen-CAM, IJCNN 2020 (arXiv 2008.00299), on gradient × activation as in pytorch-grad-cam',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions at the last layer; more at layers with many channels and cells',
  stages: { rectify: 'relu' },
  caution: 'The sign of a principal component is a convention: bright may speak for the target or against it.',
  build(context) {
    const { b, view, layer } = context;
    return firstComponent(b, view!, layer!, b.mul(floatCells(context, context.gradient), floatCells(context)));
  },
};
