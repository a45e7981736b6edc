import { describe, expect, it } from 'vitest';
import { type RiseEstimate, riseMap, riseMask, riseMaskOf } from '../../src/perturbation/rise.ts';
import { RiseGrid, riseCell } from '../../src/perturbation/rise-grid.ts';
import { RiseGridSum } from '../../src/perturbation/rise-grid-sum.ts';
import { RiseSum } from '../../src/perturbation/rise-sum.ts';
import { randomStream } from '../../src/random/random-stream.ts';
import { reference, relativeDifference } from './references.ts';

interface Case {
  readonly height: number;
  readonly width: number;
  readonly grid: number;
  readonly shift: [number, number];
  readonly bits: number[];
  readonly mask: number[];
}
const cases: Case[] = reference('rise.json').cases;

/** All grids of bits with their probability. */
function* grids(cells: number, keep: number): Generator<[bits: number[], probability: number]> {
  for (let code = 0; code < 2 ** cells; code++) {
    const bits = Array.from({ length: cells }, (_, i) => (code >> i) & 1);
    const kept = bits.reduce((sum, bit) => sum + bit, 0);
    yield [bits, keep ** kept * (1 - keep) ** (cells - kept)];
  }
}

describe('RISE masks', () => {
  it.each(cases)('are those of the paper’s program: $height × $width, grid $grid, shift $shift', (one) => {
    expect(relativeDifference(riseMaskOf(one.bits, one.shift, one), one.mask)).toBeLessThan(1e-7);
  });

  it('are the cells and the shift that the stream draws, and a stream repeats its mask', () => {
    const options = { height: 30, width: 41, grid: 5, keep: 0.3 };
    const into = new Float32Array(30 * 41);
    for (let i = 0; i < 20; i++) {
      const stream = randomStream(9, 'mask', i);
      const bits = stream.fillBits(new Uint8Array(25), 0.3);
      const [down, across] = riseCell(options);
      const expected = riseMaskOf(bits, [stream.uniformInt(down), stream.uniformInt(across)], options);
      expect(riseMask(randomStream(9, 'mask', i), options, into)).toBe(into);
      expect(into).toEqual(expected);
    }
  });

  it('lie in 0 … 1, and their mean over all cells is keep at every pixel and every shift', () => {
    const options = { height: 7, width: 5, grid: 3, keep: 0.3 };
    for (const shift of [
      [0, 0],
      [2, 1],
    ] as const) {
      const mean = new Float64Array(35);
      for (const [bits, probability] of grids(9, 0.3)) {
        const mask = riseMaskOf(bits, shift, options);
        for (let i = 0; i < 35; i++) {
          expect(mask[i]).toBeGreaterThanOrEqual(0);
          expect(mask[i]).toBeLessThanOrEqual(1);
          mean[i]! += probability * mask[i]!;
        }
      }
      expect(relativeDifference(mean, new Float64Array(35).fill(0.3))).toBeLessThan(1e-6);
    }
  });

  it('drawn ones have that mean too', () => {
    const count = 4000;
    const sum = new Float64Array(64 * 64);
    for (let i = 0; i < count; i++) {
      const mask = riseMask(randomStream(3, i), { height: 64, width: 64, keep: 0.25 });
      for (let j = 0; j < sum.length; j++) sum[j]! += mask[j]! / count;
    }
    // A mask value's deviation is at most that of a bit.
    const bound = 5 * Math.sqrt((0.25 * 0.75) / count);
    for (const mean of sum) expect(Math.abs(mean - 0.25)).toBeLessThan(bound);
  });

  it('refuse what cannot be', () => {
    const stream = randomStream(0);
    for (const options of [{ grid: 0 }, { grid: 1.5 }, { keep: 0 }, { keep: 1 }])
      expect(() => riseMask(stream, { height: 8, width: 8, ...options })).toThrow(
        expect.objectContaining({ code: 'NUMBER_INVALID' }),
      );
    expect(() => riseMask(stream, { height: 0, width: 8 })).toThrow(expect.objectContaining({ code: 'SIZE_INVALID' }));
    expect(() => riseMaskOf([1, 0], [0, 0], { height: 8, width: 8, grid: 2 })).toThrow(
      expect.objectContaining({ code: 'LENGTH_INVALID' }),
    );
    expect(() => riseMask(stream, { height: 8, width: 8 }, new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'LENGTH_INVALID' }),
    );
  });
});

