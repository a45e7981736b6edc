import type { ValueName } from '@seewhy/onnx';
import type { LayerContext, LayerImporter, LayerOptions, LayerTable } from '../layer.ts';
import type { KerasShape, LayerValue } from '../model/layer-value.ts';
import type { WeightSpec } from '../weights/source.ts';
import { depthwiseKernel, kernelOf } from './convolution-kernels.ts';
import { type Planes, place, planes, type Window } from './planes.ts';

function windowOf(options: LayerOptions, rank: number): Window {
  return {
    kernel: options.ints('kernel_size', rank, 1),
    strides: options.ints('strides', rank, 1, 1),
    dilations: options.ints('dilation_rate', rank, 1, 1),
    padding: options.choice('padding', rank === 1 ? ['valid', 'same', 'causal'] : ['valid', 'same'], 'valid'),
  };
}

function channelsOf(options: LayerOptions, shape: KerasShape | undefined): number | null {
  if (!shape) return null;
  return (options.channelsFirst ? shape[1] : shape[shape.length - 1]) ?? null;
}

const bias = (options: LayerOptions, size: number | null): WeightSpec[] =>
  options.flag('use_bias', true) ? [{ name: 'bias', shape: [size] }] : [];

export interface ConvolutionParts {
  readonly kernel: ValueName;
  readonly bias?: ValueName;
  readonly channels: number;
  readonly groups: number;
  readonly window: Window;
}

/** One Conv node on a value with its channels at axis 1. */
export function convolve(layer: LayerContext, x: Planes, parts: ConvolutionParts): LayerValue {
  const { window } = parts;
  const { attributes, spatial } = place(layer, x.spatial, window);
  const value = layer.b.op('Conv', [x.value, parts.kernel, parts.bias], {
    kernel_shape: [...window.kernel],
    strides: [...window.strides],
    dilations: window.dilations.some((dilation) => dilation !== 1) ? [...window.dilations] : undefined,
    group: parts.groups === 1 ? undefined : parts.groups,
    ...attributes,
  });
  return x.wrap(value, parts.channels, spatial);
}

/** y = W ∗ x + b, then the activation; W `[…kernel, in/groups, filters]`. */
function convolution(rank: number): LayerImporter {
  return {
    weights(options, [shape]) {
      const channels = channelsOf(options, shape);
      const groups = options.int('groups', 1);
      const filters = options.int('filters');
      return [
        {
          name: 'kernel',
          shape: [
            ...options.ints('kernel_size', rank, 1),
            channels === null ? null : channels / Math.max(1, groups),
            filters,
          ],
        },
        ...bias(options, filters),
      ];
    },
    build(layer) {
      const x = planes(layer, layer.x, rank);
      const kernel = layer.constant('kernel', () => kernelOf(layer.weight('kernel'), rank));
      const result = convolve(layer, x, {
        kernel,
        bias: layer.hasWeight('bias') ? layer.weightValue('bias') : undefined,
        channels: layer.options.int('filters'),
        groups: layer.options.int('groups', 1),
        window: windowOf(layer.options, rank),
      });
      return layer.finish(result);
    },
  };
}

/** The stride of a depthwise convolution may be given by one number only in TensorFlow; both are kept. */
function depthwise(rank: number): LayerImporter {
  return {
    weights(options, [shape]) {
      const channels = channelsOf(options, shape);
      const multiplier = options.int('depth_multiplier', 1);
      // Keras 2 calls it depthwise_kernel, Keras 3 kernel.
      return [
        {
          name: options.dialect === 2 ? 'depthwise_kernel' : 'kernel',
          shape: [...options.ints('kernel_size', rank, 1), channels, multiplier],
        },
        ...bias(options, channels === null ? null : channels * multiplier),
      ];
    },
    build(layer) {
      const x = planes(layer, layer.x, rank);
      const name = layer.options.dialect === 2 ? 'depthwise_kernel' : 'kernel';
      const channels = layer.known(x.channels, 'the number of channels');
      const result = convolve(layer, x, {
        kernel: layer.constant(name, () => depthwiseKernel(layer.weight(name), rank)),
        bias: layer.hasWeight('bias') ? layer.weightValue('bias') : undefined,
        channels: channels * layer.options.int('depth_multiplier', 1),
        groups: channels,
        window: windowOf(layer.options, rank),
      });
      return layer.finish(result);
    },
  };
}

/** How many results a separable convolution has for each channel in between; null where only its weights tell (`tfjsConfig`). */
function multiplierOf(options: LayerOptions): number | null {
  return options.raw('depth_multiplier') === 'of the weights' ? null : options.int('depth_multiplier', 1);
}

