import { Tensor, type ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import { withoutFactor } from './blocks.ts';
import { withoutChannelScale } from './into-weights.ts';
import { reach, remainder, spatialAxes, type Window, windowOf } from './window.ts';

/** Spatial sizes of a weight `[O, I/groups, k…]`. */
function kernelOf(s: RuleStep, w: ValueName): number[] {
  return s.sizes(w, spatialAxes(s.rank(w) - 2));
}

/** Window attributes of Conv and ConvTranspose nodes; those at their default are left out. */
function attributes(s: RuleStep, w: Window, pads: readonly number[]) {
  const unless = (values: readonly number[], usual: number) =>
    values.every((value) => value === usual) ? undefined : values;
  const group = s.node.attribute.int('group', 1);
  return {
    kernel_shape: w.kernel,
    strides: unless(w.strides, 1),
    dilations: unless(w.dilations, 1),
    pads: unless(pads, 0),
    group: group === 1 ? undefined : group,
  };
}

/**
 * The weight of the stride-1 backward convolution: `[O, I/g, k…]` → `[I, O/g, k…]` (within each group), kernel reversed.
 * Written as nodes on the weight, which a runtime folds when it loads the model.
 */
function flipped(s: RuleStep, weight: ValueName, shape: readonly number[]): ValueName {
  const [out, inGroup, ...kernel] = shape as [number, number, ...number[]];
  const groups = s.node.attribute.int('group', 1);
  const outGroup = out / groups;
  const axes = spatialAxes(kernel.length);
  let result = weight;
  if (inGroup === 1 || outGroup === 1) {
    if (inGroup !== outGroup) result = s.b.reshape(result, [groups * inGroup, outGroup, ...kernel]);
  } else if (groups === 1) result = s.b.transpose(result, [1, 0, ...axes]);
  else {
    const split = s.b.reshape(result, [groups, outGroup, inGroup, ...kernel]);
    const swapped = s.b.transpose(split, [0, 2, 1, ...axes.map((axis) => axis + 1)]);
    result = s.b.reshape(swapped, [groups * inGroup, outGroup, ...kernel]);
  }
  const turned = axes.filter((_, index) => kernel[index]! > 1);
  if (turned.length === 0) return result;
  return s.b.slice(
    result,
    turned.map(() => -1),
    turned.map((axis) => -1 - kernel[axis - 2]!),
    turned,
    turned.map(() => -1),
  );
}

/**
 * Gradient of a convolution's input, for y[o, i] = Σ w[o, c, t] · x[c, i·stride + t·dilation − begin]:
 * at stride 1 a convolution with the flipped weight and pads dilation·(k−1) − pad (2 to 30 times faster than ConvTranspose),
 * else ConvTranspose with the output_padding that restores the input's size, or a convolution and zeros between its elements.
 */
export function convolutionInput(
  s: RuleStep,
  gradient: ValueName,
  given: ValueName,
  shape: readonly number[],
  w: Window,
): ValueName {
  const { g, weight } = scalesIntoWeight(s, gradient, given, shape);
  if (w.strides.every((stride) => stride === 1)) return slid(s, g, weight, shape, w);
  if (spreadsWell(s, shape, w)) {
    if (isSingle(w)) {
      const size = { ...w, strides: [1, 1], input: w.output };
      return inBlocks(s, cropped(s, spaced(s, slid(s, g, weight, shape, size), w), w), shape[1]!, w);
    }
    const input = w.output.map((count, axis) => count * w.strides[axis]!);
    const end = w.input.map((size, axis) => reach(w)[axis]! - (size - input[axis]! + w.begin[axis]!));
    return slid(s, spaced(s, g, w), weight, shape, { ...w, strides: [1, 1], output: input, end });
  }
  const spread = s.b.convTranspose(g, weight, {
    ...attributes(s, w, [...w.begin, ...w.end]),
    output_padding: remainder(w).some((n) => n !== 0) ? remainder(w) : undefined,
  });
  return inBlocks(s, spread, shape[1]!, w);
}

/**
 * g · W where g is c · h, c a number or one a channel, such as the slope of a BatchNormalization behind the convolution: h · (c · W), and
 * the runtime multiplies the weight once, when it loads the model (MobileNetV2 from Keras: 49 passes over the channels less, a tenth of
 * its saliency's time).
 */
function scalesIntoWeight(s: RuleStep, gradient: ValueName, given: ValueName, shape: readonly number[]) {
  let [g, weight] = [gradient, given];
  if (s.constant(given) === undefined) return { g, weight };
  const { value, factor } = withoutFactor(s, g);
  if (factor !== 1) [g, weight] = [value, s.b.mul(weight, s.scalar(factor, given))];
  const { value: bare, scale } = withoutChannelScale(s, g, shape[0]!, shape.length);
  if (scale) [g, weight] = [bare, s.b.mul(weight, s.b.reshape(scale, [shape[0]!, ...shape.slice(1).map(() => 1)]))];
  return { g, weight };
}

/** The form at stride 1. */
function slid(s: RuleStep, g: ValueName, weight: ValueName, shape: readonly number[], w: Window): ValueName {
  const span = reach(w);
  const begin = span.map((size, axis) => size - w.begin[axis]!);
  const end = span.map((size, axis) => size - w.end[axis]!);
  // Pads larger than the kernel's reach: outputs that see padding only are cropped; Conv with negative pads crashes runtimes.
  const crop = [0, 0, ...begin.map((pad) => Math.min(0, pad)), 0, 0, ...end.map((pad) => Math.min(0, pad))];
  const pads = [...begin, ...end].map((pad) => Math.max(0, pad));
  return s.b.conv(s.b.pad(g, crop), flipped(s, weight, shape), attributes(s, w, pads));
}

/**
 * Whether zeros between the elements and a convolution at stride 1 are faster than ConvTranspose, on ONNX Runtime's CPU provider: a
 * depthwise one takes the groups of a ConvTranspose one after the other (3 × 3, 96 × 112²: 2.9 -> 1.7 ms with what is around it;
 * 5 × 5, 144 × 56²: 1.9 -> 0.8 ms), and single elements have nothing to add up.
 */
function spreadsWell(s: RuleStep, shape: readonly number[], w: Window): boolean {
  if (s.profile.name !== 'native' || s.type(s.y()) !== 'float32' || w.rank !== 2) return false;
  const depthwise = shape[1] === 1 && shape[0] === s.node.attribute.int('group', 1);
  return isSingle(w) || depthwise;
}

/** Windows of one element, none of it padding. */
const isSingle = (w: Window) =>
  w.kernel.every((size) => size === 1) && [...w.begin, ...w.end].every((pad) => pad === 0);

/** Zeros behind each element, stride − 1 of them along each axis: repeated elements times a mask (the fastest way measured). */
function spaced(s: RuleStep, g: ValueName, w: Window): ValueName {
  const masks = w.output.map((count, axis) => {
    const stride = w.strides[axis]!;
    const ones = Float32Array.from({ length: count * stride }, (_, place) => (place % stride === 0 ? 1 : 0));
    return s.b.constant(Tensor.floats(ones, axis === 0 ? [ones.length, 1] : [ones.length]), 'mask');
  });
  return s.b.mul(s.b.resizeNearest(g, [1, 1, ...w.strides]), s.b.mul(masks[0]!, masks[1]!));
}

/** Spaced elements without the zeros that lie behind the input. */
function cropped(s: RuleStep, spread: ValueName, w: Window): ValueName {
  return s.b.pad(spread, [0, 0, 0, 0, 0, 0, ...w.input.map((size, axis) => size - w.output[axis]! * w.strides[axis]!)]);
}

/**
 * ONNX Runtime's CPU provider holds channels in blocks of 16 between convolutions, but a ConvTranspose gives its result in the usual
 * order, and what is added to it and masked with it follows, to the beginning of the network. A pool of single elements changes
 * nothing and brings it back: ResNet-50's saliency 2.55 -> 2.29 predictions. Depthwise and patch convolutions have other neighbours.
 */
function inBlocks(s: RuleStep, value: ValueName, channels: number, w: Window): ValueName {
  const worth =
    s.profile.name === 'native' &&
    s.type(s.y()) === 'float32' &&
    w.rank === 2 &&
    channels % 16 === 0 &&
    s.node.attribute.int('group', 1) === 1 &&
    w.kernel.some((size, axis) => size !== w.strides[axis]);
  return worth ? s.b.op('MaxPool', [value], { kernel_shape: [1, 1] }) : value;
}

/**
 * Gradient of a convolution's weight, w[o, c, t] ← Σ_n,i g[n, o, i] · x[n, c, i·stride + t·dilation − begin]: a convolution of x
 * with g as the kernel, batch and channels exchanged, strides and dilations exchanged.
 */
function convolutionWeight(s: RuleStep, x: ValueName, g: ValueName, shape: readonly number[], w: Window): ValueName {
  const groups = s.node.attribute.int('group', 1);
  const axes = spatialAxes(w.rank);
  const [, inGroup] = shape as [number, number];
  let data: ValueName;
  if (groups === 1) data = s.b.transpose(x, [1, 0, ...axes]);
  else {
    // [N, G·c, …] → [c, G·N, …]
    const split = s.b.reshape(x, [-1, groups, inGroup, ...w.input]);
    data = s.b.reshape(s.b.transpose(split, [2, 1, 0, ...axes.map((axis) => axis + 1)]), [inGroup, -1, ...w.input]);
  }
  const result = s.b.conv(data, s.b.transpose(g, [1, 0, ...axes]), {
    kernel_shape: w.output,
    strides: w.dilations,
    dilations: w.strides,
    pads: [...w.begin, ...w.end],
    group: groups,
  });
  const made = w.input.map((size, axis) => {
    const left = size + w.begin[axis]! + w.end[axis]! - w.strides[axis]! * (w.output[axis]! - 1) - 1;
    return Math.floor(left / w.dilations[axis]!) + 1;
  });
  const cropped = axes.filter((_, axis) => made[axis]! > w.kernel[axis]!);
  const cut =
    cropped.length === 0
      ? result
      : s.b.slice(
          result,
          cropped.map(() => 0),
          cropped.map((axis) => w.kernel[axis - 2]!),
          cropped,
        );
  return s.b.transpose(cut, [1, 0, ...axes]);
}

/** Gradient of a bias `[C]`: the sum over batch and space. */
const biasGradient = (s: RuleStep, g: ValueName, rank: number) => s.b.reduceSum(g, [0, ...spatialAxes(rank)], false);

/** A weight whose shape does not depend on the batch. */
function weightShape(s: RuleStep, w: ValueName): number[] {
  return s.sizes(
    w,
    s.shape(w).map((_, axis) => axis),
  );
}

/** Shape of a convolution's weight, and the window that it slides over `x`. */
export function weightWindow(s: RuleStep, x: ValueName, weight: ValueName): { shape: number[]; window: Window } {
  return { shape: weightShape(s, weight), window: windowOf(s, x, s.y(), kernelOf(s, weight)) };
}

function convolutionGradients(s: RuleStep, g: ValueName): (ValueName | null)[] {
  const weight = s.x(1);
  const { shape, window: w } = weightWindow(s, s.x(0), weight);
  return [
    s.needs(0) ? convolutionInput(s, g, weight, shape, w) : null,
    s.needs(1) ? convolutionWeight(s, s.x(0), g, shape, w) : null,
    s.needs(2) ? biasGradient(s, g, w.rank) : null,
  ];
}

const conv: Rule = (s) => convolutionGradients(s, s.g);

/**
 * y = ConvTranspose(x, W): the gradient of x is the convolution of g with the same W, strides and pads. The pads used follow from
 * the sizes when output_shape or auto_pad is given; output_padding is what remains.
 */
const convTranspose: Rule = (s) => {
  const weight = s.x(1);
  const shape = weightShape(s, weight);
  const w = transposedWindow(s, kernelOf(s, weight));
  return [
    s.needs(0) ? s.b.conv(s.g, weight, attributes(s, w, [...w.begin, ...w.end])) : null,
    s.needs(1) ? convolutionWeight(s, s.g, s.x(0), shape, w) : null,
    s.needs(2) ? biasGradient(s, s.g, w.rank) : null,
  ];
};

/** The window that a ConvTranspose undoes: from its output (the larger side) to its input. */
function transposedWindow(s: RuleStep, kernel: readonly number[]): Window {
  const { attribute } = s.node;
  const mode = attribute.string('auto_pad', 'NOTSET');
  const fixed = attribute.ints('output_shape');
  const w = windowOf(s, s.y(), s.x(0), kernel);
  if (!fixed && (mode === 'NOTSET' || mode === '' || mode === 'VALID')) return w;
  // total = what the full result has more than the output; the larger half in front unless SAME_UPPER.
  const extra = attribute.ints('output_padding') ?? kernel.map(() => 0);
  const span = reach(w);
  const total = w.input.map((size, axis) =>
    Math.max(0, (w.output[axis]! - 1) * w.strides[axis]! + extra[axis]! + span[axis]! + 1 - size),
  );
  const begin = total.map((pad) => (mode === 'SAME_UPPER' ? Math.floor(pad / 2) : Math.ceil(pad / 2)));
  return { ...w, begin, end: total.map((pad, axis) => pad - begin[axis]!) };
}

/** The gradient before an activation that a runtime fused into a node, from the output alone. */
export function beforeActivation(s: RuleStep, g: ValueName): ValueName {
  const { attribute } = s.node;
  const [first = 0, second = 0] = attribute.floats('activation_params') ?? [
    attribute.float('activation_alpha', 0),
    attribute.float('activation_beta', 0),
  ];
  const name = attribute.string('activation', '');
  const y = s.y();
  const type = s.type(y);
  const { b, profile } = s;
  switch (name) {
    case '':
      return g;
    case 'Relu':
      return profile.maskPositive(b, g, y, type, true);
    case 'LeakyRelu':
      if (first < 0)
        throw s.refuse('a LeakyRelu of negative slope was fused into it; use the model before optimisation');
      return profile.leaky(b, g, y, first, type);
    case 'Clip':
      return profile.maskBetween(b, g, y, first, second, type);
    case 'HardSigmoid':
      return profile.maskBetween(b, b.mul(g, s.scalar(first, y)), y, 0, 1, type);
    case 'Sigmoid':
      return b.mul(g, b.mul(y, b.sub(s.scalar(1, y), y)));
    case 'Tanh':
      return b.mul(g, b.sub(s.scalar(1, y), b.mul(y, y)));
    default:
      throw s.refuse(`the activation '${name}' was fused into it; use the model before optimisation`);
  }
}

/** Runtime-fused y = activation(Conv(x, W, b) + z): the residual z receives what arrives before the activation. */
const fusedConv: Rule = (s) => {
  const g = beforeActivation(s, s.g);
  return [...convolutionGradients(s, g), s.needs(3) ? g : null];
};

/** Ops that exist only in files which ONNX Runtime saved after optimising for one machine. */
const optimised: Rule = (s) => {
  throw s.refuse(
    'the file was saved by ONNX Runtime after layout optimisation; explain the original model instead, or one saved at the level ORT_ENABLE_EXTENDED',
  );
};

export const convolution: RuleTable = {
  Conv: conv,
  ConvTranspose: convTranspose,
  'com.microsoft.FusedConv': fusedConv,
  'com.microsoft.NhwcFusedConv': optimised,
  'com.microsoft.NhwcMaxPool': optimised,
  'com.microsoft.nchwc.Conv': optimised,
  'com.microsoft.nchwc.MaxPool': optimised,
  'com.microsoft.nchwc.AveragePool': optimised,
  'com.microsoft.nchwc.GlobalAveragePool': optimised,
  'com.microsoft.nchwc.GlobalMaxPool': optimised,
  'com.microsoft.nchwc.ReorderInput': optimised,
  'com.microsoft.nchwc.ReorderOutput': optimised,
  'com.microsoft.nchwc.Upsample': optimised,
};
