import { float } from '@seewhy/onnx';
import { place, planes, type Window } from '../layers/planes.ts';
import { ACTIVATION_OPERATIONS, parametric } from './elementwise.ts';
import { bare, type Operand } from './operand.ts';
import type { Operation, OperationTable } from './operation.ts';

/** The numbers of a list along the image: `[1, 2, 2, 1]` → `[2, 2]`. Missing lists are all 1. */
export function spatial(op: Operation, name: string, rank: number): number[] {
  const list = op.attributes.ints(name, 1);
  const { channelsFirst } = op.options;
  if (list.length === 0) return new Array<number>(rank).fill(1);
  const others = channelsFirst ? list.slice(0, 2) : [list[0], list[rank + 1]];
  if (list.length !== rank + 2 || others.some((value) => value !== 1))
    throw op.refuse(`${name} [${list.slice(0, 8).join(', ')}], which do not only move along the image`);
  return channelsFirst ? list.slice(2) : list.slice(1, -1);
}

/** `explicit_paddings` along the image as ONNX has them: all begins, then all ends. */
export function explicitPads(op: Operation, rank: number): number[] {
  const list = op.attributes.ints('explicit_paddings', 0);
  if (list.length !== 2 * (rank + 2)) throw op.misfit(`explicit_paddings has ${list.length} numbers`);
  const from = op.options.channelsFirst ? 2 : 1;
  const axes = Array.from({ length: rank }, (_, axis) => axis + from);
  return [...axes.map((axis) => list[2 * axis]!), ...axes.map((axis) => list[2 * axis + 1]!)];
}

/** Where a window lands: `pads` (or `auto_pad`) and the sizes of the result. */
export function landed(op: Operation, sizes: readonly (number | null)[], window: Omit<Window, 'padding'>) {
  const padding = op.attributes.choice('padding', ['SAME', 'VALID', 'EXPLICIT'], 'VALID');
  if (padding !== 'EXPLICIT') return place(op, sizes, { ...window, padding: padding === 'SAME' ? 'same' : 'valid' });
  const pads = explicitPads(op, sizes.length);
  const padded = sizes.map((size, axis) => (size === null ? null : size + pads[axis]! + pads[axis + sizes.length]!));
  return { attributes: { pads }, spatial: place(op, padded, { ...window, padding: 'valid' }).spatial };
}

/** A convolution, of one filter a channel where `depthwise`; filters lie `[…kernel, in, out]`. */
function convolved(op: Operation, rank: number, depthwise: boolean, bias?: Operand): Operand {
  const [input, filter] = [op.x, op.input(1)];
  op.wantRank(filter, rank + 2);
  const x = planes(op, bare(input), rank, op.options.channelsFirst);
  const dims = filter.shape.map((dim) => op.known(dim, 'the size of its filter'));
  if (dims.some((dim) => dim < 1)) throw op.misfit(`Its filter has dimensions [${dims.join(', ')}]`);
  const kernel = dims.slice(0, rank);
  const [inside, outside] = [dims[rank]!, dims[rank + 1]!];
  const channels = x.channels ?? inside;
  if (depthwise ? channels !== inside : channels % inside !== 0)
    throw op.misfit(`Its filter is made for ${inside} channels and its input has ${channels}`);
  const groups = depthwise ? channels : channels / inside;
  const filters = depthwise ? inside * outside : outside;
  if (filters % groups !== 0) throw op.misfit(`${filters} filters do not divide into ${groups} groups`);
  const dilations = op.around.dilations.get(op.node.name) ?? spatial(op, 'dilations', rank);
  const window = { kernel, strides: spatial(op, 'strides', rank), dilations };
  const { attributes, spatial: sizes } = landed(op, x.spatial, window);
  const image = Array.from({ length: rank }, (_, axis) => axis);
  let weights = op.moved(filter, depthwise ? [rank, rank + 1, ...image] : [rank + 1, rank, ...image], 'weights');
  if (depthwise) weights = op.b.reshape(weights, [filters, 1, ...kernel]);
  const inner = bias && bias.shape.length === 1 ? bias : undefined;
  if (inner) op.wantSize(inner, filters, 'The bias');
  const value = op.b.op('Conv', [x.value, weights, inner?.value], {
    kernel_shape: kernel,
    strides: window.strides,
    dilations: dilations.some((dilation) => dilation !== 1) ? [...dilations] : undefined,
    group: groups === 1 ? undefined : groups,
    ...attributes,
  });
  const result = x.wrap(value, filters, sizes);
  return bias && !inner ? added(op, result, bias) : result;
}

export function added(op: Operation, x: Operand, more: Operand): Operand {
  const { values, shape, layout } = op.aligned([x, more]);
  return { value: op.b.op('Add', values), shape, layout, type: 'float32' };
}

