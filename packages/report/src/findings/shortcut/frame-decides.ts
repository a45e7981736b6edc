import { counted, percent, pText } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { hypergeometricTail } from '../statistics/tails.ts';
import { fellMore, type Look, lost } from './look.ts';
import type { Test } from './suspect.ts';

const LEAST = 6;
const LEAST_SHARE = 0.1;
const MOST_SHARE = 0.7;
const MOST_OTHERS = 0.03;
const MOST_BETWEEN = 0.25;

/** Covering the frame of the picture takes the evidence, covering all but the frame does not. No method has a say in this. */
export const frameDecides = ({ record: { probes }, target }: Look): boolean =>
  probes?.frame !== undefined && probes.target === target && fellMore(probes.before, probes.frame, probes.centre);

/**
 * Without masks, for marks that look different every time: a part of one class (10 % to 70 %, 6 pictures or more) is decided by the frame of the
 * picture alone, the others of the class are not touched by it (median loss a quarter at most), and next to none of the other classes are decided so
 * (3 % at most). Test: Fisher's exact, one-sided, the class against the others. Never
 * `strong`: objects of one class may lie at the edge now and then. Where a whole class depends on the frame nothing is said: there its object lies.
 */
export function byFrame(target: number, looks: readonly Look[], all: readonly Look[]): Test[] {
  const others = all.filter((look) => look.target !== target);
  const fall = ({ record: { probes } }: Look) => lost(probes!.before, probes!.frame!);
  const found = looks.filter(frameDecides).sort((a, b) => fall(b) - fall(a));
  const elsewhere = others.filter(frameDecides).length;
  if (looks.length < LEAST || others.length < LEAST) return [];
  const p = hypergeometricTail(found.length, looks.length, found.length + elsewhere, all.length);
  const share = found.length / looks.length;
  const rest = looks.filter((look) => look.record.probes?.frame !== undefined && !found.includes(look));
  const apart = quantile(rest.map(fall)) <= MOST_BETWEEN * quantile(found.map(fall));
  if (
    !apart ||
    found.length < LEAST ||
    share < LEAST_SHARE ||
    share > MOST_SHARE ||
    elsewhere > MOST_OTHERS * others.length
  )
    return [{ p }];
  return [
    {
      p,
      suspect: {
        by: 'frame',
        target,
        looks: found,
        of: looks.length,
        strong: false,
        what: 'what lies at the edge of the picture',
        evidence: [
          `In ${counted(found.length, 'picture')} of ${looks.length} decided so (${percent(share)}), covering an eighth of each side all around takes a third of the evidence or more, and covering all the rest does not; of ${others.length} decisions for other classes that holds for ${elsewhere} (Fisher's exact test, ${pText(p)}).`,
        ],
        figures: {
          n: looks.length,
          decidedByFrame: found.length,
          share,
          others: others.length,
          othersByFrame: elsewhere,
        },
      },
    },
  ];
}
