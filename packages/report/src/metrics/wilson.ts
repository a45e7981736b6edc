import { type Estimate, undefinedFor } from './estimate.ts';
import { Z95 } from './normal.ts';

/**
 * A proportion and its 95 % score interval (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22,
 * 1927, without continuity correction):
 *
 *     (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n),  p = hits / n
 *
 * It never leaves [0, 1], holds its promise for small n, and is not a single point at 0 of n or n of n.
 * @param reason why there is none, said where n is 0
 */
export function wilson(hits: number, n: number, reason: string): Estimate {
  if (!(n > 0)) return undefinedFor(reason);
  const p = hits / n;
  const square = Z95 * Z95;
  const middle = p + square / (2 * n);
  const reach = Z95 * Math.sqrt((p * (1 - p)) / n + square / (4 * n * n));
  const scale = 1 + square / n;
  return {
    value: p,
    low: hits === 0 ? 0 : Math.max(0, (middle - reach) / scale),
    high: hits === n ? 1 : Math.min(1, (middle + reach) / scale),
  };
}
