import { cellsWhere, onFrame } from '../../map-statistics/grid-parts.ts';
import { quantile } from '../statistics/quantile.ts';
import type { Look } from './look.ts';

/** Darker cells have no colour to speak of. */
const DARK = 16;
/** The frame and the rest. */
export const ZONES = [cellsWhere(onFrame), cellsWhere((cell) => !onFrame(cell))] as const;

/** What is measured of a zone of a thumb; a dark zone has no tint. */
export interface Measure {
  readonly of: (thumb: Uint8Array, cells: readonly number[]) => readonly number[] | undefined;
  /** A smaller difference is none. */
  readonly least: number;
}

/** Shares of red and blue in the light. */
export const TINT: Measure = {
  least: 0.02,
  of: (thumb, cells) => {
    let [r, g, b] = [0, 0, 0];
    for (const cell of cells) {
      const [red, green, blue] = [thumb[4 * cell]!, thumb[4 * cell + 1]!, thumb[4 * cell + 2]!];
      if (red + green + blue < 3 * DARK) continue;
      r += red;
      g += green;
      b += blue;
    }
    const light = r + g + b;
    return light < 3 * DARK * 4 ? undefined : [r / light, b / light];
  },
};

/** How much is drawn where least is drawn (a quarter of the cells have less): objects have no part in it. */
export const GRAIN: Measure = {
  least: 8,
  of: (thumb, cells) => [
    quantile(
      cells.map((cell) => thumb[4 * cell + 3]!),
      0.25,
    ),
  ],
};

/** Others that may show a look that some pictures have in common. */
const MOST_OTHERS = 1 / 3;

/** A look that some pictures have in common, on the frame as in the rest. */
export interface Overall {
  /** Zones in which it could be measured. */
  readonly zones: number;
  present(thumb: Uint8Array): boolean;
}

/**
 * The median of a measure of some pictures, if they differ from it by less than 0.4 of what others differ from it, in each zone; and the same
 * difference to the others (half of it at least) on the frame and in the rest. An object changes one part of the picture, not both alike. Nine of ten of the
 * pictures lie within the look's reach, and a third of the others at most.
 */
export function overallLook(
  { of, least }: Measure,
  looks: readonly Look[],
  others: readonly Look[],
): Overall | undefined {
  const [own, rest] = [looks, others].map((list) =>
    list.flatMap(({ thumb }) => (thumb ? [ZONES.map((cells) => of(thumb, cells))] : [])),
  ) as [ReturnType<Measure['of']>[][], ReturnType<Measure['of']>[][]];
  const apart = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));
  const zones = ZONES.flatMap((cells, zone) => {
    const near = own.flatMap((values) => (values[zone] ? [values[zone]] : []));
    const far = rest.flatMap((values) => (values[zone] ? [values[zone]] : []));
    if (near.length < 0.8 * own.length || far.length < 0.5 * rest.length || near.length === 0 || far.length === 0)
      return [];
    const middle = near[0]!.map((_, c) => quantile(near.map((values) => values[c]!)));
    const usual = near[0]!.map((_, c) => quantile(far.map((values) => values[c]!)));
    const within = near.map((values) => apart(values, middle));
    return [
      {
        cells,
        middle,
        within: quantile(within),
        between: quantile(far.map((values) => apart(values, middle))),
        reach: quantile(within, 0.9),
        shift: middle.map((value, c) => value - usual[c]!),
      },
    ];
  });
  if (zones.length === 0 || zones.some(({ within, between }) => between < least || within > 0.4 * between))
    return undefined;
  const [frame, inner] = zones;
  if (
    frame &&
    inner &&
    apart(frame.shift, inner.shift) > 0.5 * Math.max(Math.hypot(...frame.shift), Math.hypot(...inner.shift))
  )
    return undefined;
  const present = (thumb: Uint8Array) =>
    zones.every(({ cells, middle, reach }) => {
      const values = of(thumb, cells);
      return values !== undefined && apart(values, middle) <= reach;
    });
  // Half of the pictures may be alike and the rest of them anything: then the look is everybody's.
  const seen = others.flatMap(({ thumb }) => thumb ?? []);
  if (seen.filter(present).length > MOST_OTHERS * seen.length) return undefined;
  return { zones: zones.length, present };
}
