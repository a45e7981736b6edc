import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/random/random-stream.ts';
import { flipped } from '../../src/wrappers/flip.ts';
import { halfRows, inHalf, Moments } from '../../src/wrappers/moments.ts';
import { noiseOf } from '../../src/wrappers/noise.ts';
import { shuffledWeights } from '../../src/wrappers/random-weights.ts';
import { readFixture } from '../support.ts';

describe('noise', () => {
  const dims = [1, 1, 40, 50];
  const picture = Float32Array.from({ length: 2000 }, (_, i) => i / 1999 - 0.25);
  const options = { samples: 6, noise: 0.15, noiseAbsolute: 0 };

  it('has the deviation asked for: a share of the range, or absolute', () => {
    const path = { seed: 3, item: 0 };
    expect(noiseOf(options, picture, dims, path).sigma).toBeCloseTo(0.15, 6);
    expect(noiseOf({ ...options, noiseAbsolute: 2 }, picture, dims, path).sigma).toBe(2);
    const flat = new Float32Array(2000).fill(7);
    expect(noiseOf(options, flat, dims, path).sigma).toBe(0);
    const drawn = noiseOf(options, picture, dims, path).take(0, 6);
    const square = drawn.reduce((sum, value) => sum + value ** 2, 0) / drawn.length;
    expect(Math.abs(square / 0.15 ** 2 - 1)).toBeLessThan(0.05);
    expect(noiseOf(options, flat, dims, path).take(0, 1)).toEqual(new Float32Array(2000));
  });

  it('of a sample is the same in any batch, and another for another picture', () => {
    const noise = noiseOf(options, picture, dims, { seed: 3, item: 1 });
    const together = noise.take(2, 3).slice();
    for (let i = 0; i < 3; i++)
      expect(noise.take(2 + i, 1)).toEqual(together.slice(i * picture.length, (i + 1) * picture.length));
    expect(noiseOf(options, picture, dims, { seed: 3, item: 2 }).take(2, 1)).not.toEqual(together.slice(0, 2000));
  });
});

describe('moments', () => {
  const length = 7;
  const samples = 11;
  const maps = Array.from({ length: samples }, (_, i) =>
    randomStream(1, i).fillNormal(new Float32Array(length), 1000, 1e-2),
  );
  const mean = (of: (value: number) => number, at: number) =>
    maps.reduce((sum, map) => sum + of(map[at]!), 0) / samples;

  it.each(['mean', 'square', 'variance', 'unbiased-variance'] as const)('%s', (how) => {
    const moments = new Moments(length, how);
    for (const [at, map] of maps.entries()) moments.add(at, map);
    for (const [at, value] of moments.result().entries()) {
      const average = mean((x) => x, at);
      const spread = mean((x) => (x - average) ** 2, at);
      const expected = {
        mean: average,
        square: mean((x) => x * x, at),
        variance: spread,
        'unbiased-variance': (spread * samples) / (samples - 1),
      }[how];
      expect(Math.abs(value / expected - 1)).toBeLessThan(1e-5);
    }
  });

  it('halves are the even and the odd samples, wherever a run begins', () => {
    expect([...(halfRows(3, 4).data as Float32Array)]).toEqual([0, 1, 0, 1, 1, 0, 1, 0]);
    for (const from of [0, 1, 2, 5])
      for (const count of [1, 2, 3, 4])
        for (const half of [0, 1]) {
          const rows = halfRows(from, count).data as Float32Array;
          const ones = rows.subarray(half * count, (half + 1) * count).reduce((sum, one) => sum + one, 0);
          expect(inHalf(half, from, count)).toBe(ones);
        }
  });
});

it('an axis in reverse order', () => {
  const values = Float32Array.from({ length: 12 }, (_, i) => i);
  expect([...flipped(values, [2, 2, 3], 2)]).toEqual([2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9]);
  expect([...flipped(values, [2, 3, 2], 1)]).toEqual([4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7]);
});

describe('random weights', () => {
  const graph = readFixture('models/tiny-cnn.onnx');

  it('are those of the model in another order; biases stay', () => {
    const shuffled = shuffledWeights(graph, 0);
    expect(shuffled.size).toBeGreaterThan(0);
    for (const [name, tensor] of shuffled) {
      const before = graph.initializers.get(name)!;
      expect(tensor.dims).toEqual(before.dims);
      expect(before.dims.length).toBeGreaterThanOrEqual(2);
      expect(tensor.data()).not.toEqual(before.data());
      expect([...tensor.data()].sort()).toEqual([...before.data()].sort());
    }
    expect([...shuffledWeights(graph, 0)]).toEqual([...shuffled]);
    expect([...shuffledWeights(graph, 1)]).not.toEqual([...shuffled]);
  });

  it('of a graph that stores none', () => {
    expect(() => shuffledWeights(graph.with({ initializers: new Map() }), 0)).toThrow(
      expect.objectContaining({ code: 'NO_WEIGHTS' }),
    );
  });
});
