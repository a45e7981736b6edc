/** The largest difference, as a share of the largest value; infinite where there are not as many of both. */
export function largestDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  const all = Array.from(expected);
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return all.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0) / largest;
}
