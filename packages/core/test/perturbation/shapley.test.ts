import { describe, expect, it } from 'vitest';
import { coalitions, kernelShap, shapleyKernelWeight } from '../../src/perturbation/kernel-shap.ts';
import { permutationCoalitions, ShapleyMean } from '../../src/perturbation/shapley-sampling.ts';
import { randomStream } from '../../src/random/random-stream.ts';
import { relativeDifference } from './references.ts';

type Game = (bits: ArrayLike<number>) => number;

/** Shapley values by the definition: `Σ_S |S|! (M − |S| − 1)! / M! · (v(S ∪ j) − v(S))` over all coalitions without j. */
function exactShapley(players: number, game: Game): Float64Array {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const bitsOf = (code: number) => Array.from({ length: players }, (_, j) => (code >> j) & 1);
  const values = Float64Array.from({ length: 2 ** players }, (_, code) => game(bitsOf(code)));
  return Float64Array.from({ length: players }, (_, j) => {
    let sum = 0;
    for (let code = 0; code < values.length; code++) {
      if ((code >> j) & 1) continue;
      const size = bitsOf(code).reduce((total, bit) => total + bit, 0);
      const share = (factorial(size) * factorial(players - size - 1)) / factorial(players);
      sum += share * (values[code | (1 << j)]! - values[code]!);
    }
    return sum;
  });
}

const rowsOf = (bits: Uint8Array, players: number) =>
  Array.from({ length: bits.length / players }, (_, i) => bits.subarray(i * players, (i + 1) * players));
const all = (players: number) => new Uint8Array(players).fill(1);
const code = (code: string) => expect.objectContaining({ code });

/** A random value for each coalition: no structure at all. */
function randomGame(players: number): Game {
  const values = randomStream(players, 'game').fillNormal(new Float32Array(2 ** players));
  return (bits) => values[Array.from(bits).reduce((sum, bit, j) => sum + bit * 2 ** j, 0)]!;
}
const effects = [1, -2, 0.25, 3, 0, 5, -1, 4];
const additive: Game = (bits) => 7 + Array.from(bits).reduce((sum, bit, j) => sum + bit * effects[j]!, 0);
const glove: Game = (bits) => Math.min(bits[0]!, bits[1]! + bits[2]!);

function shapOf(game: Game, players: number, budget: number, seed = 1): Float64Array {
  const sample = coalitions(randomStream(seed), players, budget);
  const values = rowsOf(sample.bits, players).map(game);
  return kernelShap(sample, values, game(new Uint8Array(players)), game(all(players)));
}

