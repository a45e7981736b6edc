import { describe, expect, it } from 'vitest';
import { percentileOf, rangeOf } from '../../src/heatmap/heatmap.ts';
import { fuseMaps, normalise, type Reducer, rectify, reduceChannels } from '../../src/heatmap/stages.ts';

const row = (...values: number[]) => ({ width: values.length, height: 1, data: Float32Array.from(values) });

describe('reduceChannels', () => {
  // Pixels (1, -2, 2) and (-4, 0, 3).
  const planes = Float32Array.of(1, -4, -2, 0, 2, 3);
  const pixels = Float32Array.of(1, -2, 2, -4, 0, 3);
  const expected: Record<Reducer, [number, number]> = {
    'max-abs': [2, 4],
    'sum-abs': [5, 7],
    'mean-abs': [5 / 3, 7 / 3],
    sum: [1, -1],
    mean: [1 / 3, -1 / 3],
    max: [2, 3],
    l2: [3, 5],
  };
  it.each(Object.entries(expected) as [Reducer, [number, number]][])('%s', (how, values) => {
    const shape = { channels: 3, height: 1, width: 2 };
    const rounded = Float32Array.from(values);
    expect(reduceChannels(planes, shape, how).data).toEqual(rounded);
    expect(reduceChannels(pixels, { ...shape, layout: 'NHWC' }, how).data).toEqual(rounded);
  });
  it('says what does not fit', () => {
    expect(() => reduceChannels(planes, { channels: 3, height: 2, width: 2 })).toThrow(/needs 12 values, 6/);
    expect(() => reduceChannels(planes, { channels: 3, height: 1, width: 2 }, 'maxabs' as Reducer)).toThrow(/max-abs/);
  });
});

it('rectify', () => {
  expect([...rectify(row(-1, 0, 2), 'relu').data]).toEqual([0, 0, 2]);
  expect([...rectify(row(-1, 0, 2), 'abs').data]).toEqual([1, 0, 2]);
  expect(Number.isNaN(rectify(row(Number.NaN), 'relu').data[0])).toBe(true);
});

describe('normalise', () => {
  it('min-max with an epsilon, worked by hand', () => {
    const { map, offset, scale } = normalise(row(2, 3, 4), { by: 'minmax', epsilon: 2 });
    expect([...map.data]).toEqual([0, 0.25, 0.5]);
    expect([offset, scale]).toEqual([2, 4]);
  });
  it('flat maps: 0 or kept', () => {
    expect([...normalise(row(3, 3), { by: 'minmax' }).map.data]).toEqual([0, 0]);
    expect([...normalise(row(3, 3), { by: 'minmax', flat: 'keep' }).map.data]).toEqual([3, 3]);
  });
  it('max divides only when something is positive', () => {
    expect([...normalise(row(-1, 2, 4), { by: 'max' }).map.data]).toEqual([-0.25, 0.5, 1]);
    expect([...normalise(row(-1, -2), { by: 'max' }).map.data]).toEqual([-1, -2]);
  });
  it('percentile clips what lies above', () => {
    const values = Array.from({ length: 101 }, (_, i) => i);
    const { map } = normalise(row(...values), { by: 'percentile', percentile: 50 });
    expect([map.data[0], map.data[25], map.data[50], map.data[100]]).toEqual([0, 0.5, 1, 1]);
  });
  it('leaves NaN out of the range', () => {
    const { map } = normalise(row(Number.NaN, 0, 2), { by: 'minmax' });
    expect([...map.data]).toEqual([Number.NaN, 0, 1]);
  });
});

it('fuseMaps', () => {
  const maps = [row(1, 4), row(3, 2)];
  expect([...fuseMaps(maps, 'mean').data]).toEqual([2, 3]);
  expect([...fuseMaps(maps, 'max').data]).toEqual([3, 4]);
  expect([...fuseMaps(maps, 'sum').data]).toEqual([4, 6]);
  expect([...fuseMaps(maps, 'product').data]).toEqual([3, 8]);
  expect(() => fuseMaps([row(1), row(1, 2)], 'mean')).toThrow(expect.objectContaining({ code: 'MAPS_DIFFER_IN_SIZE' }));
});

it('percentileOf interpolates as numpy: percentile([1, 2, 4], 75) = 3', () => {
  expect(percentileOf(Float32Array.of(4, 1, 2, Number.NaN), 75)).toBe(3);
  expect(rangeOf([Number.NaN, Number.POSITIVE_INFINITY, 2, -1])).toEqual([-1, 2]);
});
