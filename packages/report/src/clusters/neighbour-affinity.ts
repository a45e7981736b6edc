import { type Sparse, sparseOf } from './sparse.ts';

/**
 * Who is near whom: a_ij = 1 where each is among the other's `count` nearest, ½ where only one is, else 0 (a_ii = 0). Nearness is the Euclidean
 * distance; of equally near points the earlier. The same affinity as scikit-learn's `SpectralClustering(affinity='nearest_neighbors')`
 * (½ (C + Cᵀ), C the neighbour matrix), whose `n_neighbors` counts the point itself.
 * @param points vectors of one length
 */
export function neighbourAffinity(points: readonly Float32Array[], count: number): Sparse {
  const n = points.length;
  const nearest = Math.min(count, n - 1);
  const squares = points.map((point) => dot(point, point));
  const rows = points.map(() => new Map<number, number>());
  const distances = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) distances[j] = squares[i]! + squares[j]! - 2 * dot(points[i]!, points[j]!);
    distances[i] = Number.POSITIVE_INFINITY;
    for (const j of smallest(distances, nearest)) {
      rows[i]!.set(j, (rows[i]!.get(j) ?? 0) + 0.5);
      rows[j]!.set(i, (rows[j]!.get(i) ?? 0) + 0.5);
    }
  }
  return sparseOf(rows);
}

/** Indexes of the `count` smallest values. */
function smallest(values: Float64Array, count: number): number[] {
  const kept: number[] = [];
  for (let j = 0; j < values.length; j++) {
    if (kept.length === count && values[j]! >= values[kept[count - 1]!]!) continue;
    if (kept.length === count) kept.pop();
    let at = kept.length;
    while (at > 0 && values[kept[at - 1]!]! > values[j]!) at--;
    kept.splice(at, 0, j);
  }
  return kept;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
