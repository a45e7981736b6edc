import type { Finding } from '../../finding.ts';
import { binaryScoreOf, positiveOf, scoreOf } from '../../metrics/decision.ts';
import { newcombe } from '../../metrics/roc.ts';
import { type Context, counted, type Judged, percent, pictures, pText } from '../context.ts';
import { spread } from '../shortcut/look.ts';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';
import { mean } from '../statistics/quantile.ts';
import { rankSum } from '../statistics/rank-sum.ts';

/** Pictures in all; of a class, and of all others. */
const LEAST = 30;
const LEAST_SIDE = 10;
/** More change nothing but the time it takes. */
const MOST = 20_000;
const REVERSED = { most: 0.35, p: 0.001 };
/** The area that chance may reach, at the upper end of its interval, and the mean of several classes. */
const CHANCE = { p: 0.05, high: 0.7, mean: 0.6 };
/** Share of a class that is called another, and how much more would be right if it were that. */
const SWAPPED = { share: 0.5, gain: 0.3 };

/**
 * Whether scores have anything to do with the labels: where they have not, the mistake is mostly in how model and data set were put together.
 *
 * - `scores-reversed`: of two classes the one that is looked for scores lower than the other (area under the ROC curve at most 0.35; rank-sum test,
 *   one-sided, p < 0.001).
 * - `classes-swapped`: of several classes two or more are called by another's name in half of their pictures, one for one, and 30 % more pictures would be
 *   right under these names. No test: half of a class's ten pictures or more are no accident.
 * - `no-better-than-chance`: no class scores higher than the others do (rank-sum tests, one-sided, corrected after Benjamini and Hochberg, q > 0.05), and the
 *   area could not be large: of two classes the upper end of its 95 % interval is below 0.7, of several their mean is below 0.6.
 *
 * All `high`. At least 30 pictures, 10 of a class and 10 of others.
 */
export function scoreOrder(context: Context): Finding[] {
  const { run } = context;
  const judged = spread(context.judged, MOST);
  if (judged.length < LEAST) return [];
  if (run.task === 'binary') return binaryOrder(context, judged);
  const swapped = run.task === 'multiclass' ? swappedClasses(context, judged) : [];
  return swapped.length > 0 ? swapped : chanceOfSeveral(context, judged);
}

/** Scores of a class among its own pictures and among the others; undefined where there are too few, or not all are known. */
function sidesOf(
  judged: readonly Judged[],
  target: number,
  scoreIn: (one: Judged) => number | undefined,
): readonly [own: readonly number[], others: readonly number[]] | undefined {
  const own: number[] = [];
  const others: number[] = [];
  for (const one of judged) {
    const score = scoreIn(one);
    if (score === undefined) return undefined;
    (one.label.includes(target) ? own : others).push(score);
  }
  return own.length < LEAST_SIDE || others.length < LEAST_SIDE ? undefined : [own, others];
}

const CHECK =
  'Often the pictures are not prepared as they were in training (--preprocess), the labels lie beside the wrong pictures, or the model has learned nothing: no other figure means much until that is known.';

function binaryOrder({ run, nameOf }: Context, judged: readonly Judged[]): Finding[] {
  const positive = positiveOf(run);
  const sides = sidesOf(judged, positive, ({ record }) => binaryScoreOf(record, run));
  if (!sides) return [];
  const [own, others] = sides;
  const { share, p } = rankSum(own, others);
  const reversed = rankSum(others, own);
  const [low, high] = newcombe(share, own.length, others.length);
  const figures = { n: judged.length, auc: share, low, high };
  const pairs = `Of pairs of a picture labelled “${nameOf(positive)}” and another, the first scores higher in ${percent(share)} (95 % interval ${percent(low)} to ${percent(high)}; 50 % is chance; rank-sum test`;
  if (share <= REVERSED.most && reversed.p < REVERSED.p)
    return [
      {
        kind: 'scores-reversed',
        title: `Scores are the wrong way round: AUC ${share.toFixed(2)}`,
        severity: 'high',
        evidence: `${pairs}, ${pText(reversed.p)}): turned round, the area would be ${(1 - share).toFixed(2)}. Most often the two classes are in another order than was taken: --labels names them in the model's order, --class-map says which label is which class.`,
        figures: { ...figures, p: reversed.p },
        ids: [],
      },
    ];
  if (p <= CHANCE.p || high >= CHANCE.high) return [];
  return [
    {
      kind: 'no-better-than-chance',
      title: `“${nameOf(positive)}” is told from the rest no better than by guessing: AUC ${share.toFixed(2)}`,
      severity: 'high',
      evidence: `${pairs}, ${pText(p)}). ${CHECK}`,
      figures: { ...figures, p },
      ids: [],
    },
  ];
}

