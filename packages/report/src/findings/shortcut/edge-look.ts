import { cellsWhere, inMiddle, SIDES } from '../../map-statistics/grid-parts.ts';
import { mean, quantile } from '../statistics/quantile.ts';
import { type RankSum, rankSum } from '../statistics/rank-sum.ts';
import type { Look } from './look.ts';
import { tail } from './rising.ts';

const SIDE_NAMES = ['upper', 'lower', 'left', 'right'] as const;
/** Sum of R, G and B. */
const DARK = 48;
const CHANNELS = ['red', 'green', 'blue', 'drawing'] as const;

/** Cells of the quarter along each side: top, bottom, left, right. */
const BANDS = Object.values(SIDES).map(cellsWhere);
const ALL = cellsWhere((cell) => !inMiddle(cell));

/** Something to look at: `sign` is chosen by what is looked for. */
interface Feature {
  readonly what: string;
  readonly of: (thumb: Uint8Array) => number;
}

const meanEdge = (thumb: Uint8Array, cells: readonly number[]) =>
  cells.reduce((sum, cell) => sum + thumb[4 * cell + 3]!, 0) / cells.length;

const CORNERS = [SIDES.top, SIDES.bottom].flatMap((vertical) =>
  [SIDES.left, SIDES.right].map((across) => cellsWhere((cell) => vertical(cell) && across(cell))),
);

/** By how much the largest of four numbers stands out from the next. */
function standsOut(values: readonly number[]): number {
  const [first, second] = values.toSorted((a, b) => b - a) as [number, number];
  return first - second;
}

const bandsOf = (thumb: Uint8Array) => BANDS.map((cells) => meanEdge(thumb, cells)).sort((a, b) => a - b);

const FEATURES: readonly Feature[] = [
  ...ALL.flatMap((cell) =>
    CHANNELS.map((name, channel) => ({
      what: `${name === 'drawing' ? 'how much is drawn' : `how ${name} it is`} at one place near the ${placeOf(cell)}`,
      of: (thumb: Uint8Array) => thumb[4 * cell + channel]!,
    })),
  ),
  ...BANDS.map((cells, side) => ({
    what: `how much is drawn along the ${SIDE_NAMES[side]} side`,
    of: (thumb: Uint8Array) => meanEdge(thumb, cells),
  })),
  { what: 'how much is drawn at the edge', of: (thumb) => meanEdge(thumb, ALL) },
  {
    what: 'how much more is drawn along one side than along the others',
    of: (thumb) => {
      const bands = bandsOf(thumb);
      return bands[3]! - bands[1]!;
    },
  },
  {
    what: 'how much more is drawn in one corner, whichever, than in the others',
    of: (thumb) => standsOut(CORNERS.map((cells) => meanEdge(thumb, cells))),
  },
  {
    what: 'a colour of its own in one corner, whichever',
    of: (thumb) => standsOut(CORNERS.map((cells) => oddest(thumb, cells))),
  },
  { what: 'a place at the edge of a colour of its own', of: (thumb) => oddest(thumb) },
  { what: 'a place at the edge of a hue of its own', of: oddestHue },
];

/** Largest distance of one of some cells from the median colour of the edge. */
function oddest(thumb: Uint8Array, cells = ALL): number {
  const middle = [0, 1, 2].map((c) => quantile(ALL.map((cell) => thumb[4 * cell + c]!)));
  return Math.max(...cells.map((cell) => Math.hypot(...middle.map((value, c) => thumb[4 * cell + c]! - value))));
}

/** Largest distance of a cell at the edge from the median hue there (shares of red and blue in the light); dark cells have none. */
function oddestHue(thumb: Uint8Array): number {
  const hues = ALL.flatMap((cell) => {
    const [r, g, b] = [thumb[4 * cell]!, thumb[4 * cell + 1]!, thumb[4 * cell + 2]!];
    return r + g + b < DARK ? [] : [[r / (r + g + b), b / (r + g + b)] as const];
  });
  const [red, blue] = [0, 1].map((c) => quantile(hues.map((hue) => hue[c]!))) as [number, number];
  return Math.max(0, ...hues.map((hue) => Math.hypot(hue[0] - red, hue[1] - blue)));
}

