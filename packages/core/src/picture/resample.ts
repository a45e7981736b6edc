import type { Box, Picture } from './picture.ts';
import { type Kernel, kernelWeights, nearestWeights, type Weights } from './weights.ts';

export type Interpolation = 'nearest' | Kernel;

export const INTERPOLATIONS: readonly Interpolation[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];

/** Fixed-point bits of a weight in Pillow: 32 of an int, less 8 of a byte, less 2 for overshoot. */
const PRECISION_BITS = 22;

/**
 * Resizes a picture the way Pillow's `Image.resize` does, to the last bit: antialiased when shrinking, horizontal pass
 * first, 22-bit fixed-point weights, each pass rounded to 8 bits. Most image models were trained behind it.
 *
 * @param width target width in pixels
 * @param height target height in pixels
 * @param interpolation Pillow's kernels by name (default `bilinear`)
 * @param window only this part of the target is computed and returned (default all of it): a centre crop costs only
 *   what it shows. It must lie inside the target.
 */
export function resamplePicture(
  picture: Picture,
  width: number,
  height: number,
  interpolation: Interpolation = 'bilinear',
  window: Box = { x0: 0, y0: 0, x1: width, y1: height },
): Picture {
  const size = { width: window.x1 - window.x0, height: window.y1 - window.y0 };
  const axis = (input: number, output: number, from: number, count: number): Weights => {
    const scale = input / output;
    const grid = { input, count, scale, origin: from * scale };
    return interpolation === 'nearest' ? nearestWeights(grid) : kernelWeights(grid, interpolation);
  };
  let { data } = picture;
  let stride = picture.width;
  let top = 0;
  let left = window.x0;
  const rows = height === picture.height ? null : axis(picture.height, height, window.y0, size.height);
  if (width !== picture.width) {
    // Only the rows that the second pass reads.
    const first = rows ? rows.start[0]! : window.y0;
    const end = rows ? rows.start[rows.size - 1]! + rows.count[rows.size - 1]! : window.y1;
    data = horizontal(data, stride, first, end, axis(picture.width, width, left, size.width));
    stride = size.width;
    top = first;
    left = 0;
  }
  const out = rows
    ? vertical(data, stride, left, size.width, top, rows)
    : cut(data, stride, left, window.y0 - top, size);
  return { ...picture, ...size, data: out };
}

/** Weights in Pillow's fixed point, rounded half away from zero. */
function fixedPoint(weights: Weights): Int32Array {
  const fixed = new Int32Array(weights.values.length);
  for (let i = 0; i < fixed.length; i++) {
    const value = weights.values[i]! * (1 << PRECISION_BITS);
    fixed[i] = value < 0 ? Math.trunc(value - 0.5) : Math.trunc(value + 0.5);
  }
  return fixed;
}

/** Rows `first … end - 1` of RGB data of `stride` pixels a row, resampled along x. */
function horizontal(data: Uint8Array, stride: number, first: number, end: number, columns: Weights): Uint8Array {
  const { size, taps, start, count } = columns;
  const fixed = fixedPoint(columns);
  const half = 1 << (PRECISION_BITS - 1);
  // A clamped array saturates what the kernels overshoot.
  const out = new Uint8ClampedArray((end - first) * size * 3);
  let o = 0;
  for (let y = first; y < end; y++) {
    const row = y * stride * 3;
    for (let x = 0; x < size; x++) {
      let at = row + start[x]! * 3;
      let red = half;
      let green = half;
      let blue = half;
      const stop = x * taps + count[x]!;
      for (let k = x * taps; k < stop; k++) {
        const weight = fixed[k]!;
        red = (red + Math.imul(data[at]!, weight)) | 0;
        green = (green + Math.imul(data[at + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[at + 2]!, weight)) | 0;
        at += 3;
      }
      out[o] = red >> PRECISION_BITS;
      out[o + 1] = green >> PRECISION_BITS;
      out[o + 2] = blue >> PRECISION_BITS;
      o += 3;
    }
  }
  return new Uint8Array(out.buffer);
}

/** RGB data whose row 0 is input row `top`, resampled along y; `width` columns from `left` on are kept. */
function vertical(
  data: Uint8Array,
  stride: number,
  left: number,
  width: number,
  top: number,
  rows: Weights,
): Uint8Array {
  const fixed = fixedPoint(rows);
  const out = new Uint8ClampedArray(rows.size * width * 3);
  const sums = new Int32Array(width * 3);
  for (let y = 0; y < rows.size; y++) {
    sums.fill(1 << (PRECISION_BITS - 1));
    for (let t = 0; t < rows.count[y]!; t++) {
      const weight = fixed[y * rows.taps + t]!;
      const from = ((rows.start[y]! + t - top) * stride + left) * 3;
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i]! + Math.imul(data[from + i]!, weight)) | 0;
    }
    const to = y * width * 3;
    for (let i = 0; i < sums.length; i++) out[to + i] = sums[i]! >> PRECISION_BITS;
  }
  return new Uint8Array(out.buffer);
}

function cut(data: Uint8Array, stride: number, left: number, top: number, size: { width: number; height: number }) {
  const out = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y++) {
    const from = ((y + top) * stride + left) * 3;
    out.set(data.subarray(from, from + size.width * 3), y * size.width * 3);
  }
  return out;
}
