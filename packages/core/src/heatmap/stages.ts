import { errors, unknownName } from '../errors.ts';
import { type HeatMap, percentileOf, rangeOf } from './heatmap.ts';

/** Ways to make one value of the C values of a pixel. */
export const REDUCERS = {
  'max-abs': 'max over c of |x_c|',
  'sum-abs': 'Σ_c |x_c|',
  'mean-abs': 'Σ_c |x_c| / C',
  sum: 'Σ_c x_c, signed',
  mean: 'Σ_c x_c / C, signed',
  max: 'max over c of x_c',
  l2: '√(Σ_c x_c²)',
} as const;

/** How the channels of a raw map become one value a place; see {@link REDUCERS}. */
export type Reducer = keyof typeof REDUCERS;

/**
 * Reduces a raw map of `[C, H, W]` (or `[H, W, C]` with `layout` 'NHWC') to `[H, W]`.
 * @param how see {@link REDUCERS} (default `sum`)
 * @throws SeewhyError `MAP_SHAPE_INVALID` when the data does not have that many values
 */
export function reduceChannels(
  data: Float32Array,
  shape: { channels: number; height: number; width: number; layout?: 'NCHW' | 'NHWC' },
  how: Reducer = 'sum',
): HeatMap {
  const { channels, height, width } = shape;
  const size = height * width;
  if (data.length !== channels * size) {
    throw errors.mapShape(`${channels}x${height}x${width} needs ${channels * size} values, ${data.length} are there`);
  }
  if (!(how in REDUCERS)) throw unknownName('reducer', how, Object.keys(REDUCERS));
  const [pixelStep, channelStep] = shape.layout === 'NHWC' ? [channels, 1] : [1, size];
  const absolute = how === 'max-abs' || how === 'sum-abs' || how === 'mean-abs';
  const largest = how === 'max-abs' || how === 'max';
  const divisor = how === 'mean' || how === 'mean-abs' ? channels : 1;
  const out = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let total = largest ? Number.NEGATIVE_INFINITY : 0;
    for (let c = 0; c < channels; c++) {
      const raw = data[i * pixelStep + c * channelStep]!;
      const value = absolute ? Math.abs(raw) : raw;
      // Math.max hands NaN on, so that it is found and said later.
      if (largest) total = Math.max(total, value);
      else total += how === 'l2' ? value * value : value;
    }
    out[i] = how === 'l2' ? Math.sqrt(total) : total / divisor;
  }
  return { width, height, data: out };
}

export type Rectifier = 'relu' | 'abs' | 'none';

/** `relu`: max(x, 0); `abs`: |x|; `none`: x. NaN stays NaN. */
export function rectify(map: HeatMap, how: Rectifier): HeatMap {
  if (how === 'none') return map;
  const data = new Float32Array(map.data.length);
  for (let i = 0; i < data.length; i++) data[i] = how === 'relu' ? Math.max(map.data[i]!, 0) : Math.abs(map.data[i]!);
  return { ...map, data };
}

/** How values are brought to 0..1 (or -1..1). */
export type Normaliser =
  /** (x - min) / (max - min + epsilon). Where max = min: `flat: 'keep'` leaves the map, 'zero' (default) gives 0. */
  | { by: 'minmax'; epsilon?: number; flat?: 'keep' | 'zero' }
  /** x / (max + epsilon) where max > 0, else unchanged. */
  | { by: 'max'; epsilon?: number }
  /** (x - min) / (p - min), p the percentile (default 99), clipped to 0..1: a few outliers do not darken the rest. */
  | { by: 'percentile'; percentile?: number }
  /** x / p, p the percentile (default 100) of |x|, clipped to -1..1: the sign and the zero are kept. */
  | { by: 'symmetric'; percentile?: number }
  /** x / t, clipped to -1..1; t is where the running sum of the sorted values of x reaches so many percent of their sum. For x ≥ 0. */
  | { by: 'cumulative'; percent: number }
  | { by: 'none' };

/** A normalised map and the values before it that are shown as `low` and 1. */
export interface Normalised {
  map: HeatMap;
  /** `shown = (value - offset) / scale` */
  offset: number;
  scale: number;
}

/** Applies a {@link Normaliser} in float32, as the peers do; NaN and infinities are left out of the range. */
export function normalise(map: HeatMap, how: Normaliser): Normalised {
  const same = { map, offset: 0, scale: 1 };
  switch (how.by) {
    case 'none':
      return same;
    case 'minmax': {
      const [low, high] = rangeOf(map.data);
      if (high === low && how.flat === 'keep') return same;
      const scale = Math.fround(Math.fround(high - low) + (how.epsilon ?? 0));
      return shift(map, low, scale);
    }
    case 'max': {
      const [, high] = rangeOf(map.data);
      return high > 0 ? shift(map, 0, high + (how.epsilon ?? 0)) : same;
    }
    case 'percentile': {
      const [low] = rangeOf(map.data);
      const { map: scaled, ...range } = shift(map, low, percentileOf(map.data, how.percentile ?? 99) - low);
      return { map: clip(scaled, 0, 1), ...range };
    }
    case 'cumulative': {
      const { map: scaled, ...range } = shift(map, 0, cumulativeOf(map.data, how.percent));
      return { map: clip(scaled, -1, 1), ...range };
    }
    case 'symmetric': {
      const magnitude = percentileOf(map.data.map(Math.abs), how.percentile ?? 100);
      const { map: scaled, ...range } = shift(map, 0, magnitude);
      return { map: clip(scaled, -1, 1), ...range };
    }
  }
}

/** The first of the sorted finite values at which their running sum reaches so many percent of the whole. */
function cumulativeOf(data: Float32Array, percent: number): number {
  const sorted = data.filter((value) => Number.isFinite(value)).sort();
  const limit = (sorted.reduce((sum, value) => sum + value, 0) * percent) / 100;
  let running = 0;
  for (const value of sorted) {
    running += value;
    if (running >= limit) return value;
  }
  return 0;
}

/** (x - offset) / scale; all 0 when the scale is 0. */
function shift(map: HeatMap, offset: number, scale: number): Normalised {
  const data = new Float32Array(map.data.length);
  for (let i = 0; i < data.length; i++)
    data[i] = scale === 0 ? map.data[i]! * 0 : Math.fround(map.data[i]! - offset) / scale;
  return { map: { ...map, data }, offset, scale };
}

function clip(map: HeatMap, low: number, high: number): HeatMap {
  const data = new Float32Array(map.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.max(low, Math.min(map.data[i]!, high));
  return { ...map, data };
}

/** How maps of several layers become one. */
export type Fusion = 'mean' | 'max' | 'sum' | 'product';

/** Maps of several layers, all of one size, as one: element by element. */
export function fuseMaps(maps: readonly HeatMap[], how: Fusion): HeatMap {
  const [first, ...others] = maps;
  if (!first) throw errors.mapShape('no map to fuse');
  if (others.length === 0) return first;
  const sums = Float64Array.from(first.data);
  for (const map of others) {
    if (map.width !== first.width || map.height !== first.height)
      throw errors.mapsDiffer(`${first.width}x${first.height}`, `${map.width}x${map.height}`);
    for (let i = 0; i < sums.length; i++) {
      const value = map.data[i]!;
      if (how === 'max') sums[i] = Math.max(sums[i]!, value);
      else if (how === 'product') sums[i]! *= value;
      else sums[i]! += value;
    }
  }
  const divisor = how === 'mean' ? maps.length : 1;
  const data = new Float32Array(sums.length);
  for (let i = 0; i < data.length; i++) data[i] = sums[i]! / divisor;
  return { ...first, data };
}
