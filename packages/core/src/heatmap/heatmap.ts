import type { Box } from '../picture/picture.ts';

/** A map of one value a pixel, row by row from the top left. */
export interface HeatMap {
  width: number;
  height: number;
  /** `height * width` values. */
  data: Float32Array;
  /**
   * The pixels the model saw, when the map was placed on a picture of which it saw only a part (centre crop). Outside,
   * `data` is 0 and means nothing. Absent: all of them.
   */
  seen?: Box;
}

/** Smallest and largest finite value; `[0, 0]` where there is none. */
export function rangeOf(data: ArrayLike<number>): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value - value !== 0) continue; // NaN and the infinities
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

/** The `percent`-th percentile of the finite values, linearly interpolated as numpy.percentile does. */
export function percentileOf(data: Float32Array, percent: number): number {
  const sorted = data.filter((value) => Number.isFinite(value)).sort();
  if (sorted.length === 0) return 0;
  const at = ((sorted.length - 1) * percent) / 100;
  const left = Math.floor(at);
  const low = sorted[left]!;
  const high = sorted[Math.min(left + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - left);
}
