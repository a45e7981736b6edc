import { errors } from '../errors.ts';
import { type Box, checkSize, type Picture } from './picture.ts';
import { type Kernel, kernelWeights, nearestWeights, type Weights } from './weights.ts';

/** Filter that a picture is resized with, as Pillow names them. */
export type Interpolation = 'nearest' | Kernel;

/** All filters, from the coarsest to the sharpest. */
export const INTERPOLATIONS: readonly Interpolation[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];

/** Fixed-point bits of a weight in Pillow: 32 of an int, less 8 of a byte, less 2 for overshoot. */
const PRECISION_BITS = 22;

/**
 * Resizes a picture the way Pillow 13's `Image.resize` does, to the last bit: antialiased when shrinking, 22-bit
 * fixed-point weights, each pass rounded to 8 bits, the horizontal one first unless the height shrinks much more than
 * the width (Pillow before 13: always; the results differ by a rounding then). Most image models were trained behind it.
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
  if (interpolation !== 'nearest' && !INTERPOLATIONS.includes(interpolation))
    throw errors.unknownInterpolation(interpolation, INTERPOLATIONS);
  checkSize(width, height);
  const axis = (input: number, output: number, from: number, to: number): Weights | null => {
    if (input === output) return null;
    const scale = input / output;
    const grid = { input, count: to - from, scale, origin: from * scale };
    return interpolation === 'nearest' ? nearestWeights(grid) : kernelWeights(grid, interpolation);
  };
  const columns = axis(picture.width, width, window.x0, window.x1);
  const rows = axis(picture.height, height, window.y0, window.y1);
  if (interpolation === 'nearest') return picked(picture, columns, rows, window);
  // What the second pass reads of the first one's result: rows or columns outside need not be made.
  const [left, right] = columns ? reach(columns) : [window.x0, window.x1];
  const [top, bottom] = rows ? reach(rows) : [window.y0, window.y1];

  const shrinksMoreInHeight = height < picture.height && picture.height - height > 2 * (picture.width - width);
  let area: Area = { data: picture.data, stride: picture.width, left: 0, top: 0 };
  if (columns && !(rows && shrinksMoreInHeight)) {
    area = horizontal(area, top, bottom, columns, window.x0);
    if (rows) area = vertical(area, window.x0, window.x1, rows, window.y0);
  } else if (rows) {
    area = vertical(area, left, right, rows, window.y0);
    if (columns) area = horizontal(area, window.y0, window.y1, columns, window.x0);
  }
  return { ...picture, width: window.x1 - window.x0, height: window.y1 - window.y0, data: cut(area, window) };
}

/** A pixel of the picture for each of the target's: nothing is summed. Null: an axis of the same length. */
function picked(picture: Picture, columns: Weights | null, rows: Weights | null, { x0, y0, x1, y1 }: Box): Picture {
  const [width, height] = [x1 - x0, y1 - y0];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = (rows ? rows.start[y]! : y0 + y) * picture.width;
    for (let x = 0; x < width; x++, to += 3) {
      const from = (row + (columns ? columns.start[x]! : x0 + x)) * 3;
      data[to] = picture.data[from]!;
      data[to + 1] = picture.data[from + 1]!;
      data[to + 2] = picture.data[from + 2]!;
    }
  }
  return { ...picture, width, height, data };
}

/** RGB rows of `stride` pixels; the first pixel has the coordinates `left`, `top`. */
interface Area {
  data: Uint8Array;
  stride: number;
  left: number;
  top: number;
}

/** First input sample that is read, and one past the last. */
function reach(weights: Weights): [number, number] {
  const last = weights.size - 1;
  return [weights.start[0]!, weights.start[last]! + weights.count[last]!];
}

/** A weight in Pillow's fixed point, rounded half away from zero. */
function fixedPoint(weight: number): number {
  const value = weight * (1 << PRECISION_BITS);
  return Math.trunc(value < 0 ? value - 0.5 : value + 0.5);
}

const HALF = 1 << (PRECISION_BITS - 1);

/** Taps are taken four at a time: the sums stay in registers, and a loop of its own for each sample's few taps is saved. */
const GROUP = 4;

/** Weights as rows of whole groups, in fixed point; what was added weighs nothing. */
function grouped(weights: Weights): { stride: number; fixed: Int32Array } {
  const { size, taps, count, values } = weights;
  const most = count.reduce((a, b) => Math.max(a, b), 0);
  const stride = Math.ceil(most / GROUP) * GROUP;
  const fixed = new Int32Array(size * stride);
  for (let i = 0; i < size; i++)
    for (let t = 0; t < count[i]!; t++) fixed[i * stride + t] = fixedPoint(values[i * taps + t]!);
  return { stride, fixed };
}

