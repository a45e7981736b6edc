import { describe, expect, it } from 'vitest';
import { RandomStream, randomStream } from '../../src/random/random-stream.ts';
import { threefry } from '../../src/random/threefry.ts';
import { normalTail, TAIL, ziggurat } from '../../src/random/ziggurat.ts';

const normals = (count: number, ...path: (string | number)[]) =>
  randomStream(1, ...path).fillNormal(new Float32Array(count));

/** Φ(x) by the series of the error function; good to 1e-14 for |x| < 6. */
function cumulative(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17; n++) {
    term *= (x * x) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}

/** Largest distance of the empirical distribution from a given one, times √n (Kolmogorov and Smirnov). */
function kolmogorov(values: Float32Array, distribution: (x: number) => number): number {
  const sorted = Float32Array.from(values).sort();
  let largest = 0;
  for (let i = 0; i < sorted.length; i++) {
    const p = distribution(sorted[i]!);
    largest = Math.max(largest, Math.abs(p - i / sorted.length), Math.abs(p - (i + 1) / sorted.length));
  }
  return largest * Math.sqrt(sorted.length);
}

function moment(values: Float32Array, power: number): number {
  let sum = 0;
  for (const x of values) sum += x ** power;
  return sum / values.length;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum / a.length;
}

describe('published vectors', () => {
  // Random123 1.09, examples/kat_vectors: threefry2x32 with 20 rounds.
  it.each([
    [[0, 0], [0, 0], '6b200159 99ba4efe'],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '1cb996fc bb002be7'],
    [[0x243f6a88, 0x85a308d3], [0x13198a2e, 0x03707344], 'c4923a9c 483df7a0'],
  ] as const)('Threefry-2x32-20 of %j under %j', (counter, key, expected) => {
    const words = Int32Array.from(counter, (word) => word | 0);
    threefry(words, key[0] | 0, key[1] | 0);
    expect([...words].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join(' ')).toBe(expected);
  });

  // The reference program (prng.di.unimi.it, xoshiro128starstar.c 1.1) from state 1 2 3 4, as in the tests of Rust's rand_xoshiro.
  const outputs = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804];
  it('xoshiro128**', () => {
    const stream = new RandomStream([1, 2, 3, 4]);
    expect(outputs.map(() => stream.bits())).toEqual(outputs);
  });

  it('the filling loops draw the same words', () => {
    const filled = new RandomStream([1, 2, 3, 4]).fillUniform(new Float32Array(outputs.length));
    expect([...filled]).toEqual(outputs.map((word) => Math.floor(word / 256) / 2 ** 24));
    const bits = new RandomStream([1, 2, 3, 4]).fillBits(new Uint8Array(outputs.length), 0.25);
    expect([...bits]).toEqual(outputs.map((word) => (word < 2 ** 30 ? 1 : 0)));
    const one = randomStream(4);
    const many = randomStream(4).fillNormal(new Float32Array(5000));
    expect(many).toEqual(Float32Array.from({ length: 5000 }, () => one.normal()));
  });
});

describe('streams', () => {
  it('are the same each time and do not depend on what was drawn before', () => {
    const alone = randomStream(7, 'noise', 3).fillNormal(new Float32Array(100));
    for (let i = 0; i < 3; i++) normals(17 * i, 'noise', i);
    expect(randomStream(7, 'noise', 3).fillNormal(new Float32Array(100))).toEqual(alone);
    // Written down once: a change of these numbers changes everybody's results.
    expect([...alone.subarray(0, 3)].map((x) => Number(x.toFixed(6)))).toMatchInlineSnapshot(`
      [
        0.026621,
        1.166182,
        0.617139,
      ]
    `);
  });

  it('differ for other paths, and parts are not run together', () => {
    const paths: (number | string)[][] = [
      [],
      [''],
      ['', ''],
      ['a'],
      ['a', 'b'],
      ['ab'],
      ['ab', ''],
      ['\0'],
      ['ab\0'],
      ['a', 'b', 0],
      [0],
      [0, 0],
      [1],
      ['1'],
      [-1],
      [0.5],
      [2 ** 32],
      [2 ** 33],
      [2 ** 52 + 1],
    ];
    const first = paths.map((path) => `${randomStream(0, ...path).bits()} ${randomStream(1, ...path).bits()}`);
    expect(new Set(first).size).toBe(paths.length);
    expect(randomStream(-0).bits()).toBe(randomStream(0).bits());
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuse the seed %s', (seed) => {
    expect(() => randomStream(seed)).toThrow(expect.objectContaining({ code: 'SEED_INVALID' }));
    expect(() => randomStream(0, 'noise', seed)).toThrow(expect.objectContaining({ code: 'SEED_INVALID' }));
  });

  it('next to one another are independent', () => {
    const count = 1 << 14;
    // Correlation of independent normal numbers: 0 ± 1/√count; 5σ for 64 pairs, at lags 0 and 1.
    const bound = 5 / Math.sqrt(count);
    let previous = normals(count, 'i', 0);
    for (let i = 1; i <= 64; i++) {
      const next = normals(count, 'i', i);
      expect(Math.abs(correlation(previous, next))).toBeLessThan(bound);
      expect(Math.abs(correlation(previous.subarray(1), next.subarray(0, -1)))).toBeLessThan(bound);
      previous = next;
    }
    // The first number of each of many streams, as one sample.
    const firsts = Float32Array.from({ length: count }, (_, i) => randomStream(1, 'first', i).normal());
    expect(kolmogorov(firsts, cumulative)).toBeLessThan(1.95);
    expect(Math.abs(correlation(firsts.subarray(1), firsts.subarray(0, -1)))).toBeLessThan(bound);
  });
});