/** A depthwise convolution, then one of kernel 1 over all its channels. */
function separable(rank: number): LayerImporter {
  const ones = new Array<number>(rank).fill(1);
  return {
    weights(options, [shape]) {
      const channels = channelsOf(options, shape);
      const multiplier = multiplierOf(options);
      const filters = options.int('filters');
      const inner = channels === null || multiplier === null ? null : channels * multiplier;
      return [
        { name: 'depthwise_kernel', shape: [...options.ints('kernel_size', rank, 1), channels, multiplier] },
        { name: 'pointwise_kernel', shape: [...ones, inner, filters] },
        ...bias(options, filters),
      ];
    },
    build(layer) {
      const x = planes(layer, layer.x, rank);
      const channels = layer.known(x.channels, 'the number of channels');
      const inner = channels * layer.weight('depthwise_kernel').dims.at(-1)!;
      if (layer.weight('pointwise_kernel').dims[rank] !== inner)
        throw layer.misfit(`Its second kernel is not for the ${inner} channels of its first`);
      const middle = convolve(layer, x, {
        kernel: layer.constant('depthwise_kernel', () => depthwiseKernel(layer.weight('depthwise_kernel'), rank)),
        channels: inner,
        groups: channels,
        window: windowOf(layer.options, rank),
      });
      const result = convolve(layer, planes(layer, middle, rank), {
        kernel: layer.constant('pointwise_kernel', () => kernelOf(layer.weight('pointwise_kernel'), rank)),
        bias: layer.hasWeight('bias') ? layer.weightValue('bias') : undefined,
        channels: layer.options.int('filters'),
        groups: 1,
        window: { kernel: ones, strides: ones, dilations: ones, padding: 'valid' },
      });
      return layer.finish(result);
    },
  };
}

/**
 * The gradient of a convolution. Sizes as Keras has them: `same` n·s, `valid` n·s + max(k − s, 0), with `output_padding` p:
 * (n − 1)·s + k − 2·(k div 2 or 0) + p, where k is the dilated kernel. What of the full result (n − 1)·s + k is too much is cut as the
 * padding of the convolution it belongs to, half before and the odd one behind; what is missing comes behind.
 */
function transposed(rank: number): LayerImporter {
  return {
    weights(options, [shape]) {
      const filters = options.int('filters');
      const groups = options.int('groups', 1);
      const channels = channelsOf(options, shape);
      return [
        {
          name: 'kernel',
          shape: [
            ...options.ints('kernel_size', rank, 1),
            groups === 1 ? filters : null,
            groups === 1 ? channels : null,
          ],
        },
        ...bias(options, filters),
      ];
    },
    build(layer) {
      const { options } = layer;
      if (options.int('groups', 1) !== 1) throw layer.refuse('a transposed convolution in groups');
      const x = planes(layer, layer.x, rank);
      const window = windowOf(options, rank);
      const given = options.raw('output_padding');
      const extra = given === null || given === undefined ? undefined : options.ints('output_padding', rank, 0);
      const begins: number[] = [];
      const ends: number[] = [];
      const behind: number[] = [];
      const spatial = x.spatial.map((size, axis) => {
        const stride = window.strides[axis]!;
        const reach = (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
        const same = window.padding === 'same';
        // Relative to (n − 1)·s: the same for every size.
        const over = extra
          ? reach - (same ? 2 * (reach >> 1) : 0) + extra[axis]!
          : same
            ? stride
            : stride + Math.max(reach - stride, 0);
        const cut = reach - over;
        const begin = same && cut > 0 ? cut >> 1 : 0;
        begins.push(begin);
        ends.push(cut > 0 ? cut - begin : 0);
        behind.push(cut < 0 ? -cut : 0);
        if (size === null) return null;
        const result = (size - 1) * stride + over;
        if (result < 1) throw layer.misfit('Its result is empty');
        return result;
      });
      const kernel = layer.constant('kernel', () => kernelOf(layer.weight('kernel'), rank));
      const pads = [...begins, ...ends];
      const value = layer.b.op(
        'ConvTranspose',
        [x.value, kernel, layer.hasWeight('bias') ? layer.weightValue('bias') : undefined],
        {
          kernel_shape: [...window.kernel],
          strides: [...window.strides],
          dilations: window.dilations.some((dilation) => dilation !== 1) ? [...window.dilations] : undefined,
          pads: pads.some((pad) => pad > 0) ? pads : undefined,
          output_padding: behind.some((pad) => pad > 0) ? behind : undefined,
        },
      );
      return layer.finish(x.wrap(value, options.int('filters'), spatial));
    },
  };
}

export const CONVOLUTION_LAYERS: LayerTable = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv3D: convolution(3),
  Convolution1D: convolution(1),
  Convolution2D: convolution(2),
  Convolution3D: convolution(3),
  DepthwiseConv1D: depthwise(1),
  DepthwiseConv2D: depthwise(2),
  SeparableConv1D: separable(1),
  SeparableConv2D: separable(2),
  SeparableConvolution1D: separable(1),
  SeparableConvolution2D: separable(2),
  Conv1DTranspose: transposed(1),
  Conv2DTranspose: transposed(2),
  Conv3DTranspose: transposed(3),
  Convolution2DTranspose: transposed(2),
  Convolution3DTranspose: transposed(3),
};
