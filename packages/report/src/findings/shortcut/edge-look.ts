import { cellsWhere, inMiddle, SIDES } from '../../map-statistics/grid-parts.ts';
import { quantile } from '../statistics/quantile.ts';
import { type RankSum, rankSum } from '../statistics/rank-sum.ts';
import type { Look } from './look.ts';

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

/**
 * What at the edge of the picture tells some pictures from others: the one of some 800 features that does so best in every other picture (the
 * colours and the drawing of each cell of the outer quarter, the drawing of each side, of the edge as a whole, of one side against the others, the
 * oddest colour), tried on the remaining pictures. Share and p are of the second half alone.
 */
export function edgeLook(some: readonly Look[], others: readonly Look[]): RankSum & { readonly what: string } {
  const halves = [some, others].map((looks) => {
    const thumbs = looks
      .toSorted((a, b) => (a.record.sha256 < b.record.sha256 ? -1 : 1))
      .flatMap(({ thumb }) => thumb ?? []);
    return [0, 1].map((half) => thumbs.filter((_, i) => i % 2 === half));
  });
  const [[own, ownLater], [rest, restLater]] = halves as [[Uint8Array[], Uint8Array[]], [Uint8Array[], Uint8Array[]]];
  const none = { share: 0.5, p: 1, what: '' };
  if (own.length < 3 || rest.length < 3 || ownLater.length < 3 || restLater.length < 3) return none;
  let best = { share: 0.5, sign: 1, feature: FEATURES[0]! };
  for (const feature of FEATURES) {
    const { share } = rankSum(own.map(feature.of), rest.map(feature.of));
    const clear = Math.max(share, 1 - share);
    if (clear > best.share) best = { share: clear, sign: share >= 0.5 ? 1 : -1, feature };
  }
  const { sign, feature } = best;
  const tried = rankSum(
    ownLater.map((thumb) => sign * feature.of(thumb)),
    restLater.map((thumb) => sign * feature.of(thumb)),
  );
  return { ...tried, what: feature.what };
}

const MIDDLE = cellsWhere(inMiddle);

/**
 * Whether the middle of some pictures shows less than that of others: less drawing, or less that differs from the edge in colour. Then the object
 * lies elsewhere in the first, and what is at the edge is the object. Probability (of pairs) that it does: 0.5 where the middles are alike.
 */
export function emptierMiddle(some: readonly Look[], others: readonly Look[]): number {
  return Math.max(
    ...[meanEdge, oddest].map((feature) => {
      const [own, rest] = [some, others].map((looks) =>
        looks.flatMap(({ thumb }) => (thumb ? [feature(thumb, MIDDLE)] : [])),
      ) as [number[], number[]];
      return rankSum(rest, own).share;
    }),
  );
}
