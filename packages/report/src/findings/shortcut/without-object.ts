import { counted, percent, pText } from '../context.ts';
import { hypergeometricTail } from '../statistics/tails.ts';
import { edgeLook } from './edge-look.ts';
import { fell, type Look } from './look.ts';
import type { Test } from './suspect.ts';

const LEAST = 8;
const LEAST_FALLING = 6;
const LEAST_SHARE = 0.1;
const LEAST_CLEAR = 0.85;
/** Share of the other classes' decisions that stay so, of the class's. */
const MOST_ELSEWHERE = 1 / 3;
const LEVEL = 0.01;

/**
 * Where the data set has masks, for a mark that decides beside the object: each of the two is enough, and covering the mark alone takes nothing, since the object is
 * still there. With the object covered, the decisions that have the mark stay and the others fall.
 *
 * 1. At least 8 decisions for the class, and 10 %, keep half of their probability with the object covered and not with everything covered: something beside the
 *    object speaks for the class, and more than the mean colour. At least 6 of its decisions fall. Of the decisions for other classes a third of that
 *    share stay so at most (Fisher's exact, one-sided, p < 0.01): what a mask leaves of the objects it leaves in all classes.
 * 2. A look at the edge tells the ones that stay from the ones that fall, right in 85 % of the pairs of pictures in which it was not found ({@link edgeLook}): they share
 *    something there. Where a mask leaves a part of the object now here, now there, they do not.
 *
 * Test: the less clear of the two.
 */
export function withoutObject(target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const probed = all.filter(({ record: { probes } }) => probes?.object !== undefined && probes.blank !== undefined);
  const own = probed.filter((look) => look.target === target);
  const others = probed.length - own.length;
  if (own.length < LEAST + LEAST_FALLING || others < LEAST) return [];
  const stay = own.filter(staysWithout);
  const fallen = own.filter(fallsWithout);
  const elsewhere = probed.filter(staysWithout).length - stay.length;
  const share = stay.length / own.length;
  if (stay.length < LEAST || fallen.length < LEAST_FALLING || share < LEAST_SHARE) return [];
  const pClass = hypergeometricTail(stay.length, own.length, stay.length + elsewhere, probed.length);
  const seen = edgeLook(stay, fallen);
  const p = Math.max(pClass, seen.p);
  if (pClass >= LEVEL || elsewhere / others > MOST_ELSEWHERE * share || seen.share < LEAST_CLEAR) return [{ p }];
  return [
    {
      p,
      suspect: {
        by: 'outside',
        target,
        looks: stay,
        of: looks.length,
        strong: true,
        what: 'something outside the object',
        evidence: [
          `With the object covered ${counted(stay.length, 'decision')} of ${own.length} for the class (${percent(share)}) stay, which they do not with everything covered, and ${fallen.length} fall; of ${others} decisions for other classes ${elsewhere} stay so (Fisher's exact test, ${pText(pClass)}).`,
          `A look at the edge tells those that stay from those that fall: ${seen.what} (of pairs of pictures that were not used to find it, right in ${percent(seen.share)}; rank-sum test, ${pText(seen.p)}). Covering that alone need not change a decision, since the object is there too.`,
        ],
        figures: {
          n: own.length,
          decidedOutside: stay.length,
          share,
          falling: fallen.length,
          others,
          othersOutside: elsewhere,
          lookShare: seen.share,
        },
      },
    },
  ];
}

const keeps = (before: number, after: number) => after >= 0.5 * before;

const staysWithout = ({ record: { probes } }: Look): boolean =>
  keeps(probes!.before, probes!.object!) && !keeps(probes!.before, probes!.blank!);

const fallsWithout = ({ record: { probes } }: Look): boolean =>
  fell(probes!.before, probes!.object) && !keeps(probes!.before, probes!.object!);
