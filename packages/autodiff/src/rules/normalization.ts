import { float, Tensor, type ValueName } from '@seewhy/onnx';
import { positiveAxis, type Rule, type RuleStep, type RuleTable } from '../rule.ts';
import type { Dim, Shape } from '../shape.ts';
import { intoWeights } from './into-weights.ts';

// ---- probabilities -----------------------------------------------------------------------------------------------------

const axisOf = (s: RuleStep, fallback: number) => positiveAxis(s.node.attribute.int('axis', fallback), s.rank(s.x()));

/** y = eˣ / Σeˣ: p − y · Σp with p = g · y. */
const softmax: Rule = (s) => {
  const p = s.b.mul(s.g, s.y());
  return [s.b.sub(p, s.b.mul(s.y(), s.b.reduceSum(p, [axisOf(s, -1)])))];
};

/** y = x − ln Σeˣ: g − e^y · Σg. */
const logSoftmax: Rule = (s) => {
  const total = s.b.reduceSum(s.g, [axisOf(s, -1)]);
  return [s.b.sub(s.g, s.b.mul(s.b.op('Exp', [s.y()]), total))];
};

// ---- batch normalisation (inference) --------------------------------------------------------------------------------------

/** y = scale · (x − mean) / √(var + ε) + bias, with the statistics of the training: g · scale / √(var + ε). */
const batchNormalization: Rule = (s) => {
  if (s.node.attribute.int('training_mode', 0) !== 0)
    throw s.refuse('it is in training mode: export the model for inference');
  if (s.needs(3) || s.needs(4)) throw s.refuse('its statistics depend on the input');
  const rank = s.rank(s.x());
  const spread = Array<number>(Math.max(0, rank - 2)).fill(1);
  const perChannel = (value: ValueName) => (rank > 2 ? s.b.reshape(value, [-1, ...spread]) : value);
  const others = range(0, rank).filter((axis) => axis !== 1);
  const slope = batchSlope(s, spread) ?? perChannel(s.b.div(s.x(1), batchDeviation(s)));
  const unit = () => s.b.div(s.b.sub(s.x(), perChannel(s.x(3))), perChannel(batchDeviation(s)));
  return [
    s.needs(0) ? scaleChannels(s, slope) : null,
    s.needs(1) ? s.b.reduceSum(s.b.mul(s.g, unit()), others, false) : null,
    s.needs(2) ? s.b.reduceSum(s.g, others, false) : null,
  ];
};

/**
 * g · slope. Behind a convolution the slope goes into its weight (`scalesIntoWeight`). Elsewhere, where g is a convolution's result behind
 * masks (BatchNormalization, Relu, Conv in the model), the slope goes before the masks: a runtime merges it with the convolution.
 */
function scaleChannels(s: RuleStep, slope: ValueName): ValueName {
  const masks: ValueName[] = [];
  let g = s.g;
  while (s.maker(s.x())?.op !== 'Conv') {
    const masked = s.b.maker(g);
    const [before, mask] = masked?.op === 'Mul' ? masked.inputs : [];
    if (before === undefined || mask === undefined || s.b.maker(mask)?.op !== 'HardSigmoid') break;
    masks.unshift(mask);
    g = before;
  }
  if (s.b.maker(g)?.op !== 'Conv') return s.b.mul(s.g, slope);
  return masks.reduce((value, mask) => s.b.mul(value, mask), s.b.mul(g, slope));
}

/** scale / √(var + ε), [C, 1, …], computed here where both are constants. */
function batchSlope(s: RuleStep, spread: readonly number[]): ValueName | undefined {
  const [scale, variance] = [s.constant(s.x(1)), s.constant(s.x(4))];
  if (!scale || !variance) return undefined;
  const epsilon = s.node.attribute.float('epsilon', 1e-5);
  const variances = variance.numbers();
  const slopes = scale.numbers().map((value, channel) => value / Math.sqrt(variances[channel]! + epsilon));
  return s.b.constant(Tensor.floats(slopes, [slopes.length, ...spread], s.type(s.x())), 'slope');
}

