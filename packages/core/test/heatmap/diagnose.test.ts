import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/heatmap/diagnose.ts';
import { mapStatistics } from '../../src/heatmap/statistics.ts';

const of = (...values: number[]) => ({ data: Float32Array.from(values) });

describe('diagnose', () => {
  it('a healthy map has no warning', () => {
    const found = diagnose(of(-1, 0, 1, 3));
    expect(found).toMatchObject({
      min: -1,
      max: 3,
      mean: 0.75,
      negativePixels: 0.25,
      rectifiedAway: 0.2,
      nonFinite: 0,
    });
    expect(found.deviation).toBeCloseTo(Math.sqrt(2.1875), 6);
    expect(found.warnings).toEqual([]);
    expect([found.empty, found.flat, found.saturated]).toEqual([false, false, false]);
  });
  it.each([
    ['zero everywhere', of(0, 0, 0), { empty: true, flat: true }, /zero everywhere/],
    ['only negative', of(-1, -2, -3), { empty: true, flat: false, rectifiedAway: 1 }, /empty after rectifying/],
    ['flat', of(2, 2, 2), { empty: false, flat: true }, /flat/],
    ['mostly negative', of(-99, 1, -99, 0.5), { empty: false }, /rectified away/],
    ['saturated', of(5, 5, 5, 1), { saturated: true }, /share the largest value/],
    ['NaN', of(Number.NaN, 1, 2), { nonFinite: 1 }, /NaN or infinite/],
    ['all NaN', of(Number.NaN, Number.NaN), { nonFinite: 2, empty: true }, /NaN or infinite/],
  ])('%s', (_, map, flags, sentence) => {
    const found = diagnose(map);
    expect(found).toMatchObject(flags);
    expect(found.warnings.join(' ')).toMatch(sentence);
  });
  it('a negative map is fine when nothing is rectified', () => {
    expect(diagnose(of(-1, -2, -3), false)).toMatchObject({ empty: false, warnings: [] });
  });
});

describe('mapStatistics', () => {
  it('puts the mass into quadrants', () => {
    const data = new Float32Array(16);
    data[0] = 3; // upper left
    data[15] = 1; // lower right
    const found = mapStatistics({ width: 4, height: 4, data });
    expect(found.quadrants).toEqual({ upperLeft: 0.75, upperRight: 0, lowerLeft: 0, lowerRight: 0.25 });
    expect(found.centre).toEqual({ x: 0.3125, y: 0.3125 });
    expect(found.summary).toBe('75 % in the upper left');
    expect(found.halfMassArea).toBe(1 / 16);
    expect(found.entropy).toBeCloseTo((-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25)) / Math.log(16), 12);
  });
  it('shares a middle pixel between the halves', () => {
    const found = mapStatistics({ width: 3, height: 3, data: Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0) });
    expect(Object.values(found.quadrants)).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(found.summary).toBe('spread over the picture');
  });
  it('an even map has entropy 1, an empty one 0', () => {
    expect(mapStatistics({ width: 4, height: 4, data: new Float32Array(16).fill(2) }).entropy).toBeCloseTo(1, 12);
    expect(mapStatistics({ width: 4, height: 4, data: new Float32Array(16) })).toMatchObject({
      entropy: 0,
      summary: 'empty',
    });
  });
  it('counts only what the model saw', () => {
    const data = new Float32Array(16).fill(1);
    const found = mapStatistics({ width: 4, height: 4, data, seen: { x0: 2, y0: 0, x1: 4, y1: 4 } });
    expect(found.quadrants.upperLeft).toBe(0.25);
    expect(found.centre.x).toBe(0.75);
  });
});
