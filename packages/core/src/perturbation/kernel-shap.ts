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
  /** So many of the first are all of their sizes; the others are drawn. */
  readonly enumerated?: number;
}

/**
 * All coalitions with their kernel weights if the budget allows. Else the smallest and the largest first, each size with its complement: all
 * coalitions of a size as long as the budget holds more of them than a sample of it would; they have their kernel weights. What is left is
 * a sample of the sizes between, as likely as the kernel weighs all coalitions of the size, `∝ 1 / (size · (M − size))`, each followed by
 * its complement (which lessens the variance, I. Covert, S.-I. Lee, "Improving KernelSHAP", AISTATS 2021); they share the weight of those
 * sizes alike. With the single players among them the system is never undecided. (Lundberg and Lee's own program goes through the sizes
 * the same way.)
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
  const bits = new Uint8Array(budget * players);
  const weights = new Float64Array(budget);
  let made = 0;
  const put = (chosen: Iterable<number>, weight: number) => {
    for (const player of chosen) bits[made * players + player] = 1;
    weights[made++] = weight;
    if (made === budget) return;
    for (let j = 0; j < players; j++) bits[made * players + j] = 1 - bits[(made - 1) * players + j]!;
    weights[made++] = weight;
  };
  // Shares of the sizes in the kernel's weight; the middle size is its own complement.
  const share = (size: number) => (players - 1) / (size * (players - size));
  let left = 0;
  for (let size = 1; size < players; size++) left += share(size);
  let smallest = 1;
  for (; 2 * smallest < players; smallest++) {
    const count = 2 * choose(players, smallest);
    const both = 2 * share(smallest);
    if (count > budget - made || count > ((budget - made) * both) / left) break;
    for (const chosen of subsets(players, smallest)) put(chosen, shapleyKernelWeight(players, smallest));
    left -= both;
  }
  if (made === 0 && 2 * players <= budget) {
    for (let player = 0; player < players; player++) put([player], shapleyKernelWeight(players, 1));
    left -= 2 * share(1);
    smallest = 2;
  }
  const drawn = budget - made;
  const cumulated: number[] = [];
  let total = 0;
  for (let size = smallest; size <= players - smallest; size++) {
    total += share(size);
    cumulated.push(total);
  }
  while (made < budget) {
    const at = stream.uniform() * total;
    let size = smallest;
    while (size < players - smallest && cumulated[size - smallest]! <= at) size++;
    put(stream.subset(players, size), left / drawn);
  }
  return { bits, weights, players, complete: false, enumerated: budget - drawn };
}

function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - i + 1)) / i;
  return Math.round(result);
}

/** All subsets of `size` of the first `players` numbers, in lexicographic order. */
function* subsets(players: number, size: number): Generator<readonly number[]> {
  const chosen = Array.from({ length: size }, (_, i) => i);
  for (;;) {
    yield chosen;
    let at = size - 1;
    while (at >= 0 && chosen[at] === players - size + at) at--;
    if (at < 0) return;
    chosen[at]!++;
    for (let i = at + 1; i < size; i++) chosen[i] = chosen[i - 1]! + 1;
  }
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
