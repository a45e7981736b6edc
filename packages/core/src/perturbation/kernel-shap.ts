import { errors } from '../errors.ts';
import type { RandomStream } from '../random/random-stream.ts';
import { solveSymmetric } from './cholesky.ts';

/**
 * The Shapley kernel: weight of one coalition of `size` out of `players`, `(M − 1) / (C(M, size) · size · (M − size))`. The empty and
 * the full coalition weigh infinitely much: their values hold exactly.
 *
 * S. Lundberg, S.-I. Lee, "A unified approach to interpreting model predictions", NIPS 2017.
 */
export function shapleyKernelWeight(players: number, size: number): number {
  if (size === 0 || size === players) return Number.POSITIVE_INFINITY;
  let choose = 1;
  for (let k = 1; k <= Math.min(size, players - size); k++) choose *= (players - k + 1) / k;
  return (players - 1) / (choose * size * (players - size));
}

/** Coalitions to be tried by KernelSHAP: without the empty and the full one, whose values are needed besides. */
export interface Coalitions {
  /** `weights.length × players`: 1 for a player of the coalition, else 0. */
  readonly bits: Uint8Array;
  readonly weights: Float64Array;
  readonly players: number;
  /** All 2ᴹ − 2 of them are there. */
  readonly complete: boolean;
}

/**
 * All coalitions with their kernel weights if the budget allows, else a sample: sizes as likely as the kernel weighs all coalitions of the
 * size, `∝ 1 / (size · (M − size))`, each coalition followed by its complement (which lessens the variance, I. Covert, S.-I. Lee,
 * "Improving KernelSHAP", AISTATS 2021), each with weight 1. With another budget the first ones stay the same.
 * @param players M, at least 1
 * @param budget coalitions at most, at least 1
 * @throws SeewhyError `NUMBER_INVALID`
 */
export function coalitions(stream: RandomStream, players: number, budget: number): Coalitions {
  for (const [name, value] of [
    ['players', players],
    ['coalitions', budget],
  ] as const) {
    if (!(Number.isInteger(value) && value >= 1))
      throw errors.numberInvalid(name, value, 'a whole number of at least 1');
  }
  const all = 2 ** players - 2;
  if (all <= budget) return allCoalitions(players, all);
  const cumulated = new Float64Array(players - 1);
  let total = 0;
  for (let size = 1; size < players; size++) {
    total += 1 / (size * (players - size));
    cumulated[size - 1] = total;
  }
  const bits = new Uint8Array(budget * players);
  for (let i = 0; i < budget; i += 2) {
    const at = stream.uniform() * total;
    let size = 1;
    while (size < players - 1 && cumulated[size - 1]! <= at) size++;
    for (const player of stream.subset(players, size)) bits[i * players + player] = 1;
    if (i + 1 === budget) break;
    for (let j = 0; j < players; j++) bits[(i + 1) * players + j] = 1 - bits[i * players + j]!;
  }
  return { bits, weights: new Float64Array(budget).fill(1), players, complete: false };
}

function allCoalitions(players: number, count: number): Coalitions {
  const bits = new Uint8Array(count * players);
  const weights = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let size = 0;
    for (let j = 0; j < players; j++) {
      const bit = ((i + 1) >>> j) & 1;
      bits[i * players + j] = bit;
      size += bit;
    }
    weights[i] = shapleyKernelWeight(players, size);
  }
  return { bits, weights, players, complete: true };
}

/**
 * Shapley values by weighted least squares: minimises `Σ w (v(S) − v(∅) − Σ_{j ∈ S} φⱼ)²` subject to `Σ φⱼ = v(all) − v(∅)`, which is
 * built in by taking the last player's value for what the others leave. With all coalitions the result is exact.
 * @param values v(S) of each coalition
 * @param empty v(∅)
 * @param full v of all players
 * @throws SeewhyError `SYSTEM_SINGULAR` (too few coalitions), `LENGTH_INVALID`, `NUMBER_INVALID`
 */
export function kernelShap(
  { bits, weights, players }: Coalitions,
  values: ArrayLike<number>,
  empty: number,
  full: number,
): Float64Array {
  if (values.length !== weights.length)
    throw errors.lengthInvalid('The list of scores of the coalitions', values.length, weights.length);
  const unknowns = players - 1;
  const gap = full - empty;
  const matrix = new Float64Array(unknowns * unknowns);
  const right = new Float64Array(unknowns);
  const row = new Float64Array(unknowns);
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    if (!Number.isFinite(values[i])) throw errors.numberInvalid(`score of coalition ${i}`, values[i], 'finite');
    // Σ_{j < M} (zⱼ − z_M) φⱼ = v(S) − v(∅) − z_M (v(all) − v(∅))
    const last = bits[i * players + unknowns]!;
    const target = values[i]! - empty - last * gap;
    for (let j = 0; j < unknowns; j++) row[j] = bits[i * players + j]! - last;
    for (let j = 0; j < unknowns; j++) {
      const factor = weight * row[j]!;
      if (factor === 0) continue;
      right[j]! += factor * target;
      for (let k = 0; k <= j; k++) matrix[j * unknowns + k]! += factor * row[k]!;
    }
  }
  const solved = solveSymmetric(matrix, right, 'KernelSHAP');
  const shapley = new Float64Array(players);
  shapley.set(solved);
  shapley[unknowns] = gap - solved.reduce((sum, value) => sum + value, 0);
  return shapley;
}
