import { isCorrect } from '../../metrics/decision.ts';
import { type Context, counted, percent, pText } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { hypergeometricTail } from '../statistics/tails.ts';
import { edgeLook, emptierMiddle } from './edge-look.ts';
import { type Look, lost } from './look.ts';
import type { Test } from './suspect.ts';

const LEAST = 6;
const LEAST_SHARE = 0.1;
/** Where nearly all of a class depends on the edge, its object may lie there: that is for `samePlace` to say. */
const MOST_SHARE = 0.9;
/** Log-odds that covering an edge takes: much at least, little at most; where the much is more than that, shares of its median. */
const MUCH = { least: 1.1, share: 0.5 };
const LITTLE = { most: 0.45, share: 0.25 };
/** Pictures in between, of those that lose much: an object that lies here and there is cut by the edge in as many ways as there are pictures. */
const MOST_BETWEEN = 0.3;
const LEAST_CLEAR = 0.85;
/** Where neither the class nor errors go with it, the edge must hold more than that: an object has ends. */
const LEAST_ALONE = 2;
/** Emptier middles than those of the class's other pictures; than those of the other classes', where it is less clear. */
const MOST_EMPTIER = 0.68;
const FAIRLY_EMPTIER = { own: 0.8, others: 0.6 };
/**
 * Where that share of the other classes' decisions depends on the edge as much, objects reach it in this data set: that a class's do tells nothing of a mark.
 */
const MOST_ELSEWHERE = 0.5;
/** What is covered: a border lies on the frame, a ruler along one side. */
const EDGES = [['frame'], ['frame', 'top', 'bottom', 'left', 'right']] as const;

/** The evidence that one of some parts of the picture holds: the most that covering one of them takes. */
function edgeLoss({ record: { probes }, target }: Look, edges: (typeof EDGES)[number]): number | undefined {
  if (probes?.frame === undefined || probes.target !== target) return undefined;
  return Math.max(...edges.flatMap((name) => (probes[name] === undefined ? [] : [lost(probes.before, probes[name])])));
}

/**
 * Without masks, for marks at the edge, of whatever look (rulers, stamps, stickers, borders, a vignette): the pictures of a class fall into two kinds. In
 * one, covering the frame (or one side) takes two thirds of the odds or more; in the other it takes next to nothing; few lie in between. And:
 *
 * 1. A look at the edge tells the two kinds apart, found in every other picture and right in 85 % of the pairs of the remaining ones, and the other way
 *    round ({@link edgeLook}). Test: rank-sum, one-sided, of pictures in which it was not found.
 * 2. The middle shows as much in the one kind as in the other ({@link emptierMiddle}, at most 0.68): where objects lie now in the middle, now at the edge,
 *    it is emptier when they lie at the edge. Up to 0.8 where it shows as much as in other classes' decisions (at most 0.6): without a mark an object must
 *    be a clear one to be decided so.
 *
 * Asked for: 6 pictures of either kind, the first kind 10 % to 90 % of the class, in between at most three for ten of it. `strong` where the first kind
 * goes with the class (Fisher's exact against the other classes) or is wrong more often than the second: p < 0.01 each; otherwise the
 * first kind must lose log-odds of 2 at least (median), and fewer than half of the other classes' decisions may be of it.
 */
export function byEdge(context: Context, target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  return EDGES.flatMap((edges) => testsOf(context, target, looks, all, edges));
}

function testsOf(
  context: Context,
  target: number,
  looks: readonly Look[],
  all: readonly Look[],
  edges: (typeof EDGES)[number],
): Test[] {
  const measured = looks.flatMap((look) => {
    const loss = edgeLoss(look, edges);
    return loss === undefined ? [] : [{ look, loss }];
  });
  const others = all.filter((look) => look.target !== target).flatMap((look) => edgeLoss(look, edges) ?? []);
  if (measured.length < 2 * LEAST) return [];
  const typical = quantile(measured.map(({ loss }) => loss).filter((loss) => loss >= MUCH.least));
  if (Number.isNaN(typical)) return [{ p: 1 }];
  const least = Math.max(MUCH.least, MUCH.share * typical);
  const most = Math.max(LITTLE.most, LITTLE.share * typical);
  const much = measured.filter(({ loss }) => loss >= least).sort((a, b) => b.loss - a.loss);
  const little = measured.filter(({ loss }) => loss <= most);
  const share = much.length / measured.length;
  const between = measured.length - much.length - little.length;
  const muchElsewhere = others.filter((loss) => loss >= least).length;
  const pClass =
    others.length === 0
      ? 1
      : hypergeometricTail(much.length, measured.length, much.length + muchElsewhere, measured.length + others.length);
  const wrong = ({ look }: { look: Look }) => isCorrect(look.record, context.run) === false;
  const [wrongMuch, wrongLittle] = [much.filter(wrong).length, little.filter(wrong).length];
  const pWrong = hypergeometricTail(wrongMuch, much.length, wrongMuch + wrongLittle, much.length + little.length);
  if (much.length < LEAST || little.length < LEAST) return [{ p: 1 }];
  const seen = edgeLook(
    much.map(({ look }) => look),
    little.map(({ look }) => look),
  );
  const { p } = seen;
  const strong = pClass < 0.01 || pWrong < 0.01;
  if (
    (!strong && (typical < LEAST_ALONE || muchElsewhere >= MOST_ELSEWHERE * others.length)) ||
    share < LEAST_SHARE ||
    share > MOST_SHARE ||
    between > MOST_BETWEEN * much.length ||
    seen.share < LEAST_CLEAR ||
    isEmptier(
      much.map(({ look }) => look),
      little.map(({ look }) => look),
      all.filter((look) => look.target !== target),
    )
  )
    return [{ p }];
  return [
    {
      p,
      suspect: {
        by: 'edge',
        target,
        looks: much.map(({ look }) => look),
        of: measured.length,
        strong,
        what: 'what lies at the edge of the picture',
        evidence: [
          `In ${counted(much.length, 'picture')} of ${measured.length} decided so (${percent(share)}), covering the frame${edges.length > 1 ? ' or one side' : ''} of the picture makes the odds ${Math.exp(quantile(much.map(({ loss }) => loss))).toFixed(1)} times smaller (median); in ${little.length} it changes next to nothing, and few lie in between (${between}). Of ${others.length} decisions for other classes ${muchElsewhere} depend on the edge so much (Fisher's exact test, ${pText(pClass)}).`,
          `A look at the edge tells the two kinds apart: ${seen.what} (of pairs of pictures that were not used to find it, right in ${percent(seen.share)}; rank-sum test, ${pText(seen.p)}).`,
          ...(pWrong < 0.01
            ? [
                `Decisions of the first kind are wrong in ${percent(wrongMuch / much.length)}, the others in ${percent(wrongLittle / little.length)} (Fisher's exact test, ${pText(pWrong)}).`,
              ]
            : []),
        ],
        figures: {
          n: measured.length,
          decidedByEdge: much.length,
          untouched: little.length,
          between,
          share,
          others: others.length,
          othersByEdge: muchElsewhere,
          lookShare: seen.share,
        },
      },
    },
  ];
}

/** Whether the middle of the first shows less: clearly less than that of the class's other pictures, or fairly so and less than that of other classes as well. */
function isEmptier(much: readonly Look[], little: readonly Look[], others: readonly Look[]): boolean {
  const own = emptierMiddle(much, little);
  return own > MOST_EMPTIER && (own > FAIRLY_EMPTIER.own || emptierMiddle(much, others) > FAIRLY_EMPTIER.others);
}
