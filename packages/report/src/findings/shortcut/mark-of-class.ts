import { CELLS, cellsWhere, inMiddle, onFrame, SIDES } from '../../map-statistics/grid-parts.ts';
import { GRID } from '../../map-statistics/map-grid.ts';
import { counted, percent, pText } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { rankSum } from '../statistics/rank-sum.ts';
import { hypergeometricTail } from '../statistics/tails.ts';
import { emptierMiddle } from './edge-look.ts';
import { type Look, lost, spread } from './look.ts';
import type { Test } from './suspect.ts';
import { whereIs } from './where-hot.ts';

const LEAST = 6;
/** Log-odds that covering a part takes of a decision that depends on it. */
const MUCH = 1.1;
const LEAST_SHARE = 0.75;
const MOST_ELSEWHERE = 0.2;
/** How much more a value varies among the other pictures than among these, and how much at least (of 255). */
const TYPICAL = { times: 4, between: 25 };
/** Of pairs of pictures, the share in which the one of the class shows more drawing at a place. */
const DRAWN = 0.9;
/** From that share on a place may belong to the object that one of more drawing belongs to. */
const FAINTLY = 0.7;
const LEAST_CELLS = 3;
/** How alike (of 255) cells of the ground are, and their share in a picture at least. */
const ALIKE = 20;
const GROUND = 0.15;
/** Pictures that are looked at for it, evenly spread. */
const MOST_LOOKED_AT = 200;
const MOST_EMPTIER = 0.8;
/** What is covered: the probes' names. */
const PARTS = { frame: onFrame, ...SIDES };

/**
 * Without masks, for a mark that all pictures of a class have (a tag, a stamp, a border): there are none of the class without it that {@link byEdge}
 * could hold them against, and maps may point at the object, which goes with the class as well. Asked for:
 *
 * 1. Covering the frame or one side takes two thirds of the odds or more in at least 75 % of the class and at most 20 % of the other decisions.
 *    Test: Fisher's exact, one-sided.
 * 2. In that part at least three cells show the same in the pictures of the class and something else in the others: the median distance (of a
 *    colour, or of the edge strength) from the class's median is at most a quarter of the others'; or they show more drawing than the others do, in 90 %
 *    of the pairs, as letters do that read differently every time (faintly, in 70 %: enough for the chain). No chain of such cells (gaps of one cell allowed)
 *    leads from them to the middle of the picture, as it does from an object that is always drawn at one place and reaches to the edge. And they do
 *    not show the ground ({@link withoutGround}), as they do where other objects reach farther.
 * 3. The middle shows about as much as in the others ({@link emptierMiddle}, at most 0.8), and so does all but that part: there is an object there, so
 *    what lies at the edge is another thing. Where a class lies at the bottom and the others at the top, the middle of both is empty.
 *
 * Of several parts the one with the most typical cells is told; every part counts as a test.
 */
export function markOfClass(target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const others = all.filter((look) => look.target !== target);
  if (looks.length < LEAST || others.length < LEAST) return [];
  const typical = typicalCells(looks, others);
  const alike = typical.filter(({ drawn }) => drawn === undefined);
  const marks = withoutGround(
    // An object whose end looks drawn every time is drawn more faintly from there to the middle: letters are not.
    [...apartFromMiddle(alike), ...apartFromMiddle(typical).filter(({ drawn = 0 }) => drawn >= DRAWN)],
    typical.filter(({ drawn = 1 }) => drawn >= DRAWN),
    looks,
  );
  const found = Object.entries(PARTS).map(([part, inside]) => {
    const name = part as keyof typeof PARTS;
    const depends = looks.filter((look) => dependsOn(look, name));
    const elsewhere = others.filter((look) => dependsOn(look, name));
    const p = hypergeometricTail(depends.length, looks.length, depends.length + elsewhere.length, all.length);
    const clear =
      depends.length >= LEAST_SHARE * looks.length &&
      elsewhere.length <= MOST_ELSEWHERE * others.length &&
      depends.length >= LEAST;
    return { name, p, depends, elsewhere, mark: clear ? marks.filter(({ cell }) => inside(cell)) : [] };
  });
  const best = found.toSorted((a, b) => b.mark.length - a.mark.length)[0]!;
  const apart = cellsWhere((cell) => !PARTS[best.name](cell));
  const accused =
    best.mark.length >= LEAST_CELLS &&
    emptierMiddle(looks, others) <= MOST_EMPTIER &&
    emptierMiddle(looks, others, apart) <= MOST_EMPTIER;
  return found.map(({ name, p, depends, elsewhere, mark }): Test => {
    if (!accused || name !== best.name) return { p };
    const still = mark.filter((cell) => cell.drawn === undefined);
    // What most of its cells show is said of all.
    const same = 2 * still.length >= mark.length;
    const within = quantile(still.map((cell) => cell.within));
    const between = quantile(still.map((cell) => cell.between));
    const drawn = quantile(mark.flatMap((cell) => cell.drawn ?? []));
    const mass = new Float32Array(CELLS);
    for (const { cell } of mark) mass[cell] = 1;
    return {
      p,
      suspect: {
        by: 'edge',
        target,
        looks: depends,
        of: looks.length,
        strong: true,
        what: `something that ${same ? 'looks the same every time' : 'is drawn every time'}${whereIs(mass)}`,
        evidence: [
          `Covering ${name === 'frame' ? 'the frame of the picture' : `the ${sideText(name)} of the picture`} takes two thirds of the odds or more in ${counted(depends.length, 'picture')} of ${looks.length} decided so (${percent(depends.length / looks.length)}), and in ${elsewhere.length} of ${others.length} decided otherwise (Fisher's exact test, ${pText(p)}). There the pictures of this class show ${same ? `the same thing (cells differ by ${within.toFixed(1)} of 255; those of other pictures by ${between.toFixed(1)})` : `letters or lines (more drawing than in pictures of other classes, in ${percent(drawn)} of the pairs)`}, while the middle shows as much as in other classes, and differs from picture to picture.`,
        ],
        figures: {
          n: looks.length,
          dependent: depends.length,
          share: depends.length / looks.length,
          others: others.length,
          othersDependent: elsewhere.length,
          ...(same ? { within, between } : { drawn }),
        },
      },
    };
  });
}

