import { GUIDED_RULES } from '@seewhy/autodiff';
import { asFloat32 } from '../program.ts';
import { gradcam } from './gradcam.ts';
import type { GraphMethod } from './method.ts';
import { rectifierNotes } from './rectifier-notes.ts';

/** How Grad-CAM is enlarged, as attributes of Resize. */
const RESIZES: Readonly<Record<string, Record<string, string>>> = {
  paper: { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
  captum: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
};

/** map = guided backpropagation ⊙ enlarged ReLU(Grad-CAM). */
export const guidedGradcam: GraphMethod = {
  kind: 'graph',
  name: 'guided-gradcam',
  title: 'Guided Grad-CAM',
  aliases: ['guided-grad-cam', 'guidedgradcam', 'guided_gradcam'],
  summary: 'Guided backpropagation where Grad-CAM is bright: fine detail within what speaks for the class.',
  formula: 'max_c |G_c ⊙ U(ReLU(Grad-CAM))|, G = guided backpropagation, U = enlarged to the picture',
  paper:
    'Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017, sec. 3.2 (arXiv 1610.02391)',
  needs: 'layer and input gradient',
  output: 'pixel',
  cost: '2.0–4.2 predictions',
  stages: { reduce: 'max-abs', rectify: 'none' },
  imageRules: GUIDED_RULES,
  variants: { paper: 'enlarged bilinearly (half-pixel)', captum: "enlarged by the nearest cell, captum's default" },
  variantOf: { captum: 'captum' },
  caution: 'Its detail is that of guided backpropagation, which draws edges whatever the class.',
  notes: (facts) => rectifierNotes('guided backpropagation', facts),
  build(context) {
    const { b, input, types, wrt, image, imageGradient, options } = context;
    const map = b.unsqueeze(b.relu(asFloat32(b, gradcam.build(context), types.get(wrt))), [1]);
    const sizes = b.concat([b.slice(b.shape(map), [0], [2], [0]), b.ints([input.height, input.width])], 0);
    const enlarged = b.op('Resize', [map, undefined, undefined, sizes], RESIZES[options.variant]!);
    const plane = input.layout === 'NCHW' ? enlarged : b.unsqueeze(b.squeeze(enlarged, [1]), [3]);
    return b.mul(asFloat32(b, imageGradient!, types.get(image)), plane);
  },
};