/** √(var + ε), [C]. */
function batchDeviation(s: RuleStep): ValueName {
  const epsilon = s.scalar(s.node.attribute.float('epsilon', 1e-5), s.x(4));
  return s.b.op('Sqrt', [s.b.add(s.x(4), epsilon)]);
}

// ---- normalisation by own statistics ----------------------------------------------------------------------------------------

interface Standardised {
  /** (x − mean) / √(var + ε). */
  unit: ValueName;
  /** Multiplies by 1 / √(var + ε). */
  shrink: (value: ValueName) => ValueName;
}

/** The scale of 1 that a LayerNormalization asks for is a constant of the file: not for whole images. */
const MAX_ONES = 16384;

/**
 * x, of shape `shape`, with mean 0 and variance 1 over some axes. Computed anew rather than read from further outputs of the forward
 * node, which would change that node; over the last axis a LayerNormalization of its own gives both values in one node.
 */
function standardise(s: RuleStep, x: ValueName, axes: readonly number[], shape: Shape, epsilon: number): Standardised {
  const { b } = s;
  const size = axes.length === 1 && axes[0] === shape.length - 1 ? shape[axes[0]] : undefined;
  if (
    typeof size === 'number' &&
    size <= MAX_ONES &&
    b.opset >= 17 &&
    s.profile.name !== 'webgpu' &&
    s.type(s.x()) === 'float32'
  ) {
    const ones = b.constant(Tensor.floats(new Float32Array(size).fill(1)), 'ones');
    const attributes = { axis: -1, epsilon: float(epsilon) };
    const [unit, , inverse] = b.multi('LayerNormalization', [x, ones], attributes, 3, 'standardised');
    return { unit: unit!, shrink: (value) => b.mul(value, inverse!) };
  }
  const centred = b.sub(x, b.reduceMean(x, axes));
  const variance = b.reduceMean(b.mul(centred, centred), axes);
  const deviation = b.op('Sqrt', [b.add(variance, s.scalar(epsilon))]);
  return { unit: b.div(centred, deviation), shrink: (value) => b.div(value, deviation) };
}

/** Gradient through standardising: (h − mean(h) − unit · mean(h · unit)) / √(var + ε), h the gradient of the unit values. */
function unstandardise(s: RuleStep, h: ValueName, standard: Standardised, axes: readonly number[]): ValueName {
  return withoutMean(s, s.b.sub(h, s.b.reduceMean(h, axes)), h, standard, axes);
}

/** The same from h and h − mean(h); mean(unit) = 0, so that either will do for `any`. */
function withoutMean(
  s: RuleStep,
  centred: ValueName,
  any: ValueName,
  { unit, shrink }: Standardised,
  axes: readonly number[],
): ValueName {
  const { b } = s;
  return shrink(b.sub(centred, b.mul(unit, b.reduceMean(b.mul(any, unit), axes))));
}

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

/** The gradients of scale and bias of y = unit · scale + bias. */
function affine(
  s: RuleStep,
  unit: ValueName,
  scale: number,
  bias: number,
): { scale: ValueName | null; bias: ValueName | null } {
  return {
    scale: s.needs(scale) ? s.unbroadcastTo(s.b.mul(s.g, unit), scale) : null,
    bias: s.needs(bias) ? s.unbroadcastTo(s.g, bias) : null,
  };
}

/** y = standardised(x) · scale + bias over the axes from `axis` on (or those in `axes`: the decomposed form of patterns.ts). */
const layerNormalization: Rule = (s) => {
  const rank = s.rank(s.x());
  const axes = s.node.attribute.ints('axes')?.map((axis) => positiveAxis(axis, rank)) ?? range(axisOf(s, -1), rank);
  const standard = standardise(s, s.x(), axes, s.shape(s.x()), s.node.attribute.float('epsilon', 1e-5));
  const { scale, bias } = affine(s, standard.unit, 1, 2);
  if (!s.needs(0)) return [null, scale, bias];
  const centred = axes.length === 1 && axes[0] === rank - 1 ? centredProduct(s) : undefined;
  if (centred !== undefined) return [withoutMean(s, centred, centred, standard, axes), scale, bias];
  const h = s.has(1) ? s.unbroadcastTo(s.b.mul(s.g, s.x(1)), 0) : s.g;
  return [unstandardise(s, h, standard, axes), scale, bias];
};

