import { counted, percent, pText } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { rankSum } from '../statistics/rank-sum.ts';
import { binomialTail, hypergeometricTail } from '../statistics/tails.ts';
import { frameDecides } from './frame-decides.ts';
import { fell, fellMore, type Look, lost } from './look.ts';
import type { Test } from './suspect.ts';
import { whereHot } from './where-hot.ts';

const LEAST = 4;
const LEAST_SHARE = 0.05;
const LEAST_HOLDING = 0.2;
/** Log-odds that covering the frame takes from the other decisions of a class at most, or that share of what it takes from those accused. */
const LITTLE = { most: 0.45, share: 0.25 };
/** Others that lose more than that, of those accused. */
const MOST_BETWEEN = 0.3;
/** Log-odds that pictures with a thing outside the object keep more than others, with the object covered, and the p-value of it. */
const MORE_LEFT = { least: 0.5, p: 0.05 };
/** Of a class's decisions that stand without the object: from that share on it may be what the model says when it sees none. */
const ALL_STAND = 0.95;

/**
 * Where the data set has masks: the model decides by something outside the object, if covering what the map points at **outside** the object
 * makes the decision fall, and covering as much elsewhere does not. A map that only strays changes nothing and accuses nobody. What lies all around,
 * of which a map shows a part, is covered as the frame: where that makes the decision fall, and half as much again as covering the object,
 * and covering all around the object takes half as much as well ({@link liesAround}). Of a class that may be the answer to nothing, what covering the frame does
 * counts only where it sets some pictures apart from the others ({@link setApart}).
 *
 * Test: among the pictures where just one of the two makes the decision fall, how often it is the first (sign test; McNemar 1947, exact,
 * one-sided). At least 4 pictures and 5 % of the class's decisions, in a fifth of which at least half of the probability also stands with the object itself covered.
 */
export function outsideObject(target: number, looks: readonly Look[]): Test[] {
  const masked = looks.filter(({ record, map }) => record.masked && map.covered !== undefined);
  const drop = ({ record: { probes }, map: { covered } }: Look) =>
    Math.max(
      lost(covered!.before, covered!.outside ?? covered!.before),
      probes?.frame === undefined ? 0 : lost(probes.before, probes.frame),
    );
  const [pointedAt, others] = [true, false].map((wanted) =>
    masked.filter(({ map: { covered } }) => fellMore(covered!.before, covered!.outside, covered!.cold) === wanted),
  ) as [Look[], Look[]];
  const framed = others.filter(
    (look) => frameDecides(look) && standsWithout(look) && frameBeatsObject(look) && liesAround(look),
  );
  const both = [...pointedAt, ...framed];
  const guilty = (answersNothing(masked, both) && !setApart(masked, framed) ? pointedAt : both).sort(
    (a, b) => drop(b) - drop(a),
  );
  const chance = masked.filter(({ map }) => fellMore(map.covered!.before, map.covered!.cold, map.covered!.outside));
  if (masked.length < LEAST) return [];
  const p = binomialTail(guilty.length, guilty.length + chance.length, 0.5);
  if (guilty.length < LEAST || guilty.length < LEAST_SHARE * masked.length) return [{ p }];
  const without = guilty.filter(({ record }) => record.probes?.object !== undefined);
  const holds = without.filter(standsWithout);
  // Where the object is needed too, what lies outside adds to it and does not stand in for it.
  if (without.length >= LEAST && holds.length < LEAST_HOLDING * without.length) return [{ p }];
  const evidence = [
    `In ${guilty.length} of ${counted(masked.length, 'picture')} decided so the model follows something outside the object: with what the map points at there (or the frame of the picture) covered, the odds of the decision are ${timesText(Math.exp(quantile(guilty.map(drop))))} smaller (median). Covering as much elsewhere, and not that, did so in ${chance.length === 0 ? 'none' : chance.length}.`,
    ...(without.length > 0
      ? [`With the object itself covered, ${holds.length} of ${without.length} of these decisions stay.`]
      : []),
  ];
  return [
    {
      p,
      suspect: {
        by: 'outside',
        target,
        looks: guilty,
        of: masked.length,
        strong: guilty.length >= 5 && guilty.length >= 0.1 * masked.length,
        what: outsideText(guilty),
        evidence,
        figures: {
          n: masked.length,
          decidedOutside: guilty.length,
          control: chance.length,
          share: guilty.length / masked.length,
          logOddsLost: quantile(guilty.map(drop)),
          insideMass: quantile(guilty.map(({ map }) => map.inside?.mass ?? 0)),
          ...(without.length > 0 && { holdsWithoutObject: holds.length / without.length }),
        },
      },
    },
  ];
}

