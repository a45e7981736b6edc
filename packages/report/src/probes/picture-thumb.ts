import type { Picture } from '@seewhy/core';
import { toBase64 } from '../base64.ts';
import { CELLS } from '../map-statistics/grid-parts.ts';
import { GRID } from '../map-statistics/map-grid.ts';

/** How much the fourth value of a cell is spread: an edge strength of 64 a pixel is as strong as it gets. */
const EDGE_GAIN = 4;

/**
 * A picture in 16 × 16 cells of four bytes, row by row: mean R, G, B, and how much is drawn there: four times the mean of
 * (|∂x luma| + |∂y luma|) / 2 (differences to the next pixel), at most 255. As base64, 1,368 letters.
 * @param picture what the model saw
 */
export function encodeThumb({ width, height, data }: Pick<Picture, 'width' | 'height' | 'data'>): string {
  const across = partsOf(width);
  const down = partsOf(height);
  const cells = new Float64Array(CELLS * 4);
  const row = new Float64Array(GRID * 4);
  // Every picture of an audit goes through here: one walk, no planes in between.
  let luma = lumaOf(data, 0, width);
  for (let y = 0; y < height; y++) {
    const below = y + 1 < height ? lumaOf(data, y + 1, width) : luma;
    row.fill(0);
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const light = luma[x]!;
      const right = x + 1 < width ? Math.abs(luma[x + 1]! - light) : 0;
      const edge = EDGE_GAIN * 0.5 * (right + Math.abs(below[x]! - light));
      for (let part = across.from[x]!; part < across.from[x + 1]!; part++) {
        const cell = across.cells[part]! * 4;
        const share = across.shares[part]!;
        row[cell]! += share * data[at]!;
        row[cell + 1]! += share * data[at + 1]!;
        row[cell + 2]! += share * data[at + 2]!;
        row[cell + 3]! += share * edge;
      }
    }
    for (let part = down.from[y]!; part < down.from[y + 1]!; part++) {
      const share = down.shares[part]!;
      const first = down.cells[part]! * row.length;
      for (let i = 0; i < row.length; i++) cells[first + i]! += share * row[i]!;
    }
    luma = below;
  }
  return toBase64(Uint8Array.from(cells, (value) => Math.min(255, Math.round(value))));
}

function lumaOf(data: Uint8Array, y: number, width: number): Float32Array {
  const luma = new Float32Array(width);
  for (let x = 0, at = y * width * 3; x < width; x++, at += 3)
    luma[x] = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
  return luma;
}

/** Cells of a side that each of `count` pixels lies in, with the share of the cell that it makes up: parts `from[i] … from[i + 1] − 1`. */
function partsOf(count: number): { from: Int32Array; cells: Int32Array; shares: Float64Array } {
  const from = new Int32Array(count + 1);
  const cells: number[] = [];
  const shares: number[] = [];
  for (let i = 0; i < count; i++) {
    // In cells: pixel i reaches from i · GRID / count to (i + 1) · GRID / count. Whole numbers are compared, so that no sliver is left over.
    const last = Math.ceil(((i + 1) * GRID) / count);
    for (let cell = Math.floor((i * GRID) / count); cell < last; cell++) {
      const inside = Math.min((cell + 1) * count, (i + 1) * GRID) - Math.max(cell * count, i * GRID);
      if (inside <= 0) continue;
      cells.push(cell);
      shares.push(inside / count);
    }
    from[i + 1] = cells.length;
  }
  return { from, cells: Int32Array.from(cells), shares: Float64Array.from(shares) };
}
