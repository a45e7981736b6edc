import { binomialTail } from '../findings/statistics/tails.ts';
import { type Estimate, undefinedFor } from '../metrics/estimate.ts';
import { wilson } from '../metrics/wilson.ts';

/** The same pictures decided twice. */
export interface Paired {
  /** Right (or positive) in both, only in A, only in B, in neither. */
  readonly both: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly neither: number;
}

/**
 * McNemar's exact test: the probability, if neither is better, that the pictures on which they differ fall apart at least as unevenly: twice
 * the smaller tail of Binomial(onlyA + onlyB, ½), at most 1 (Q. McNemar 1947; exact form as statsmodels'). 1 where no picture differs.
 */
export function mcnemar({ onlyA, onlyB }: Pick<Paired, 'onlyA' | 'onlyB'>): number {
  return Math.min(1, 2 * binomialTail(Math.max(onlyA, onlyB), onlyA + onlyB, 0.5));
}

/**
 * Difference of two proportions of the same pictures, B − A, with its 95 % interval (R. Newcombe, "Improved confidence intervals for the
 * difference between binomial proportions based on paired data", Statistics in Medicine 17, 1998, method 10): the Wilson intervals of both,
 * added as squares with the correlation φ of the two decisions, its numerator corrected for continuity.
 */
export function pairedDifference({ both, onlyA, onlyB, neither }: Paired): Estimate {
  const n = both + onlyA + onlyB + neither;
  if (n === 0) return undefinedFor('There is no such picture in both runs.');
  const a = wilson(both + onlyA, n, '');
  const b = wilson(both + onlyB, n, '');
  const root = Math.sqrt((both + onlyA) * (onlyB + neither)) * Math.sqrt((both + onlyB) * (onlyA + neither));
  const product = both * neither - onlyA * onlyB;
  const phi = root === 0 ? 0 : (product > 0 ? Math.max(product - n / 2, 0) : product) / root;
  const reach = (x: number, y: number) => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));
  const value = (onlyB - onlyA) / n;
  return {
    value,
    low: Math.max(-1, value - reach(b.value - b.low, a.high - a.value)),
    high: Math.min(1, value + reach(b.high - b.value, a.value - a.low)),
  };
}
