import type { AuditRecord } from '../../audit-record.ts';
import { predictedOf, scoreOf } from '../../metrics/decision.ts';
import { type Context, percent, pText } from '../context.ts';
import { mean } from '../statistics/quantile.ts';
import { rankSum } from '../statistics/rank-sum.ts';
import { hypergeometricTail } from '../statistics/tails.ts';

/** How something seen in some pictures goes with a class. */
export interface Association {
  /** Pictures with and without it, over the whole audit. */
  readonly present: number;
  readonly absent: number;
  /** It is more frequent among the pictures labelled so: share among them and among the others, Fisher's exact test (one-sided). */
  readonly labelled?: { readonly own: number; readonly others: number; readonly p: number };
  /**
   * Among pictures of one true label, those with it score higher: the label where that is clearest, mean probabilities of the class with and
   * without it, Mann and Whitney's test (one-sided, times the number of labels tried).
   */
  readonly scored?: { readonly label: number; readonly with: number; readonly without: number; readonly p: number };
  /** Among pictures of the class itself, the share of pairs in which one with it scores higher than one without it: 0.5 where it makes no difference. */
  readonly raises?: number;
}

const LEAST = 4;

/** Over all predicted pictures, explained or not. @param present undefined: cannot be said of this picture, which is left out */
export function associationOf(
  { run, records }: Context,
  target: number,
  present: (record: AuditRecord) => boolean | undefined,
): Association {
  const known = records.flatMap((record) => {
    const has = present(record);
    const score = scoreOf(record, target);
    return has === undefined || predictedOf(record, run) === undefined ? [] : [{ record, has, score }];
  });
  const labelled = known.filter(({ record }) => record.label?.length);
  const own = labelled.filter(({ record }) => record.label!.includes(target));
  const others = labelled.filter(({ record }) => !record.label!.includes(target));
  const having = (list: typeof known) => list.filter(({ has }) => has).length;
  const labels = [...new Set(labelled.map(({ record }) => record.label![0]!))].sort((a, b) => a - b);
  const tried = labels.flatMap((label) => {
    const scored = labelled.filter(({ record, score }) => record.label![0] === label && score !== undefined);
    const [yes, no] = [true, false].map((wanted) =>
      scored.flatMap(({ has, score }) => (has === wanted ? [score!] : [])),
    ) as [number[], number[]];
    if (yes.length < LEAST || no.length < LEAST) return [];
    const { share, p } = rankSum(yes, no);
    return [{ label, with: mean(yes), without: mean(no), share, p }];
  });
  const raises = tried.find(({ label }) => label === target)?.share;
  const best = tried.toSorted((a, b) => a.p - b.p || a.label - b.label)[0];
  return {
    present: having(known),
    absent: known.length - having(known),
    ...(own.length > 0 &&
      others.length > 0 && {
        labelled: {
          own: having(own) / own.length,
          others: having(others) / others.length,
          p: hypergeometricTail(having(own), own.length, having(labelled), labelled.length),
        },
      }),
    ...(best && { scored: { ...best, p: Math.min(1, best.p * tried.length) } }),
    ...(raises !== undefined && { raises }),
  };
}

/**
 * An association in sentences and figures. `clear`: the thing goes with the label (p < 0.01), or pictures of one label score at least 0.15 higher
 * with it (p < 0.01).
 * @param thing how to speak of it: `it`, `the colour`
 */
export function told(context: Context, { labelled, scored }: Association, thing: string) {
  const more = scored !== undefined && scored.p < 0.01 && scored.with - scored.without >= 0.15;
  const labels = labelled !== undefined && labelled.p < 0.01;
  return {
    clear: more || labels,
    sentences: [
      ...(labelled
        ? [
            `${percent(labelled.own)} of the pictures labelled so have ${thing}, ${percent(labelled.others)} of the others (Fisher's exact test, ${pText(labelled.p)}).`,
          ]
        : []),
      ...(more
        ? [
            `Among pictures labelled “${context.nameOf(scored.label)}”, those with ${thing} score ${scored.with.toFixed(2)} for the class on average, those without ${scored.without.toFixed(2)} (rank-sum test, ${pText(scored.p)}).`,
          ]
        : []),
    ],
    figures: {
      ...(labelled && { ownShare: labelled.own, othersShare: labelled.others }),
      ...(scored && { scoreWith: scored.with, scoreWithout: scored.without }),
    },
  };
}
