/**
 * One axis of a separable resampling: output sample `i` is
 * `Σ_t values[i * taps + t] * input[start[i] + t]` for `t < count[i]`.
 */
export interface Weights {
  /** How many output samples. */
  size: number;
  /** Row length of `values`; `count[i]` of them are used. */
  taps: number;
  start: Int32Array;
  count: Int32Array;
  values: Float64Array;
}

/** Interpolation kernels of Pillow, by Pillow's names. */
export type Kernel = 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** Cubic convolution (Keys 1981) with parameter `a`. */
function keys(x: number, a: number): number {
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

const KERNELS: Record<Kernel, { support: number; at: (x: number) => number }> = {
  box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    at: (x) => {
      if (x === 0) return 1;
      if (Math.abs(x) >= 1) return 0;
      return sinc(x) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(x * Math.PI));
    },
  },
  bicubic: { support: 2, at: (x) => keys(x, -0.5) },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Where output samples `from … from + count - 1` of an axis lie on its input. */
export interface AxisGrid {
  /** Input length in samples. */
  input: number;
  /** Output samples wanted. */
  count: number;
  /** Input samples an output sample spans. */
  scale: number;
  /** Input coordinate (in samples, edges at whole numbers) of the left edge of output sample 0 of this grid. */
  origin: number;
}

/**
 * Kernel weights as Pillow computes them (`precompute_coeffs` of its Resample.c): the kernel widens with the scale when
 * shrinking (antialias), stays as it is when enlarging; taps beyond the edge are dropped and the rest renormalised.
 * @param antialias false keeps the kernel's width when shrinking, as OpenCV and `F.interpolate` do (default true)
 */
export function kernelWeights(grid: AxisGrid, kernel: Kernel, antialias = true): Weights {
  const { support: reach, at } = KERNELS[kernel];
  const widen = antialias ? Math.max(1, grid.scale) : 1;
  const support = reach * widen;
  const taps = Math.ceil(support) * 2 + 1;
  const weights = emptyWeights(grid.count, taps);
  for (let i = 0; i < grid.count; i++) {
    // A sample that lies outside is taken at the edge, so that its kernel is never empty.
    const centre = Math.min(Math.max(grid.origin + (i + 0.5) * grid.scale, 0), grid.input);
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(grid.input, Math.trunc(centre + support + 0.5));
    let total = 0;
    for (let t = 0; t < end - first; t++) {
      const weight = at((t + first - centre + 0.5) * (1 / widen));
      weights.values[i * taps + t] = weight;
      total += weight;
    }
    if (total !== 0) for (let t = 0; t < end - first; t++) weights.values[i * taps + t]! /= total;
    weights.start[i] = first;
    weights.count[i] = end - first;
  }
  return weights;
}

/** Two taps at `(i * (input - 1)) / (output - 1)`: the corner samples of both grids coincide (`align_corners=True`). */
export function cornerWeights(input: number, output: number): Weights {
  const weights = emptyWeights(output, 2);
  const step = output > 1 ? (input - 1) / (output - 1) : 0;
  for (let i = 0; i < output; i++) {
    const at = Math.min(i * step, input - 1);
    const left = Math.min(Math.floor(at), Math.max(0, input - 2));
    weights.start[i] = left;
    weights.count[i] = Math.min(2, input);
    weights.values[i * 2] = input > 1 ? 1 - (at - left) : 1;
    if (input > 1) weights.values[i * 2 + 1] = at - left;
  }
  return weights;
}

/**
 * Two taps at half-pixel positions; beyond the edge the samples are mirrored without repeating the edge sample
 * (`b | a b c | b`): skimage.transform.resize with order 1 and its default mode 'reflect'.
 */
export function mirrorWeights(input: number, output: number): Weights {
  const weights = emptyWeights(output, 2);
  const scale = input / output;
  for (let i = 0; i < output; i++) {
    const at = (i + 0.5) * scale - 0.5;
    const left = Math.floor(at);
    const first = Math.min(Math.max(left, 0), Math.max(0, input - 2));
    weights.start[i] = first;
    weights.count[i] = Math.min(2, input);
    for (const [t, weight] of [
      [left, 1 - (at - left)],
      [left + 1, at - left],
    ] as const) {
      const mirrored = input === 1 ? 0 : t < 0 ? -t : t >= input ? 2 * (input - 1) - t : t;
      weights.values[i * 2 + mirrored - first]! += weight;
    }
  }
  return weights;
}

/**
 * Four taps of cubic convolution with a = -0.75 at half-pixel positions; taps beyond the edge repeat the edge sample
 * (OpenCV's INTER_CUBIC, `F.interpolate(mode='bicubic')`).
 */
export function clampedCubicWeights(input: number, output: number): Weights {
  const weights = emptyWeights(output, 4);
  const scale = input / output;
  for (let i = 0; i < output; i++) {
    const at = (i + 0.5) * scale - 0.5;
    const left = Math.floor(at);
    const first = Math.min(Math.max(left - 1, 0), input - 1);
    const last = Math.min(Math.max(left + 2, 0), input - 1);
    weights.start[i] = first;
    weights.count[i] = last - first + 1;
    for (let t = left - 1; t <= left + 2; t++) {
      weights.values[i * 4 + Math.min(Math.max(t, 0), input - 1) - first]! += keys(t - at, -0.75);
    }
  }
  return weights;
}

/**
 * Four taps of cubic convolution with a = -0.5 at half-pixel positions as `tf.image.resize(method='bicubic')` computes
 * them: taps beyond the edge are dropped and the rest renormalised, positions are rounded to 1/1024 of a sample.
 */
export function tensorflowCubicWeights(input: number, output: number): Weights {
  const weights = emptyWeights(output, 4);
  const scale = Math.fround(input / output);
  for (let i = 0; i < output; i++) {
    const at = Math.fround(Math.fround(Math.fround(i + 0.5) * scale) - 0.5);
    const left = Math.floor(at);
    const offset = Math.round((at - left) * 1024) / 1024;
    const first = Math.max(0, left - 1);
    const last = Math.min(input - 1, left + 2);
    let total = 0;
    for (let t = first; t <= last; t++) {
      const weight = keys(t - left - offset, -0.5);
      weights.values[i * 4 + t - first] = weight;
      total += weight;
    }
    for (let t = 0; t <= last - first; t++) weights.values[i * 4 + t]! /= total;
    weights.start[i] = first;
    weights.count[i] = last - first + 1;
  }
  return weights;
}

/** One tap each, at `floor((i + 0.5) * scale)`: Pillow's NEAREST, OpenCV's INTER_NEAREST_EXACT. */
export function nearestWeights(grid: AxisGrid): Weights {
  const weights = emptyWeights(grid.count, 1);
  for (let i = 0; i < grid.count; i++) {
    const at = Math.floor(grid.origin + (i + 0.5) * grid.scale);
    weights.start[i] = Math.min(Math.max(at, 0), grid.input - 1);
    weights.count[i] = 1;
    weights.values[i] = 1;
  }
  return weights;
}

function emptyWeights(size: number, taps: number): Weights {
  return {
    size,
    taps,
    start: new Int32Array(size),
    count: new Int32Array(size),
    values: new Float64Array(size * taps),
  };
}
