import { errors } from '../errors.ts';

/**
 * The coalitions on the way from nobody to everybody in a given order: `(M + 1) × M` bits, row k with the first k players of the order.
 * @param order a permutation of 0 … M − 1
 */
export function permutationCoalitions(order: Int32Array): Uint8Array {
  const players = order.length;
  const bits = new Uint8Array((players + 1) * players);
  for (let k = 1; k <= players; k++) {
    bits.copyWithin(k * players, (k - 1) * players, k * players);
    bits[k * players + order[k - 1]!] = 1;
  }
  return bits;
}

/**
 * Shapley values from random orders: a player's value is the mean of what it adds when it joins. The values of each order sum to
 * v(all) − v(∅), so their means do.
 *
 * J. Castro, D. Gómez, J. Tejada, "Polynomial calculation of the Shapley value based on sampling", Comput. Oper. Res. 36 (2009).
 */
export class ShapleyMean {
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(players: number) {
    if (!(Number.isInteger(players) && players >= 1))
      throw errors.numberInvalid('players', players, 'a whole number of at least 1');
    this.#mean = new Float64Array(players);
    this.#squares = new Float64Array(players);
  }

  /** Orders so far. */
  get count(): number {
    return this.#count;
  }

  /** @param values v of the rows of {@link permutationCoalitions}, M + 1 of them */
  add(order: Int32Array, values: ArrayLike<number>): void {
    const players = this.#mean.length;
    if (order.length !== players) throw errors.lengthInvalid('The order of the players', order.length, players);
    if (values.length !== players + 1)
      throw errors.lengthInvalid('The list of scores along an order', values.length, players + 1);
    this.#count++;
    for (let k = 0; k < players; k++) {
      const player = order[k]!;
      const added = values[k + 1]! - values[k]!;
      // Welford: the sum of squares about the running mean.
      const off = added - this.#mean[player]!;
      this.#mean[player]! += off / this.#count;
      this.#squares[player]! += off * (added - this.#mean[player]!);
    }
  }

  values(): Float64Array {
    return this.#mean.slice();
  }

  /** Standard error of each value, `√(variance / n)` with n − 1 in the variance; infinite before the second order. */
  standardErrors(): Float64Array {
    const n = this.#count;
    return this.#squares.map((sum) => (n > 1 ? Math.sqrt(sum / (n - 1) / n) : Number.POSITIVE_INFINITY));
  }
}
