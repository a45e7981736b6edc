import { fromBase64, toBase64 } from '../base64.ts';
import { boxAverage } from './box-average.ts';

/** Cells a side of {@link encodeGrid}. */
export const GRID = 16;

/**
 * A map's positive part averaged by area to 16 × 16 cells, each 0..255 of the largest cell (rounded), row by row, as base64: small enough
 * to lie beside every picture, fine enough to tell where maps differ. A map with nothing positive has 256 zeros.
 * @param positive `height × width` values of at least 0
 */
export function encodeGrid(positive: ArrayLike<number>, width: number, height: number): string {
  const cells = boxAverage(positive, width, height, GRID, GRID);
  let largest = 0;
  for (const cell of cells) if (cell > largest) largest = cell;
  const bytes = new Uint8Array(cells.length);
  if (largest > 0) for (let i = 0; i < cells.length; i++) bytes[i] = Math.round((255 * cells[i]!) / largest);
  return toBase64(bytes);
}

/** The 256 bytes of a grid made by {@link encodeGrid}. */
export const decodeGrid = (grid: string): Uint8Array => fromBase64(grid);