/** h − mean(h), h = g · scale, over the last axis, where g is a product with weights: scale and mean go into these. */
function centredProduct(s: RuleStep): ValueName | undefined {
  if (s.has(1) && s.constant(s.x(1))?.dims.length !== 1) return undefined;
  return intoWeights(s, s.g, (weight) => {
    const scaled = s.has(1) ? s.b.mul(weight, s.x(1)) : weight;
    return s.b.sub(scaled, s.b.reduceMean(scaled, [-1]));
  });
}

/** y = x / √(mean(x²) + ε) · scale: (h − unit · mean(h · unit)) / √(mean(x²) + ε), h = g · scale. */
function rms(s: RuleStep, x: ValueName, scale: ValueName, axes: readonly number[]): { x: ValueName; unit: ValueName } {
  const { b } = s;
  const power = b.reduceMean(b.mul(x, x), axes);
  const size = b.op('Sqrt', [b.add(power, s.scalar(s.node.attribute.float('epsilon', 1e-5)))]);
  const unit = b.div(x, size);
  const h = scale === '' ? s.g : b.mul(s.g, scale);
  return { x: b.div(b.sub(h, b.mul(unit, b.reduceMean(b.mul(h, unit), axes))), size), unit };
}

const rmsNormalization: Rule = (s) => {
  const axes = range(axisOf(s, -1), s.rank(s.x()));
  const { x, unit } = rms(s, s.x(), s.x(1), axes);
  return [x, affine(s, unit, 1, -1).scale];
};

/** y = normalised(input + skip + bias); output 3 is that sum. */
const skipNormalization =
  (centred: boolean): Rule =>
  (s) => {
    const extra = centred ? 4 : 3;
    const operands = [0, 1, extra].filter((index) => s.has(index));
    const sum = s.y(3) || s.b.sum(operands.map((index) => s.x(index)));
    const rank = s.rank(s.x());
    const onward: ValueName[] = [];
    if (s.gradient(0) !== undefined) {
      const axes = [rank - 1];
      const h = s.b.mul(s.g, s.x(2));
      const own = centred
        ? unstandardise(s, h, standardise(s, sum, axes, s.shape(s.y()), s.node.attribute.float('epsilon', 1e-12)), axes)
        : rms(s, sum, s.x(2), axes).x;
      onward.push(own);
    }
    const direct = s.gradient(3);
    if (direct !== undefined) onward.push(direct);
    if (onward.length === 0) throw s.refuse('a gradient arrives at its statistics');
    if (s.needs(2) || (centred && s.needs(3))) throw s.refuse('its scale or bias depends on the input');
    const total = s.b.sum(onward);
    return s.node.inputs.map((_, index) =>
      operands.includes(index) && s.needs(index) ? s.unbroadcast(total, s.shape(s.x()), s.shape(s.x(index))) : null,
    );
  };

/** Standardised over each channel's positions, then scale and bias a channel. */
const instanceNormalization: Rule = (s) => {
  const rank = s.rank(s.x());
  const axes = range(2, rank);
  if (s.needs(1) || s.needs(2)) throw s.refuse('its scale or bias depends on the input');
  const standard = standardise(s, s.x(), axes, s.shape(s.x()), s.node.attribute.float('epsilon', 1e-5));
  const scale = s.b.reshape(s.x(1), [-1, ...axes.map(() => 1)]);
  // The scale is the same for all positions of a channel: it may follow.
  return [s.b.mul(unstandardise(s, s.g, standard, axes), scale)];
};

