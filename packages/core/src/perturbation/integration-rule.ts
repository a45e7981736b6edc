import { errors, unknownName } from '../errors.ts';

/** Rules for integrals over [0, 1]. */
export const INTEGRATION_RULES = {
  'gauss-legendre': 'roots of the Legendre polynomial: exact for polynomials up to degree 2n − 1',
  trapezoid: '0 … 1 with both ends, which count half: error O(1/n²)',
  mean: '0 … 1 with both ends, all of equal weight, as PAIR saliency has it: error O(1/n)',
  middle: 'middles of n equal parts: error O(1/n²)',
  left: 'left ends of n equal parts, with 0 and without 1: error O(1/n)',
  right: 'right ends of n equal parts, with 1 and without 0: error O(1/n)',
} as const;

export type IntegrationRuleName = keyof typeof INTEGRATION_RULES;

/** `∫₀¹ f ≈ Σ weights[i] · f(nodes[i])`. */
export interface IntegrationRule {
  /** In [0, 1], ascending. */
  readonly nodes: Float64Array;
  /** Positive; their sum is 1. */
  readonly weights: Float64Array;
}

/**
 * Nodes and weights of a rule with so many steps.
 *
 * The trapezoid is the true one: n nodes, n − 1 intervals, `Σ weights = 1` (captum's `riemann_trapezoid` divides by n, which makes
 * integrals too small by 1/n).
 * @param steps number of nodes: at least 1, for those with both ends 2
 * @throws SeewhyError `INTEGRATION_RULE_UNKNOWN`, `NUMBER_INVALID`
 */
export function integrationRule(name: IntegrationRuleName, steps: number): IntegrationRule {
  if (!Object.hasOwn(INTEGRATION_RULES, name))
    throw unknownName('integration rule', name, Object.keys(INTEGRATION_RULES));
  const least = name === 'trapezoid' || name === 'mean' ? 2 : 1;
  if (!(Number.isInteger(steps) && steps >= least))
    throw errors.numberInvalid('steps', steps, `a whole number of at least ${least}${least > 1 ? ` (${name})` : ''}`);
  if (name === 'gauss-legendre') return gaussLegendre(steps);
  const nodes = new Float64Array(steps);
  const weights = new Float64Array(steps);
  if (name === 'trapezoid' || name === 'mean') {
    for (let i = 0; i < steps; i++) nodes[i] = i / (steps - 1);
    weights.fill(1 / (name === 'mean' ? steps : steps - 1));
    if (name === 'trapezoid') weights[0] = weights[steps - 1] = 0.5 / (steps - 1);
  } else {
    const offset = { left: 0, middle: 0.5, right: 1 }[name];
    for (let i = 0; i < steps; i++) nodes[i] = (i + offset) / steps;
    weights.fill(1 / steps);
  }
  return { nodes, weights };
}

/**
 * Roots of the Legendre polynomial Pₙ by Newton's method from Tricomi's approximation (NIST Handbook of Mathematical Functions, §18.16),
 * weights `1 / ((1 − x²) Pₙ′(x)²)` on [0, 1].
 */
function gaussLegendre(n: number): IntegrationRule {
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < Math.ceil(n / 2); i++) {
    // The i-th root from the right of [−1, 1]; the middle one of an odd n is 0 by symmetry.
    let x = 2 * i + 1 === n ? 0 : (1 - (n - 1) / (8 * n ** 3)) * Math.cos((Math.PI * (4 * i + 3)) / (4 * n + 2));
    let slope = 0;
    // Newton's method doubles the digits: four rounds from three digits; the last one only renews the slope.
    for (let round = 0; round < 6; round++) {
      let before = 1;
      let value = x;
      // (k + 1) Pₖ₊₁ = (2k + 1) x Pₖ − k Pₖ₋₁
      for (let k = 1; k < n; k++) [before, value] = [value, ((2 * k + 1) * x * value - k * before) / (k + 1)];
      // (x² − 1) Pₙ′ = n (x Pₙ − Pₙ₋₁)
      slope = (n * (x * value - before)) / (x * x - 1);
      const step = value / slope;
      if (Math.abs(step) < 1e-16) break;
      x -= step;
    }
    const weight = 1 / ((1 - x * x) * slope * slope);
    nodes[i] = (1 - x) / 2;
    nodes[n - 1 - i] = (1 + x) / 2;
    weights[i] = weights[n - 1 - i] = weight;
  }
  return { nodes, weights };
}
