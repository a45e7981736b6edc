/** The 97.5 % point of the standard normal distribution: two-sided 95 % intervals reach this many standard errors. */
export const Z95 = 1.959963984540054;

const TWO_BY_ROOT_PI = 2 / Math.sqrt(Math.PI);

/**
 * Complementary error function, to about 1e-14 of its value: the power series of erf below 2 (Abramowitz and Stegun 7.1.6), the continued
 * fraction (7.1.14) by Lentz's method above.
 */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x < 0) return 2 - erfc(-x);
  if (x > 27.3) return 0;
  if (x < 2) {
    // erf x = 2/√π · e^(−x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)): all terms positive, nothing cancels.
    let term = x;
    let sum = x;
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - TWO_BY_ROOT_PI * Math.exp(-x * x) * sum;
  }
  // erfc x = e^(−x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …))))
  let value = x;
  let c = x;
  let d = 0;
  for (let n = 1; n < 500; n++) {
    d = 1 / (x + (n / 2) * d);
    c = x + n / 2 / c;
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) < 1e-16) break;
  }
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * value);
}

/** Probability that a standard normal number lies at least `|z|` from 0, on either side. */
export const twoSided = (z: number): number => erfc(Math.abs(z) / Math.SQRT2);
