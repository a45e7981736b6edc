import { Value } from '@seewhy/onnx';
import type { ClassOutput } from './class-output.ts';
import type { RunTensor } from './runtime/runtime.ts';
import { type Seed, type SeedFacts, seedOf } from './seed.ts';
import type { Target } from './target.ts';

/** How targets of one kind enter a program that is built once and run for many of them: what is built in, what is fed. */
export interface TargetForm {
  /** Targets of equal keys share a program. */
  readonly key: string;
  /** Inputs that the program gets. */
  readonly inputs: readonly Value[];
  seed(facts: SeedFacts): Seed;
  /** Values of the inputs for items that all have this target. */
  feeds(target: Target, count: number): Record<string, RunTensor>;
}

export const TARGET_INPUT = 'seewhy.target';
export const AGAINST_INPUT = 'seewhy.against';

const indices = (name: string) => new Value(name, 'int64', ['N']);
const filled = (index: number, count: number): RunTensor => ({
  type: 'int64',
  dims: [count],
  data: new BigInt64Array(count).fill(BigInt(index)),
});

const CLASS: TargetForm = {
  key: 'class',
  inputs: [indices(TARGET_INPUT)],
  seed: (facts) => seedOf(facts, { index: TARGET_INPUT }),
  feeds: (target, count) => ({ [TARGET_INPUT]: filled((target as Target & { kind: 'class' }).index, count) }),
};

const CONTRAST: TargetForm = {
  key: 'contrast',
  inputs: [indices(TARGET_INPUT), indices(AGAINST_INPUT)],
  seed: (facts) => seedOf(facts, { index: TARGET_INPUT, against: AGAINST_INPUT }),
  feeds: (target, count) => {
    const { index, against } = target as Target & { kind: 'contrast' };
    return { [TARGET_INPUT]: filled(index, count), [AGAINST_INPUT]: filled(against, count) };
  },
};

/** The form of a resolved target (`top` is resolved by {@link resolveTarget} first). */
export function formOf(target: Target): TargetForm {
  return target.kind === 'contrast' ? CONTRAST : CLASS;
}

/** A target that depends on the picture's own scores, as the classes it means there. */
export function resolveTarget(target: Target, scores: Float32Array, output: ClassOutput): Target {
  if (target.kind !== 'top') return target;
  return { kind: 'class', index: rankedClass(scores, target.rank, output), asked: target.asked };
}

/** The class of a rank (0 = best); of equal scores the lower index comes first, as in the graph. */
export function rankedClass(scores: Float32Array, rank: number, output: ClassOutput): number {
  if (output.binary) return scores[0]! > 0 === (rank === 0) ? 1 : 0;
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order[rank]!;
}
