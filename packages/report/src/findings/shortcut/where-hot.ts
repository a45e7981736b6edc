import { CELLS } from '../../map-statistics/grid-parts.ts';
import { GRID } from '../../map-statistics/map-grid.ts';
import { mapRecordOf } from '../../map-statistics/map-record-of.ts';
import type { Look } from './look.ts';

const CORNERS = ['upper left', 'upper right', 'lower left', 'lower right'] as const;

/** Mean of the maps. */
export function meanMass(looks: readonly Look[]): Float64Array {
  const sum = new Float64Array(CELLS);
  for (const { mass } of looks) for (let i = 0; i < CELLS; i++) sum[i]! += mass[i]! / looks.length;
  return sum;
}

/** Where the maps lie together, to follow a noun: ` in the lower right corner`; nothing where they have no place in common. */
export const whereHot = (looks: readonly Look[]): string => whereIs(Float32Array.from(meanMass(looks)));

/** The same of one map of 16 × 16 cells. */
export function whereIs(mass: Float32Array): string {
  const { corners, quadrants, border } = mapRecordOf({ width: GRID, height: GRID, data: mass });
  const corner = corners.findIndex((share) => share >= 0.4);
  if (corner >= 0) return ` in the ${CORNERS[corner]} corner`;
  const quadrant = quadrants.findIndex((share) => share >= 0.6);
  if (quadrant >= 0) return ` in the ${CORNERS[quadrant]}`;
  return border >= 0.65 ? ' along the border' : '';
}