/** At least half of the probability stays with the object covered. */
const standsWithout = ({ record: { probes } }: Look) =>
  probes?.object !== undefined && probes.object >= 0.5 * probes.before;

/** The frame holds half as much evidence again as the object: an object that lies on the frame is covered by both. */
const frameBeatsObject = ({ record: { probes } }: Look) =>
  lost(probes!.before, probes!.frame!) >= 1.5 * lost(probes!.before, probes!.object!);

/**
 * Covering everything but the object takes half as much as covering the frame, or more: what lies on the frame is not an end of the object, and a class
 * that is the answer to nothing stands without its object for no reason.
 */
const liesAround = ({ record: { probes } }: Look) =>
  probes!.surroundings !== undefined &&
  lost(probes!.before, probes!.surroundings) >= 0.5 * lost(probes!.before, probes!.frame!);

/**
 * Whether covering the frame takes much from some decisions and next to nothing from the others: a thing lies there in some pictures. An object that is told by the
 * empty ground around it loses a little or much everywhere, as it is large or small.
 */
function setApart(looks: readonly Look[], framed: readonly Look[]): boolean {
  const loss = ({ record: { probes } }: Look) => (probes?.frame === undefined ? 0 : lost(probes.before, probes.frame));
  const most = Math.max(LITTLE.most, LITTLE.share * quantile(framed.map(loss)));
  const between = looks.filter((look) => !framed.includes(look) && loss(look) > most).length;
  return between <= MOST_BETWEEN * framed.length;
}

/** `something outside the object, in the lower right`: the place is not the object's. */
function outsideText(looks: readonly Look[]): string {
  const where = whereHot(looks);
  return `something outside the object${where && `,${where}`}`;
}

const timesText = (factor: number) => `${factor < 10 ? factor.toFixed(1) : Math.round(factor)} times`;

/**
 * Where the data set has masks: a decision that stays with the object covered and falls with all but the object covered is made by the
 * background: half of the probability stays in the first case, a third of the evidence goes in the second. One class may be what the model says when
 * it sees nothing at all. In a two-class task that is the negative one, which is only accused when the other one is too; of several classes a single
 * one is never accused strongly, nor at all where its other decisions stand without an object as well ({@link answersNothing}). Two classes cannot both be the answer to nothing. Test as in {@link outsideObject}, against pictures that fall
 * with the object covered and stay without the rest; at least 8 pictures and 30 % of the decisions.
 */
export function bySurroundings(classes: ReadonlyMap<number, readonly Look[]>, negative: number | undefined): Test[] {
  const tests = [...classes].flatMap(([target, looks]): Test[] => {
    const probed = looks.filter(
      ({ record }) => record.probes?.object !== undefined && record.probes.surroundings !== undefined,
    );
    const stands = (before: number, after: number) => after >= 0.5 * before;
    const guilty = probed.filter(
      ({ record: { probes } }) => fell(probes!.before, probes!.surroundings) && stands(probes!.before, probes!.object!),
    );
    const rightly = probed.filter(
      ({ record: { probes } }) => fell(probes!.before, probes!.object) && stands(probes!.before, probes!.surroundings!),
    );
    if (probed.length < 8) return [];
    const p = binomialTail(guilty.length, guilty.length + rightly.length, 0.5);
    const share = guilty.length / probed.length;
    if (guilty.length < 8 || share < 0.3 || answersNothing(probed, guilty)) return [{ p }];
    return [
      {
        p,
        suspect: {
          by: 'surroundings',
          target,
          looks: guilty,
          of: probed.length,
          strong: share >= 0.6,
          what: 'the background',
          evidence: [
            `With the object covered the decision stays, with everything else covered it falls, in ${guilty.length} of ${probed.length} pictures (${percent(share)}); the other way round in ${rightly.length}.`,
          ],
          figures: { n: probed.length, bySurroundings: guilty.length, byObject: rightly.length, share },
        },
      },
    ];
  });
  const suspected = tests.filter(({ suspect }) => suspect);
  if (suspected.length > 1) return tests;
  return tests.map(({ p, suspect }) => {
    if (!suspect || suspect.target === negative) return { p };
    return { p, suspect: { ...suspect, strong: suspect.strong && negative !== undefined } };
  });
}

