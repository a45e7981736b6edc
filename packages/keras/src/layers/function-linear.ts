import { float, type ValueName } from '@seewhy/onnx';
import { isLayerValue } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { depthwiseKernel, kernelOf } from './convolution-kernels.ts';
import { pair, reduced } from './function-arithmetic.ts';
import type { FunctionCall, FunctionImporter, FunctionTable } from './function-call.ts';
import { place, planes, type Window } from './planes.ts';
import { reshapedTo, transposed } from './reshaping.ts';

/** Keras's own ε where none is given. */
const EPSILON = 1e-7;

/** The mean, and the mean of the squared distances from it. */
const momentsFunction: FunctionImporter = (call) => {
  const { b } = call.layer;
  const mean = reduced(call, (x, axes) => b.reduceMean(x.value, axes));
  const variance = reduced(call, (x, axes) => {
    const centred = b.sub(x.value, b.reduceMean(x.value, axes));
    return b.reduceMean(b.mul(centred, centred), axes);
  });
  return [mean, variance];
};

/** (x − mean)/√(variance + ε) · scale + offset, of what is given beside x. */
function batchNormFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const x = call.value(0, 'x');
  const [axis] = call.arg(-1, 'axis') === undefined ? [x.shape.length - 1] : call.axes(x.shape.length, -1, 'axis');
  if (axis !== x.shape.length - 1) throw call.layer.refuse('statistics along another axis than the last');
  const [mean, variance, offset, scale] = (['mean', 'variance', 'offset', 'scale'] as const).map((name, at) =>
    call.arg(at + 1, name) === undefined ? undefined : call.asValue(call.arg(at + 1, name), name),
  );
  const epsilon = (call.arg(-1, 'epsilon', 'variance_epsilon') as number | undefined) ?? 1e-3;
  if (!mean || !variance) throw call.layer.misfit('It is called without mean and variance');
  const deviation = { ...variance, value: b.op('Sqrt', [b.add(variance.value, b.scalar(epsilon))]) };
  let result = pair(call, 'Div', pair(call, 'Sub', x, mean), deviation);
  if (scale) result = pair(call, 'Mul', result, scale);
  return offset ? pair(call, 'Add', result, offset) : result;
}

/** (x − mean)/√(variance + ε) over some axes, or x/√(mean of squares + ε); then γ and β. */
const normFunction =
  (centre: boolean): FunctionImporter =>
  (call) => {
    const { b } = call.layer;
    const x = b.inKerasLayout(call.value(0, 'x'));
    const axes = call.arg(-1, 'axis') === undefined ? [x.shape.length - 1] : call.axes(x.shape.length, -1, 'axis');
    const epsilon = (call.arg(-1, 'epsilon') as number | undefined) ?? EPSILON;
    if (call.flag(-1, 'rms_scaling')) throw call.layer.refuse('rms_scaling');
    const centred = centre ? b.sub(x.value, b.reduceMean(x.value, axes)) : x.value;
    const deviation = b.op('Sqrt', [b.add(b.reduceMean(b.mul(centred, centred), axes), b.scalar(epsilon))]);
    let result: LayerValue = { ...x, value: b.div(centred, deviation) };
    const gamma = call.arg(1, 'gamma', 'scale');
    const beta = centre ? call.arg(2, 'beta') : undefined;
    if (gamma !== undefined) result = pair(call, 'Mul', result, gamma);
    return beta === undefined ? result : pair(call, 'Add', result, beta);
  };

/** The p-norm along an axis, p being 1, 2 or infinity; along two axes that of Frobenius, which is the Euclidean of all their numbers. */
function normOf(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const order = call.arg(1, 'ord') ?? 2;
  const ops: Readonly<Record<string, string>> = {
    1: 'ReduceL1',
    2: 'ReduceL2',
    euclidean: 'ReduceL2',
    fro: 'ReduceL2',
    inf: 'ReduceMax',
    Infinity: 'ReduceMax',
  };
  // Of a number p the norm of a matrix is not that of its numbers.
  const plane =
    Array.isArray(call.arg(-1, 'axis')) && call.axes(call.value(0, 'x', 'tensor').shape.length, -1, 'axis').length > 1;
  if (plane && typeof call.arg(1, 'ord') !== 'string' && call.arg(1, 'ord') !== undefined)
    throw call.layer.refuse(`the norm of order ${String(order)} of a matrix`);
  const op = Object.hasOwn(ops, String(order)) ? ops[String(order)]! : undefined;
  if (op === undefined) throw call.layer.refuse(`a norm of order ${String(order)}`);
  if (call.arg(-1, 'axis') === undefined) throw call.layer.refuse('a norm over the batch');
  const value = (x: LayerValue) => (op === 'ReduceMax' ? b.op('Abs', [x.value]) : x.value);
  return reduced(call, (x, axes) => b.reduce(op, value(x), axes));
}

/** The mean along an axis, each place with its weight. */
function averageFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  if (call.arg(-1, 'weights') !== undefined) throw call.layer.refuse('a weighted mean');
  return reduced(call, (x, axes) => b.reduceMean(x.value, axes));
}

/** Products with a matrix of fixed numbers, over the last axis and its first. */
function dotFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const x = b.inKerasLayout(call.value(0, 'x1', 'a', 'x'));
  const other = call.arg(1, 'x2', 'b', 'y');
  if (isLayerValue(other)) throw call.layer.refuse('a product of two computed values, which mixes the batch');
  const matrix = call.tensor(1, 'x2', 'b', 'y');
  const axes = call.arg(-1, 'axes');
  const rank = x.shape.length;
  const [[left], [right]] = (Array.isArray(axes) ? axes.map((axis) => [axis].flat()) : [[rank - 1], [0]]) as [
    [number],
    [number],
  ];
  const last = axes === undefined || axes === 1 || ((left + rank) % rank === rank - 1 && right === 0);
  if (matrix.dims.length !== 2 || !last)
    throw call.layer.refuse('a product over other axes than the last and the first');
  return {
    ...x,
    shape: [...x.shape.slice(0, -1), matrix.dims[1]!],
    value: b.matmul(x.value, b.constant(matrix, 'matrix')),
  };
}

