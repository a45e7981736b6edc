import { describe, expect, it } from 'vitest';
import {
  INTEGRATION_RULES,
  type IntegrationRuleName,
  integrationRule,
} from '../../src/perturbation/integration-rule.ts';
import { reference, relativeDifference } from './references.ts';

const names = Object.keys(INTEGRATION_RULES) as IntegrationRuleName[];

function integral(name: IntegrationRuleName, steps: number, f: (x: number) => number): number {
  const { nodes, weights } = integrationRule(name, steps);
  return nodes.reduce((sum, x, i) => sum + weights[i]! * f(x), 0);
}

describe('integration rules', () => {
  it('Gauss-Legendre is numpy’s', () => {
    for (const { steps, nodes, weights } of reference('quadrature.json').rules) {
      const rule = integrationRule('gauss-legendre', steps);
      expect(relativeDifference(rule.nodes, nodes), `nodes of ${steps}`).toBeLessThan(1e-15);
      // NumPy's own weights are off by 5e-13 at 300 steps, these by 1e-14 (against 40 digits).
      expect(relativeDifference(rule.weights, weights), `weights of ${steps}`).toBeLessThan(1e-12);
    }
  });

  it.each([1, 2, 3, 4, 7, 12, 25])('Gauss-Legendre of %i is exact up to degree 2n − 1, and no further', (n) => {
    for (let degree = 0; degree < 2 * n; degree++) {
      const exact = 1 / (degree + 1);
      expect(Math.abs(integral('gauss-legendre', n, (x) => x ** degree) - exact)).toBeLessThan(1e-14);
    }
    // The error at degree 2n is (n!)⁴ / ((2n + 1) ((2n)!)²), which vanishes in rounding beyond n = 12.
    if (n > 12) return;
    let error = 1 / (2 * n + 1);
    for (let k = 1; k <= n; k++) error *= (k / (n + k)) ** 2;
    const found = 1 / (2 * n + 1) - integral('gauss-legendre', n, (x) => x ** (2 * n));
    expect(Math.abs(found - error)).toBeLessThan(1e-15 + 1e-6 * error);
  });

  it.each(names)('%s: weights sum to 1, nodes ascend in [0, 1]', (name) => {
    for (const steps of [2, 3, 10, 50, 1000]) {
      const { nodes, weights } = integrationRule(name, steps);
      expect(weights.length).toBe(steps);
      expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1)).toBeLessThan(1e-13);
      expect(weights.every((weight) => weight > 0)).toBe(true);
      expect(nodes.every((x, i) => x >= 0 && x <= 1 && (i === 0 || x > nodes[i - 1]!))).toBe(true);
    }
  });

  it('errors of x² and x by closed form', () => {
    const n = 10;
    const square = (name: IntegrationRuleName) => integral(name, n, (x) => x * x) - 1 / 3;
    expect(square('trapezoid')).toBeCloseTo(1 / (6 * (n - 1) ** 2), 14);
    expect(square('middle')).toBeCloseTo(-1 / (12 * n ** 2), 14);
    expect(integral('left', n, (x) => x)).toBeCloseTo(0.5 - 1 / (2 * n), 14);
    expect(integral('right', n, (x) => x)).toBeCloseTo(0.5 + 1 / (2 * n), 14);
  });

  it('refuses what there is not', () => {
    expect(() => integrationRule('simpson' as IntegrationRuleName, 3)).toThrow(
      expect.objectContaining({ code: 'INTEGRATION_RULE_UNKNOWN' }),
    );
    for (const steps of [0, -1, 1.5, Number.NaN])
      expect(() => integrationRule('left', steps)).toThrow(expect.objectContaining({ code: 'NUMBER_INVALID' }));
    expect(() => integrationRule('trapezoid', 1)).toThrow(expect.objectContaining({ code: 'NUMBER_INVALID' }));
  });
});
