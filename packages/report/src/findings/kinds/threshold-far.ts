import type { Finding } from '../../finding.ts';
import { below } from '../../metrics/binary-curve.ts';
import { binaryScoreOf, positiveOf } from '../../metrics/decision.ts';
import { type Context, counted, type Judged, number, percent, pictures, pText } from '../context.ts';
import { binomialTail } from '../statistics/tails.ts';

const LEAST = 20;

/**
 * `threshold-far`: another threshold would separate the classes better. Youden's index (sensitivity + specificity − 1) at the run's threshold and at
 * its best. Told (`low`) where the balanced accuracy gains 0.05 or more and, among the pictures that change sides, significantly more become right
 * than wrong, each class counting by its size (exact sign test on the changed pictures of the class that gains, p < 0.01 times the thresholds that
 * were possible, at most 20: Bonferroni). At least 20 pictures of each class.
 */
export function thresholdFar({ run, judged }: Context): Finding[] {
  if (run.task !== 'binary') return [];
  const positive = positiveOf(run);
  // One typed array a class: a million of objects would be in the way.
  const scoreOf = ({ record }: Judged) => binaryScoreOf(record, run) ?? Number.NaN;
  const scores = [true, false].map((wanted) => {
    const own = judged.filter(({ label }) => label.includes(positive) === wanted);
    return Float64Array.from(own, scoreOf)
      .filter((score) => !Number.isNaN(score))
      .sort();
  });
  const [positives, negatives] = scores as [Float64Array, Float64Array];
  const all = positives.length + negatives.length;
  if (positives.length < LEAST || negatives.length < LEAST) return [];
  const balanced = (threshold: number) =>
    (1 - below(positives, threshold) / positives.length + below(negatives, threshold) / negatives.length) / 2;
  const best = bestOf(positives, negatives, run.threshold);
  const gain = best.balanced - balanced(run.threshold);
  if (gain < 0.05) return [];
  const [low, high] = [Math.min(best.threshold, run.threshold), Math.max(best.threshold, run.threshold)];
  const moved = judged.filter((one) => scoreOf(one) >= low && scoreOf(one) < high);
  const better = moved.filter(({ label }) => label.includes(positive) === best.threshold < run.threshold);
  // By chance a changed picture is of the gaining class as often as pictures are.
  const share = (best.threshold < run.threshold ? positives.length : negatives.length) / all;
  const p = Math.min(1, binomialTail(better.length, moved.length, share) * Math.min(20, all));
  if (p >= 0.01) return [];
  return [
    {
      kind: 'threshold-far',
      title: `A threshold of ${shortest(best.threshold, (value) => balanced(value) >= best.balanced - 1e-9)} instead of ${run.threshold} would raise the balanced accuracy from ${percent(balanced(run.threshold))} to ${percent(best.balanced)}`,
      severity: 'low',
      evidence: `Youden's index is largest there on these ${counted(all, 'picture')}; of the ${number(moved.length)} that change sides ${number(better.length)} ${better.length === 1 ? 'becomes' : 'become'} right (${pText(p)}, corrected). Chosen on the same pictures it looks a little better than it is; where a miss costs more than a false alarm, another threshold may be right.`,
      figures: { n: all, threshold: best.threshold, now: balanced(run.threshold), best: best.balanced, p },
      ...pictures(better, ({ record }) => record.id),
    },
  ];
}

/** With as few digits as it takes, from two on, to decide as well. */
function shortest(value: number, asGood: (value: number) => boolean): number {
  for (let digits = 2; digits < 17; digits++) {
    const short = Number(value.toPrecision(digits));
    if (asGood(short)) return short;
  }
  return value;
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** @param up scores of the positive pictures, rising; `down`: of the negative ones */
function bestOf(up: Float64Array, down: Float64Array, now: number): { threshold: number; balanced: number } {
  const values = joined(up, down)
    .sort()
    .filter((value, at, all) => at === 0 || value !== all[at - 1]);
  let best = { threshold: now, balanced: Number.NEGATIVE_INFINITY };
  let [i, j] = [0, 0];
  for (let at = 0; at < values.length; at++) {
    const threshold = values[at]!;
    while (i < up.length && up[i]! < threshold) i++;
    while (j < down.length && down[j]! < threshold) j++;
    const balanced = ((up.length - i) / up.length + j / down.length) / 2;
    // Between two scores every threshold decides the same: the middle is the one that new pictures will like best.
    const middle = at > 0 ? (values[at - 1]! + threshold) / 2 : threshold;
    if (
      balanced > best.balanced + 1e-12 ||
      (balanced > best.balanced - 1e-12 && Math.abs(middle - now) < Math.abs(best.threshold - now))
    )
      best = { threshold: middle, balanced: Math.max(balanced, best.balanced) };
  }
  return best;
}
