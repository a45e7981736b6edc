import { logChoose } from './log-gamma.ts';

/** Probability of `hits` or more among `n` independent cases of probability `p` each (exact). */
export function binomialTail(hits: number, n: number, p: number): number {
  if (hits <= 0) return 1;
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  let sum = 0;
  for (let k = hits; k <= n; k++) sum += Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
  return Math.min(1, sum);
}

/**
 * Fisher's exact test, one-sided: probability that, of `n` cases of which `marked` are marked, a draw of `drawn` holds `hits` marked ones or more.
 */
export function hypergeometricTail(hits: number, drawn: number, marked: number, n: number): number {
  const all = logChoose(n, drawn);
  let sum = 0;
  for (let k = Math.max(hits, drawn + marked - n); k <= Math.min(drawn, marked); k++)
    sum += Math.exp(logChoose(marked, k) + logChoose(n - marked, drawn - k) - all);
  return Math.min(1, sum);
}
