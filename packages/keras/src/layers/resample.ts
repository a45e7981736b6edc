import { Tensor } from '@seewhy/onnx';
import type { LayerContext } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { nearestRows } from './nearest-rows.ts';
import { planes } from './planes.ts';
import { scaleFor } from './scale-for.ts';

/** A resampling kernel as tf.image.resize has it: its half width and its weight at a distance. */
interface Kernel {
  readonly radius: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (radius: number): Kernel => ({ radius, weight: (x) => (x < radius ? sinc(x) * sinc(x / radius) : 0) });

const KERNELS: Readonly<Record<string, Kernel>> = {
  bilinear: { radius: 1, weight: (x) => Math.max(0, 1 - x) },
  // Keys 1981, a = −½.
  bicubic: {
    radius: 2,
    weight: (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0),
  },
  lanczos3: lanczos(3),
  lanczos5: lanczos(5),
  // σ = radius/3.
  gaussian: { radius: 1.5, weight: (x) => (x < 1.5 ? Math.exp(-(x * x) / (2 * 0.25)) : 0) },
  // Mitchell & Netravali 1988, B = C = ⅓.
  mitchellcubic: {
    radius: 2,
    weight: (x) =>
      x < 1 ? (7 / 6) * x ** 3 - 2 * x * x + 8 / 9 : x < 2 ? (-7 / 18) * x ** 3 + 2 * x * x - (10 / 3) * x + 16 / 9 : 0,
  },
};

/** Rows: outputs; columns: inputs. Weights of a row sum to 1; centres lie at (i + ½)·in/out. */
function kernelMatrix(size: number, result: number, kernel: Kernel, antialias: boolean): Float32Array {
  const matrix = new Float32Array(result * size);
  const step = size / result;
  const widen = antialias ? Math.max(step, 1) : 1;
  for (let row = 0; row < result; row++) {
    const centre = (row + 0.5) * step;
    const from = Math.max(0, Math.floor(centre - kernel.radius * widen));
    const to = Math.min(size - 1, Math.ceil(centre + kernel.radius * widen));
    let sum = 0;
    for (let at = from; at <= to; at++) {
      const weight = kernel.weight(Math.abs(at + 0.5 - centre) / widen);
      matrix[row * size + at] = weight;
      sum += weight;
    }
    if (sum !== 0) for (let at = from; at <= to; at++) matrix[row * size + at]! /= sum;
  }
  return matrix;
}

/** Places between two pixels are rounded to this many steps by TensorFlow's bicubic kernel. */
const CUBIC_STEPS = 1024;

/** As TensorFlow's ResizeBicubic: four pixels, weights from a table; what lies outside counts nothing. */
function cubicMatrix(size: number, result: number): Float32Array {
  const matrix = new Float32Array(result * size);
  const step = Math.fround(size / result);
  const { weight } = KERNELS.bicubic!;
  for (let row = 0; row < result; row++) {
    const at = Math.fround(Math.fround((row + 0.5) * step) - 0.5);
    const before = Math.floor(at);
    const part = Math.round((at - before) * CUBIC_STEPS) / CUBIC_STEPS;
    const weights = [1 + part, part, 1 - part, 2 - part].map((distance, offset) => {
      const pixel = before - 1 + offset;
      return { pixel, weight: pixel >= 0 && pixel < size ? weight(distance) : 0 };
    });
    const sum = weights.reduce((total, entry) => total + entry.weight, 0);
    for (const entry of weights) if (entry.weight !== 0) matrix[row * size + entry.pixel]! += entry.weight / sum;
  }
  return matrix;
}

/** The mean of the area that an output covers, parts of pixels counted as parts. */
function areaMatrix(size: number, result: number): Float32Array {
  const matrix = new Float32Array(result * size);
  const step = size / result;
  for (let row = 0; row < result; row++) {
    const [from, to] = [row * step, (row + 1) * step];
    for (let at = Math.floor(from); at < Math.min(size, Math.ceil(to)); at++) {
      matrix[row * size + at] = (Math.min(at + 1, to) - Math.max(at, from)) / step;
    }
  }
  return matrix;
}

/**
 * tf.image.resize to a size: nearest and bilinear as a Resize node, the other kernels (and antialiasing) as a matrix a
 * direction.
 */
export function resize(
  layer: LayerContext,
  x: LayerValue,
  size: readonly [number, number],
  method: unknown,
  channelsFirst: boolean,
  antialias = false,
): LayerValue {
  const { b } = layer;
  const name = String(method);
  const held = planes(layer, x, 2, channelsFirst);
  const [height, width] = held.spatial.map((dim) => layer.known(dim, 'the size of its input')) as [number, number];
  if (height === size[0] && width === size[1] && (name === 'nearest' || name === 'bilinear'))
    return held.wrap(held.value, held.channels, size);
  const shrinks = size[0] < height || size[1] < width;
  if (name === 'nearest' || name === 'bilinear') {
    const rows = name === 'nearest' ? nearestRows(b, held.value, [height, width], size, 'half_pixel') : undefined;
    if (rows) return held.wrap(rows, held.channels, size);
    if (name === 'nearest' || !antialias || !shrinks) {
      const scales = layer.numbers([1, 1, scaleFor(height, size[0]), scaleFor(width, size[1])], [4], 'scales');
      const half = { coordinate_transformation_mode: 'half_pixel' };
      const attributes =
        name === 'nearest'
          ? { mode: 'nearest', nearest_mode: 'round_prefer_ceil', ...half }
          : { mode: 'linear', ...half };
      const value = b.op('Resize', [held.value, undefined, scales], attributes);
      return held.wrap(value, held.channels, size);
    }
  }
  const kernel = Object.hasOwn(KERNELS, name) ? KERNELS[name]! : undefined;
  if (!kernel && name !== 'area') throw layer.refuse(`the interpolation '${name}'`);
  const matrix = (from: number, to: number) => {
    if (!kernel) return areaMatrix(from, to);
    return name === 'bicubic' && !antialias ? cubicMatrix(from, to) : kernelMatrix(from, to, kernel, antialias);
  };
  const rows = layer.constant('rows', () => Tensor.of('float32', [size[0], height], matrix(height, size[0])));
  const columns = layer.constant('columns', () => {
    const across = matrix(width, size[1]);
    const turned = new Float32Array(across.length);
    for (let row = 0; row < size[1]; row++)
      for (let at = 0; at < width; at++) turned[at * size[1] + row] = across[row * width + at]!;
    return Tensor.of('float32', [width, size[1]], turned);
  });
  return held.wrap(b.matmul(rows, b.matmul(held.value, columns)), held.channels, size);
}
