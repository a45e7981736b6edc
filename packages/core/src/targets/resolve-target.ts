import type { ClassOutput } from '../class-output.ts';
import type { Target } from '../target.ts';

/** A target that depends on the picture's own scores, as the classes it means there. */
export function resolveTarget(target: Target, scores: Float32Array, output: ClassOutput): Target {
  if (target.kind === 'top')
    return { kind: 'class', index: rankedClass(scores, target.rank, output), asked: target.asked };
  if (target.kind !== 'runner-up') return target;
  const index = target.index ?? rankedClass(scores, 0, output);
  return { kind: 'contrast', index, against: bestOther(scores, index, output), asked: target.asked };
}

/** The class of a rank (0 = best); of equal scores the lower index comes first, as in the graph. */
function rankedClass(scores: Float32Array, rank: number, output: ClassOutput): number {
  if (output.binary) return scores[0]! > 0 === (rank === 0) ? 1 : 0;
  if (rank === 0) return bestOther(scores, -1, output);
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order[rank]!;
}

/** The best class but one. */
function bestOther(scores: Float32Array, but: number, output: ClassOutput): number {
  if (output.binary) return 1 - but;
  let best = but === 0 ? 1 : 0;
  for (let index = best + 1; index < scores.length; index++)
    if (index !== but && scores[index]! > scores[best]!) best = index;
  return best;
}
