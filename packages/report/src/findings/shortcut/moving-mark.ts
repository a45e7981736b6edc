import type { AuditRecord } from '../../audit-record.ts';
import { CELLS } from '../../map-statistics/grid-parts.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted, percent, pText } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { rankSum } from '../statistics/rank-sum.ts';
import { binomialTail } from '../statistics/tails.ts';
import { associationOf, told } from './association.ts';
import { fellMore, type Look, lost, spread } from './look.ts';
import { type Member, onGround } from './on-ground.ts';
import type { Test } from './suspect.ts';
import { alikeInSize, type Colour, colourDistance, grown, thingOfColour, thingsIn } from './thing-of-colour.ts';

/** Pictures of the class with the thing and without it. */
const LEAST = 6;
const SHARE = { least: 0.1, most: 0.8 };
/** Things nearer to one another in colour than this are alike; up to twice as far they are nearly so. */
const ALIKE = 18;
const MOST_NEARLY = 1 / 3;
/** Pictures of the class that suggest colours; pictures that are searched for one, and whose maps are exchanged. */
const SUGGESTING = 96;
const SEARCHED = 240;
const MOST_COLOURS = 3;
/** The thing's share among other decisions, of that in the class. */
const MOST_ELSEWHERE = 0.5;
const MOST_EMPTIER = 0.68;
const LEAST_BESIDE = 0.65;

/**
 * Without masks, for a small mark of one colour that lies now here, now there (a sticker, a dot), wherever objects lie: a part of the class's pictures
 * has it, and an object besides. Where all have it nothing is said: it is what the class looks like, and may be its object.
 *
 * 1. A thing of one colour ({@link thingOfColour}) that 10 % to 80 % of the class's pictures show, alike in all of them: few others of the class show
 *    one that is nearly of that colour (a third as many), as they would were it an object in all its lights. It is at most half as frequent among
 *    other decisions. It is about as large every time ({@link alikeInSize}).
 * 2. The object is there as well: without the thing these pictures show as much as the class's others do (less drawing or less colour in at most 68 % of
 *    the pairs), and more than is left of the others without what their maps point at (in 65 % of the pairs at least). And the thing lies on the ground, not within an object ({@link onGround}).
 * 3. They score higher than the others (rank-sum test of the class's log-odds), and their maps point at the thing: they hold half of it more often than
 *    the maps of the same pictures, exchanged, would (binomial test). Both one-sided; the larger p counts, so that both must hold.
 * 4. Covering what the map points at takes the evidence in at least half of them, covering as much elsewhere does not ({@link fellMore}).
 *
 * Tried are up to three colours, found by 1. alone, which asks neither scores nor maps.
 */
export function movingMark(context: Context, target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const seen = looks.flatMap((look) => (look.thumb && look.map.covered ? [{ look, thumb: look.thumb }] : []));
  if (seen.length < 2 * LEAST) return [];
  const thumbs = spread(
    seen.map(({ thumb }) => thumb),
    SUGGESTING,
  );
  const others = spread(
    all.filter((look) => look.target !== target),
    SEARCHED,
  ).flatMap(({ thumb }) => thumb ?? []);
  return coloursOf(thumbs).flatMap((colour): Test[] => {
    const members: Member[] = [];
    const without: Look[] = [];
    for (const { look, thumb } of seen) {
      const cells = thingOfColour(thumb, colour);
      if (cells) members.push({ look, thumb, cells });
      else without.push(look);
    }
    if (members.length < LEAST || without.length < LEAST) return [];
    const higher = rankSum(
      members.map(({ look }) => evidenceOf(look)),
      without.map(evidenceOf),
    );
    const pointing = pointsAt(members);
    const p = Math.max(higher.p, pointing.p);
    const guilty = pointing.members
      .map(({ look }) => look)
      .filter(({ map: { covered } }) => fellMore(covered!.before, covered!.hot, covered!.cold))
      .sort((a, b) => evidenceOf(b) - evidenceOf(a));
    const share = members.length / seen.length;
    const sizes = members.map(({ cells }) => cells.length);
    const elsewhere = others.filter((thumb) => thingOfColour(thumb, colour)).length;
    if (
      guilty.length < LEAST ||
      guilty.length < 0.5 * members.length ||
      share < SHARE.least ||
      share > SHARE.most ||
      !alikeInSize(sizes) ||
      elsewhere > MOST_ELSEWHERE * share * others.length ||
      !besideObject(members, without) ||
      !onGround(members, without)
    )
      return [{ p }];
    const association = associationOf(context, target, ({ thumb }: AuditRecord) =>
      thumb === undefined ? undefined : thingOfColour(decodeGrid(thumb), colour) !== undefined,
    );
    const { sentences, clear, figures } = told(context, association, 'it');
    return [
      {
        p,
        suspect: {
          by: 'colour',
          target,
          looks: guilty,
          of: looks.length,
          strong: guilty.length >= 0.1 * looks.length && clear,
          what: `a small thing of the colour rgb(${colour.map(Math.round).join(', ')}) that lies now here, now there`,
          evidence: [
            `${counted(members.length, 'picture')} of ${seen.length} decided so (${percent(share)}) show such a thing beside what else the class shows. The map points at it in ${pointing.members.length} (${pointing.expected.toFixed(1)} were to be expected; ${pText(pointing.p)}), and in ${guilty.length} covering what it points at takes a third of the evidence or more, covering as much elsewhere does not. Their odds are ${Math.exp(median(members.map(({ look }) => look)) - median(without)).toFixed(1)} times those of the others (medians; rank-sum test, ${pText(higher.p)}).`,
            ...sentences,
          ],
          figures: {
            n: looks.length,
            showing: members.length,
            decidedThere: guilty.length,
            share: guilty.length / looks.length,
            pointedAt: pointing.members.length,
            pointedAtExpected: pointing.expected,
            higher: higher.share,
            ...figures,
          },
        },
      },
    ];
  });
}

