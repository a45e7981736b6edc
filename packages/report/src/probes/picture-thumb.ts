import type { Picture } from '@seewhy/core';
import { boxAverage } from '../map-statistics/box-average.ts';
import { GRID, toBase64 } from '../map-statistics/map-grid.ts';

/** How much the fourth value of a cell is spread: an edge strength of 64 a pixel is as strong as it gets. */
const EDGE_GAIN = 4;

/**
 * A picture in 16 × 16 cells of four bytes, row by row: mean R, G, B, and how much is drawn there: four times the mean of
 * (|∂x luma| + |∂y luma|) / 2 (differences to the next pixel), at most 255. As base64, 1,368 letters.
 * @param picture what the model saw
 */
export function encodeThumb(picture: Picture): string {
  const { width, height, data } = picture;
  const planes = [0, 1, 2, 3].map(() => new Float32Array(width * height));
  const luma = new Float32Array(width * height);
  for (let i = 0; i < luma.length; i++) {
    for (let c = 0; c < 3; c++) planes[c]![i] = data[i * 3 + c]!;
    luma[i] = 0.299 * data[i * 3]! + 0.587 * data[i * 3 + 1]! + 0.114 * data[i * 3 + 2]!;
  }
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const across = x + 1 < width ? Math.abs(luma[i + 1]! - luma[i]!) : 0;
      const down = y + 1 < height ? Math.abs(luma[i + width]! - luma[i]!) : 0;
      planes[3]![i] = EDGE_GAIN * 0.5 * (across + down);
    }
  }
  const cells = planes.map((plane) => boxAverage(plane, width, height, GRID, GRID));
  const bytes = new Uint8Array(GRID * GRID * 4);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.min(255, Math.round(cells[i % 4]![i >> 2]!));
  return toBase64(bytes);
}
