import type { AuditRecord } from '../../audit-record.ts';
import { CELLS } from '../../map-statistics/grid-parts.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { binomialTail } from '../statistics/tails.ts';
import { associationOf, told } from './association.ts';
import { fellMore, type Look, spread } from './look.ts';
import type { Test } from './suspect.ts';
import { alikeInSize, type Colour } from './thing-of-colour.ts';
import { awayFrom } from './usual-place.ts';

const LEAST = 5;
/** Colours nearer than this (Euclidean, 0..255) are one colour. */
const NEAR = 40;
/** Pixels of a sticker differ by less than this from its colour. */
const SAME = 18;
/** Pictures whose patches suggest colours. */
const SEEDS = 12;
/** Others that are searched for a colour. */
const SEARCHED = 200;

/**
 * Without masks, and for what moves about (a sticker, a ruler): a colour that the maps of some pictures point at, that other pictures have
 * nowhere, and that lies away from where the model looks otherwise. An object of a colour of its own lies where objects lie.
 *
 * 1. Covering what the map points at makes the decision fall in at least half of the pictures with the colour, covering as much elsewhere does
 *    not (sign test, as in `samePlace`).
 * 2. Their maps overlap less with the usual place than three of four others (rank-sum test, p < 0.001), and most of their mass is not in the middle.
 * 3. At most 20 % of the other pictures have a cell of that colour anywhere; at least 80 % of these do, and of it
 *    about as much each ({@link alikeInSize}).
 * 4. It is one colour, not the middle of a range: the patches of few other decisions for the class (a third as many) come near it without having it.
 *
 * Tried are the colours of the hot patches of up to 12 pictures that fall when covered.
 */
export function sameColour(context: Context, target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const falling = looks.filter(
    ({ map: { covered } }) => covered && fellMore(covered.before, covered.hot, covered.cold),
  );
  if (falling.length < LEAST) return [];
  const tried = new Set<string>();
  const step = Math.max(1, falling.length / SEEDS);
  const tests: Test[] = [];
  for (let at = 0; at < falling.length; at += step) {
    for (const colour of coloursOf(falling[Math.floor(at)]!)) {
      const members = looks.filter((look) => inPatch(look, colour));
      const key = members.map(({ record }) => record.id).join('\n');
      if (members.length < LEAST || members.length > 0.9 * all.length || tried.has(key)) continue;
      tried.add(key);
      tests.push(testOf(context, target, colour, members, looks, all));
    }
  }
  return tests;
}

function testOf(
  context: Context,
  target: number,
  colour: Colour,
  members: readonly Look[],
  looks: readonly Look[],
  all: readonly Look[],
): Test {
  const has = (thumb: Uint8Array | undefined) => thumb !== undefined && anywhere(thumb, colour);
  const chosen = new Set(members);
  const others = all.filter((look) => !chosen.has(look));
  const guilty = members.filter(
    ({ map: { covered } }) => covered && fellMore(covered.before, covered.hot, covered.cold),
  );
  const chance = members.filter(
    ({ map: { covered } }) => covered && fellMore(covered.before, covered.cold, covered.hot),
  );
  // The picture that suggested the colour was chosen for falling: it is no evidence.
  const p = binomialTail(guilty.length - 1, guilty.length - 1 + chance.length, 0.5);
  if (guilty.length < LEAST || guilty.length < 0.5 * members.length || others.length < LEAST) return { p };
  if (guilty.filter(({ thumb }) => has(thumb)).length < 0.8 * guilty.length) return { p };
  if (!alikeInSize(guilty.flatMap(({ thumb }) => (thumb && sizeOf(thumb, colour)) || []))) return { p };
  const middle = middleOf(spread(guilty, SEARCHED / 2), colour);
  const distances = looks.map((look) => nearestTo(look, middle));
  const same = distances.filter((value) => value <= SAME).length;
  const almost = distances.filter((value) => value > SAME && value <= 3 * SAME).length;
  if (same < 0.5 * members.length || almost > same / 3) return { p };
  const searched = spread(others, SEARCHED);
  if (searched.filter(({ thumb }) => has(thumb)).length > 0.2 * searched.length) return { p };
  const away = awayFrom(guilty, others);
  if (away.share < 0.75 || away.p > 0.001 || away.middle > 0.5) return { p };
  const association = associationOf(context, target, ({ thumb }: AuditRecord) =>
    thumb === undefined ? undefined : has(decodeGrid(thumb)),
  );
  const { sentences, figures } = told(context, association, 'the colour');
  // An object may be of a colour that speaks for a class: only what goes with the label as well is a mark.
  const labels = association.labelled !== undefined && association.labelled.p < 0.01;
  return {
    p,
    suspect: {
      by: 'colour',
      target,
      looks: guilty,
      of: looks.length,
      strong: guilty.length >= 0.1 * looks.length && labels,
      what: `something of the colour rgb(${colour.map(Math.round).join(', ')})`,
      evidence: [
        `In ${counted(guilty.length, 'picture')} of ${looks.length} decided so the map points at that colour, away from where it lies otherwise; covering it makes the decision fall, covering as much elsewhere did so in ${chance.length}.`,
        ...sentences,
      ],
      figures: {
        n: looks.length,
        decidedThere: guilty.length,
        control: chance.length,
        share: guilty.length / looks.length,
        away: away.share,
        middle: away.middle,
        ...figures,
      },
    },
  };
}

