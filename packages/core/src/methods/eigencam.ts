import { firstComponent } from './first-component.ts';
import { floatCells } from './float-cells.ts';
import type { GraphMethod } from './method.ts';

/** map = X v₁ with X the centred activations, a row a cell, and v₁ their first principal component. */
export const eigencam: GraphMethod = {
  kind: 'graph',
  name: 'eigencam',
  title: 'EigenCAM',
  aliases: ['eigen-cam', 'eigen_cam'],
  summary:
    "The first principal component of a layer's activations: what varies most over the picture, whatever the class.",
  formula:
    'ReLU(±X v₁), X = A as [h·w, C] minus its mean over the cells, X = U Σ Vᵀ; the largest magnitude is positive',
  paper:
    'Muhammad and Yeasin, Eigen-CAM: Class Activation Map using Principal Components, IJCNN 2020, eq. 4-5 (arXiv 2008.00299)',
  needs: 'layer',
  output: 'layer',
  cost: '1.0–1.1 predictions at the last layer; more at layers with many channels and cells',
  stages: { rectify: 'relu' },
  caution: 'Ignores the target: every class has the same map. The sign of a principal component is a convention.',
  build(context) {
    return firstComponent(context.b, context.view!, context.layer!, floatCells(context));
  },
};
