import { DATA_TYPES, isFloat, Tensor, type ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep, RuleTable } from '../rule.ts';
import { hasChannels } from './blocks.ts';
import { comesFromPad } from './comes-from-pad.ts';
import { maxPool } from './max-pooling.ts';
import { poolWindow, reach, remainder, spatialAxes, type Window, windowOf } from './window.ts';

/** A factor for each window: one number, or numbers `[1, 1, h, w]` where windows differ. */
interface Weights {
  readonly values: readonly number[];
  readonly dims: readonly number[];
}
const UNIFORM: Weights = { values: [1], dims: [] };

/** Σ over windows: each input element receives the g of every window that reads it, times the window's weight. */
function spreadWindows(s: RuleStep, gradient: ValueName, w: Window, weights: Weights = UNIFORM): ValueName {
  const { b } = s;
  const times = (factor: number) => {
    const scaled = weights.values.map((value) => value * factor);
    if (scaled.every((value) => value === 1)) return gradient;
    return b.mul(gradient, b.constant(Tensor.floats(scaled, weights.dims, floatType(s)), 'weights'));
  };
  const size = w.kernel.reduce((product, k) => product * k, 1);
  const padded = [...w.begin, ...w.end].some((pad) => pad !== 0);
  const over = remainder(w);
  // One window over everything.
  if (!padded && w.output.every((n) => n === 1) && over.every((n) => n === 0) && w.dilations.every((d) => d === 1))
    return b.expand(times(1), [1, 1, ...w.input]);
  // Windows side by side: each element has one.
  if (!padded && w.kernel.every((k, axis) => k === w.strides[axis]) && w.dilations.every((d) => d === 1))
    return b.pad(b.resizeNearest(times(1), [1, 1, ...w.kernel]), [0, 0, ...w.kernel.map(() => 0), 0, 0, ...over]);
  const span = reach(w);
  const begin = span.map((n, axis) => n - w.begin[axis]!);
  const end = span.map((n, axis) => n - w.end[axis]! + over[axis]!);
  const simple = w.strides.every((n) => n === 1) && w.dilations.every((n) => n === 1);
  // A box is its own mirror image: the mean over the box, times its size, when pads stay below the kernel.
  const summed = times(size);
  const small = [...begin, ...end].every((pad, index) => pad >= 0 && pad < w.kernel[index % w.rank]!);
  if (simple && small && !comesFromPad(b, summed)) {
    return b.op('AveragePool', [summed], {
      kernel_shape: w.kernel,
      pads: [...begin, ...end],
      count_include_pad: [...begin, ...end].some((pad) => pad > 0) ? 1 : undefined,
    });
  }
  const channels = s.sizes(s.x(), [1])[0]!;
  const uniform = weights.values.length === 1;
  const box = new Float32Array(channels * size).fill(uniform ? weights.values[0]! : 1);
  const kernel = b.constant(Tensor.floats(box, [channels, 1, ...w.kernel], floatType(s)), 'box');
  return b.convTranspose(uniform ? gradient : times(1), kernel, {
    kernel_shape: w.kernel,
    strides: w.strides,
    dilations: w.dilations.every((n) => n === 1) ? undefined : w.dilations,
    group: channels,
    pads: [...w.begin, ...w.end],
    output_padding: over.some((n) => n > 0) ? over : undefined,
  });
}

/** Element type of gradients of the first input: float32 where it is an integer. */
const floatType = (s: RuleStep) => (isFloat(s.type(s.x())) ? s.type(s.x()) : 'float32');

/** y = mean of the window: each element receives g / (elements of the window that count), from every window it is in. */
const averagePool: Rule = (s) => [averageWindows(s, s.g)];

/** The gradient of an average pool's input. */
export function averageWindows(s: RuleStep, g: ValueName): ValueName {
  const w = poolWindow(s);
  const counts = w.input.map((_, axis) => countAlong(s, w, axis));
  // [1, 1, h, w] of 1 / count; an axis along which all windows count the same stays 1 long.
  const dims = counts.map((count) => (count.every((n) => n === count[0]) ? 1 : count.length));
  let values = [1];
  counts.forEach((count, axis) => {
    values = values.flatMap((value) => count.slice(0, dims[axis]).map((n) => value / n));
  });
  return spreadWindows(s, g, w, { values, dims: values.length === 1 ? [] : [1, 1, ...dims] });
}

