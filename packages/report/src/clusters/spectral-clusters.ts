import type { RandomStream } from '@seewhy/core';
import { kMeans } from './k-means.ts';
import { degreesOf, smallestEigen } from './smallest-eigen.ts';
import type { Sparse } from './sparse.ts';

/** How a graph falls into clusters. */
export interface Spectral {
  /** Cluster of each point, 0 … k − 1. */
  readonly clusters: Int32Array;
  readonly k: number;
  /** λ_{k+1} − λ_k. */
  readonly eigengap: number;
  /** The smallest eigenvalues of the Laplacian, rising. */
  readonly values: Float64Array;
}

/**
 * Spectral clustering with normalised cuts (J. Shi, J. Malik, PAMI 2000; U. von Luxburg, "A tutorial on spectral clustering", 2007): the
 * eigenvectors of the k smallest eigenvalues of the normalised Laplacian, divided by √degree, a point a row, then k-means.
 * @param k number of clusters; without it the one of 1 … `most` that the largest gap λ_{k+1} − λ_k follows
 */
export function spectralClusters(affinity: Sparse, random: RandomStream, most: number, k?: number): Spectral {
  const { values, vectors } = smallestEigen(affinity, Math.min(affinity.size, Math.max(most, k ?? 0) + 1), random);
  const gap = (count: number) => (values[count] ?? values[count - 1]!) - values[count - 1]!;
  let chosen = k ?? 1;
  if (k === undefined) for (let count = 2; count < values.length; count++) if (gap(count) > gap(chosen)) chosen = count;
  const roots = degreesOf(affinity).map(Math.sqrt);
  const points = Array.from({ length: affinity.size }, (_, i) =>
    Float64Array.from({ length: chosen }, (_, j) => vectors[j]![i]! / roots[i]!),
  );
  const clusters = chosen === 1 ? new Int32Array(affinity.size) : kMeans(points, chosen, random);
  return { clusters, k: chosen, eigengap: gap(chosen), values };
}
