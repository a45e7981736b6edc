import { type HeatMap, mapStatistics } from '@seewhy/core';
import type { MapRecord } from '../audit-record.ts';
import { errors } from '../errors.ts';
import { insideMask, type Mask } from './inside-mask.ts';
import { encodeGrid } from './map-grid.ts';

/** The part of a {@link MapRecord} that follows from the finished map (and the mask) alone. */
export type MapFields = Pick<
  MapRecord,
  | 'entropy'
  | 'quadrants'
  | 'border'
  | 'corners'
  | 'centre'
  | 'peak'
  | 'halfMassArea'
  | 'empty'
  | 'flat'
  | 'inside'
  | 'grid'
>;

/** Width of the border frame as a share of the shorter side, and sides of the corner squares as a share of each side. */
const FRAME = 1 / 8;
const CORNER = 1 / 4;

/**
 * Where a finished map's mass lies. The *mass* is the positive part of the map, max(0, v); values that are not finite count as 0. All
 * places are shares of width and height, from the upper left. A pixel cut by an edge counts on both sides with its shares, so the figures
 * mean the same for a 7 × 7 map and a 224 × 224 one.
 *
 * - `quadrants`, `centre`, `entropy` (Shannon, over log of the number of pixels), `halfMassArea`: as {@link mapStatistics}
 * - `border`: share of the mass within ⅛ of the shorter side from any edge (an even map of a square picture has 1 − 0.75² = 0.4375)
 * - `corners`: shares of the mass in the rectangles of ¼ × ¼ of the sides at the corners (an even map: 0.0625 each)
 * - `peak`: middle of the strongest pixel; of several equally strong ones the nearest to `centre`, then the first in reading order
 * - `empty`: nothing is positive (then shares are 0 and places the middle); `flat`: all finite values are the same
 * - `inside`: see {@link insideMask}; `grid`: see {@link encodeGrid}
 *
 * @param map as the model saw the picture; of a map placed on a larger picture (`seen`) only that part is looked at
 * @param mask of the same picture part, in any resolution
 * @throws SeewhyError `MAP_SIZE_INVALID`, `MASK_SIZE_INVALID` when data and size do not agree
 */
export function mapRecordOf(map: HeatMap, mask?: Mask): MapFields {
  if (!isSize(map.width, map.height, map.data.length)) throw errors.sizeWrong('map', map);
  if (mask && !isSize(mask.width, mask.height, mask.data.length)) throw errors.sizeWrong('mask', mask);
  const { data, width, height } = seenPart(map);
  const { quadrants, centre, entropy, halfMassArea } = mapStatistics({ data, width, height });

  const positive = new Float32Array(data.length);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value - value !== 0) continue; // NaN and the infinities
    if (value < low) low = value;
    if (value > high) high = value;
    if (value > 0) positive[i] = value;
  }
  const empty = !(high > 0);
  const { border, corners } = edgesOf(positive, width, height);
  const peak = empty ? -1 : peakOf(positive, width, height, high, centre);
  const inside = mask && !empty ? insideMask(positive, width, height, peak, mask) : undefined;
  return {
    entropy,
    quadrants: [quadrants.upperLeft, quadrants.upperRight, quadrants.lowerLeft, quadrants.lowerRight],
    border,
    corners,
    centre: [centre.x, centre.y],
    peak: empty ? [0.5, 0.5] : [((peak % width) + 0.5) / width, (Math.floor(peak / width) + 0.5) / height],
    halfMassArea,
    empty,
    flat: !(high > low),
    ...(inside && { inside }),
    grid: encodeGrid(positive, width, height),
  };
}

const isSize = (width: number, height: number, length: number) =>
  Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && width * height === length;

function seenPart(map: HeatMap): Pick<HeatMap, 'width' | 'height' | 'data'> {
  if (!map.seen) return map;
  const { x0, y0, x1, y1 } = map.seen;
  const [width, height] = [x1 - x0, y1 - y0];
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const at = (y + y0) * map.width + x0;
    data.set(map.data.subarray(at, at + width), y * width);
  }
  return { width, height, data };
}

/** Share of each of `count` pixels that lies in `[low, high)`. */
const overlaps = (count: number, low: number, high: number) =>
  Float64Array.from({ length: count }, (_, i) => Math.max(0, Math.min(high, i + 1) - Math.max(low, i)));

function edgesOf(positive: Float32Array, width: number, height: number): Pick<MapFields, 'border' | 'corners'> {
  const frame = Math.min(width, height) * FRAME;
  const innerX = overlaps(width, frame, width - frame);
  const innerY = overlaps(height, frame, height - frame);
  const left = overlaps(width, 0, width * CORNER);
  const right = overlaps(width, width * (1 - CORNER), width);
  const upper = overlaps(height, 0, height * CORNER);
  const lower = overlaps(height, height * (1 - CORNER), height);
  let total = 0;
  let inner = 0;
  const corners: [number, number, number, number] = [0, 0, 0, 0];
  for (let y = 0; y < height; y++) {
    let row = 0;
    let rowInner = 0;
    let rowLeft = 0;
    let rowRight = 0;
    for (let x = 0; x < width; x++) {
      const value = positive[y * width + x]!;
      row += value;
      rowInner += value * innerX[x]!;
      rowLeft += value * left[x]!;
      rowRight += value * right[x]!;
    }
    total += row;
    inner += rowInner * innerY[y]!;
    corners[0] += rowLeft * upper[y]!;
    corners[1] += rowRight * upper[y]!;
    corners[2] += rowLeft * lower[y]!;
    corners[3] += rowRight * lower[y]!;
  }
  if (total === 0) return { border: 0, corners };
  return {
    border: Math.max(0, 1 - inner / total),
    corners: corners.map((mass) => mass / total) as [number, number, number, number],
  };
}

function peakOf(
  positive: Float32Array,
  width: number,
  height: number,
  high: number,
  centre: { x: number; y: number },
): number {
  const largest = Math.fround(high);
  let best = -1;
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < positive.length; i++) {
    if (positive[i] !== largest) continue;
    const dx = ((i % width) + 0.5) / width - centre.x;
    const dy = (Math.floor(i / width) + 0.5) / height - centre.y;
    const away = dx * dx + dy * dy;
    if (away < nearest) {
      best = i;
      nearest = away;
    }
  }
  return best;
}