/** `fused_ops`: BiasAdd first, then at most a further addend, a normalisation and an activation. */
export function fused(op: Operation, make: (bias: Operand | undefined) => Operand): Operand {
  const names = op.attributes.texts('fused_ops');
  let next = 2;
  const argument = () => op.input(next++);
  const biased = names[0] === 'BiasAdd';
  let result = make(biased ? argument() : undefined);
  for (const name of biased ? names.slice(1) : names) {
    if (name === 'Add') result = added(op, result, argument());
    else if (name === 'Prelu') result = parametric(op, result, argument());
    else if (Object.hasOwn(ACTIVATION_OPERATIONS, name))
      result = op.like(result, ACTIVATION_OPERATIONS[name]!(op, result.value));
    else if (name === 'FusedBatchNorm') {
      const [scale, offset, mean, variance] = [argument(), argument(), argument(), argument()];
      result = normalised(op, result, { scale, offset, mean, variance }, op.attributes.float('epsilon', 1e-4));
    } else throw op.refuse(`the fused operation '${name}'`);
  }
  return result;
}

export interface Statistics {
  readonly scale: Operand;
  readonly offset: Operand;
  readonly mean: Operand;
  readonly variance: Operand;
}

/** scale · (x − mean) / √(variance + ε) + offset along the channels. */
export function normalised(op: Operation, input: Operand, parts: Statistics, epsilon: number): Operand {
  const rank = input.shape.length - 2;
  const x = planes(op, bare(input), rank, op.options.channelsFirst);
  const names = [parts.scale, parts.offset, parts.mean, parts.variance].map((part) => {
    if (x.channels !== null) op.wantSize(part, x.channels, 'A statistic');
    op.wantRank(part, 1);
    return part.value;
  });
  const value = op.b.op('BatchNormalization', [x.value, ...names], { epsilon: float(epsilon) });
  return x.wrap(value, x.channels, x.spatial);
}

/** The gradient of a convolution by its input, which is a transposed convolution: sizes, filter `[kernel…, out, in]`, input. */
function transposed(op: Operation): Operand {
  const rank = 2;
  const [filter, input] = [op.input(1), op.input(2)];
  op.wantRank(filter, rank + 2);
  const x = planes(op, bare(input), rank, op.options.channelsFirst);
  const dims = filter.shape.map((dim) => op.known(dim, 'the size of its filter'));
  const kernel = dims.slice(0, rank);
  const [filters, inside] = [dims[rank]!, dims[rank + 1]!];
  if (x.channels !== null && x.channels !== inside)
    throw op.misfit(`Its filter is made for ${inside} channels and its input has ${x.channels}`);
  const strides = spatial(op, 'strides', rank);
  const dilations = spatial(op, 'dilations', rank);
  const padding = op.attributes.choice('padding', ['SAME', 'VALID', 'EXPLICIT'], 'VALID');
  const asked = op.x.known?.slice(op.options.channelsFirst ? 2 : 1).slice(0, rank);
  const begins: number[] = [];
  const ends: number[] = [];
  const extra: number[] = [];
  const given = padding === 'EXPLICIT' ? explicitPads(op, rank) : [];
  const sizes = x.spatial.map((size, axis) => {
    const [stride, reach] = [strides[axis]!, (kernel[axis]! - 1) * dilations[axis]! + 1];
    const wanted = asked?.[axis] ?? null;
    // A size that is computed from the input's is taken as what the forward convolution would have had.
    const fit = size === null ? null : padding === 'SAME' ? size * stride : (size - 1) * stride + reach;
    const target = wanted ?? fit;
    const full = size === null ? null : (size - 1) * stride + reach;
    let pad = 0;
    if (padding === 'SAME')
      pad = full !== null && target !== null ? Math.max(full - target, 0) : Math.max(reach - stride, 0);
    const [before, behind] =
      padding === 'EXPLICIT' ? [given[axis]!, given[axis + rank]!] : [pad >> 1, pad - (pad >> 1)];
    const left =
      full !== null && target !== null
        ? target - (full - before - behind)
        : padding === 'SAME'
          ? Math.max(stride - reach, 0)
          : 0;
    if (left < 0 || left >= Math.max(stride, dilations[axis]!))
      throw op.misfit(`An output of ${target} does not come from an input of ${size} by a stride of ${stride}`);
    begins.push(before);
    ends.push(behind);
    extra.push(left);
    return target;
  });
  const value = op.b.convTranspose(x.value, op.moved(filter, [rank + 1, rank, 0, 1], 'weights'), {
    kernel_shape: kernel,
    strides,
    dilations: dilations.some((dilation) => dilation !== 1) ? dilations : undefined,
    pads: [...begins, ...ends],
    output_padding: extra.some((more) => more > 0) ? extra : undefined,
  });
  return x.wrap(value, filters, sizes);
}

export const CONVOLUTION_OPERATIONS: OperationTable = {
  Conv2D: (op) => convolved(op, 2, false),
  Conv3D: (op) => convolved(op, 3, false),
  DepthwiseConv2dNative: (op) => convolved(op, 2, true),
  _FusedConv2D: (op) => fused(op, (bias) => convolved(op, 2, false, bias)),
  FusedDepthwiseConv2dNative: (op) => fused(op, (bias) => convolved(op, 2, true, bias)),
  _FusedDepthwiseConv2dNative: (op) => fused(op, (bias) => convolved(op, 2, true, bias)),
  Conv2DBackpropInput: transposed,
};