describe('distributions', () => {
  const count = 2_000_000;
  it('uniform', () => {
    const values = randomStream(2).fillUniform(new Float32Array(count));
    // 1.95 / √n is exceeded once in 1000.
    expect(kolmogorov(values, (x) => x)).toBeLessThan(1.95);
    expect(Math.abs(moment(values, 1) - 1 / 2)).toBeLessThan(5 / Math.sqrt(12 * count));
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true);
    const range = randomStream(2).fillUniform(new Float32Array(1000), -3, 5);
    expect(Math.max(...range)).toBeLessThan(5);
    expect(range[7]).toBeCloseTo(-3 + 8 * values[7]!, 5);
  });

  it('normal: distance, moments, symmetry', () => {
    const values = normals(count);
    expect(kolmogorov(values, cumulative)).toBeLessThan(1.95);
    // Variances of x, x², x³, x⁴: 1, 2, 15, 96.
    [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ].forEach(([power, mean, variance]) => {
      expect(Math.abs(moment(values, power!) - mean!)).toBeLessThan(4.5 * Math.sqrt(variance! / count));
    });
    const scaled = randomStream(1).fillNormal(new Float32Array(count), 10, 0.5);
    expect(Math.abs(moment(scaled, 1) - 10)).toBeLessThan((4.5 * 0.5) / Math.sqrt(count));
    expect(scaled[5]).toBeCloseTo(10 + values[5]! / 2, 5);
  });

  it('normal: the tails weigh what they should, on both sides', () => {
    const values = normals(4 * count, 'tails');
    for (const at of [1, 2, 3, TAIL, 4, 4.5]) {
      const p = 1 - cumulative(at);
      for (const sign of [1, -1]) {
        let found = 0;
        for (const x of values) if (sign * x > at) found++;
        const expected = p * values.length;
        expect(Math.abs(found - expected), `${sign * at}: ${found}, ${expected}`).toBeLessThan(
          4.5 * Math.sqrt(expected),
        );
      }
    }
  });

  it('normal: the shape of the tail', () => {
    const stream = randomStream(8);
    const values = new Float32Array(200_000);
    for (let i = 0; i < values.length; i++) values[i] = normalTail(stream);
    const beyond = cumulative(-TAIL);
    expect(kolmogorov(values, (x) => 1 - cumulative(-x) / beyond)).toBeLessThan(1.95);
  });

  it('the ziggurat closes at the top: its layers all have one area', () => {
    const { edge, height } = ziggurat;
    expect(edge[255]! * (1 - height[255]!)).toBeCloseTo(0.00492867323399, 10);
    for (let i = 1; i < 255; i++) expect(edge[i]! * (height[i + 1]! - height[i]!)).toBeCloseTo(0.00492867323399, 10);
    // Lowest layer: rectangle and tail.
    const tail = Math.sqrt(2 * Math.PI) * (1 - cumulative(TAIL));
    expect(TAIL * height[1]! + tail).toBeCloseTo(0.00492867323399, 10);
  });

  it('whole numbers', () => {
    const stream = randomStream(3);
    const counts = new Float64Array(7);
    for (let i = 0; i < 70_000; i++) counts[stream.uniformInt(7)]!++;
    const chi = counts.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
    // χ² of 6 degrees of freedom exceeds 22.46 once in 1000.
    expect(chi).toBeLessThan(22.46);
    // 3·2³⁰ does not divide 2³²: without rejection the first third would come up half as often again.
    let low = 0;
    for (let i = 0; i < 30_000; i++) if (stream.uniformInt(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low - 10_000)).toBeLessThan(5 * Math.sqrt(30_000 * (2 / 9)));
    for (const n of [0, -1, 1.5, 2 ** 32 + 1])
      expect(() => stream.uniformInt(n)).toThrow(expect.objectContaining({ code: 'NUMBER_INVALID' }));
  });

  it('permutations: each order as likely', () => {
    const stream = randomStream(5);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const key = stream.permutation(4).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    // 23 degrees of freedom, once in 1000.
    expect(chi).toBeLessThan(49.73);
    expect([...stream.permutation(0)]).toEqual([]);
  });

  it('subsets and choices', () => {
    const stream = randomStream(6);
    const counts = new Float64Array(10);
    for (let i = 0; i < 10_000; i++) {
      const subset = stream.subset(10, 3);
      expect(new Set(subset).size).toBe(3);
      for (const j of subset) counts[j]!++;
    }
    for (const n of counts) expect(Math.abs(n - 3000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.3 * 0.7));
    expect(() => stream.subset(3, 4)).toThrow(expect.objectContaining({ code: 'NUMBER_INVALID' }));
    expect(['a', 'b']).toContain(stream.choice(['a', 'b']));
    expect(() => stream.choice([])).toThrow(expect.objectContaining({ code: 'NUMBER_INVALID' }));
  });
});
