import type { Shape } from '@seewhy/autodiff';
import type { ClassOutput } from '../class-output.ts';
import type { Target } from '../target.ts';

/** The model's facts that say where a class lies on the picture's plane. */
export interface OutputFacts {
  readonly output: ClassOutput;
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** Height and width of the grid that the explained output gives every class on; undefined where it has none. */
export function outputGrid({ output, shapes }: OutputFacts): { height: number; width: number } | undefined {
  const shape = shapes.get(output.logits);
  const [height, width, ...more] = (shape ?? []).filter((_, axis) => axis !== 0 && axis !== output.axis);
  if (more.length > 0 || typeof height !== 'number' || typeof width !== 'number' || output.positions <= 1)
    return undefined;
  return { height, width };
}

/** Weights of the cells of a place, row by row, of sum 1. */
export function cellWeights(target: Target & { kind: 'position' | 'region' }, facts: OutputFacts): Float32Array {
  const { height, width } = outputGrid(facts)!;
  if (target.kind === 'region') {
    const sum = target.mask.data.reduce((total, value) => total + value, 0);
    return target.mask.data.map((value) => value / sum);
  }
  const weights = new Float32Array(height * width);
  weights[target.at[0] * width + target.at[1]] = 1;
  return weights;
}
