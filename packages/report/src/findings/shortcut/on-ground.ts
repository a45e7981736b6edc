import { CELLS, cellsWhere, onFrame } from '../../map-statistics/grid-parts.ts';
import { quantile } from '../statistics/quantile.ts';
import { rankSum } from '../statistics/rank-sum.ts';
import { type Look, spread } from './look.ts';
import { type Colour, colourDistance, grown } from './thing-of-colour.ts';

/** Pictures that are looked at. */
const SEARCHED = 120;
/** A cell is the ground's where it is as near to the frame's median colour as three of four cells of the frame, half as much again, and this. */
const NEAR = { share: 0.75, times: 1.5, least: 10 };
/** Of what lies around a thing, the ground's share at least (median). */
const LEAST_GROUND = 0.4;
/** Of pairs of pictures, those in which it is less than at the same place elsewhere: from what share and one-sided p on it is no chance. */
const ON_OBJECT = { share: 0.62, p: 0.02 };
const FRAME = cellsWhere(onFrame);

/** A picture with a thing in it, and the thing's cells. */
export interface Member {
  readonly look: Look;
  readonly thumb: Uint8Array;
  readonly cells: readonly number[];
}

/**
 * Whether things lie on the ground and not within an object: what is around them (two cells away) is the ground, for two fifths at least; and about as often
 * as at the same places in other pictures of the class. A part of an object has the object around it. The ground is what has the colours of the frame.
 */
export function onGround(members: readonly Member[], others: readonly Look[]): boolean {
  const some = spread(members, SEARCHED).map(({ thumb, cells }) => ({
    ground: groundOf(thumb),
    around: around(cells),
  }));
  const rest = spread(others, SEARCHED).flatMap(({ thumb }) => (thumb ? [groundOf(thumb)] : []));
  const share = (ground: readonly boolean[], cells: readonly number[]) =>
    cells.filter((cell) => ground[cell]).length / cells.length;
  const own = some.flatMap(({ ground, around }) => (around.length > 0 ? [share(ground, around)] : []));
  const exchanged = rest.map((ground, i) => share(ground, some[i % some.length]!.around)).filter(Number.isFinite);
  const elsewhere = rankSum(exchanged, own);
  return quantile(own) >= LEAST_GROUND && !(elsewhere.share > ON_OBJECT.share && elsewhere.p < ON_OBJECT.p);
}

/** The cells two away from some. */
function around(cells: readonly number[]): readonly number[] {
  const near = grown(cells);
  return [...grown([...near])].filter((cell) => !near.has(cell));
}

/** Which cells of a thumb have the colours of its frame. */
function groundOf(thumb: Uint8Array): readonly boolean[] {
  const at = (cell: number): Colour => [thumb[4 * cell]!, thumb[4 * cell + 1]!, thumb[4 * cell + 2]!];
  const [red, green, blue] = [0, 1, 2].map((c) => quantile(FRAME.map((cell) => thumb[4 * cell + c]!)));
  const usual: Colour = [red!, green!, blue!];
  const most =
    NEAR.least +
    NEAR.times *
      quantile(
        FRAME.map((cell) => colourDistance(at(cell), usual)),
        NEAR.share,
      );
  return Array.from({ length: CELLS }, (_, cell) => colourDistance(at(cell), usual) <= most);
}
