import { DATA_TYPES, Tensor, type ValueName } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { gradcam } from './gradcam.ts';
import type { GraphMethod, ReseedContext } from './method.ts';

/** Classes that the target is compared with. */
const RIVALS = 3;
/** Keeps pytorch-grad-cam's weights apart from 0. */
const EPSILON = 1e-9;
/** Distance of the target from itself, so that it is not its own rival. */
const FAR = 1e30;

/** What a variant makes its gradient of, all float32 `[N, K]`: the values, the target and its rivals as 0 and 1. */
interface Comparison {
  readonly context: ReseedContext;
  readonly values: ValueName;
  readonly target: ValueName;
  readonly rivals: ValueName;
  readonly count: number;
}

/** ∂/∂y of what is explained, less the target's own 1, `[N, K]`. */
const GRADIENTS: Readonly<Record<string, (comparison: Comparison) => ValueName>> = {
  'torch-cam': ({ context: { b, options }, rivals, count }) => b.mul(rivals, b.scalar(-options.alpha / count)),
  // F = Σ_d p_d (y_c − α y_d) / P with P = Σ_d p_d + ε; the softmax p is differentiated too.
  'pytorch-grad-cam': ({ context: { b, options }, values, target, rivals }) => {
    const total = (x: ValueName) => b.reduceSum(x, [1]);
    const probability = b.op('Softmax', [values], { axis: 1 });
    const weights = b.mul(rivals, probability);
    const all = total(weights);
    const below = b.add(all, b.scalar(EPSILON));
    const alpha = b.scalar(options.alpha);
    const ahead = b.sub(total(b.mul(values, target)), b.mul(alpha, values));
    const explained = b.div(total(b.mul(weights, ahead)), below);
    const ofTarget = b.mul(target, b.sub(b.div(all, below), b.scalar(1)));
    const ofRivals = b.div(b.mul(weights, b.sub(b.sub(ahead, explained), alpha)), below);
    const ofSoftmax = b.mul(probability, b.div(b.mul(explained, b.scalar(EPSILON)), below));
    return b.sub(b.add(ofTarget, ofRivals), ofSoftmax);
  },
};

/** Grad-CAM of y_c − α · mean of the three classes whose scores are nearest to it. */
export const finerCam: GraphMethod = {
  kind: 'graph',
  name: 'finer-cam',
  title: 'Finer-CAM',
  aliases: ['finercam', 'finer_cam', 'finer-gradcam'],
  summary: 'Grad-CAM of what sets the target apart from the classes most like it.',
  formula: 'Grad-CAM of y_c − α · 1/3 Σ_d y_d, d = the three classes with the scores nearest to y_c',
  paper:
    'Zhang et al., Finer-CAM: Spotting the Difference Reveals Finer Details for Visual Explanation, CVPR 2025, eq. 4-6 (arXiv 2501.11309)',
  needs: 'layer gradient',
  output: 'layer',
  cost: '1.0–1.1 predictions',
  stages: { rectify: 'relu' },
  options: { alpha: 0.6 },
  variants: {
    'torch-cam': 'y_c − α · mean of y_d, also called γ there',
    'pytorch-grad-cam':
      'Σ_d p_d (y_c − α y_d) / (Σ_d p_d + 1e-9), p the softmax, which is differentiated too; its own α is 1',
  },
  variantOf: { 'pytorch-grad-cam': 'pytorch-grad-cam' },
  caution:
    'The rivals are chosen by the scores of this picture. A model with two classes has one rival; with one sigmoid output that is the other side, and the map is Grad-CAM times 1 + α.',
  notes: ({ output, options }) =>
    output.binary
      ? [
          `One sigmoid output has two sides, each the other's negative: Finer-CAM is Grad-CAM times ${1 + options.alpha} here.`,
        ]
      : [],
  reseed(context) {
    const { b, output, seed, options, types } = context;
    const code = DATA_TYPES[types.get(output.logits) ?? 'float32'].code;
    // The other side's score is −y: y − α(−y) in both variants.
    if (output.binary) return b.mul(seed, b.cast(b.scalar(1 + options.alpha), code));
    if (output.classes < 2) throw errors.noRival('finer-cam');
    const comparison = compared(context);
    const row = b.div(GRADIENTS[options.variant]!(comparison), b.scalar(output.positions));
    const rank = context.shapes.get(output.logits)!.length;
    const dims = Array.from({ length: rank }, (_, axis) =>
      axis === 0 ? -1 : axis === output.axis ? output.classes : 1,
    );
    // A class of many positions is explained by its mean: all share its gradient.
    return b.add(seed, b.cast(rank === 2 ? row : b.reshape(row, dims), code));
  },
  build: (context) => gradcam.build(context),
};

/** The target and its rivals: the classes whose scores are nearest to the target's. */
function compared(context: ReseedContext): Comparison {
  const { b, output, explained, scores, index } = context;
  const float = (value: ValueName) => b.cast(value, DATA_TYPES.float32.code);
  const count = Math.min(RIVALS, output.classes - 1);
  const classes = b.constant(Tensor.int64(Array.from({ length: output.classes }, (_, at) => at)), 'classes');
  const hot = (places: ValueName, axes: number[]) => float(b.equal(b.unsqueeze(places, axes), classes));
  const target = hot(index, [1]);
  const ranks = float(scores);
  const own = b.reduceSum(b.mul(ranks, target), [1]);
  const distance = b.add(b.op('Abs', [b.sub(ranks, own)]), b.mul(target, b.scalar(FAR)));
  const [, nearest] = b.multi('TopK', [distance, b.ints([count])], { axis: 1, largest: 0 }, 2);
  const rivals = b.reduceSum(hot(nearest!, [2]), [1], false);
  return { context, values: float(explained), target, rivals, count };
}
