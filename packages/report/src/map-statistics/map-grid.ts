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
export function decodeGrid(grid: string): Uint8Array {
  const letters = atob(grid);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += LETTERS[word >> 18]! + LETTERS[(word >> 12) & 63]!;
    text += left > 1 ? LETTERS[(word >> 6) & 63]! : '=';
    text += left > 2 ? LETTERS[word & 63]! : '=';
  }
  return text;
}
