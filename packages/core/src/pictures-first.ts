import type { Shape } from '@seewhy/autodiff';
import { type DataType, type Graph, GraphBuilder, type ValueName } from '@seewhy/onnx';
import type { ClassOutput } from './class-output.ts';

/** What is known of a graph and of its explained output. */
interface Found {
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<ValueName, Shape>;
  readonly types: ReadonlyMap<ValueName, DataType>;
  readonly output: ClassOutput;
}

/**
 * An output whose first axis does not count the pictures: text recognisers give `[steps, N, classes]`, as recurrent networks do, or
 * `[steps, classes]` without any axis for them. Its values are appended once more with the pictures first, `[N, steps, classes]`, which is
 * what all targets are made for; the model's own output stays as it is. Anything else comes back unchanged.
 */
export function picturesFirst(found: Found): Found {
  const { shapes, types, output } = found;
  const values = [...new Set([output.logits, output.probability ?? output.logits, output.name])];
  if (values.some((value) => !isMisplaced(shapes.get(value)))) return found;
  const b = new GraphBuilder(found.graph, { prefix: 'seewhy/pictures-first' });
  const moved = new Map<ValueName, ValueName>();
  const shapesOfAll = new Map(shapes);
  const typesOfAll = new Map(types);
  for (const value of values) {
    const shape = shapes.get(value)!;
    const axes = axesOf(shape);
    const name = axes ? b.op('Transpose', [value], { perm: axes }, value) : b.unsqueeze(value, [0]);
    moved.set(value, name);
    shapesOfAll.set(name, axes ? axes.map((axis) => shape[axis]!) : [1, ...shape]);
    const type = types.get(value);
    if (type) typesOfAll.set(name, type);
  }
  const shape = shapes.get(output.logits)!;
  const axis = axesOf(shape)?.indexOf(output.axis) ?? output.axis + 1;
  const others = shapesOfAll.get(moved.get(output.logits)!)!.filter((_, at) => at !== 0 && at !== axis);
  return {
    graph: b.build(),
    shapes: shapesOfAll,
    types: typesOfAll,
    output: {
      ...output,
      axis,
      logits: moved.get(output.logits)!,
      probability: output.probability && moved.get(output.probability)!,
      positions: (others as readonly number[]).reduce((product, dim) => product * dim, 1),
      picturesFirst: moved.get(output.name)!,
    },
  };
}

/** Of a run of one picture: whether the first of at least two axes counts something else than pictures. */
function isMisplaced(shape: Shape | undefined): boolean {
  const [first, ...rest] = shape ?? [];
  return rest.length > 0 && typeof first === 'number' && first > 1 && rest.every((dim) => typeof dim === 'number');
}

/** Axes with the pictures' in front: the second of three or more, where that has one picture; undefined where no axis counts them. */
function axesOf(shape: Shape): number[] | undefined {
  if (shape.length < 3 || shape[1] !== 1) return undefined;
  return [1, 0, ...shape.slice(2).map((_, at) => at + 2)];
}
