/** sum + weight · values, in place. */
export function addTo(sum: Float64Array, values: ArrayLike<number>, weight = 1): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
}

/** values / divisor. A plain loop: `from` with a function takes a hundred times as long. */
export function divided(values: Float32Array | Float64Array, divisor: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < result.length; i++) result[i] = values[i]! / divisor;
  return result;
}

/**
 * A mean over numbered samples, kept as two: of the even and of the odd ones. How far the two differ tells how far to trust the mean.
 * Sums are of float64.
 */
export class Halves {
  private readonly sums: readonly [Float64Array, Float64Array];
  private readonly counts: [number, number] = [0, 0];

  constructor(length: number) {
    this.sums = [new Float64Array(length), new Float64Array(length)];
  }

  /** Adds sample number `at`. */
  add(at: number, values: ArrayLike<number>, weight = 1): void {
    this.addSum((at % 2) as 0 | 1, values, 1, weight);
  }

  /** Adds a sum over `count` samples of one half. */
  addSum(half: 0 | 1, values: ArrayLike<number>, count: number, weight = 1): void {
    addTo(this.sums[half], values, weight);
    this.counts[half] += count;
  }

  get count(): number {
    return this.counts[0] + this.counts[1];
  }

  /** Σ / n. */
  mean(): Float32Array {
    return divided(this.sum(), Math.max(this.count, 1));
  }

  /** Mean of one half; undefined while it has no samples. */
  meanOf(half: 0 | 1): Float32Array | undefined {
    const count = this.counts[half];
    return count === 0 ? undefined : divided(this.sums[half], count);
  }

  /** Σ over all samples. */
  sum(): Float64Array {
    const [a, b] = this.sums;
    const sum = a.slice();
    for (let i = 0; i < sum.length; i++) sum[i]! += b[i]!;
    return sum;
  }

  /** Σ over the samples of one half. */
  sumOf(half: 0 | 1): Float64Array {
    return this.sums[half].slice();
  }

  /** ‖m₀ − m₁‖ / ‖m₀ + m₁‖ of the means of the halves: the relative standard error of their mean. Undefined before both have samples. */
  difference(): number | undefined {
    const [a, b] = this.sums;
    const [n, m] = this.counts;
    if (n === 0 || m === 0) return undefined;
    let apart = 0;
    let together = 0;
    for (let i = 0; i < a.length; i++) {
      const x = a[i]! / n;
      const y = b[i]! / m;
      apart += (x - y) ** 2;
      together += (x + y) ** 2;
    }
    return together === 0 ? (apart === 0 ? 0 : undefined) : Math.sqrt(apart / together);
  }
}
