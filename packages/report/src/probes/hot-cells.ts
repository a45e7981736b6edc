import { CELLS } from '../map-statistics/grid-parts.ts';
import { GRID } from '../map-statistics/map-grid.ts';

const MOST = CELLS / 4;

/**
 * The cells a map points at: its strongest, as few as hold half of its mass, at most a quarter of the picture; of equal cells the first in
 * reading order.
 * @param grid 256 values of at least 0 (`decodeGrid`)
 * @returns 256 values, 1 = hot; undefined where the map is empty
 */
export function hotCells(grid: ArrayLike<number>): Uint8Array | undefined {
  let total = 0;
  for (let i = 0; i < CELLS; i++) total += grid[i]!;
  if (total === 0) return undefined;
  const order = Array.from({ length: CELLS }, (_, i) => i).sort((a, b) => grid[b]! - grid[a]! || a - b);
  const hot = new Uint8Array(CELLS);
  let held = 0;
  for (let i = 0; i < MOST && 2 * held < total; i++) {
    hot[order[i]!] = 1;
    held += grid[order[i]!]!;
  }
  return hot;
}

/**
 * The control of {@link hotCells}: the same shape moved (beyond one edge it comes in at the other) to where the map is weakest; of equally
 * weak places the nearest, then the first in reading order.
 * @param object cells (not 0) to keep clear of as far as possible, before the map is asked: what matters there is no control
 */
export function coldCells(grid: ArrayLike<number>, hot: Uint8Array, object?: Uint8Array): Uint8Array {
  const places = Array.from(hot.keys()).filter((i) => hot[i] === 1);
  let best = { held: CELLS, mass: Number.POSITIVE_INFINITY, away: 0, shift: 0 };
  for (let shift = 0; shift < CELLS; shift++) {
    let mass = 0;
    let held = 0;
    for (const place of places) {
      mass += grid[moved(place, shift)]!;
      if (object?.[moved(place, shift)]) held++;
    }
    const dy = Math.floor(shift / GRID);
    const dx = shift % GRID;
    const away = Math.min(dx, GRID - dx) ** 2 + Math.min(dy, GRID - dy) ** 2;
    const less = held - best.held || mass - best.mass || away - best.away;
    if (less < 0) best = { held, mass, away, shift };
  }
  const cold = new Uint8Array(CELLS);
  for (const place of places) cold[moved(place, best.shift)] = 1;
  return cold;
}

const moved = (place: number, shift: number) =>
  ((Math.floor(place / GRID) + Math.floor(shift / GRID)) % GRID) * GRID + ((place + shift) % GRID);