/** How many elements along one axis each window divides by: real ones, and padding too when count_include_pad (never ceil_mode's overhang). */
function countAlong(s: RuleStep, w: Window, axis: number): number[] {
  const include = s.node.attribute.int('count_include_pad', 0) !== 0;
  const declared = windowOf(s, s.x(), s.y(), w.kernel).end[axis]!;
  const low = include ? -w.begin[axis]! : 0;
  const high = w.input[axis]! + (include ? declared : 0);
  return Array.from({ length: w.output[axis]! }, (_, index) => {
    let count = 0;
    for (let t = 0; t < w.kernel[axis]!; t++) {
      const position = index * w.strides[axis]! - w.begin[axis]! + t * w.dilations[axis]!;
      if (position >= low && position < high) count++;
    }
    return count;
  });
}

/** y = mean over space: g / (h·w) everywhere. */
const globalAveragePool: Rule = (s) => {
  const space = s.sizes(s.x(), spatialAxes(s.rank(s.x()) - 2));
  const size = space.reduce((product, n) => product * n, 1);
  const share = s.b.mul(s.g, s.scalar(1 / size));
  // What a convolution made is in blocks of channels, and repeated elements stay there.
  if (hasChannels(s) && s.b.maker(s.g)?.type === 'Conv') return [s.b.resizeNearest(share, [1, 1, ...space])];
  return [s.b.expand(share, [1, 1, ...space])];
};

/** y = max over space: g at the first position that has the maximum. */
const globalMaxPool: Rule = (s) => {
  const { b } = s;
  const space = s.sizes(s.x(), spatialAxes(s.rank(s.x()) - 2));
  const size = space.reduce((product, n) => product * n, 1);
  const flat = b.reshape(s.x(), [0, 0, -1]);
  const winner = b.cast(b.op('ArgMax', [flat], { axis: 2, keepdims: 1 }), DATA_TYPES.int32.code);
  const positions = Tensor.of(
    'int32',
    [1, 1, size],
    Int32Array.from({ length: size }, (_, index) => index),
  );
  const hit = b.equal(winner, b.constant(positions, 'positions'));
  const g = b.reshape(s.g, [0, 0, 1]);
  return [s.reshapeLike(b.where(hit, g, s.scalar(0)), s.x())];
};

/**
 * y = (Σ |x|^p)^(1/p): ∂x = sign(x)·|x|^(p−1) · Σ over windows g·y^(1−p); 0 in windows that are all zero.
 */
const lpGradient = (s: RuleStep, spread: (weighted: ValueName) => ValueName): ValueName => {
  const { b } = s;
  const p = s.node.attribute.int('p', 2);
  const [x, y] = [s.x(), s.y()];
  if (p === 1) return b.mul(spread(s.g), s.profile.sign(b, x, s.type(x)));
  const safe = b.where(b.equal(y, s.scalar(0)), s.scalar(1), y);
  const weighted = spread(b.div(s.g, p === 2 ? safe : b.op('Pow', [safe, s.scalar(p - 1)])));
  if (p === 2) return b.mul(weighted, x);
  if (p === 3) return b.mul(weighted, b.mul(x, b.op('Abs', [x])));
  return b.mul(weighted, b.mul(x, b.op('Pow', [b.op('Abs', [x]), s.scalar(p - 2)])));
};

const lpPool: Rule = (s) => {
  const w = poolWindow(s);
  return [lpGradient(s, (weighted) => spreadWindows(s, weighted, w))];
};

/** One window: its value is broadcast back by the product with x. */
const globalLpPool: Rule = (s) => [lpGradient(s, (weighted) => weighted)];

/** y[index] = x: each x receives the g of the place it went to. */
const maxUnpool: Rule = (s) => {
  const { b } = s;
  const places = b.reshape(s.x(1), [-1]);
  return [s.reshapeLike(b.gather(b.reshape(s.g, [-1]), places, 0), s.x())];
};

export const pooling: RuleTable = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  GlobalLpPool: globalLpPool,
  MaxUnpool: maxUnpool,
};
