import { erfc } from '../../metrics/normal.ts';
import { ranksOf } from './ranks.ts';

/** Two samples compared by ranks. */
export interface RankSum {
  /** Probability that a value of the first is larger than one of the second (ties count half): 0.5 where they are alike. */
  readonly share: number;
  /** The share as a standard normal number, were both of one distribution. */
  readonly z: number;
  /** One-sided: how probable so large a share is then. */
  readonly p: number;
}

/**
 * Mann and Whitney's rank-sum test (1947), normal approximation with the correction for ties and for continuity. A share of
 * 0.5, z = 0 and p = 1 where a sample is empty or all values are equal.
 */
export function rankSum(first: readonly number[], second: readonly number[]): RankSum {
  const [m, n] = [first.length, second.length];
  if (m === 0 || n === 0) return { share: 0.5, z: 0, p: 1 };
  const { ranks, ties } = ranksOf([...first, ...second]);
  let sum = 0;
  for (let i = 0; i < m; i++) sum += ranks[i]!;
  const u = sum - (m * (m + 1)) / 2;
  const total = m + n;
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)));
  const share = u / (m * n);
  if (!(variance > 0)) return { share, z: 0, p: 1 };
  const z = (u - (m * n) / 2 - 0.5) / Math.sqrt(variance);
  return { share, z, p: erfc(z / Math.SQRT2) / 2 };
}
