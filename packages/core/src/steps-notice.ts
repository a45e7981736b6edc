import type { Shape } from '@seewhy/autodiff';
import type { ClassOutput } from './class-output.ts';

/**
 * What to know of an output that has classes at every step of a sequence, as text recognisers do: a class's score is then a mean, of
 * which the class that stands for "nothing" usually has the most. Undefined of all others.
 */
export function stepsNotice(output: ClassOutput, shapes: ReadonlyMap<string, Shape>): string | undefined {
  const { name, positions, classes, boxes, axis } = output;
  const shape = shapes.get(output.logits);
  if (shape?.length !== 3 || positions <= 1 || boxes !== undefined || classes <= 1) return undefined;
  const step = Math.floor(positions / 2);
  const example = axis === 1 ? `${name}[CLASS,${step}]` : `${name}[${step},CLASS]`;
  return `The output '${name}' has ${positions} positions of ${classes} classes: a class's score is its mean over them; a target such as ${example} explains one.`;
}
