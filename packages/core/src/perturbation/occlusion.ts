import { errors } from '../errors.ts';
import type { Box } from '../picture/picture.ts';
import { checkSize } from '../picture/picture.ts';

export interface OcclusionOptions {
  /** Height and width of the window in pixels; larger than the picture means the whole picture. */
  readonly window: readonly [height: number, width: number];
  /** Pixels from one window to the next, down and across; at most the window, so that nothing is left out. */
  readonly stride: readonly [down: number, across: number];
}

/**
 * The windows of an occlusion run, row by row. Each pixel lies in at least one: the last window of a row or column is the first that
 * reaches the border, cut off there (as captum does); windows that begin further on would only repeat a part of it.
 *
 * M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
 * @throws SeewhyError `SIZE_INVALID`, `NUMBER_INVALID`
 */
export function occlusionWindows(height: number, width: number, { window, stride }: OcclusionOptions): Box[] {
  checkSize(width, height);
  const rows = starts('height', height, window[0], stride[0]);
  const columns = starts('width', width, window[1], stride[1]);
  const boxes: Box[] = [];
  for (const y0 of rows) {
    for (const x0 of columns)
      boxes.push({ x0, y0, x1: Math.min(x0 + window[1], width), y1: Math.min(y0 + window[0], height) });
  }
  return boxes;
}

function starts(side: string, length: number, window: number, stride: number): number[] {
  if (!(Number.isInteger(window) && window >= 1))
    throw errors.numberInvalid(`window ${side}`, window, 'a whole number of pixels, at least 1');
  if (!(Number.isInteger(stride) && stride >= 1 && stride <= window))
    throw errors.numberInvalid(
      `stride (${side})`,
      stride,
      `a whole number from 1 to the window's ${side} of ${window} pixels: a larger one leaves pixels out`,
    );
  const count = Math.max(0, Math.ceil((length - window) / stride)) + 1;
  return Array.from({ length: count }, (_, i) => i * stride);
}

/** How many of the windows cover each pixel, `[H, W]`. */
export function windowCoverage(height: number, width: number, windows: readonly Box[]): Float64Array {
  return accumulate(height, width, windows, new Float64Array(windows.length).fill(1));
}

/**
 * Occlusion map `[H, W]`: each pixel gets the mean of the values of the windows that cover it, 0 where none does (an interrupted run).
 * @param values one a window: the score of the picture minus the score with the window filled
 * @throws SeewhyError `LENGTH_INVALID`
 */
export function accumulateOcclusion(
  height: number,
  width: number,
  windows: readonly Box[],
  values: ArrayLike<number>,
): Float64Array {
  if (values.length !== windows.length) throw errors.lengthInvalid('The list of scores', values.length, windows.length);
  const map = accumulate(height, width, windows, values);
  const coverage = windowCoverage(height, width, windows);
  for (let i = 0; i < map.length; i++) map[i]! /= coverage[i]! || 1;
  return map;
}

/** Sums of the values of all windows over each pixel. */
function accumulate(height: number, width: number, windows: readonly Box[], values: ArrayLike<number>): Float64Array {
  const map = new Float64Array(height * width);
  for (let w = 0; w < windows.length; w++) {
    const { x0, x1, y0, y1 } = windows[w]!;
    const value = values[w]!;
    for (let y = y0; y < y1; y++) {
      const end = y * width + x1;
      for (let i = y * width + x0; i < end; i++) map[i]! += value;
    }
  }
  return map;
}