/** The colours of a patch, those that fill at least a sixteenth of it, by size. */
function coloursOf({ patch }: Look): Colour[] {
  const bins = new Map<number, [number, number, number, number]>();
  for (let i = 0; i + 2 < patch.length; i += 3) {
    const key = (patch[i]! >> 5) * 64 + (patch[i + 1]! >> 5) * 8 + (patch[i + 2]! >> 5);
    const bin = bins.get(key) ?? [0, 0, 0, 0];
    for (let c = 0; c < 3; c++) bin[c]! += patch[i + c]!;
    bin[3]++;
    bins.set(key, bin);
  }
  return [...bins]
    .filter(([, bin]) => bin[3] >= patch.length / 3 / 16)
    .sort((a, b) => b[1][3] - a[1][3] || a[0] - b[0])
    .map(([, [r, g, b, n]]): Colour => [r / n, g / n, b / n]);
}

const near = (bytes: Uint8Array, at: number, [r, g, b]: Colour) =>
  (bytes[at]! - r) ** 2 + (bytes[at + 1]! - g) ** 2 + (bytes[at + 2]! - b) ** 2 <= NEAR * NEAR;

/** The colour, corrected by the pixels of all patches that are near it. */
function middleOf(looks: readonly Look[], colour: Colour): Colour {
  const found = looks.flatMap(({ patch }) => {
    return Array.from({ length: patch.length / 3 }, (_, i) => 3 * i)
      .filter((at) => near(patch, at, colour))
      .map((at) => [patch[at]!, patch[at + 1]!, patch[at + 2]!] as const);
  });
  return [0, 1, 2].map((c) => quantile(found.map((pixel) => pixel[c]!))) as unknown as Colour;
}

/** Distance of the patch's nearest pixel from a colour. */
function nearestTo({ patch }: Look, [r, g, b]: Colour): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 2 < patch.length; i += 3)
    least = Math.min(least, (patch[i]! - r) ** 2 + (patch[i + 1]! - g) ** 2 + (patch[i + 2]! - b) ** 2);
  return Math.sqrt(least);
}

function inPatch({ patch }: Look, colour: Colour): boolean {
  let count = 0;
  for (let i = 0; i + 2 < patch.length; i += 3) if (near(patch, i, colour)) count++;
  return count >= patch.length / 3 / 16;
}

/** Cells of a colour. */
function sizeOf(thumb: Uint8Array, colour: Colour): number {
  let count = 0;
  for (let cell = 0; cell < CELLS; cell++) if (near(thumb, 4 * cell, colour)) count++;
  return count;
}

const anywhere = (thumb: Uint8Array, colour: Colour): boolean => sizeOf(thumb, colour) > 0;