function placeOf(cell: number): string {
  const down = SIDES.top(cell) ? 'upper' : SIDES.bottom(cell) ? 'lower' : '';
  const across = SIDES.left(cell) ? 'left' : SIDES.right(cell) ? 'right' : '';
  return down && across ? `${down} ${across} corner` : `${down || across} side`;
}

/** How far apart the medians of two samples are, in their median distances from them; 3 (of 255) is nothing. */
function gapOf(some: readonly number[], others: readonly number[]): number {
  const away = (values: readonly number[], middle: number) => quantile(values.map((value) => Math.abs(value - middle)));
  const [own, rest] = [quantile(some), quantile(others)];
  return Math.abs(own - rest) / (3 + away(some, own) + away(others, rest));
}

/**
 * What at the edge of the picture tells some pictures from others: the one of some 800 features that does so best (the
 * colours and the drawing of each cell of the outer quarter, the drawing of each side, of the edge as a whole, of one side and of one corner against the others, the
 * oddest colour; of several that do so equally well the one whose values lie farthest apart: among few pictures many do so by chance). It is found in
 * every other picture and tried on the remaining ones, then the other way round. Share: the mean of both trials; p: both together (Stouffer). No picture
 * is tried with what was found in it.
 */
export function edgeLook(
  some: readonly Look[],
  others: readonly Look[],
): Pick<RankSum, 'share' | 'p'> & { readonly what: string } {
  const halves = [some, others].map((looks) => {
    const thumbs = looks
      .toSorted((a, b) => (a.record.sha256 < b.record.sha256 ? -1 : 1))
      .flatMap(({ thumb }) => thumb ?? []);
    return [0, 1].map((half) => thumbs.filter((_, i) => i % 2 === half));
  });
  const [own, rest] = halves as [[Uint8Array[], Uint8Array[]], [Uint8Array[], Uint8Array[]]];
  if ([...own, ...rest].some(({ length }) => length < 3)) return { share: 0.5, p: 1, what: '' };
  const trials = [0, 1].map((half) => {
    const { sign, feature } = clearest(own[half]!, rest[half]!);
    const [later, restLater] = [own[1 - half]!, rest[1 - half]!];
    return {
      feature,
      ...rankSum(
        later.map((thumb) => sign * feature.of(thumb)),
        restLater.map((thumb) => sign * feature.of(thumb)),
      ),
    };
  });
  return {
    share: mean(trials.map(({ share }) => share)),
    p: tail(trials.reduce((sum, { z }) => sum + z, 0) / Math.SQRT2),
    what: trials.toSorted((a, b) => b.share - a.share)[0]!.feature.what,
  };
}

/** The feature that tells best, and in which direction. */
function clearest(own: readonly Uint8Array[], rest: readonly Uint8Array[]): { sign: number; feature: Feature } {
  let best = { share: 0.5, gap: 0, sign: 1, feature: FEATURES[0]! };
  for (const feature of FEATURES) {
    const [here, there] = [own.map(feature.of), rest.map(feature.of)];
    const { share } = rankSum(here, there);
    const clear = Math.max(share, 1 - share);
    if (clear < best.share) continue;
    const gap = gapOf(here, there);
    if (clear > best.share || gap > best.gap) best = { share: clear, gap, sign: share >= 0.5 ? 1 : -1, feature };
  }
  return best;
}

const MIDDLE = cellsWhere(inMiddle);

/**
 * Whether the middle of some pictures shows less than that of others: less drawing, or less that differs from the edge in colour. Then the object
 * lies elsewhere in the first, and what is at the edge is the object. Probability (of pairs) that it does: 0.5 where the middles are alike.
 * @param cells another part than the middle
 */
export function emptierMiddle(some: readonly Look[], others: readonly Look[], cells = MIDDLE): number {
  return Math.max(
    ...[meanEdge, oddest].map((feature) => {
      const [own, rest] = [some, others].map((looks) =>
        looks.flatMap(({ thumb }) => (thumb ? [feature(thumb, cells)] : [])),
      ) as [number[], number[]];
      return rankSum(rest, own).share;
    }),
  );
}