function chanceOfSeveral({ run }: Context, judged: readonly Judged[]): Finding[] {
  const tests = run.classes.flatMap((_, target) => {
    const sides = sidesOf(judged, target, ({ record }) => scoreOf(record, target));
    return sides ? [rankSum(...sides)] : [];
  });
  const least = Math.min(...benjaminiHochberg(tests.map(({ p }) => p)));
  const area = mean(tests.map(({ share }) => share));
  if (tests.length === 0 || least <= CHANCE.p || area >= CHANCE.mean) return [];
  return [
    {
      kind: 'no-better-than-chance',
      title: `No class is told from the others better than by guessing: mean AUC ${area.toFixed(2)}`,
      severity: 'high',
      evidence: `Of ${counted(tests.length, 'class', 'classes')} with ${LEAST_SIDE} pictures or more none scores higher in its own pictures than in others (rank-sum tests, the clearest q = ${Number(least.toPrecision(2))} after Benjamini and Hochberg). ${CHECK}`,
      figures: { n: judged.length, classes: tests.length, auc: area, q: least },
      ids: [],
    },
  ];
}

function swappedClasses({ run, nameOf }: Context, judged: readonly Judged[]): Finding[] {
  const calls = new Map<number, Map<number, Judged[]>>();
  for (const one of judged) {
    const [label] = one.label;
    const [predicted] = one.predicted;
    if (one.label.length !== 1 || label === undefined || predicted === undefined) continue;
    const own = calls.get(label) ?? new Map<number, Judged[]>();
    calls.set(label, own);
    const list = own.get(predicted);
    if (list) list.push(one);
    else own.set(predicted, [one]);
  }
  const called = [...calls].flatMap(([label, own]) => {
    const count = [...own.values()].reduce((sum, list) => sum + list.length, 0);
    const [name, list] = [...own].sort((a, b) => b[1].length - a[1].length || a[0] - b[0])[0]!;
    return count >= LEAST_SIDE && list.length >= SWAPPED.share * count ? [{ label, name, list, count }] : [];
  });
  const moved = called.filter(({ label, name }) => name !== label).sort((a, b) => a.label - b.label);
  const names = new Set(called.map(({ name }) => name));
  const gained = moved.reduce(
    (sum, { label, list }) => sum + list.length - (calls.get(label)!.get(label)?.length ?? 0),
    0,
  );
  if (moved.length < 2 || names.size < called.length || gained < SWAPPED.gain * judged.length) return [];
  const told = moved
    .slice(0, 5)
    .map(
      ({ label, name, list, count }) =>
        `“${nameOf(label)}” is called “${nameOf(name)}” in ${percent(list.length / count)}`,
    );
  return [
    {
      kind: 'classes-swapped',
      title: `${moved.length} of ${run.classes.length} classes are called by each other's names, one for one`,
      severity: 'high',
      evidence: `${told.join(', ')}${moved.length > 5 ? ' …' : ''}; under these names ${counted(gained, 'more picture', 'more pictures')} of ${judged.length} would be right. Most often the classes are in another order than was taken: --labels names them in the model's order, --class-map says which label is which class.`,
      figures: { n: judged.length, classes: moved.length, gained },
      ...pictures(
        moved.flatMap(({ list }) => list),
        ({ record }) => record.id,
      ),
    },
  ];
}