describe('KernelSHAP', () => {
  it('the kernel: by the definition, and as the sizes it sums to', () => {
    const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
    for (const players of [2, 3, 7, 20])
      for (let size = 1; size < players; size++)
        expect(shapleyKernelWeight(players, size) * choose(players, size) * size * (players - size)).toBeCloseTo(
          players - 1,
          8,
        );
    expect(shapleyKernelWeight(4, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(shapleyKernelWeight(4, 4)).toBe(Number.POSITIVE_INFINITY);
    expect(shapleyKernelWeight(5000, 2500)).toBe(0);
  });

  it.each([1, 2, 3, 5, 8])('with all coalitions of %i players gives exact Shapley values of any game', (players) => {
    const game = randomGame(players);
    const sample = coalitions(randomStream(1), players, 2 ** players);
    expect(sample.complete).toBe(true);
    expect(new Set(rowsOf(sample.bits, players).map(String)).size).toBe(2 ** players - 2);
    expect(relativeDifference(shapOf(game, players, 2 ** players), exactShapley(players, game))).toBeLessThan(1e-12);
  });

  it('the glove game: 2/3, 1/6, 1/6', () => {
    expect(relativeDifference(shapOf(glove, 3, 6), [2 / 3, 1 / 6, 1 / 6])).toBeLessThan(1e-14);
  });

  it('finds the weights of an additive game, also from a sample', () => {
    expect(relativeDifference(shapOf(additive, 8, 1000), effects)).toBeLessThan(1e-12);
    for (const seed of [1, 2, 3])
      expect(relativeDifference(shapOf(additive, 8, 31, seed), effects)).toBeLessThan(1e-10);
  });

  it('a sample is efficient and comes to the Shapley values', () => {
    const players = 10;
    const game = randomGame(players);
    const exact = exactShapley(players, game);
    const size = Math.max(...exact.map(Math.abs));
    let error = 0;
    for (const seed of [1, 2, 3, 4]) {
      const found = shapOf(game, players, 1000, seed);
      expect(found.reduce((sum, value) => sum + value, 0)).toBeCloseTo(
        game(all(players)) - game(new Uint8Array(players)),
        12,
      );
      error += Math.max(...found.map((value, i) => Math.abs(value - exact[i]!))) / size / 4;
    }
    expect(error).toBeLessThan(0.5);
    // 1000 draws of 1022: a hundred times as many from several streams bring it down tenfold.
    const parts = Array.from({ length: 100 }, (_, i) => coalitions(randomStream(i, 'part'), players, 1000));
    const bits = Uint8Array.from(parts.flatMap((part) => [...part.bits]));
    const weights = Float64Array.from(parts.flatMap((part) => [...part.weights]));
    const pooled = kernelShap(
      { bits, weights, players, complete: false },
      rowsOf(bits, players).map(game),
      game(new Uint8Array(players)),
      game(all(players)),
    );
    expect(relativeDifference(pooled, exact)).toBeLessThan(0.05);
  });

  it('takes the smallest and largest sizes whole, then draws as the kernel weighs, complements in pairs', () => {
    const players = 13;
    const sample = coalitions(randomStream(5), players, 2200);
    const rows = rowsOf(sample.bits, players);
    const size = (row: Uint8Array) => row.reduce((sum, bit) => sum + bit, 0);
    rows.forEach((row, i) => {
      if (i % 2 === 1) expect(row.every((bit, j) => bit === 1 - rows[i - 1]![j]!)).toBe(true);
    });
    // 13 + 78 + 286 of the sizes 1, 2 and 3, and their complements.
    expect(sample.enumerated).toBe(2 * (13 + 78 + 286));
    const whole = rows.slice(0, sample.enumerated);
    expect(new Set(whole.map(String)).size).toBe(whole.length);
    for (const [i, row] of whole.entries()) expect(sample.weights[i]).toBe(shapleyKernelWeight(players, size(row)));
    // The rest: sizes 4 to 9, with the weight of those sizes together.
    const drawn = rows.slice(sample.enumerated);
    const share = (k: number) => (players - 1) / (k * (players - k));
    const between = [4, 5, 6, 7, 8, 9];
    const total = between.reduce((sum, k) => sum + share(k), 0);
    const weight = sample.weights.slice(sample.enumerated);
    expect(weight.reduce((sum, value) => sum + value, 0)).toBeCloseTo(total, 10);
    for (const k of between) {
      const expected = (drawn.length * share(k)) / total;
      // Pairs, not rows, are independent.
      expect(Math.abs(drawn.filter((row) => size(row) === k).length - expected)).toBeLessThan(
        5 * Math.sqrt(2 * expected),
      );
    }
  });

  it.each([26, 27, 40, 98])('is decided with %i coalitions of 13 players, whatever the seed', (budget) => {
    const weights = Array.from({ length: 13 }, (_, i) => Math.sin(i + 1));
    const game: Game = (bits) => 2 + Array.from(bits).reduce((sum, bit, j) => sum + bit * weights[j]!, 0);
    for (let seed = 0; seed < 50; seed++) {
      expect(relativeDifference(shapOf(game, 13, budget, seed), weights)).toBeLessThan(1e-10);
    }
  });

  it('says clearly what is wrong', () => {
    expect(() => shapOf(additive, 8, 4)).toThrow(code('SYSTEM_SINGULAR'));
    expect(() => coalitions(randomStream(1), 0, 4)).toThrow(code('NUMBER_INVALID'));
    expect(() => coalitions(randomStream(1), 3, 0)).toThrow(code('NUMBER_INVALID'));
    const sample = coalitions(randomStream(1), 2, 2);
    expect(() => kernelShap(sample, [1], 0, 1)).toThrow(code('LENGTH_INVALID'));
    expect(() => kernelShap(sample, [1, Number.NaN], 0, 1)).toThrow(code('NUMBER_INVALID'));
  });
});

describe('Shapley values by permutations', () => {
  const play = (mean: ShapleyMean, game: Game, order: Int32Array) =>
    mean.add(order, rowsOf(permutationCoalitions(order), order.length).map(game));

  it('one order is enough for an additive game', () => {
    const mean = new ShapleyMean(8);
    play(mean, additive, randomStream(1).permutation(8));
    expect(relativeDifference(mean.values(), effects)).toBeLessThan(1e-14);
    expect(mean.standardErrors().every((error) => error === Number.POSITIVE_INFINITY)).toBe(true);
    play(mean, additive, randomStream(2).permutation(8));
    expect(Math.max(...mean.standardErrors())).toBeLessThan(1e-14);
  });

  it('all orders give the exact values', () => {
    const game = randomGame(4);
    const mean = new ShapleyMean(4);
    const walk = (order: number[]): void => {
      if (order.length === 4) play(mean, game, Int32Array.from(order));
      for (let j = 0; j < 4; j++) if (!order.includes(j)) walk([...order, j]);
    };
    walk([]);
    expect(mean.count).toBe(24);
    expect(relativeDifference(mean.values(), exactShapley(4, game))).toBeLessThan(1e-12);
  });

  it('random orders converge as their standard errors say', () => {
    const players = 6;
    const game = randomGame(players);
    const exact = exactShapley(players, game);
    const mean = new ShapleyMean(players);
    const errorsAt: number[] = [];
    for (const count of [100, 6400]) {
      while (mean.count < count) play(mean, game, randomStream(1, mean.count).permutation(players));
      const standard = mean.standardErrors();
      errorsAt.push(standard[0]!);
      mean.values().forEach((value, j) => {
        expect(Math.abs(value - exact[j]!)).toBeLessThan(4.5 * standard[j]!);
      });
      const total = mean.values().reduce((sum, value) => sum + value, 0);
      expect(total).toBeCloseTo(game(all(players)) - game(new Uint8Array(players)), 6);
    }
    // 64 times as many orders: an eighth of the error.
    expect(errorsAt[0]! / errorsAt[1]!).toBeGreaterThan(6);
    expect(errorsAt[0]! / errorsAt[1]!).toBeLessThan(10);
  });

  it('says clearly what is wrong', () => {
    expect(() => new ShapleyMean(0)).toThrow(code('NUMBER_INVALID'));
    expect(() => new ShapleyMean(2).add(Int32Array.of(0), [1, 2])).toThrow(code('LENGTH_INVALID'));
    expect(() => new ShapleyMean(2).add(Int32Array.of(0, 1), [1, 2])).toThrow(code('LENGTH_INVALID'));
  });
});
