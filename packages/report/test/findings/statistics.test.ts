import { readFileSync } from 'node:fs';
import { randomStream } from '@seewhy/core';
import { expect, it } from 'vitest';
import { benjaminiHochberg } from '../../src/findings/statistics/benjamini-hochberg.ts';
import { logGamma } from '../../src/findings/statistics/log-gamma.ts';
import { quantile } from '../../src/findings/statistics/quantile.ts';
import { rankSum } from '../../src/findings/statistics/rank-sum.ts';
import { rankCorrelation, topCorrelation } from '../../src/findings/statistics/ranks.ts';
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

it('a rank correlation that looks at the top', () => {
  // Savage scores of three are 1/3, 1/3 + 1/2 and 1/3 + 1/2 + 1: their covariance with 1, 2, 3 is 3/2, their squares about the mean 1 are 7/6 and 2.
  near(topCorrelation([5, 7, 90], [0.1, 0.2, 0.3])!, 1.5 / Math.sqrt((7 / 6) * 2));
  near(topCorrelation([5, 7, 90], [0.3, 0.2, 0.1])!, -1.5 / Math.sqrt((7 / 6) * 2));
  // Equal values share their mean: 1/3, then 4/3 twice.
  near(topCorrelation([5, 7, 7], [1, 2, 3])!, 1 / Math.sqrt((2 / 3) * 2));
  expect(topCorrelation([1, 1, 1], [1, 2, 3])).toBeUndefined();
  expect(topCorrelation([], [])).toBeUndefined();
  // Six of 120 have most of both, the others go the other way: by ranks nothing is seen.
  const [some, rest] = [Array.from({ length: 6 }, (_, i) => 200 + i), Array.from({ length: 114 }, (_, i) => i)];
  const falling = [...some, ...rest.map((value) => 60 - 0.1 * value)];
  expect(rankCorrelation([...some, ...rest], falling)!).toBeLessThan(-0.5);
  const none = [...some, ...rest.map((value) => (value * 71) % 113)];
  expect(topCorrelation([...some, ...rest], none)!).toBeGreaterThan(rankCorrelation([...some, ...rest], none)! + 0.1);
  // Among nothing but chance its variance is 1 / (n − 1).
  const random = randomStream(3, 'top correlation');
  const squares = Array.from({ length: 4000 }, () => {
    const [a, b] = [0, 1].map(() => Array.from({ length: 20 }, () => random.uniform())) as [number[], number[]];
    return topCorrelation(a, b)! ** 2;
  });
  expect(squares.reduce((sum, value) => sum + value, 0) / squares.length).toBeCloseTo(1 / 19, 2);
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
