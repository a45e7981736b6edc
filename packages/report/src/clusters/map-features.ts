import type { MapRecord } from '../audit-record.ts';
import { decodeGrid } from '../map-statistics/map-grid.ts';

/**
 * A map as a point: near points are maps that look at the same place, or at things that look the same.
 *
 * - 256 values: √(share of the mass in each cell). The distance of two maps is then that of Hellinger: 0 for equal ones, √2 where they have no
 *   cell in common.
 * - 6 values, beyond SpRAy: mean and standard deviation of R, G and B (0..1) of the patch that the map points at. A ruler or a sticker moves
 *   about from picture to picture; maps on it have no place in common, but what they show has the same colours. Black against white counts √3.
 */
export function mapFeatures(map: Pick<MapRecord, 'grid' | 'patch'>): Float32Array {
  const grid = decodeGrid(map.grid);
  let total = 0;
  for (const value of grid) total += value;
  const features = new Float32Array(grid.length + 6);
  if (total > 0) for (let i = 0; i < grid.length; i++) features[i] = Math.sqrt(grid[i]! / total);
  const patch = decodeGrid(map.patch);
  const pixels = patch.length / 3;
  for (let c = 0; c < 3 && pixels > 0; c++) {
    let sum = 0;
    let squares = 0;
    for (let i = c; i < patch.length; i += 3) {
      sum += patch[i]! / 255;
      squares += (patch[i]! / 255) ** 2;
    }
    const mean = sum / pixels;
    features[grid.length + c] = mean;
    features[grid.length + 3 + c] = Math.sqrt(Math.max(0, squares / pixels - mean * mean));
  }
  return features;
}
