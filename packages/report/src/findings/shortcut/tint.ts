import type { AuditRecord } from '../../audit-record.ts';
import { decodeGrid, GRID } from '../../map-statistics/map-grid.ts';
import { type Context, counted } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { hypergeometricTail } from '../statistics/tails.ts';
import { associationOf, told } from './association.ts';
import { CELLS, fell, type Look } from './look.ts';
import type { Test } from './suspect.ts';

const LEAST = 8;
/** Darker cells have no colour to speak of. */
const DARK = 16;
const RING = GRID / 8;
const onFrame = (cell: number) =>
  [cell % GRID, Math.floor(cell / GRID)].some((place) => place < RING || place >= GRID - RING);
const ZONES = [true, false].map((frame) =>
  Array.from({ length: CELLS }, (_, cell) => cell).filter((cell) => onFrame(cell) === frame),
);

/** Shares of red and blue in the light of each zone (frame, rest); a dark zone has none. */
type Tint = readonly (readonly [red: number, blue: number] | undefined)[];

/**
 * A colour cast over the whole picture (a camera, a light, a filter) that decides for a class. No map shows it, since it is everywhere.
 *
 * 1. Taking the cast out makes the decision fall in at least 30 % of the class's pictures and 8 of them. Test: Fisher's exact, against the other
 *    classes' pictures (without cast there is nothing to take out: they count as standing).
 * 2. These pictures have the same tint, on the frame as in the rest (differences of the shares of red and blue), unlike the other classes'.
 *
 * An object of its own colour tints one part of the picture, not the frame as much as the middle.
 */
export function tinted(context: Context, target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const others = all.filter((look) => look.target !== target);
  if (looks.length < LEAST || others.length < LEAST) return [];
  const falls = ({ record: { probes } }: Look) => probes !== undefined && fell(probes.before, probes.neutral);
  const guilty = looks.filter(falls);
  const fallen = others.filter(falls);
  const p = hypergeometricTail(guilty.length, looks.length, guilty.length + fallen.length, all.length);
  if (guilty.length < LEAST || guilty.length < 0.3 * looks.length) return [{ p }];
  const tint = sameTint(guilty, others);
  if (!tint) return [{ p }];
  const association = associationOf(context, target, ({ thumb }: AuditRecord) =>
    thumb === undefined ? undefined : tint.present(decodeGrid(thumb)),
  );
  const { sentences, figures } = told(context, association, 'it');
  const more = (figures.scoreWith ?? 0) - (figures.scoreWithout ?? 0) >= 0.15 && association.scored!.p < 0.01;
  return [
    {
      p,
      suspect: {
        by: 'tint',
        target,
        looks: guilty,
        of: looks.length,
        strong: more || tint.zones === 2,
        what: 'the colour cast of the whole picture',
        evidence: [
          `With the colour cast taken out, ${counted(guilty.length, 'decision')} of ${looks.length} for the class fall, ${fallen.length} of ${others.length} for others; these pictures have one tint over ${tint.zones === 2 ? 'frame and middle alike' : 'all that is not black'}, the others another.`,
          ...sentences,
        ],
        figures: {
          n: looks.length,
          decidedByTint: guilty.length,
          share: guilty.length / looks.length,
          othersFalling: fallen.length,
          ...figures,
        },
      },
    },
  ];
}

function tintOf(thumb: Uint8Array): Tint {
  return ZONES.map((cells) => {
    let [r, g, b] = [0, 0, 0];
    for (const cell of cells) {
      const [red, green, blue] = [thumb[4 * cell]!, thumb[4 * cell + 1]!, thumb[4 * cell + 2]!];
      if (red + green + blue < 3 * DARK) continue;
      r += red;
      g += green;
      b += blue;
    }
    const light = r + g + b;
    return light < 3 * DARK * 4 ? undefined : ([r / light, b / light] as const);
  });
}

/** The median tint of some pictures, if they differ by less than 0.4 of what others differ from it, in each zone that has light. */
function sameTint(looks: readonly Look[], others: readonly Look[]) {
  const [own, rest] = [looks, others].map((list) => list.flatMap(({ thumb }) => (thumb ? [tintOf(thumb)] : []))) as [
    Tint[],
    Tint[],
  ];
  const zones = ZONES.flatMap((_, zone) => {
    const near = own.flatMap((tint) => (tint[zone] ? [tint[zone]] : []));
    const far = rest.flatMap((tint) => (tint[zone] ? [tint[zone]] : []));
    if (near.length < 0.8 * own.length || far.length < 0.5 * rest.length || near.length === 0 || far.length === 0)
      return [];
    const middle = [0, 1].map((c) => quantile(near.map((tint) => tint[c]!))) as [number, number];
    const usual = [0, 1].map((c) => quantile(far.map((tint) => tint[c]!))) as [number, number];
    const distance = (tint: readonly number[]) => Math.hypot(tint[0]! - middle[0], tint[1]! - middle[1]);
    const within = near.map(distance);
    const between = quantile(far.map(distance));
    return [
      {
        zone,
        distance,
        within: quantile(within),
        between,
        reach: quantile(within, 0.9),
        shift: [middle[0] - usual[0], middle[1] - usual[1]],
      },
    ];
  });
  if (zones.length === 0 || zones.some(({ within, between }) => between < 0.02 || within > 0.4 * between))
    return undefined;
  const [frame, rest2] = zones;
  if (frame && rest2) {
    const apart = Math.hypot(frame.shift[0]! - rest2.shift[0]!, frame.shift[1]! - rest2.shift[1]!);
    if (apart > 0.5 * Math.max(Math.hypot(...frame.shift), Math.hypot(...rest2.shift))) return undefined;
  }
  return {
    zones: zones.length,
    present: (thumb: Uint8Array) => {
      const tint = tintOf(thumb);
      return zones.every(({ zone, distance, reach }) => tint[zone] !== undefined && distance(tint[zone]) <= reach);
    },
  };
}
