import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { scoreOf } from '../../metrics/decision.ts';
import { type Context, pText } from '../context.ts';
import { mean, quantile } from '../statistics/quantile.ts';
import { topCorrelation } from '../statistics/ranks.ts';
import { type Look, lost, spread } from './look.ts';
import { ZONES } from './overall-look.ts';
import { correlationOf, LEAST_GROUP, risesBy, type Shown, tail } from './rising.ts';
import type { Test } from './suspect.ts';
import { type Decision, TRAITS } from './whole-picture-traits.ts';

/** Pictures of a class, and of the others; those that are accused. */
const LEAST = 12;
const LEAST_ACCUSED = 6;
/** χ² of one degree of freedom: 1 %. */
const LEAST_SHIFT = 6.63;
const MOST_APART = 0.7;
/** Rank correlations of score and trait: how large, and one-sided p at most. */
const OWN = { least: 0.3, p: 0.01 };
const LEAST_OTHERS = 0.05;
/** Rank correlation of score and each part of the trait, where the class differs in its parts. */
const LEAST_PARTS = 0.4;
/** Log-odds between the third of the class that has most of the trait and the third that has least. */
const LEAST_EVIDENCE = 1;
/** More pictures, or more of a class and of all others together, change nothing but the time it takes. */
const MOST = 200_000;
const MOST_OWN = 20_000;
const MOST_OTHERS = 4_000;

/**
 * What a class's pictures have more or less of all over, whatever they show: light, fine drawing. No map points at it, and where pictures differ in it for
 * many reasons no picture shows it by itself; it is where the trait goes with the score among pictures that are all labelled alike. Asked for:
 *
 * 1. The trait of the frame differs between the pictures labelled so and the others (Welch's t² beyond 1 %), and that of the rest differs as it does: the
 *    difference between the two shifts is at most 0.7 of the larger. An object changes one part of the picture. Light has to differ so where the pictures are
 *    darkest and where they are light, too (the cells' lowest twentieth and highest quarter). It gives the direction. A class whose objects are light or dark
 *    themselves differs unevenly: then among the pictures labelled so the log-odds have to rise with the light of each of these parts (rank correlation 0.4 at
 *    least). A larger or lighter object leaves the darkest cells as they are.
 * 2. In that direction the class's log-odds rise with the trait of the frame, among the pictures labelled so (rank correlation 0.3 at least, p < 0.01; by 1
 *    at least from the third that has least to the third that has most), and among the others as well, where few have much of it ({@link topCorrelation}, 0.05
 *    at least). Test: both together, one-sided, as in {@link tintOfClass}. A picture that is merely harder for being dark loses in one of the two and gains in
 *    the other.
 * 3. A changed picture proves it. Light: with nothing but the mean colour left (`blank`), the odds of decisions for the class still rise with it
 *    (0.15 at least, p < 0.05); accused are those that stand, or where the class is unlikely for any mean colour those that keep e times the odds of the
 *    third that has least. More fine drawing: the more there was the more goes when it is smoothed away (as much), and six decisions fall. Less of it:
 *    smoothing makes 30 % of the decisions for other classes fall, and a third as many of those for the class at most (Fisher's exact test, p < 0.01).
 *
 * Never `strong`: a class may truly be met in the dark.
 */
export function traitOfClass(context: Context, target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const seen = looks.filter(({ record, thumb }) => record.probes !== undefined && thumb !== undefined);
  if (seen.length < LEAST) return [];
  const others = all.filter((look) => look.target !== target);
  const groups = groupsOf(context);
  const [same, different] = [true, false].map((wanted) =>
    groups.filter(({ label }) => label.includes(target) === wanted),
  ) as [Group[], Group[]];
  return TRAITS.flatMap((trait, index) => {
    const shift = shiftBetween(same, different, index);
    if (shift === undefined || shift.size < LEAST_SHIFT) return [];
    const sign = Math.sign(shift.frame);
    if (shift.apart > MOST_APART && !partsDecide(same, target, index, sign)) return [];
    const side = sign > 0 ? trait.more : trait.less;
    const onFrame = (traits: readonly Amount[]) => sign * traits[index]!.frame;
    const own = shownIn(same, target, MOST_OWN, onFrame);
    const rest = shownIn(different, target, MOST_OTHERS, onFrame);
    if (own.flat().length < LEAST || rest.flat().length < LEAST) return [];
    const [inside, outside] = [correlationOf(own), correlationOf(rest, topCorrelation)];
    const p = tail((inside.z + outside.z) / Math.SQRT2);
    const usual = quantile(rest.flat().map(({ shown }) => shown));
    const decisions = seen
      .map((look): Decision => ({ look, shown: sign * trait.of(look.thumb!, ZONES[0]) }))
      .sort((a, b) => b.shown - a.shown);
    const evidence = risesBy(own.flat());
    const proof = side.proof(decisions, others);
    const accused = new Set(proof.accused);
    const looksLike = decisions.filter(({ look, shown }) => shown > usual && accused.has(look));
    if (
      inside.rho < OWN.least ||
      tail(inside.z) > OWN.p ||
      outside.rho < LEAST_OTHERS ||
      evidence < LEAST_EVIDENCE ||
      !proof.holds ||
      looksLike.length < LEAST_ACCUSED
    )
      return [{ p }];
    return [
      {
        p,
        suspect: {
          by: trait.by,
          target,
          looks: looksLike.map(({ look }) => look),
          of: looks.length,
          strong: false,
          what: side.what,
          evidence: [
            `Pictures labelled so are ${side.told} than others, on the frame as in the rest. Among pictures of one label the score of the class rises with that: from the third of its own that has least of it to the third that has most, the odds grow ${Math.exp(evidence).toFixed(1)} times (rank correlation ${inside.rho.toFixed(2)} among its own pictures, ${outside.rho.toFixed(2)} among the others; ${pText(p)}). ${proof.sentence}`,
          ],
          figures: {
            n: looks.length,
            decidedByIt: looksLike.length,
            share: looksLike.length / looks.length,
            shift: shift.frame,
            ownCorrelation: inside.rho,
            othersCorrelation: outside.rho,
            logOddsGained: evidence,
          },
        },
      },
    ];
  });
}

