import type { Model, ScoreKind, Target } from '@seewhy/core';
import { tfExplainErrors as errors } from './tf-explain-errors.ts';

/** The column of the model's output, as in tf-explain; or a target as everywhere in seewhy: a label, `top`, `282-285`. */
export type ClassIndex = number | string | Target;

/**
 * What is explained. A number counts the model's outputs: of one sigmoid there is 0 only, its positive side.
 * @throws TARGET_UNKNOWN, TARGET_INVALID …
 */
export function targetOf(classIndex: ClassIndex, model: Model): Target {
  if (typeof classIndex === 'string') {
    const found = model.parseTargets(classIndex);
    if (found.length !== 1) throw errors.manyTargets(classIndex, found.length);
    return found[0]!;
  }
  if (typeof classIndex === 'object' && classIndex !== null) return classIndex;
  const { binary, classes } = model.output;
  if (binary && classIndex !== 0 && Number.isInteger(classIndex)) throw errors.oneOutput(classIndex);
  const count = binary ? 1 : classes;
  if (!(Number.isInteger(classIndex) && classIndex >= 0 && classIndex < count))
    throw errors.classIndex(classIndex, count);
  return { kind: 'class', index: binary ? 1 : classIndex, asked: String(classIndex) };
}

/** What the model itself puts out: the probability where it ends in a softmax or sigmoid. */
export const scoreOfOutput = ({ output }: Model): ScoreKind =>
  output.probability === undefined ? 'logit' : 'probability';