const sideText = (name: keyof typeof PARTS): string =>
  ({ frame: 'frame', top: 'upper quarter', bottom: 'lower quarter', left: 'left quarter', right: 'right quarter' })[
    name
  ];

function dependsOn({ record: { probes }, target }: Look, part: keyof typeof PARTS): boolean {
  const after = probes?.[part];
  return probes?.target === target && after !== undefined && lost(probes.before, after) >= MUCH;
}

interface TypicalCell {
  readonly cell: number;
  /** Median distance from the median of the class, of its pictures and of the others. */
  readonly within: number;
  readonly between: number;
  /** Where it is not alike: the share of pairs in which the class shows more drawing. */
  readonly drawn?: number;
}

/** Cells where one of red, green, blue and edge strength is alike in some pictures and not so in the others, or where there is more drawing, be it faintly. */
function typicalCells(looks: readonly Look[], others: readonly Look[]): TypicalCell[] {
  const [own, rest] = [looks, others].map((list) => list.flatMap(({ thumb }) => thumb ?? [])) as [
    Uint8Array[],
    Uint8Array[],
  ];
  if (own.length < LEAST || rest.length < LEAST) return [];
  return Array.from({ length: CELLS }, (_, cell) => cell).flatMap((cell) => {
    const channels = [0, 1, 2, 3].map((c) => {
      const middle = quantile(own.map((thumb) => thumb[4 * cell + c]!));
      const away = (thumbs: readonly Uint8Array[]) =>
        quantile(thumbs.map((thumb) => Math.abs(thumb[4 * cell + c]! - middle)));
      return { cell, within: away(own), between: away(rest) };
    });
    // A distance of 3 is nothing: pictures are compressed.
    const clearest = channels.toSorted((a, b) => b.between / (b.within + 3) - a.between / (a.within + 3))[0]!;
    const { within, between } = clearest;
    if (between >= TYPICAL.between && between >= TYPICAL.times * (within + 3)) return [clearest];
    const drawn = rankSum(
      spread(own, MOST_LOOKED_AT).map((thumb) => thumb[4 * cell + 3]!),
      spread(rest, MOST_LOOKED_AT).map((thumb) => thumb[4 * cell + 3]!),
    ).share;
    return drawn >= FAINTLY ? [{ ...clearest, drawn }] : [];
  });
}

/** Those that no chain of them, gaps of one cell allowed, links to the middle. */
function apartFromMiddle(cells: readonly TypicalCell[]): TypicalCell[] {
  let linked = cells.filter(({ cell }) => inMiddle(cell));
  let apart = cells.filter(({ cell }) => !inMiddle(cell));
  while (linked.length > 0) {
    const next = apart.filter((one) => linked.some((other) => near(one.cell, other.cell)));
    apart = apart.filter((one) => !next.includes(one));
    linked = next;
  }
  return apart;
}

/**
 * Those that show something. Where the objects of other classes reach and those of this one do not, its pictures show the ground, alike in all of
 * them: that is the outline of the object, and nothing lies there. A cell is the ground's where, in the median picture, {@link GROUND} of the cells
 * that are not typical look like it.
 */
function withoutGround(
  cells: readonly TypicalCell[],
  typical: readonly TypicalCell[],
  looks: readonly Look[],
): TypicalCell[] {
  const marked = new Set(typical.map(({ cell }) => cell));
  const rest = Array.from({ length: CELLS }, (_, cell) => cell).filter((cell) => !marked.has(cell));
  const thumbs = spread(looks, MOST_LOOKED_AT).flatMap(({ thumb }) => thumb ?? []);
  return cells.filter(({ cell }) => {
    const like = thumbs.map((thumb) => rest.filter((other) => cellsApart(thumb, cell, other) < ALIKE).length);
    return quantile(like) < GROUND * rest.length;
  });
}

/** Root of the mean squared difference of two cells of a thumb, in colour and edge strength. */
const cellsApart = (thumb: Uint8Array, a: number, b: number): number =>
  Math.hypot(...[0, 1, 2, 3].map((c) => thumb[4 * a + c]! - thumb[4 * b + c]!)) / 2;

const near = (a: number, b: number): boolean =>
  Math.max(Math.abs((a % GRID) - (b % GRID)), Math.abs(Math.floor(a / GRID) - Math.floor(b / GRID))) <= 2;
