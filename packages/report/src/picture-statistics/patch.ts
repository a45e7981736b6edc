import type { Picture } from '@seewhy/core';
import { toBase64 } from '../base64.ts';
import { boxAverage } from '../map-statistics/box-average.ts';

/** Cells a side. */
const PATCH = 8;

/**
 * What lies around a place: a square of a quarter of the shorter side (at least one pixel) whose middle is as near to the place as the
 * picture's edges allow, averaged by area to 8 × 8 cells of R, G, B, row by row, as base64.
 * @param picture what the model saw
 * @param at shares of width and height
 */
export function patchAt(
  { width, height, data }: Pick<Picture, 'width' | 'height' | 'data'>,
  [x, y]: readonly [x: number, y: number],
): string {
  const side = Math.max(1, Math.round(Math.min(width, height) / 4));
  const from = (place: number, size: number) => Math.max(0, Math.min(size - side, Math.round(place * size - side / 2)));
  const [left, top] = [from(x, width), from(y, height)];
  const planes = [0, 1, 2].map(() => new Float32Array(side * side));
  for (let row = 0, i = 0; row < side; row++)
    for (let column = 0; column < side; column++, i++) {
      const pixel = ((top + row) * width + left + column) * 3;
      for (let c = 0; c < 3; c++) planes[c]![i] = data[pixel + c]!;
    }
  const cells = planes.map((plane) => boxAverage(plane, side, side, PATCH, PATCH));
  return toBase64(
    Uint8Array.from({ length: PATCH * PATCH * 3 }, (_, i) => Math.round(cells[i % 3]![Math.floor(i / 3)]!)),
  );
}
