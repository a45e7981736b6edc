import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { benjaminiHochberg } from '../../src/findings/statistics/benjamini-hochberg.ts';
import { logGamma } from '../../src/findings/statistics/log-gamma.ts';
import { quantile } from '../../src/findings/statistics/quantile.ts';
import { rankSum } from '../../src/findings/statistics/rank-sum.ts';
import { rankCorrelation } from '../../src/findings/statistics/ranks.ts';
import { binomialTail, hypergeometricTail } from '../../src/findings/statistics/tails.ts';

interface Scipy {
  binomial: [k: number, n: number, p: number, expected: number][];
  fisher: [k: number, drawn: number, marked: number, n: number, expected: number][];
  rankSum: [a: number[], b: number[], share: number, p: number][];
  rankCorrelation: [a: number[], b: number[], expected: number][];
  benjaminiHochberg: [values: number[], expected: number[]];
}

const scipy: Scipy = JSON.parse(
  readFileSync(new URL('../../../../fixtures/report/findings/statistics.json', import.meta.url), 'utf8'),
);

/** Relative, also for very small probabilities. */
const near = (found: number, expected: number) => expect(Math.abs(found / expected - 1)).toBeLessThan(1e-9);

it.each(scipy.binomial)(
  'binomial tail: %i or more of %i at %f',
  (k: number, n: number, p: number, expected: number) => {
    near(binomialTail(k, n, p), expected);
  },
);

it.each(scipy.fisher)(
  "Fisher's exact test: %i of %i, %i of %i",
  (k: number, drawn: number, marked: number, n: number, expected: number) => {
    near(hypergeometricTail(k, drawn, marked, n), expected);
  },
);

it.each(scipy.rankSum)('rank sums: %j, %j', (a: number[], b: number[], share: number, p: number) => {
  const found = rankSum(a, b);
  near(found.share, share);
  near(found.p, p);
});

it.each(scipy.rankCorrelation)('rank correlation', (a: number[], b: number[], expected: number) => {
  expect(rankCorrelation(a, b)).toBeCloseTo(expected, 12);
});

it('correction for many tests', () => {
  const [values, expected] = scipy.benjaminiHochberg;
  benjaminiHochberg(values).forEach((q, i) => {
    near(q, expected[i]!);
  });
  expect(benjaminiHochberg([])).toEqual([]);
});

it('edges', () => {
  expect(binomialTail(0, 5, 0.1)).toBe(1);
  expect(binomialTail(3, 5, 0)).toBe(0);
  expect(rankSum([], [1])).toEqual({ share: 0.5, z: 0, p: 1 });
  expect(rankSum([1, 1], [1])).toEqual({ share: 0.5, z: 0, p: 1 });
  expect(rankCorrelation([1, 1], [1, 2])).toBeUndefined();
  expect(logGamma(5)).toBeCloseTo(Math.log(24), 12);
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
  expect(quantile([4, 1, 3, 2])).toBe(2.5);
  expect(quantile([1, 2, 3], 1)).toBe(3);
});