describe('RISE maps', () => {
  // f(x · m) = Σ a m + c Π m over two pixels: neither linear nor additive.
  const options = { height: 4, width: 4, grid: 2, keep: 0.4 };
  const mapOf = (sum: RiseSum, how: RiseEstimate = 'keep') => riseMap(sum, options.keep, how);
  const weights = randomStream(8).fillNormal(new Float32Array(16));
  const score = (mask: Float32Array) => mask.reduce((sum, m, i) => sum + weights[i]! * m, 0) + 2 * mask[5]! * mask[10]!;

  /** E[f(x · M) M] / keep, over all cells and shifts. */
  function expectation(): Float64Array {
    const map = new Float64Array(16);
    for (const [bits, probability] of grids(4, options.keep))
      for (const down of [0, 1])
        for (const across of [0, 1]) {
          const mask = riseMaskOf(bits, [down, across], options);
          for (let i = 0; i < 16; i++) map[i]! += (probability / 4 / options.keep) * score(mask) * mask[i]!;
        }
    return map;
  }

  it('come to the exact expectation', () => {
    const exact = expectation();
    const sum = new RiseSum(16);
    const errorsAt = (count: number) => {
      while (sum.count < count) {
        const mask = riseMask(randomStream(1, 'mask', sum.count), options);
        sum.add(mask, score(mask));
      }
      return Math.max(...mapOf(sum).map((value, i) => Math.abs(value - exact[i]!)));
    };
    const size = Math.max(...exact.map(Math.abs));
    expect(errorsAt(1000) / size).toBeLessThan(0.2);
    expect(errorsAt(100_000) / size).toBeLessThan(0.02);
  });

  /** Every mask there is, with its probability and score. */
  const all = () =>
    [...grids(4, options.keep)].flatMap(([bits, probability]) =>
      [0, 1, 2, 3].map((shift) => {
        const mask = riseMaskOf(bits, [shift >> 1, shift & 1], options);
        return { mask, probability: probability / 4, score: score(mask) };
      }),
    );

  it('with a control variate have exactly the same expectation: enumerated over all pairs of masks', () => {
    const exact = expectation();
    const masks = all();
    for (const how of ['keep', 'control-variate', 'coverage'] as const) {
      const mean = new Float64Array(16);
      for (const a of masks)
        for (const b of masks) {
          const sum = new RiseSum(16);
          for (const { mask, score } of [a, b]) sum.add(mask, score + 10);
          mapOf(sum, how).forEach((value, i) => {
            mean[i]! += a.probability * b.probability * value;
          });
        }
      const error = relativeDifference(
        mean.map((value) => value - 10),
        exact,
      );
      if (how === 'coverage') expect(error).toBeGreaterThan(1e-2);
      else expect(error).toBeLessThan(1e-6);
    }
  });

  it('with a control variate do not change with an offset of the score, whose noise the paper’s map shows', () => {
    // Mean square error over pixels and runs of 40 masks each.
    const errorOf = (how: 'keep' | 'control-variate', offset: number) => {
      const exact = expectation();
      let error = 0;
      for (let run = 0; run < 200; run++) {
        const sum = new RiseSum(16);
        for (let i = 0; i < 40; i++) {
          const mask = riseMask(randomStream(run, 'offset', i), options);
          sum.add(mask, score(mask) + offset);
        }
        mapOf(sum, how).forEach((value, i) => {
          error += (value - offset - exact[i]!) ** 2 / 200 / 16;
        });
      }
      return error;
    };
    expect(errorOf('control-variate', 10) / errorOf('control-variate', 0)).toBeCloseTo(1, 4);
    // Var(10 · M) / keep² / 40, beside the noise of the scores themselves.
    expect(errorOf('keep', 10) / errorOf('control-variate', 10)).toBeGreaterThan(10);
    expect(errorOf('keep', 0) / errorOf('control-variate', 0)).toBeGreaterThan(0.8);
  });

  it('normalised by coverage: a constant score gives that constant', () => {
    const sum = new RiseSum(16);
    expect([...mapOf(sum)]).toEqual(new Array(16).fill(0));
    for (let i = 0; i < 50; i++) sum.add(riseMask(randomStream(2, i), options), 3);
    for (const value of mapOf(sum, 'coverage')) expect(Math.abs(value - 3)).toBeLessThan(1e-4);
    // By keep it is so only on average.
    expect(mapOf(sum, 'keep').every((value) => Math.abs(value - 3) < 1e-4)).toBe(false);
  });

  it('from cells and shifts are those of the whole masks', () => {
    for (const size of [
      { height: 30, width: 41, grid: 5 },
      { height: 8, width: 8, grid: 7 },
      { height: 9, width: 4, grid: 1 },
    ]) {
      const whole = new RiseSum(size.height * size.width);
      const grid = new RiseGrid(size);
      const cells = new RiseGridSum(grid);
      expect([...cells.scored]).toEqual([...whole.scored]);
      for (let i = 0; i < 60; i++) {
        const stream = randomStream(4, 'cells', i);
        const bits = stream.fillBits(new Uint8Array(size.grid ** 2), 0.5);
        const shift = grid.shifts.map((shift) => stream.uniformInt(shift)) as [number, number];
        const score = 3 + stream.uniform();
        whole.add(riseMaskOf(bits, shift, size), score);
        cells.add(bits, shift, score);
      }
      expect(cells).toMatchObject({ count: 60, scores: whole.scores });
      expect(relativeDifference(cells.scored, whole.scored)).toBeLessThan(1e-7);
      expect(relativeDifference(cells.masks, whole.masks)).toBeLessThan(1e-7);
    }
  });
});
