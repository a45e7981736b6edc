import type { RandomStream } from '@seewhy/core';
import { type Sparse, timesVector } from './sparse.ts';
import { type Eigen, symmetricEigen } from './symmetric-eigen.ts';

/** Up to this size all eigenvalues are computed, densely. */
const DENSE = 300;
/** Vectors that grow the Krylov space together: eigenvalues up to so many times equal are found. */
const BLOCK = 4;
const TOLERANCE = 1e-8;

/**
 * The `count` smallest eigenvalues of the normalised Laplacian L = I − D^−½ A D^−½ of a graph, with their eigenvectors.
 *
 * Each connected part of the graph is solved for itself (L falls into blocks): how often 0 is an eigenvalue is then counted, not guessed. Small
 * parts densely, large ones by block Lanczos with full reorthogonalisation (G. Golub, R. Underwood, "The block Lanczos method for computing
 * eigenvalues", 1977) on 2I − L, until every residual is below 1e-8.
 * @param affinity symmetric, not negative, without diagonal, no empty row
 * @returns vectors of the whole graph, 0 outside their part
 */
export function smallestEigen(affinity: Sparse, count: number, random: RandomStream): Eigen {
  const degrees = degreesOf(affinity);
  const found: { value: number; vector: Float64Array }[] = [];
  for (const part of partsOf(affinity)) {
    const matrix = normalisedPart(affinity, degrees, part);
    const { values, vectors } =
      part.length <= DENSE ? denseLargest(matrix, count) : lanczosLargest(matrix, Math.min(count, part.length), random);
    for (let k = 0; k < values.length; k++) {
      const vector = new Float64Array(affinity.size);
      for (let i = 0; i < part.length; i++) vector[part[i]!] = vectors[k]![i]!;
      found.push({ value: Math.max(0, 1 - values[k]!), vector });
    }
  }
  found.sort((a, b) => a.value - b.value);
  const kept = found.slice(0, count);
  return { values: Float64Array.from(kept, ({ value }) => value), vectors: kept.map(({ vector }) => vector) };
}

/** Row sums. */
export function degreesOf({ size, starts, values }: Sparse): Float64Array {
  const degrees = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let k = starts[i]!; k < starts[i + 1]!; k++) degrees[i]! += values[k]!;
  return degrees;
}

/** Connected parts of the graph: their members in rising order. */
function partsOf({ size, starts, columns }: Sparse): number[][] {
  const seen = new Uint8Array(size);
  const parts: number[][] = [];
  for (let first = 0; first < size; first++) {
    if (seen[first]) continue;
    seen[first] = 1;
    const part = [first];
    for (let at = 0; at < part.length; at++) {
      for (let k = starts[part[at]!]!; k < starts[part[at]! + 1]!; k++) {
        const other = columns[k]!;
        if (seen[other]) continue;
        seen[other] = 1;
        part.push(other);
      }
    }
    parts.push(part.sort((a, b) => a - b));
  }
  return parts;
}

/** D^−½ A D^−½ of one part: its eigenvalues are 1 − those of L. */
function normalisedPart({ starts, columns, values }: Sparse, degrees: Float64Array, part: readonly number[]): Sparse {
  const place = new Map(part.map((i, at) => [i, at]));
  const from = new Int32Array(part.length + 1);
  const to: number[] = [];
  const weights: number[] = [];
  for (let at = 0; at < part.length; at++) {
    const i = part[at]!;
    for (let k = starts[i]!; k < starts[i + 1]!; k++) {
      to.push(place.get(columns[k]!)!);
      weights.push(values[k]! / Math.sqrt(degrees[i]! * degrees[columns[k]!]!));
    }
    from[at + 1] = to.length;
  }
  return { size: part.length, starts: from, columns: Int32Array.from(to), values: Float64Array.from(weights) };
}

/** The largest eigenvalues, falling. */
function denseLargest({ size, starts, columns, values }: Sparse, count: number): Eigen {
  const dense = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let k = starts[i]!; k < starts[i + 1]!; k++) dense[i * size + columns[k]!] = values[k]!;
  const all = symmetricEigen(dense, size);
  return { values: all.values.reverse().slice(0, count), vectors: all.vectors.toReversed().slice(0, count) };
}

function lanczosLargest(matrix: Sparse, count: number, random: RandomStream): Eigen {
  const n = matrix.size;
  const basis: Float64Array[] = [];
  const images: Float64Array[] = [];
  for (let k = 0; k < BLOCK; k++) {
    const start = new Float64Array(n);
    for (let i = 0; i < n; i++) start[i] = random.normal();
    extend(basis, start);
  }
  let grown = 0;
  for (let next = 6 * (count + BLOCK); ; next = Math.ceil(next * 1.5)) {
    // Each vector's image is the next to join, until the space is as large as wished or holds no more.
    for (; grown < basis.length && basis.length < next; grown++) {
      images[grown] ??= timesVector(matrix, basis[grown]!);
      extend(basis, images[grown]!.slice());
    }
    for (let i = images.length; i < basis.length; i++) images.push(timesVector(matrix, basis[i]!));
    const ritz = ritzPairs(basis, images, count);
    if (ritz.residual < TOLERANCE || grown === basis.length || basis.length >= n) return ritz;
  }
}

/** Adds the part of `vector` that is new to the basis; a vector that holds nothing new is left out. */
function extend(basis: Float64Array[], vector: Float64Array): void {
  const before = Math.sqrt(dot(vector, vector));
  // Twice is enough (W. Kahan).
  for (let pass = 0; pass < 2; pass++) {
    for (const known of basis) {
      const share = dot(known, vector);
      for (let i = 0; i < vector.length; i++) vector[i]! -= share * known[i]!;
    }
  }
  const length = Math.sqrt(dot(vector, vector));
  if (!(length > 1e-10 * before)) return;
  for (let i = 0; i < vector.length; i++) vector[i]! /= length;
  basis.push(vector);
}

function ritzPairs(
  basis: readonly Float64Array[],
  images: readonly Float64Array[],
  count: number,
): Eigen & { residual: number } {
  const m = basis.length;
  const projected = new Float64Array(m * m);
  for (let i = 0; i < m; i++) for (let j = 0; j <= i; j++) projected[i * m + j] = dot(basis[i]!, images[j]!);
  const { values, vectors } = symmetricEigen(projected, m);
  const largest = values.toReversed().slice(0, count);
  const combined: Float64Array[] = [];
  let residual = 0;
  for (let k = 0; k < largest.length; k++) {
    const weights = vectors[m - 1 - k]!;
    const vector = combine(basis, weights);
    const image = combine(images, weights);
    for (let i = 0; i < image.length; i++) image[i]! -= largest[k]! * vector[i]!;
    residual = Math.max(residual, Math.sqrt(dot(image, image)));
    combined.push(vector);
  }
  return { values: largest, vectors: combined, residual };
}

function combine(vectors: readonly Float64Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array(vectors[0]!.length);
  for (let k = 0; k < vectors.length; k++) {
    const vector = vectors[k]!;
    const weight = weights[k]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * vector[i]!;
  }
  return sum;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
