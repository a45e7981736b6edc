import { CELLS, cellsWhere } from '../../map-statistics/grid-parts.ts';
import { GRID } from '../../map-statistics/map-grid.ts';
import { quantile } from '../statistics/quantile.ts';

/** Red, green, blue: 0 … 255. */
export type Colour = readonly [number, number, number];

/** Cells nearer to a colour than this are of it. */
const NEAR = 25;
/** A tenth of the picture. */
const MOST_CELLS = 24;
/** Cells of the colour elsewhere, of those of the thing. */
const MOST_ELSEWHERE = 0.5;

/** Size (cells) that one thing in four exceeds, of that which three in four exceed: two cells a side are one where the grid lies otherwise. */
const MOST_SIZES = 4;

/** The cells around each, at most eight. */
const AROUND: readonly (readonly number[])[] = Array.from({ length: CELLS }, (_, cell) =>
  cellsWhere(
    (other) =>
      other !== cell &&
      Math.max(
        Math.abs((cell % GRID) - (other % GRID)),
        Math.abs(Math.floor(cell / GRID) - Math.floor(other / GRID)),
      ) <= 1,
  ),
);

/** Euclidean. */
export const colourDistance = (a: Colour, b: Colour): number =>
  Math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2);

/**
 * The cells of a small thing of one colour: the largest piece of that colour in a picture where there is little else of it (a tenth of the cells
 * together, and half as many elsewhere as in the piece). Undefined where there is none: a colour that is here and there is no thing.
 * @param thumb a record's, decoded
 */
export function thingOfColour(thumb: Uint8Array, [red, green, blue]: Colour): readonly number[] | undefined {
  const found: number[] = [];
  for (let cell = 0, at = 0; cell < CELLS; cell++, at += 4) {
    const r = thumb[at]! - red;
    const g = thumb[at + 1]! - green;
    const b = thumb[at + 2]! - blue;
    if (r * r + g * g + b * b <= NEAR * NEAR && found.push(cell) > MOST_CELLS) return undefined;
  }
  const left = new Set(found);
  let largest: readonly number[] = [];
  for (const start of left) {
    const piece = [start];
    left.delete(start);
    for (const cell of piece) for (const next of AROUND[cell]!) if (left.delete(next)) piece.push(next);
    if (piece.length > largest.length) largest = piece;
  }
  return found.length > 0 && found.length - largest.length <= MOST_ELSEWHERE * largest.length ? largest : undefined;
}

/** Mean colours of the things in a picture, of two cells or more each, in reading order. */
export function thingsIn(thumb: Uint8Array): Colour[] {
  const at = (cell: number): Colour => [thumb[4 * cell]!, thumb[4 * cell + 1]!, thumb[4 * cell + 2]!];
  const taken = new Set<number>();
  const colours: Colour[] = [];
  for (let cell = 0; cell < CELLS; cell++) {
    if (taken.has(cell)) continue;
    const own = at(cell);
    // Alone among its neighbours it makes no piece of two: most cells of a rough picture need no search.
    if (!AROUND[cell]!.some((next) => colourDistance(own, at(next)) <= NEAR)) continue;
    const cells = thingOfColour(thumb, own);
    if (cells === undefined || cells.length < 2 || !cells.includes(cell)) continue;
    for (const one of cells) taken.add(one);
    const mean = (c: number) => cells.reduce((sum, one) => sum + thumb[4 * one + c]!, 0) / cells.length;
    colours.push([mean(0), mean(1), mean(2)]);
  }
  return colours;
}

/**
 * Whether things are about as large every time: the middle half of their sizes within a factor of 4. A mark is; a part of objects, of a colour of its own, is
 * as large as they are drawn.
 * @param sizes in cells
 */
export const alikeInSize = (sizes: readonly number[]): boolean =>
  quantile(sizes, 0.75) <= MOST_SIZES * quantile(sizes, 0.25);

/** Some cells and those around them. */
export const grown = (cells: readonly number[]): Set<number> =>
  new Set([...cells, ...cells.flatMap((cell) => AROUND[cell]!)]);
