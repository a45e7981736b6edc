import { errors } from '../errors.ts';
import type { RandomStream } from '../random/random-stream.ts';
import { RiseGrid, type RiseOptions, riseCell } from './rise-grid.ts';

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
  const enlarged = new RiseGrid({ height, width, grid });
  if (bits.length !== grid * grid) throw errors.lengthInvalid('The grid of a RISE mask', bits.length, grid * grid);
  const mask = into ?? new Float32Array(height * width);
  if (mask.length !== height * width)
    throw errors.lengthInvalid('The array for a RISE mask', mask.length, height * width);
  enlarged.addTall(enlarged.wide(bits, shift[1]), shift[0], mask.fill(0));
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
export function riseMap(sums: RiseSums, keep: number, how: RiseEstimate): Float64Array {
  const { count, scores, scored } = sums;
  if (how === 'keep') return scored.map((sum) => sum / (keep * Math.max(1, count)));
  const { masks } = sums;
  if (how === 'coverage') return scored.map((sum, i) => sum / (masks[i]! + COVERAGE_EPSILON));
  const mean = scores / Math.max(1, count);
  const scale = 1 / (keep * Math.max(1, count - 1));
  return scored.map((sum, i) => mean + scale * (sum - mean * masks[i]!));
}
