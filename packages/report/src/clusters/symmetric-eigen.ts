/** Eigenvalues in rising order, and the eigenvector of each. */
export interface Eigen {
  readonly values: Float64Array;
  /** `vectors[k]` belongs to `values[k]`; length 1. */
  readonly vectors: readonly Float64Array[];
}

/**
 * All eigenvalues and eigenvectors of a dense symmetric matrix: Householder's reduction to three diagonals, then QL steps with implicit shifts
 * (H. Bowdler, R. Martin, C. Reinsch, J. Wilkinson, "The QR and QL algorithms for symmetric matrices", Numer. Math. 11, 1968). Cost about 9 n³.
 * @param matrix `n × n`, row by row; only its lower half is read
 */
export function symmetricEigen(matrix: ArrayLike<number>, n: number): Eigen {
  const q = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (_, j) => matrix[Math.max(i, j) * n + Math.min(i, j)]!),
  );
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  reduce(q, diagonal, beside);
  diagonalise(q, diagonal, beside);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[a]! - diagonal[b]!);
  return {
    values: Float64Array.from(order, (i) => diagonal[i]!),
    vectors: order.map((i) => q[i]!),
  };
}

/** A = Qᵀ T Q. On return the rows of `q` are the rows of Q. */
function reduce(q: Float64Array[], diagonal: Float64Array, beside: Float64Array): void {
  const n = diagonal.length;
  const a = q.map((row) => row.slice());
  const reflections: (Float64Array | undefined)[] = [];
  for (let k = 0; k < n - 2; k++) {
    let norm = 0;
    for (let i = k + 1; i < n; i++) norm += a[i]![k]! ** 2;
    norm = Math.sqrt(norm);
    const first = a[k + 1]![k]!;
    const alpha = first > 0 ? -norm : norm;
    // u = x − α e₁, scaled so that I − u uᵀ is the reflection (uᵀu = 2).
    const u = new Float64Array(n);
    for (let i = k + 1; i < n; i++) u[i] = a[i]![k]!;
    u[k + 1]! -= alpha;
    let length = 0;
    for (let i = k + 1; i < n; i++) length += u[i]! ** 2;
    if (length === 0) {
      reflections.push(undefined);
      continue;
    }
    const scale = Math.sqrt(2 / length);
    for (let i = k + 1; i < n; i++) u[i]! *= scale;
    reflections.push(u);
    // A ← A − u vᵀ − v uᵀ with v = p − (uᵀp / 2) u, p = A u.
    const p = new Float64Array(n);
    for (let i = k; i < n; i++) {
      const row = a[i]!;
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += row[j]! * u[j]!;
      p[i] = sum;
    }
    let half = 0;
    for (let i = k + 1; i < n; i++) half += u[i]! * p[i]!;
    half /= 2;
    const v = p.map((value, i) => value - half * u[i]!);
    for (let i = k; i < n; i++) {
      const row = a[i]!;
      for (let j = k; j < n; j++) row[j]! -= u[i]! * v[j]! + v[i]! * u[j]!;
    }
  }
  for (let i = 0; i < n; i++) {
    diagonal[i] = a[i]![i]!;
    beside[i] = i > 0 ? a[i]![i - 1]! : 0;
    q[i]!.fill(0);
    q[i]![i] = 1;
  }
  // Q = H_{n-3} … H_0: applied to the unit rows from the last reflection back.
  for (let k = reflections.length - 1; k >= 0; k--) {
    const u = reflections[k];
    if (!u) continue;
    for (let i = k + 1; i < n; i++) {
      const row = q[i]!;
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += row[j]! * u[j]!;
      for (let j = k + 1; j < n; j++) row[j]! -= sum * u[j]!;
    }
  }
}

/** Rotates the three diagonals to one, and the rows of `q` with them. */
function diagonalise(q: Float64Array[], d: Float64Array, beside: Float64Array): void {
  const n = d.length;
  const e = new Float64Array(n);
  for (let i = 1; i < n; i++) e[i - 1] = beside[i]!;
  for (let l = 0; l < n; l++) {
    // Convergence is cubic: some two steps a value. The bound only ends a loop over values that are not numbers.
    for (let step = 0; step < 60; step++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate(q[i]!, q[i + 1]!, c, s);
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

function rotate(first: Float64Array, second: Float64Array, c: number, s: number): void {
  for (let k = 0; k < first.length; k++) {
    const f = second[k]!;
    const b = first[k]!;
    second[k] = s * b + c * f;
    first[k] = c * b - s * f;
  }
}