/** Rows `from … to - 1` of an area resampled along x; the first new column is called `left`. */
function horizontal(area: Area, from: number, to: number, columns: Weights, left: number): Area {
  const { size, start } = columns;
  const { stride, fixed } = grouped(columns);
  // Each row is copied behind which zeros stand: the added taps of the last samples read past its end.
  const [begin, end] = reach(columns);
  const row = new Uint8Array((end - begin + stride) * 3);
  // A clamped array saturates what the kernels overshoot.
  const out = new Uint8ClampedArray((to - from) * size * 3);
  let o = 0;
  for (let y = from; y < to; y++) {
    const origin = ((y - area.top) * area.stride - area.left) * 3;
    row.set(area.data.subarray(origin + begin * 3, origin + end * 3));
    for (let x = 0, k = 0; x < size; x++) {
      let at = (start[x]! - begin) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (const stop = k + stride; k < stop; k += GROUP, at += GROUP * 3) {
        const a = fixed[k]!;
        const b = fixed[k + 1]!;
        const c = fixed[k + 2]!;
        const d = fixed[k + 3]!;
        red =
          (red +
            Math.imul(row[at]!, a) +
            Math.imul(row[at + 3]!, b) +
            Math.imul(row[at + 6]!, c) +
            Math.imul(row[at + 9]!, d)) |
          0;
        green =
          (green +
            Math.imul(row[at + 1]!, a) +
            Math.imul(row[at + 4]!, b) +
            Math.imul(row[at + 7]!, c) +
            Math.imul(row[at + 10]!, d)) |
          0;
        blue =
          (blue +
            Math.imul(row[at + 2]!, a) +
            Math.imul(row[at + 5]!, b) +
            Math.imul(row[at + 8]!, c) +
            Math.imul(row[at + 11]!, d)) |
          0;
      }
      out[o] = red >> PRECISION_BITS;
      out[o + 1] = green >> PRECISION_BITS;
      out[o + 2] = blue >> PRECISION_BITS;
      o += 3;
    }
  }
  return { data: new Uint8Array(out.buffer), stride: size, left, top: from };
}

/** Columns `from … to - 1` of an area resampled along y; the first new row is called `top`. */
function vertical(area: Area, from: number, to: number, rows: Weights, top: number): Area {
  const { data } = area;
  const length = (to - from) * 3;
  const { stride, fixed } = grouped(rows);
  const out = new Uint8ClampedArray(rows.size * length);
  const sums = new Int32Array(length);
  for (let y = 0; y < rows.size; y++) {
    sums.fill(HALF);
    const count = rows.count[y]!;
    // A tap that was added reads the last row there is.
    const offset = (tap: number) =>
      ((rows.start[y]! + Math.min(tap, count - 1) - area.top) * area.stride + from - area.left) * 3;
    for (let t = 0, k = y * stride; t < count; t += GROUP, k += GROUP) {
      const a = fixed[k]!;
      const b = fixed[k + 1]!;
      const c = fixed[k + 2]!;
      const d = fixed[k + 3]!;
      const fromA = offset(t);
      const fromB = offset(t + 1);
      const fromC = offset(t + 2);
      const fromD = offset(t + 3);
      for (let i = 0; i < length; i++)
        sums[i] =
          (sums[i]! +
            Math.imul(data[fromA + i]!, a) +
            Math.imul(data[fromB + i]!, b) +
            Math.imul(data[fromC + i]!, c) +
            Math.imul(data[fromD + i]!, d)) |
          0;
    }
    const to = y * length;
    for (let i = 0; i < length; i++) out[to + i] = sums[i]! >> PRECISION_BITS;
  }
  return { data: new Uint8Array(out.buffer), stride: to - from, left: from, top };
}

function cut(area: Area, window: Box): Uint8Array {
  const width = window.x1 - window.x0;
  const height = window.y1 - window.y0;
  const whole = area.left === window.x0 && area.top === window.y0 && area.stride === width;
  if (whole && area.data.length === width * height * 3) return area.data;
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((y + window.y0 - area.top) * area.stride + window.x0 - area.left) * 3;
    out.set(area.data.subarray(from, from + width * 3), y * width * 3);
  }
  return out;
}
