/**
 * Adjusted p-values for a family of tests (Y. Benjamini, Y. Hochberg, J. R. Stat. Soc. B 57, 1995): calling all those at most q leaves an
 * expected share of at most q false ones among them. `q_(i) = min over j ≥ i of p_(j) m / j`.
 */
export function benjaminiHochberg(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]!);
  const adjusted = new Array<number>(values.length);
  let least = 1;
  order.forEach((i, at) => {
    least = Math.min(least, (values[i]! * values.length) / (values.length - at));
    adjusted[i] = least;
  });
  return adjusted;
}
