/**
 * p-values corrected for many comparisons (S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statistics 6, 1979):
 * the k-th smallest of m times m − k + 1, not below a smaller one's, at most 1. NaN stays NaN and is no comparison.
 */
export function holm(values: readonly number[]): readonly number[] {
  const order = values.map((_, i) => i).filter((i) => !Number.isNaN(values[i]!));
  order.sort((x, y) => values[x]! - values[y]!);
  const corrected = values.map(() => Number.NaN);
  let before = 0;
  order.forEach((i, k) => {
    before = Math.max(before, Math.min(1, values[i]! * (order.length - k)));
    corrected[i] = before;
  });
  return corrected;
}
