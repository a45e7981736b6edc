import { DATA_TYPES, type GraphBuilder, type ValueName } from '@seewhy/onnx';
import { floatCells } from './float-cells.ts';
import type { GraphMethod, MethodContext } from './method.ts';

/** What the paper divides by is kept apart from 0 by this, as in pytorch-grad-cam. */
const PAPER_EPSILON = 1e-6;
/** Stands for a denominator of 0 in xplique. */
const XPLIQUE_EPSILON = 1e-4;
/** e^y is held here: e^88 leaves the range of float32, and it is multiplied with gradients and activations. */
const MOST_SCORE = 60;

/** What every variant reads: activation A, gradient g, g², and 2g² + s·g³ with s the sum or the mean of A. */
interface Powers {
  readonly context: MethodContext;
  readonly activation: ValueName;
  readonly gradient: ValueName;
  readonly square: ValueName;
  readonly denominator: (s: ValueName) => ValueName;
}

/** The weights of the channels in each variant. */
const WEIGHTS: Readonly<Record<string, (powers: Powers) => ValueName>> = {
  paper: ({ context: { b, view }, activation, gradient, square, denominator }) => {
    const alpha = b.div(square, b.add(denominator(view!.sumSpace(activation)), b.scalar(PAPER_EPSILON)));
    return view!.sumSpace(b.mul(b.relu(gradient), alpha));
  },
  'tf-keras-vis': ({ context, activation, gradient, square, denominator }) => {
    const { b, view, score } = context;
    const alpha = b.div(square, instead(b, square, denominator(view!.sumSpace(activation)), 1));
    const total = view!.sumSpace(alpha);
    const shares = b.div(alpha, instead(b, total, total, 1));
    const held = b.clip(b.cast(score, DATA_TYPES.float32.code), undefined, b.scalar(MOST_SCORE));
    const raised = b.unsqueeze(b.op('Exp', [held]), [1, ...view!.spatialAxes.map((_, axis) => axis + 2)]);
    return b.mul(view!.sumSpace(b.mul(b.relu(gradient), shares)), raised);
  },
  xplique: ({ context: { b, view }, activation, gradient, square, denominator }) => {
    const below = denominator(view!.meanSpace(activation));
    const alpha = b.div(square, instead(b, below, below, XPLIQUE_EPSILON));
    return view!.meanSpace(b.mul(alpha, b.relu(gradient)));
  },
};

/** `value`, but `other` where `zero` is 0. */
const instead = (b: GraphBuilder, zero: ValueName, value: ValueName, other: number) =>
  b.where(b.equal(zero, b.scalar(0)), b.scalar(other), value);

/** w_k = Σ α ⊙ ReLU(g) with α = g² / (2g² + ΣA · g³); map = Σ_k w_k A_k. */
export const gradcamPlusPlus: GraphMethod = {
  kind: 'graph',
  name: 'gradcam++',
  title: 'Grad-CAM++',
  aliases: ['grad-cam++', 'gradcampp', 'grad-cam-pp', 'gradcam-plus-plus', 'gradcamplusplus', 'gcam++'],
  summary: 'Channels of a layer, weighted by their positive gradients; meant for several objects of one class.',
  formula: 'ReLU(Σ_k w_k A_k), w_k = Σ_ij α_kij ReLU(g_kij), α = g² / (2g² + g³ Σ_ij A_kij), g = ∂y/∂A',
  paper:
    'Chattopadhay et al., Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep Convolutional Networks, WACV 2018, eq. 10 and 19 (arXiv 1710.11063)',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions',
  stages: { rectify: 'relu' },
  variants: {
    paper: "the paper's, as in pytorch-grad-cam: α = g² / (2g² + g³ ΣA + 1e-6), w = Σ α ReLU(g)",
    'tf-keras-vis':
      'α divided by its sum over the cells of its channel; the map times e^y (y held at 60: beyond, the peer leaves float32)',
    xplique: 'means instead of sums: α = g² / (2g² + g³ mean A), w = mean(α ReLU(g))',
  },
  variantOf: { 'tf-keras-vis': 'tf-keras-vis', xplique: 'xplique' },
  caution:
    'The variants are not multiples of one another. In that of the paper small gradients drown in the 1e-6 of the denominator: the map depends on the scale of the score.',
  build(context) {
    const { b, view, options } = context;
    const activation = floatCells(context);
    const gradient = floatCells(context, context.gradient);
    const square = b.mul(gradient, gradient);
    const cube = b.mul(square, gradient);
    const denominator = (s: ValueName) => b.add(b.mul(square, b.scalar(2)), b.mul(cube, s));
    const weights = WEIGHTS[options.variant]!({ context, activation, gradient, square, denominator });
    return view!.sumChannels(b.mul(weights, activation));
  },
};
