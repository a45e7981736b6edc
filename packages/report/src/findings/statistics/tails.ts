import { logChoose } from './log-gamma.ts';

/** Beyond the most probable count terms fall ever faster: one of this share of the sum and all behind it change nothing. */
const NOTHING = 1e-18;

/** Probability of `hits` or more among `n` independent cases of probability `p` each (exact). */
export function binomialTail(hits: number, n: number, p: number): number {
  if (hits <= 0) return 1;
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  let sum = 0;
  for (let k = hits; k <= n; k++) {
    const term = Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
    sum += term;
    if (k > n * p && term <= sum * NOTHING) break;
  }
  return Math.min(1, sum);
}

/**
 * Fisher's exact test, one-sided: probability that, of `n` cases of which `marked` are marked, a draw of `drawn` holds `hits` marked ones or more.
 */
export function hypergeometricTail(hits: number, drawn: number, marked: number, n: number): number {
  const all = logChoose(n, drawn);
  let sum = 0;
  for (let k = Math.max(hits, drawn + marked - n); k <= Math.min(drawn, marked); k++) {
    const term = Math.exp(logChoose(marked, k) + logChoose(n - marked, drawn - k) - all);
    sum += term;
    if (k > (drawn * marked) / n && term <= sum * NOTHING) break;
  }
  return Math.min(1, sum);
}