/** What a picture has of each trait. */
interface Amount {
  readonly frame: number;
  readonly rest: number;
  readonly parts: readonly number[];
}

/** What pictures show of a trait, with their log-odds of a class, label by label. @param most pictures of all labels together */
function shownIn(
  groups: readonly Group[],
  target: number,
  most: number,
  amountOf: (traits: readonly Amount[]) => number,
): Shown[][] {
  return groups.map(({ pictures }) =>
    spread(pictures, Math.max(LEAST_GROUP, Math.ceil(most / groups.length))).flatMap(({ scores, traits }): Shown[] => {
      const score = scoreOf({ scores }, target);
      return score === undefined ? [] : [{ shown: amountOf(traits), odds: lost(score, 0.5) }];
    }),
  );
}

/** Among pictures of one label the log-odds rise with the trait wherever it is measured. */
function partsDecide(groups: readonly Group[], target: number, index: number, sign: number): boolean {
  const parts = groups[0]?.pictures[0]?.traits[index]?.parts.length ?? 0;
  const along = (amountOf: (amount: Amount) => number) =>
    correlationOf(shownIn(groups, target, MOST_OWN, (traits) => sign * amountOf(traits[index]!))).rho;
  return (
    parts > 0 &&
    along(({ frame }) => frame) >= LEAST_PARTS &&
    along(({ rest }) => rest) >= LEAST_PARTS &&
    Array.from({ length: parts }, (_, part) => part).every(
      (part) => along((amount) => amount.parts[part]!) >= LEAST_PARTS,
    )
  );
}

/** Pictures of one label. */
interface Group {
  readonly label: readonly number[];
  readonly pictures: {
    readonly scores: readonly (readonly [number, number])[];
    readonly traits: readonly Amount[];
  }[];
}

/** Every class asks for the same groups. */
const known = new WeakMap<Context, readonly Group[]>();

function groupsOf(context: Context): readonly Group[] {
  const made = known.get(context);
  if (made) return made;
  const groups = new Map<string, Group>();
  for (const { label, thumb, scores } of spread(context.records, MOST)) {
    if (label === undefined || label.length === 0 || thumb === undefined) continue;
    const cells = decodeGrid(thumb);
    const key = label.join(' ');
    const group = groups.get(key) ?? { label, pictures: [] };
    groups.set(key, group);
    const [frame, rest] = ZONES;
    group.pictures.push({
      scores,
      traits: TRAITS.map(({ of, parts }) => ({ frame: of(cells, frame), rest: of(cells, rest), parts: parts(cells) })),
    });
  }
  const list = [...groups.values()];
  known.set(context, list);
  return list;
}

/** By how much the mean trait of some pictures differs from that of others: on the frame; Welch's t² of that; and how far apart the shifts of frame, rest and parts are, of the largest one. */
function shiftBetween(some: readonly Group[], others: readonly Group[], index: number) {
  const momentsOf = (groups: readonly Group[]) => {
    const amounts = groups.flatMap(({ pictures }) => pictures.map(({ traits }) => traits[index]!));
    const frame = mean(amounts.map((amount) => amount.frame));
    const squares = amounts.reduce((sum, amount) => sum + (amount.frame - frame) ** 2, 0);
    return {
      n: amounts.length,
      frame,
      rest: mean(amounts.map((amount) => amount.rest)),
      parts: amounts[0]?.parts.map((_, part) => mean(amounts.map((amount) => amount.parts[part]!))) ?? [],
      variance: squares / Math.max(1, amounts.length - 1) / Math.max(1, amounts.length),
    };
  };
  const [own, rest] = [momentsOf(some), momentsOf(others)];
  const variance = own.variance + rest.variance;
  if (own.n < LEAST || rest.n < LEAST || !(variance > 0)) return undefined;
  const shifts = [own.frame - rest.frame, own.rest - rest.rest, ...own.parts.map((part, i) => part - rest.parts[i]!)];
  const sizes = shifts.map(Math.abs);
  return {
    frame: shifts[0]!,
    size: shifts[0]! ** 2 / variance,
    apart: (Math.max(...shifts) - Math.min(...shifts)) / Math.max(...sizes),
  };
}
