import type { Picture } from '@seewhy/core';
import { boxAverage } from '../map-statistics/box-average.ts';

/** Cells: each row of nine gives eight comparisons. */
const COLUMNS = 9;
const ROWS = 8;

/**
 * Difference hash of a picture: averaged by area to 9 × 8 cells of luma, a bit for each cell that is brighter than its left neighbour, row by
 * row, the first bit the highest; 16 hexadecimal digits. Another size, a little noise or other compression change few bits (N. Krawetz,
 * "Kind of like that", 2013).
 * @param picture what the model saw
 */
export function fingerprintOf({ width, height, data }: Pick<Picture, 'width' | 'height' | 'data'>): string {
  const luma = new Float32Array(width * height);
  for (let i = 0, from = 0; i < luma.length; i++, from += 3)
    luma[i] = 0.299 * data[from]! + 0.587 * data[from + 1]! + 0.114 * data[from + 2]!;
  const cells = boxAverage(luma, width, height, COLUMNS, ROWS);
  let digits = '';
  for (let row = 0; row < ROWS; row++) {
    let byte = 0;
    for (let column = 1; column < COLUMNS; column++) {
      const at = row * COLUMNS + column;
      // Less than a thousandth of a step is rounding, not drawing: a picture of one colour has no bits.
      byte = byte * 2 + (cells[at]! - cells[at - 1]! > 1e-3 ? 1 : 0);
    }
    digits += byte.toString(16).padStart(2, '0');
  }
  return digits;
}
