import { errors } from '../errors.ts';

/**
 * Solves `A x = b` for a symmetric positive definite A by Cholesky's factorisation `A = L Lᵀ`, in float64.
 * @param matrix `n × n` values; only the lower triangle is read
 * @param right `n` values
 * @param what names the system in the error
 * @throws SeewhyError `SYSTEM_SINGULAR` when a pivot vanishes against its diagonal
 */
export function solveSymmetric(matrix: Float64Array, right: Float64Array, what: string): Float64Array {
  const n = right.length;
  const factor = matrix.slice();
  for (let j = 0; j < n; j++) {
    const row = j * n;
    let pivot = factor[row + j]!;
    for (let k = 0; k < j; k++) pivot -= factor[row + k]! ** 2;
    // Rounding leaves some n ε of the diagonal where nothing should be left.
    if (!(pivot > 4 * n * Number.EPSILON * matrix[row + j]!)) throw errors.systemSingular(what, j);
    const root = Math.sqrt(pivot);
    factor[row + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = factor[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= factor[i * n + k]! * factor[row + k]!;
      factor[i * n + j] = sum / root;
    }
  }
  const x = right.slice();
  for (let i = 0; i < n; i++) {
    let sum = x[i]!;
    for (let k = 0; k < i; k++) sum -= factor[i * n + k]! * x[k]!;
    x[i] = sum / factor[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < n; k++) sum -= factor[k * n + i]! * x[k]!;
    x[i] = sum / factor[i * n + i]!;
  }
  return x;
}