/**
 * Where the data set has masks, and both count, the object and what surrounds it: covering the surroundings takes the evidence of many decisions
 * for a class, and of few for others. Test: Fisher's exact, one-sided, the class against the others; at least 8 pictures and 10 % of the class, in the
 * other classes a third of that share at most: what covering does to any picture it does in all classes. What lies there must speak for the class by itself: with
 * the object covered more is left of these decisions than of the class's others ({@link leavesMore}). Nothing is said of a class that is the answer to
 * nothing ({@link answersNothing}); where all its decisions stand without the object and nearly all are accused, that cannot be told, and it is never `strong`:
 * in a two-class task that is the negative class alone, as in {@link bySurroundings}.
 */
export function surroundingsAdd(
  target: number,
  looks: readonly Look[],
  all: readonly Look[],
  negative?: number,
): Test[] {
  const probed = all.filter(({ record: { probes } }) => probes?.surroundings !== undefined);
  const own = probed.filter((look) => look.target === target);
  const others = probed.length - own.length;
  if (own.length < 8 || others < 8) return [];
  const falls = ({ record: { probes } }: Look) => fell(probes!.before, probes!.surroundings);
  const guilty = own.filter(falls).sort((a, b) => evidenceAround(b) - evidenceAround(a));
  const elsewhere = probed.filter(falls).length - guilty.length;
  const p = hypergeometricTail(guilty.length, own.length, guilty.length + elsewhere, probed.length);
  const share = guilty.length / own.length;
  const without = own.filter(({ record: { probes } }) => probes!.object !== undefined);
  const stand = without.filter(standsWithout).length;
  const may = negative === undefined || negative === target;
  const always = may && without.length > 0 && stand >= ALL_STAND * without.length;
  if (
    guilty.length < 8 ||
    share < 0.1 ||
    elsewhere / others > share / 3 ||
    answersNothing(own, guilty) ||
    !leavesMore(own, guilty)
  )
    return [{ p }];
  return [
    {
      p,
      suspect: {
        by: 'outside',
        target,
        looks: guilty,
        of: looks.length,
        strong: !always,
        what: outsideText(guilty),
        evidence: [
          `In ${counted(guilty.length, 'picture')} of ${own.length} decided so (${percent(share)}), covering everything but the object makes the odds of the decision ${timesText(Math.exp(quantile(guilty.map(evidenceAround))))} smaller (median); of ${others} decisions for other classes ${elsewhere} fall so (Fisher's exact test, ${pText(p)}).`,
          ...(always
            ? [
                `With the object itself covered ${stand === without.length ? 'all' : stand} of ${without.length} decisions for it stay: it may also be what the model says where it sees no object, told by the empty ground around a small one.`,
              ]
            : []),
        ],
        figures: {
          n: own.length,
          decidedOutside: guilty.length,
          share,
          others,
          othersOutside: elsewhere,
          logOddsLost: quantile(guilty.map(evidenceAround)),
        },
      },
    },
  ];
}

/**
 * Whether, with the object covered, the class keeps more odds in the accused pictures than in its others (0.5 in the median, rank-sum test p < 0.05). Where it keeps
 * as little in both, all of its evidence is the object's, and that some decisions fall with the surroundings is what covering does to a weak or a small one.
 * Not asked where there are fewer than six others.
 */
function leavesMore(looks: readonly Look[], guilty: readonly Look[]): boolean {
  const left = (some: readonly Look[]) =>
    some.flatMap(({ record: { probes } }) => (probes?.object === undefined ? [] : [lost(probes.object, 0.5)]));
  const [own, rest] = [left(guilty), left(looks.filter((look) => !guilty.includes(look)))];
  if (rest.length < 6) return true;
  return quantile(own) - quantile(rest) >= MORE_LEFT.least && rankSum(own, rest).p < MORE_LEFT.p;
}

/**
 * Whether the class's other decisions stand with the object covered as well (four of five, at least six): then it is what the model says when it sees
 * nothing, and any change may make it fall.
 */
function answersNothing(looks: readonly Look[], guilty: readonly Look[]): boolean {
  const rest = looks.filter((look) => !guilty.includes(look) && look.record.probes?.object !== undefined);
  return rest.length >= 6 && rest.filter(standsWithout).length >= 0.8 * rest.length;
}

const evidenceAround = ({ record: { probes } }: Look) => lost(probes!.before, probes!.surroundings!);