/** Standardised over each group of channels; the scale has one entry a group at opset 18, one a channel from 21 on. */
const groupNormalization: Rule = (s) => {
  if (s.needs(1) || s.needs(2)) throw s.refuse('its scale or bias depends on the input');
  const groups = s.node.attribute.int('num_groups', 1);
  const rank = s.rank(s.x());
  const { b } = s;
  const grouped = (value: ValueName) => b.reshape(value, [0, groups, -1]);
  const perChannel = s.sizes(s.x(1), [0])[0] !== groups;
  const h = perChannel
    ? grouped(b.mul(s.g, b.reshape(s.x(1), [-1, ...Array(rank - 2).fill(1)])))
    : b.mul(grouped(s.g), b.reshape(s.x(1), [-1, 1]));
  const [batch, channels, ...spatial] = s.shape(s.x()) as [Dim, number, ...number[]];
  const size = spatial.reduce((product, dim) => product * dim, channels / groups);
  const shape = [batch, groups, size];
  const standard = standardise(s, grouped(s.x()), [2], shape, s.node.attribute.float('epsilon', 1e-5));
  return [s.reshapeLike(unstandardise(s, h, standard, [2]), s.x())];
};

/** y = (x − mean) / (√var + 1e-9). */
const meanVarianceNormalization: Rule = (s) => {
  const axes = (s.node.attribute.ints('axes') ?? [0, 2, 3]).map((axis) => positiveAxis(axis, s.rank(s.x())));
  return [unstandardise(s, s.g, standardise(s, s.x(), axes, s.shape(s.x()), 1e-18), axes)];
};

/** y = x / ‖x‖: (g − u · Σ(g · y)) / ‖x‖ with u = y for p = 2, sign(x) for p = 1; 0 where ‖x‖ = 0. */
const lpNormalization: Rule = (s) => {
  const axes = [axisOf(s, -1)];
  const p = s.node.attribute.int('p', 2);
  const { b } = s;
  const norm = b.reduce(p === 1 ? 'ReduceL1' : 'ReduceL2', s.x(), axes);
  const direction = p === 1 ? s.profile.sign(b, s.x(), s.type(s.x())) : s.y();
  const tangent = b.sub(s.g, b.mul(direction, b.reduceSum(b.mul(s.g, s.y()), axes)));
  return [b.where(b.equal(norm, s.scalar(0)), s.scalar(0), b.div(tangent, norm))];
};

/**
 * y = x · D^−β, D = k + α · m, m the mean of x² over a window of n channels (what the window lacks counts as 0):
 * g · D^−β − 2αβ · x · mᵀ(g · x · D^(−β−1)), mᵀ the mean over the window turned round.
 */
const lrn: Rule = (s) => {
  const size = s.node.attribute.int('size', 1);
  const alpha = s.node.attribute.float('alpha', 1e-4);
  const beta = s.node.attribute.float('beta', 0.75);
  const k = s.node.attribute.float('bias', 1);
  const { b } = s;
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const mean = (value: ValueName, begin: number, end: number) => {
    const pooled = b.op('AveragePool', [b.reshape(value, [0, 1, s.sizes(s.x(), [1])[0]!, -1])], {
      kernel_shape: [size, 1],
      pads: [begin, 0, end, 0],
      count_include_pad: 1,
    });
    return s.reshapeLike(pooled, s.x());
  };
  const d = b.add(b.mul(mean(b.mul(s.x(), s.x()), before, after), s.scalar(alpha)), s.scalar(k));
  const direct = b.mul(s.g, b.op('Pow', [d, s.scalar(-beta)]));
  const spread = mean(b.div(b.mul(direct, s.x()), d), after, before);
  return [b.sub(direct, b.mul(b.mul(s.x(), s.scalar(2 * alpha * beta)), spread))];
};

export const normalization: RuleTable = {
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  Hardmax: 'stop',
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  'seewhy.LayerNormalization': layerNormalization,
  RMSNormalization: rmsNormalization,
  SimplifiedLayerNormalization: rmsNormalization,
  'com.microsoft.SimplifiedLayerNormalization': rmsNormalization,
  'com.microsoft.SkipLayerNormalization': skipNormalization(true),
  'com.microsoft.SkipSimplifiedLayerNormalization': skipNormalization(false),
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  LpNormalization: lpNormalization,
  LRN: lrn,
};
