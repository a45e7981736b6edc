import { describe, expect, it } from 'vitest';
import { accumulateOcclusion, occlusionWindows, windowCoverage } from '../../src/perturbation/occlusion.ts';
import { randomStream } from '../../src/random/random-stream.ts';
import { relativeDifference } from './references.ts';

const sizes = [
  { height: 8, width: 8, window: [2, 2], stride: [2, 2] },
  { height: 7, width: 10, window: [3, 4], stride: [2, 3] },
  { height: 5, width: 13, window: [3, 3], stride: [3, 3] },
  { height: 4, width: 4, window: [9, 2], stride: [9, 1] },
  { height: 1, width: 1, window: [1, 1], stride: [1, 1] },
  { height: 9, width: 6, window: [4, 4], stride: [1, 1] },
] as const;

describe('occlusion', () => {
  it('windows: the last of a row is cut off at the border', () => {
    expect(occlusionWindows(2, 5, { window: [2, 2], stride: [2, 2] })).toEqual([
      { y0: 0, y1: 2, x0: 0, x1: 2 },
      { y0: 0, y1: 2, x0: 2, x1: 4 },
      { y0: 0, y1: 2, x0: 4, x1: 5 },
    ]);
    expect(occlusionWindows(4, 4, { window: [3, 3], stride: [1, 1] }).length).toBe(4);
    expect(occlusionWindows(224, 224, { window: [32, 32], stride: [16, 16] }).length).toBe(13 * 13);
  });

  it.each(sizes)('every pixel is covered: %j', ({ height, width, ...options }) => {
    const windows = occlusionWindows(height, width, options);
    const coverage = windowCoverage(height, width, windows);
    for (let i = 0; i < coverage.length; i++) {
      const [y, x] = [Math.floor(i / width), i % width];
      expect(coverage[i]).toBe(windows.filter((w) => y >= w.y0 && y < w.y1 && x >= w.x0 && x < w.x1).length);
      expect(coverage[i]).toBeGreaterThan(0);
    }
    expect(
      windows.every((w) => w.x0 >= 0 && w.y0 >= 0 && w.x1 <= width && w.y1 <= height && w.x1 > w.x0 && w.y1 > w.y0),
    ).toBe(true);
  });

  it.each(sizes)(
    'of a linear model: a pixel gets the mean of the sums of its windows (%j)',
    ({ height, width, ...options }) => {
      const weights = randomStream(1).fillNormal(new Float32Array(height * width));
      const picture = randomStream(2).fillNormal(new Float32Array(height * width));
      const score = (hidden?: { x0: number; y0: number; x1: number; y1: number }) => {
        let sum = 0;
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const inside = hidden && y >= hidden.y0 && y < hidden.y1 && x >= hidden.x0 && x < hidden.x1;
            if (!inside) sum += weights[y * width + x]! * picture[y * width + x]!;
          }
        return sum;
      };
      const windows = occlusionWindows(height, width, options);
      const map = accumulateOcclusion(
        height,
        width,
        windows,
        windows.map((window) => score() - score(window)),
      );
      const expected = new Float64Array(map.length);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const covering = windows.filter((w) => y >= w.y0 && y < w.y1 && x >= w.x0 && x < w.x1);
          for (const w of covering)
            for (let v = w.y0; v < w.y1; v++)
              for (let u = w.x0; u < w.x1; u++)
                expected[y * width + x]! += (weights[v * width + u]! * picture[v * width + u]!) / covering.length;
        }
      expect(relativeDifference(map, expected)).toBeLessThan(1e-12);
      if (options.window[0] === 2 && options.stride[0] === 2)
        expect(score()).toBeCloseTo(map.reduce((s, v) => s + v, 0) / 4, 10);
    },
  );

  it('PAIR’s example: 3 Σx, ones at (1,1) and (3,3), window 3, stride 1, summed', () => {
    // saliency/core/occlusion_test.py sums instead of averaging: times the coverage.
    const pixel = (y: number, x: number) => (y === x && (y === 1 || y === 3) ? 1 : 0);
    const windows = occlusionWindows(5, 5, { window: [3, 3], stride: [1, 1] });
    const values = windows.map((w) => {
      let sum = 0;
      for (let y = w.y0; y < w.y1; y++) for (let x = w.x0; x < w.x1; x++) sum += 3 * pixel(y, x);
      return sum;
    });
    const coverage = windowCoverage(5, 5, windows);
    const summed = accumulateOcclusion(5, 5, windows, values).map(
      (value, i) => Math.round(value * coverage[i]! * 1e9) / 1e9,
    );
    expect([...summed]).toEqual([3, 6, 6, 3, 0, 6, 15, 18, 12, 3, 6, 18, 24, 18, 6, 3, 12, 18, 15, 6, 0, 3, 6, 6, 3]);
  });

  it('an interrupted run leaves 0 where nothing was tried', () => {
    const windows = occlusionWindows(2, 4, { window: [2, 2], stride: [2, 2] }).slice(0, 1);
    expect([...accumulateOcclusion(2, 4, windows, [5])]).toEqual([5, 5, 0, 0, 5, 5, 0, 0]);
  });

  it('refuses windows that cannot be', () => {
    const refuse = (window: [number, number], stride: [number, number]) =>
      expect(() => occlusionWindows(8, 8, { window, stride })).toThrow(
        expect.objectContaining({ code: 'NUMBER_INVALID' }),
      );
    refuse([0, 1], [1, 1]);
    refuse([2, 2], [0, 1]);
    refuse([2, 2], [2, 3]);
    refuse([2.5, 2], [1, 1]);
    expect(() => occlusionWindows(0, 8, { window: [1, 1], stride: [1, 1] })).toThrow(
      expect.objectContaining({ code: 'SIZE_INVALID' }),
    );
    expect(() => accumulateOcclusion(4, 4, [], [1])).toThrow(expect.objectContaining({ code: 'LENGTH_INVALID' }));
  });
});
