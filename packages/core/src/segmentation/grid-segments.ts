import { errors } from '../errors.ts';
import { checkSize } from '../picture/picture.ts';
import type { Segmentation } from './segmentation.ts';

/**
 * Rectangles in rows and columns whose sides differ by at most one pixel; numbered row by row.
 * @param rows 1 … height
 * @param columns 1 … width
 * @throws SeewhyError `SIZE_INVALID`, `NUMBER_INVALID`
 */
export function gridSegments(height: number, width: number, rows: number, columns: number): Segmentation {
  checkSize(width, height);
  if (!(Number.isInteger(rows) && rows >= 1 && rows <= height))
    throw errors.numberInvalid('rows', rows, `a whole number from 1 to the ${height} pixels of the height`);
  if (!(Number.isInteger(columns) && columns >= 1 && columns <= width))
    throw errors.numberInvalid('columns', columns, `a whole number from 1 to the ${width} pixels of the width`);
  const labels = new Int32Array(height * width);
  for (let y = 0; y < height; y++) {
    const first = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++) labels[y * width + x] = first + Math.floor((x * columns) / width);
  }
  return { height, width, labels, count: rows * columns };
}
