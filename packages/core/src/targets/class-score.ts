import type { ClassOutput } from '../class-output.ts';
import type { ScoreKind, Target } from '../target.ts';
import { termsOf } from './terms.ts';

/**
 * The score of a resolved target, from the class scores of one item before the activation; undefined where they do not hold it: of
 * other values than classes, and of means over positions that are not those of the logits.
 */
export function classScore(
  target: Target,
  scores: Float32Array,
  output: ClassOutput,
  kind: ScoreKind,
): number | undefined {
  const terms = isInScores(target, output, kind) ? termsOf(target) : undefined;
  if (!terms) return undefined;
  const of = scoreReader(scores, output, kind);
  return terms.reduce((sum, { index, sign }) => sum + sign * of(index), 0);
}

/** Whether {@link classScore} can tell a target's score. */
export const isInScores = ({ kind: target }: Target, output: ClassOutput, kind: ScoreKind): boolean =>
  (target === 'class' || target === 'contrast' || target === 'sum' || target === 'top' || target === 'runner-up') &&
  (kind === 'logit' || output.positions === 1);

function scoreReader(scores: Float32Array, output: ClassOutput, kind: ScoreKind): (index: number) => number {
  const logit = (index: number) => (output.binary ? (index === 1 ? scores[0]! : -scores[0]!) : scores[index]!);
  if (kind === 'logit' || (kind === 'log-odds' && output.activation === 'sigmoid')) return logit;
  if (output.activation === 'sigmoid') return (index) => 1 / (1 + Math.exp(-logit(index)));
  if (kind === 'log-odds') return (index) => scores[index]! - logSumExp(scores, index);
  const whole = logSumExp(scores, -1);
  return (index) => Math.exp(scores[index]! - whole);
}

/** log Σ exp over all scores but one. */
function logSumExp(scores: Float32Array, but: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) if (i !== but) most = Math.max(most, scores[i]!);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) if (i !== but) sum += Math.exp(scores[i]! - most);
  return most + Math.log(sum);
}