/** Log-odds of the decision. */
const evidenceOf = ({ map: { covered } }: Look): number => lost(covered!.before, 0.5);

const median = (looks: readonly Look[]): number => quantile(looks.map(evidenceOf));

/** Colours of things that a part of some pictures show alike, those of most pictures first. */
function coloursOf(thumbs: readonly Uint8Array[]): readonly Colour[] {
  const things = thumbs.map(thingsIn);
  const candidates = things
    .flat()
    .map((colour) => {
      let [alike, nearly] = [0, 0];
      for (const list of things) {
        let nearest = Number.POSITIVE_INFINITY;
        for (const other of list) nearest = Math.min(nearest, colourDistance(colour, other));
        if (nearest <= ALIKE) alike++;
        else if (nearest <= 2 * ALIKE) nearly++;
      }
      return { colour, alike, nearly };
    })
    .filter(
      ({ alike, nearly }) =>
        alike >= LEAST &&
        alike >= SHARE.least * thumbs.length &&
        alike <= SHARE.most * thumbs.length &&
        nearly <= MOST_NEARLY * alike,
    )
    .sort((a, b) => b.alike - a.alike || a.colour[0] - b.colour[0] || a.colour[1] - b.colour[1]);
  const kept: Colour[] = [];
  for (const { colour } of candidates)
    if (kept.length < MOST_COLOURS && kept.every((other) => colourDistance(colour, other) > 3 * ALIKE))
      kept.push(colour);
  return kept;
}

/** Those whose map holds half of the thing or more, and how many would if each map were that of another of these pictures. */
function pointsAt(members: readonly Member[]) {
  const found = members.filter(({ look, cells }) => holds(look.hot, cells));
  const exchanged = spread(members, SEARCHED);
  let held = 0;
  for (const { look } of exchanged)
    for (const other of exchanged) if (other.look !== look && holds(look.hot, other.cells)) held++;
  const rate = held / (exchanged.length * (exchanged.length - 1));
  return {
    members: found,
    expected: rate * members.length,
    p: binomialTail(found.length, members.length, rate),
  };
}

const holds = (hot: Uint8Array, cells: readonly number[]): boolean =>
  2 * cells.filter((cell) => hot[cell] === 1).length >= cells.length;

/** Whether the pictures with the thing show an object beside it. */
function besideObject(members: readonly Member[], without: readonly Look[]): boolean {
  const beside = spread(members, SEARCHED).map(({ thumb, cells }) => shownIn(thumb, grown(cells)));
  const some = spread(without, SEARCHED);
  const whole = some.map(({ thumb }) => shownIn(thumb!, new Set()));
  const bare = some.map(({ thumb, hot }) => shownIn(thumb!, grown(Array.from(hot.keys()).filter((i) => hot[i] === 1))));
  const of = (list: readonly Shown[], what: keyof Shown) => list.map((shown) => shown[what]);
  const kinds = ['drawing', 'colour'] as const;
  return (
    kinds.every((what) => rankSum(of(whole, what), of(beside, what)).share <= MOST_EMPTIER) &&
    kinds.some((what) => rankSum(of(beside, what), of(bare, what)).share >= LEAST_BESIDE)
  );
}

interface Shown {
  /** Edge strength, and distance from the median colour, that one cell of twenty exceeds. */
  readonly drawing: number;
  readonly colour: number;
}

function shownIn(thumb: Uint8Array, hidden: ReadonlySet<number>): Shown {
  const cells = Array.from({ length: CELLS }, (_, i) => i).filter((cell) => !hidden.has(cell));
  const at = (cell: number): Colour => [thumb[4 * cell]!, thumb[4 * cell + 1]!, thumb[4 * cell + 2]!];
  const [red, green, blue] = [0, 1, 2].map((c) => quantile(cells.map((cell) => thumb[4 * cell + c]!)));
  const usual: Colour = [red!, green!, blue!];
  return {
    drawing: quantile(
      cells.map((cell) => thumb[4 * cell + 3]!),
      0.95,
    ),
    colour: quantile(
      cells.map((cell) => colourDistance(at(cell), usual)),
      0.95,
    ),
  };
}
