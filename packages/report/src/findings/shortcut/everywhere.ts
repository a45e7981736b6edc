import { counted, percent, pText } from '../context.ts';
import { hypergeometricTail } from '../statistics/tails.ts';
import { fell, type Look } from './look.ts';
import { GRAIN, overallLook, TINT } from './overall-look.ts';
import type { Test } from './suspect.ts';

const LEAST = 8;
const LEAST_SHARE = 0.3;
const MOST_OTHERS = 0.1;
const MEASURES = [TINT, GRAIN];

/**
 * Decided by what lies all over the picture (a background, a watermark, a grain): wherever a part is covered the decision falls, even where the map
 * points least. An object lies somewhere, and covering elsewhere changes nothing.
 *
 * Of a class 30 % of the pictures and 8 of them: covering the hot part, the coldest part and the frame each takes the evidence. At most a tenth of that share in
 * the other classes. These pictures are alike in tint or grain, on the frame as in the rest, and unlike the others ({@link overallLook}): objects that fill
 * their pictures are not. Test: Fisher's exact, one-sided, the class against the others.
 */
export function everywhere(target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const others = all.filter((look) => look.target !== target);
  if (looks.length < LEAST || others.length < LEAST) return [];
  const guilty = looks.filter(allOver);
  const elsewhere = others.filter(allOver).length;
  const share = guilty.length / looks.length;
  const p = hypergeometricTail(guilty.length, looks.length, guilty.length + elsewhere, all.length);
  if (guilty.length < LEAST || share < LEAST_SHARE || elsewhere / others.length > MOST_OTHERS * share) return [{ p }];
  if (!MEASURES.some((measure) => overallLook(measure, guilty, others))) return [{ p }];
  return [
    {
      p,
      suspect: {
        by: 'everywhere',
        target,
        looks: guilty,
        of: looks.length,
        strong: true,
        what: 'something that lies all over the picture',
        evidence: [
          `In ${counted(guilty.length, 'picture')} of ${looks.length} decided so (${percent(share)}), covering the part that the map points at least makes the decision fall, as covering the frame does and what it points at most; of ${others.length} decisions for other classes that holds for ${elsewhere} (Fisher's exact test, ${pText(p)}). What decides is in all of these parts: a background, a pattern, a grain; an object lies in one of them.`,
        ],
        figures: {
          n: looks.length,
          decidedEverywhere: guilty.length,
          share,
          others: others.length,
          othersEverywhere: elsewhere,
        },
      },
    },
  ];
}

const allOver = ({ record: { probes }, map: { covered }, target }: Look): boolean =>
  covered !== undefined &&
  probes?.target === target &&
  fell(covered.before, covered.cold) &&
  fell(covered.before, covered.hot) &&
  fell(probes.before, probes.frame);
