import { erfc } from '../../metrics/normal.ts';
import { quantile } from '../statistics/quantile.ts';
import { rankCorrelation } from '../statistics/ranks.ts';

/** Pictures of one label: fewer have no order. */
export const LEAST_GROUP = 4;

/** How much of something a picture shows, and the log-odds of the class. */
export interface Shown {
  readonly shown: number;
  readonly odds: number;
}

/** One-sided p of a standard normal number. */
export const tail = (z: number): number => erfc(z / Math.SQRT2) / 2;

/**
 * Of what is shown and log-odds within each of some groups: the mean correlation, weighted by the numbers, and its z.
 * @param correlate by ranks, or by another measure with a variance of 1 / (n − 1) where nothing goes with nothing
 */
export function correlationOf(
  groups: readonly (readonly Shown[])[],
  correlate: typeof rankCorrelation = rankCorrelation,
): { readonly rho: number; readonly z: number } {
  let [sum, weight] = [0, 0];
  for (const group of groups) {
    if (group.length < LEAST_GROUP) continue;
    const rho = correlate(
      group.map(({ shown }) => shown),
      group.map(({ odds }) => odds),
    );
    if (rho === undefined) continue;
    sum += rho * (group.length - 1);
    weight += group.length - 1;
  }
  return weight > 0 ? { rho: sum / weight, z: sum / Math.sqrt(weight) } : { rho: 0, z: 0 };
}

/** Median log-odds of the third that shows most of it less those of the third that shows least. */
export function risesBy(pictures: readonly Shown[]): number {
  const sorted = pictures.toSorted((a, b) => a.shown - b.shown);
  const third = Math.floor(sorted.length / 3);
  const median = (some: readonly Shown[]) => quantile(some.map(({ odds }) => odds));
  return median(sorted.slice(-third)) - median(sorted.slice(0, third));
}
