import { readdirSync, readFileSync } from 'node:fs';
import { randomStream } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { neighbourAffinity } from '../../src/clusters/neighbour-affinity.ts';
import { degreesOf, smallestEigen } from '../../src/clusters/smallest-eigen.ts';
import { timesVector } from '../../src/clusters/sparse.ts';
import { spectralClusters } from '../../src/clusters/spectral-clusters.ts';
import { symmetricEigen } from '../../src/clusters/symmetric-eigen.ts';

const folder = new URL('../../../../fixtures/report/clusters/', import.meta.url);

interface Case {
  points: number[][];
  neighbours: number;
  k: number;
  degrees: number[];
  eigenvalues: number[];
  clusters: number[];
}

const cases = readdirSync(folder).map((file): [string, Case] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
]);

/** Adjusted Rand index: 1 where two clusterings are the same but for names. */
function adjustedRand(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = (n: number) => (n * (n - 1)) / 2;
  const count = (keys: string[]) => {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return [...counts.values()].reduce((sum, n) => sum + pairs(n), 0);
  };
  const index = Array.from({ length: a.length }, (_, i) => i);
  const [both, first, second] = [
    count(index.map((i) => `${a[i]}/${b[i]}`)),
    count(index.map((i) => `${a[i]}`)),
    count(index.map((i) => `${b[i]}`)),
  ];
  const expected = (first * second) / pairs(a.length);
  const most = (first + second) / 2;
  return most === expected ? 1 : (both - expected) / (most - expected);
}

describe.each(cases)(
  'against scikit-learn and numpy: %s',
  (_, { points, neighbours, k, degrees, eigenvalues, clusters }) => {
    const affinity = neighbourAffinity(
      points.map((point) => Float32Array.from(point)),
      neighbours,
    );

    it('the same neighbour graph', () => {
      expect(Array.from(degreesOf(affinity))).toEqual(degrees);
    });

    it('the same eigenvalues, and vectors that fit them', () => {
      const { values, vectors } = smallestEigen(affinity, eigenvalues.length, randomStream(1));
      for (let i = 0; i < eigenvalues.length; i++) expect(values[i]).toBeCloseTo(Math.max(0, eigenvalues[i]!), 7);
      const roots = degreesOf(affinity).map(Math.sqrt);
      for (let i = 0; i < vectors.length; i++) {
        // L v = λ v with L = I − D^−½ A D^−½
        const image = timesVector(
          affinity,
          vectors[i]!.map((x, j) => x / roots[j]!),
        );
        for (let j = 0; j < roots.length; j++)
          expect(vectors[i]![j]! - image[j]! / roots[j]!).toBeCloseTo(values[i]! * vectors[i]![j]!, 6);
      }
    });

    it('the same clusters', () => {
      const found = spectralClusters(affinity, randomStream(1), 8, k);
      expect(adjustedRand(found.clusters, clusters)).toBeGreaterThan(0.97);
    });
  },
);

it('the gap finds how many clusters lie apart', () => {
  const { points, neighbours, k } = Object.fromEntries(cases).apart!;
  const affinity = neighbourAffinity(
    points.map((point) => Float32Array.from(point)),
    neighbours,
  );
  expect(spectralClusters(affinity, randomStream(1), 8).k).toBe(k);
});

describe('eigenvalues of dense symmetric matrices', () => {
  it.each([1, 2, 3, 5, 20, 60])('n = %i: A v = λ v, vectors at right angles, trace', (n) => {
    const random = randomStream(n);
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = random.normal();
    const { values, vectors } = symmetricEigen(matrix, n);
    let trace = 0;
    for (let i = 0; i < n; i++) trace += matrix[i * n + i]!;
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(trace, 9);
    for (let k = 0; k < n; k++) {
      if (k > 0) expect(values[k]).toBeGreaterThanOrEqual(values[k - 1]!);
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += matrix[i * n + j]! * vectors[k]![j]!;
        expect(sum).toBeCloseTo(values[k]! * vectors[k]![i]!, 9);
      }
      for (let l = 0; l <= k; l++)
        expect(vectors[k]!.reduce((sum, x, i) => sum + x * vectors[l]![i]!, 0)).toBeCloseTo(k === l ? 1 : 0, 9);
    }
  });

  it('diagonal, zero and repeated values', () => {
    expect(Array.from(symmetricEigen([0, 0, 0, 0], 2).values)).toEqual([0, 0]);
    expect(Array.from(symmetricEigen([3, 0, 0, 0, 1, 0, 0, 0, 3], 3).values)).toEqual([1, 3, 3]);
    const ones = symmetricEigen(new Float64Array(16).fill(1), 4).values;
    for (const [i, value] of [0, 0, 0, 4].entries()) expect(ones[i]).toBeCloseTo(value, 12);
  });
});
