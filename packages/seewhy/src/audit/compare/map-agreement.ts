import type { HeatMap } from '@seewhy/core';
import { boxAverage } from '@seewhy/report';

const CELLS = 16;

/** Pearson's correlation of two maps averaged to 16 × 16 cells; null where one of them is constant or not finite. */
export function mapAgreement(a: HeatMap, b: HeatMap): number | null {
  const [x, y] = [a, b].map(({ data, width, height }) => centred(boxAverage(data, width, height, CELLS, CELLS)));
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x!.length; i++) {
    xy += x![i]! * y![i]!;
    xx += x![i]! ** 2;
    yy += y![i]! ** 2;
  }
  // Rounding of equal cells is no variation.
  if (!(xx > 1e-18 && yy > 1e-18)) return null;
  return Math.min(1, Math.max(-1, xy / Math.sqrt(xx * yy)));
}

function centred(cells: Float64Array): Float64Array {
  const mean = cells.reduce((sum, cell) => sum + cell, 0) / cells.length;
  return cells.map((cell) => cell - mean);
}
