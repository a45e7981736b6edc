import type { HeatMap } from './heatmap.ts';

/** Where a map has its positive mass, and how spread out it is. */
export interface MapStatistics {
  /** Shares of the map's positive mass, summing to 1 (all 0 for an empty map). */
  quadrants: { upperLeft: number; upperRight: number; lowerLeft: number; lowerRight: number };
  /** Centre of the positive mass, as a share of width and height (0.5, 0.5 is the middle). */
  centre: { x: number; y: number };
  /** Entropy of the mass over the pixels, 0 (one pixel) to 1 (spread evenly). */
  entropy: number;
  /** Share of the pixels that hold half of the mass, the strongest first: small means focused. */
  halfMassArea: number;
  /** One phrase for captions and alt texts: "72 % in the upper left". */
  summary: string;
}

/** Where the positive mass of a map lies. Only the part the model saw is counted (`map.seen`). */
export function mapStatistics(map: HeatMap): MapStatistics {
  const { x0, y0, x1, y1 } = map.seen ?? { x0: 0, y0: 0, x1: map.width, y1: map.height };
  const width = x1 - x0;
  const height = y1 - y0;
  const values = new Float32Array(width * height);
  let positive = 0;
  let total = 0;
  let sumX = 0;
  let sumY = 0;
  let left = 0;
  let upper = 0;
  let upperLeft = 0;
  for (let y = 0; y < height; y++) {
    const above = Math.min(1, Math.max(0, height / 2 - y)); // share of the pixel in the upper half
    for (let x = 0; x < width; x++) {
      const value = map.data[(y + y0) * map.width + x + x0]!;
      if (!(value > 0) || value === Number.POSITIVE_INFINITY) continue;
      const before = Math.min(1, Math.max(0, width / 2 - x));
      values[positive++] = value;
      total += value;
      sumX += value * (x + x0 + 0.5);
      sumY += value * (y + y0 + 0.5);
      left += value * before;
      upper += value * above;
      upperLeft += value * before * above;
    }
  }
  if (total === 0) {
    return {
      quadrants: { upperLeft: 0, upperRight: 0, lowerLeft: 0, lowerRight: 0 },
      centre: { x: 0.5, y: 0.5 },
      entropy: 0,
      halfMassArea: 0,
      summary: 'empty',
    };
  }
  const quadrants = {
    upperLeft: upperLeft / total,
    upperRight: (upper - upperLeft) / total,
    lowerLeft: (left - upperLeft) / total,
    lowerRight: (total - left - upper + upperLeft) / total,
  };
  let entropy = 0;
  const ascending = values.subarray(0, positive).sort();
  let held = 0;
  let count = 0;
  for (let i = positive - 1; i >= 0; i--) {
    const value = ascending[i]!;
    entropy -= (value / total) * Math.log(value / total);
    if (held < total / 2) {
      held += value;
      count++;
    }
  }
  return {
    quadrants,
    centre: { x: sumX / total / map.width, y: sumY / total / map.height },
    entropy: width * height > 1 ? entropy / Math.log(width * height) : 0,
    halfMassArea: count / (width * height),
    summary: summarise(quadrants),
  };
}

/** The fewest words that are true: a quadrant with at least half, else a half with at least 70 %, else "spread". */
function summarise(q: MapStatistics['quadrants']): string {
  const places: [string, number, number][] = [
    ['upper left', q.upperLeft, 0.5],
    ['upper right', q.upperRight, 0.5],
    ['lower left', q.lowerLeft, 0.5],
    ['lower right', q.lowerRight, 0.5],
    ['upper half', q.upperLeft + q.upperRight, 0.7],
    ['lower half', q.lowerLeft + q.lowerRight, 0.7],
    ['left half', q.upperLeft + q.lowerLeft, 0.7],
    ['right half', q.upperRight + q.lowerRight, 0.7],
  ];
  for (const group of [places.slice(0, 4), places.slice(4)]) {
    const [name, share, least] = group.reduce((best, place) => (place[1] > best[1] ? place : best));
    if (share >= least) return `${Math.round(share * 100)} % in the ${name}`;
  }
  return 'spread over the picture';
}
