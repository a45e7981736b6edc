import type { MapRecord } from '../audit-record.ts';

const percent = (share: number) => `${Math.round(share * 100)} %`;
const QUADRANTS = ['upper left', 'upper right', 'lower left', 'lower right'] as const;

/**
 * Where the mass of a map lies, in the fewest words that are true: "64 % of its mass in the lower right corner". The first that holds:
 * nothing positive, the same everywhere, half or more in one corner, three quarters or more along the border, half or more in one quadrant,
 * 70 % or more in one half, 85 % or more away from the border, else spread.
 */
export function whereOf(map: Pick<MapRecord, 'quadrants' | 'corners' | 'border' | 'empty' | 'flat'>): string {
  if (map.empty) return 'empty, nothing in it is positive';
  if (map.flat) return 'the same everywhere';
  const [ul, ur, ll, lr] = map.quadrants;
  const places: readonly (readonly (readonly [share: number, least: number, place: string])[])[] = [
    map.corners.map((share, i) => [share, 0.5, `in the ${QUADRANTS[i]} corner`] as const),
    [[map.border, 0.75, 'along the border']],
    map.quadrants.map((share, i) => [share, 0.5, `in the ${QUADRANTS[i]}`] as const),
    [
      [ul + ur, 0.7, 'in the upper half'],
      [ll + lr, 0.7, 'in the lower half'],
      [ul + ll, 0.7, 'in the left half'],
      [ur + lr, 0.7, 'in the right half'],
    ],
    [[1 - map.border, 0.85, 'around the middle, away from the border']],
  ];
  for (const kind of places) {
    const [share, least, place] = kind.reduce((best, other) => (other[0] > best[0] ? other : best));
    if (share >= least) return `${percent(share)} of its mass ${place}`;
  }
  return 'its mass spread over the picture';
}