/** One number for each spatial dimension, out of one, that many, or TensorFlow's four. */
function spread(call: FunctionCall, rank: number, position: number, ...names: string[]): number[] {
  if (call.arg(position, ...names) === undefined) return new Array<number>(rank).fill(1);
  const list = call.ints(position, ...names);
  return list.length === 1
    ? new Array<number>(rank).fill(list[0]!)
    : list.length === rank + 2
      ? list.slice(1, -1)
      : list;
}

/** A convolution by fixed numbers `[…kernel, in, out]`, or by one kernel a channel `[…kernel, in, multiplier]`. */
const convolutionFunction =
  (depthwise: boolean): FunctionImporter =>
  (call) => {
    const { b } = call.layer;
    const input = call.value(0, 'inputs', 'input', 'x');
    const rank = input.shape.length - 2;
    const kernel = call.tensor(1, 'kernel', 'filter', 'filters');
    const format = String(call.arg(4, 'data_format') ?? 'channels_last');
    const x = planes(call.layer, input, rank, format === 'channels_first' || format.startsWith('NC'));
    const channels = call.layer.known(x.channels, 'the number of channels');
    const padding = String(call.arg(3, 'padding') ?? 'valid').toLowerCase();
    const dims = kernel.dims.slice(0, rank);
    if (kernel.dims.length !== rank + 2 || (padding !== 'same' && padding !== 'valid'))
      throw call.layer.misfit(`Its kernel is [${kernel.dims.join(', ')}], its padding '${padding}'`);
    const window: Window = {
      kernel: dims,
      strides: spread(call, rank, 2, 'strides'),
      dilations: spread(call, rank, 5, 'dilation_rate', 'dilations'),
      padding,
    };
    const { attributes, spatial } = place(call.layer, x.spatial, window);
    const weight = b.constant(depthwise ? depthwiseKernel(kernel, rank) : kernelOf(kernel, rank), 'kernel');
    const groups = depthwise ? channels : channels / kernel.dims[rank]!;
    const value = b.op('Conv', [x.value, weight], {
      kernel_shape: [...dims],
      strides: [...window.strides],
      dilations: [...window.dilations],
      ...(groups === 1 ? {} : { group: groups }),
      ...attributes,
    });
    return x.wrap(value, depthwise ? channels * kernel.dims[rank + 1]! : kernel.dims[rank + 1]!, spatial);
  };

/** Softmax(q kᵀ/√d) v of `[N, T, heads, d]`. */
function attentionFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  if (call.arg(3, 'bias') !== undefined || call.arg(4, 'mask') !== undefined || call.flag(6, 'is_causal'))
    throw call.layer.refuse('attention with a bias or a mask');
  const [query, key, value] = ['query', 'key', 'value'].map((name, at) => call.value(at, name)) as [
    LayerValue,
    LayerValue,
    LayerValue,
  ];
  for (const one of [query, key, value]) call.layer.wantRank(one, 4);
  const heads = (x: LayerValue) => transposed(call.layer, x, [0, 2, 1, 3]).value;
  const size = call.layer.known(query.shape[3], 'the size of its heads');
  const scale = (call.arg(5, 'scale') as number | undefined) ?? 1 / Math.sqrt(size);
  const keys = transposed(call.layer, key, [0, 2, 3, 1]).value;
  const scores: ValueName = b.matmul(b.mul(heads(query), b.scalar(scale)), keys);
  const mixed = b.matmul(b.op('Softmax', [scores], { axis: -1 }), heads(value));
  return {
    ...b.inKerasLayout(query),
    shape: [...query.shape.slice(0, 3), value.shape[3]!],
    value: b.transpose(mixed, [0, 2, 1, 3]),
  };
}

/** TensorFlow's: x/(bias + α Σ x²)^β over the channels 2r + 1 around. ONNX divides its α by their number. */
function responseFunction(call: FunctionCall): LayerValue {
  const x = planes(call.layer, call.value(0, 'input'), 2, false);
  const size = 2 * call.int(1, 'depth_radius') + 1;
  const number = (name: string, fallback: number) => {
    const given = call.arg(-1, name);
    return typeof given === 'number' ? given : fallback;
  };
  const attributes = {
    size,
    alpha: float(number('alpha', 1) * size),
    beta: float(number('beta', 0.5)),
    bias: float(number('bias', 1)),
  };
  return x.wrap(call.layer.b.op('LRN', [x.value], attributes), x.channels, x.spatial);
}

export const LINEAR_FUNCTIONS: FunctionTable = {
  moments: momentsFunction,
  batch_norm: batchNormFunction,
  batch_normalization: batchNormFunction,
  layer_norm: normFunction(true),
  rms_norm: normFunction(false),
  norm: normOf,
  euclidean_norm: normOf,
  average: averageFunction,
  dot: dotFunction,
  tensordot: dotFunction,
  conv: convolutionFunction(false),
  depthwise_conv: convolutionFunction(true),
  dot_product_attention: attentionFunction,
  local_response_normalization: responseFunction,
  batch_flatten: (call) => reshapedTo(call.layer, call.value(0, 'x'), [-1]),
};
