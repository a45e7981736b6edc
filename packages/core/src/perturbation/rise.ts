import { errors } from '../errors.ts';
import { checkSize } from '../picture/picture.ts';
import { mirrorWeights } from '../picture/weights.ts';
import type { RandomStream } from '../random/random-stream.ts';

export interface RiseOptions {
  readonly height: number;
  readonly width: number;
  /** Cells of the grid s, down and across. Default 7. */
  readonly grid?: number;
  /** Probability that a cell is kept, above 0 and below 1. Default 0.5. */
  readonly keep?: number;
}

/**
 * A RISE mask `[H, W]` of values 0 … 1: s × s cells, each 1 with probability `keep` and else 0, enlarged to (s + 1) cells of ⌈H/s⌉ × ⌈W/s⌉
 * pixels (bilinear, half-pixel centres, mirrored at the edge), of which a window of the picture's size is cut at a random place within one
 * cell. Every pixel's mean over all masks is `keep`.
 *
 * V. Petsiuk, A. Das, K. Saenko, "RISE: randomized input sampling for explanation of black-box models", BMVC 2018.
 * @param into where to write; a new array by default
 * @throws SeewhyError `SIZE_INVALID`, `NUMBER_INVALID`, `LENGTH_INVALID`
 */
export function riseMask(stream: RandomStream, options: RiseOptions, into?: Float32Array): Float32Array {
  const { grid = 7, keep = 0.5 } = options;
  if (!(keep > 0 && keep < 1)) throw errors.numberInvalid('keep', keep, 'a probability above 0 and below 1');
  const [cellHeight, cellWidth] = riseCell(options);
  const bits = stream.fillBits(new Uint8Array(grid * grid), keep);
  const shift = [stream.uniformInt(cellHeight), stream.uniformInt(cellWidth)] as const;
  return riseMaskOf(bits, shift, options, into);
}

/** Height and width of a cell of the grid in pixels: the number of possible shifts. */
export function riseCell({ height, width, grid = 7 }: RiseOptions): [height: number, width: number] {
  checkSize(width, height);
  if (!(Number.isInteger(grid) && grid >= 1)) throw errors.numberInvalid('grid', grid, 'a whole number of at least 1');
  return [Math.ceil(height / grid), Math.ceil(width / grid)];
}

/**
 * The mask of given cells and a given shift.
 * @param bits `grid × grid` values, row by row
 * @param shift pixels cut off at the top and at the left, less than a cell
 */
export function riseMaskOf(
  bits: ArrayLike<number>,
  shift: readonly [down: number, across: number],
  options: RiseOptions,
  into?: Float32Array,
): Float32Array {
  const { height, width, grid = 7 } = options;
  const [cellHeight, cellWidth] = riseCell(options);
  if (bits.length !== grid * grid) throw errors.lengthInvalid('The grid of a RISE mask', bits.length, grid * grid);
  const mask = into ?? new Float32Array(height * width);
  if (mask.length !== height * width)
    throw errors.lengthInvalid('The array for a RISE mask', mask.length, height * width);
  const columns = mirrorWeights(grid, (grid + 1) * cellWidth);
  const rows = mirrorWeights(grid, (grid + 1) * cellHeight);
  // Across first: few rows are that long.
  const wide = new Float64Array(grid * width);
  for (let x = 0; x < width; x++) {
    const at = x + shift[1];
    const start = columns.start[at]!;
    const left = columns.values[at * 2]!;
    const right = columns.values[at * 2 + 1]!;
    for (let row = 0; row < grid; row++) {
      const from = row * grid + start;
      // With one cell there is no right neighbour, and its weight is 0.
      wide[row * width + x] = left * bits[from]! + (right === 0 ? 0 : right * bits[from + 1]!);
    }
  }
  for (let y = 0; y < height; y++) {
    const at = y + shift[0];
    const upper = rows.values[at * 2]!;
    const lower = rows.values[at * 2 + 1]!;
    const from = rows.start[at]! * width;
    const below = lower === 0 ? from : from + width;
    const to = y * width;
    for (let x = 0; x < width; x++) mask[to + x] = upper * wide[from + x]! + lower * wide[below + x]!;
  }
  return mask;
}

/** How the sums over masks become a map. */
export const RISE_ESTIMATES = {
  keep: 'the sum of scores times masks over the number of masks times keep: the paper, unbiased',
  coverage: 'the same sum over the sum of the masks at the pixel (plus 1e-4): xplique; less noise with few masks',
  'control-variate':
    'as keep, of the scores less their mean, which the map gets back: unbiased too, without the noise of how often a pixel was seen',
} as const;

export type RiseEstimate = keyof typeof RISE_ESTIMATES;

/** What is known of some masks and the scores of the picture under them. */
export interface RiseSums {
  readonly count: number;
  /** Σ y. */
  readonly scores: number;
  /** Σ y · M, `[H, W]`. */
  readonly scored: Float64Array;
  /** Σ M, `[H, W]`; `keep` does without. */
  readonly masks: Float64Array;
}

/** Added to the sum of the masks before it divides. */
const COVERAGE_EPSILON = 1e-4;

/**
 * The map `[H, W]`; zeros before the first mask.
 *
 * E[M] is `keep` at every pixel, so that c + Σ (y − c) · M / (N · keep) has the expectation of the paper's map whatever the number c. Of c = ȳ, the
 * mean of the same scores, Σ (y − ȳ) · M has the expectation (N − 1) · Cov(y, M): divided by N − 1 it stays exact (control variates: P. Glasserman,
 * "Monte Carlo methods in financial engineering", 2003, sec. 4.1).
 * @param keep probability of a cell
 */
export function riseMap({ count, scores, scored, masks }: RiseSums, keep: number, how: RiseEstimate): Float64Array {
  if (how === 'coverage') return scored.map((sum, i) => sum / (masks[i]! + COVERAGE_EPSILON));
  const mean = how === 'keep' ? 0 : scores / Math.max(1, count);
  const scale = 1 / (keep * Math.max(1, how === 'keep' ? count : count - 1));
  const map = new Float64Array(scored.length);
  for (let i = 0; i < map.length; i++) map[i] = mean + scale * (scored[i]! - (mean === 0 ? 0 : mean * masks[i]!));
  return map;
}

/** The running sums of a RISE run, in float64. */
export class RiseSum implements RiseSums {
  readonly scored: Float64Array;
  readonly masks: Float64Array;
  readonly #keep: number;
  #count = 0;
  #scores = 0;

  constructor({ height, width, keep = 0.5 }: RiseOptions) {
    this.scored = new Float64Array(height * width);
    this.masks = new Float64Array(height * width);
    this.#keep = keep;
  }

  /** Masks so far. */
  get count(): number {
    return this.#count;
  }

  get scores(): number {
    return this.#scores;
  }

  /** @param score of the picture under the mask */
  add(mask: Float32Array, score: number): void {
    const { scored, masks } = this;
    if (mask.length !== masks.length) throw errors.lengthInvalid('A RISE mask', mask.length, masks.length);
    for (let i = 0; i < masks.length; i++) {
      const value = mask[i]!;
      scored[i]! += value * score;
      masks[i]! += value;
    }
    this.#count++;
    this.#scores += score;
  }

  /** The map `[H, W]` of the masks so far; zeros before the first. */
  map(how: RiseEstimate = 'keep'): Float64Array {
    return riseMap(this, this.#keep, how);
  }
}
