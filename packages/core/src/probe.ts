import type { Dim, Shape } from '@seewhy/autodiff';
import { type Graph, Node, Value } from '@seewhy/onnx';
import type { RunTensor, Runtime } from './runtime/runtime.ts';
import { withSizesOf } from './with-sizes-of.ts';

/** Ops whose results are sequences or optionals: they have no shape to ask for. */
const NOT_TENSORS = /^(Sequence|SplitToSequence|Optional)/;

const PREFIX = 'seewhy/shape-of/';

/** What one run with shapes as outputs tells. */
export interface Probe {
  /** Shape of every tensor of the graph; sizes that follow the batch are `{ batch }`. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Whether every size stays or doubles when the feeds do. Whether it then runs, and right, is for the caller to try. */
  readonly batch: 'free' | 'fixed';
}

/**
 * Asks the runtime for the shape of every value, by a run with `Shape` of each as output: for one item and, when `two` is given, for
 * two. What differs between them is the batch.
 * @param one feeds for one item
 * @param two feeds for two items; a model that cannot run on them has a fixed batch
 */
export async function probe(
  runtime: Runtime,
  graph: Graph,
  one: Readonly<Record<string, RunTensor>>,
  two?: Readonly<Record<string, RunTensor>>,
): Promise<Probe> {
  const names = graph.nodes
    .filter((node) => !NOT_TENSORS.test(node.op))
    .flatMap((node) => node.outputs.filter((value) => value !== ''));
  names.push(...graph.feeds.map((value) => value.name));
  const hasBodies = graph.nodes.some((node) => node.uses.some((value) => !node.inputs.includes(value)));
  const shapesFor = async (feeds: Readonly<Record<string, RunTensor>>) => {
    // With the sizes of the inputs pinned, and without the file's own hints (which may be wrong), the runtime infers most shapes while it
    // loads, folds each `Shape` to a constant and drops what is behind it: the run then computes little or nothing.
    const asking = graph.with({
      values: new Map(),
      nodes: [...graph.nodes, ...names.map((name) => Node.make('Shape', [name], [PREFIX + name]))],
      outputs: names.map((name) => new Value(PREFIX + name)),
    });
    // ONNX Runtime drops what only a branch reads when it has folded the branch's condition: such a graph is run as it stands.
    const session = await runtime.open(withSizesOf(asking, feeds), hasBodies ? { optimization: 'disabled' } : {});
    try {
      const results = await session.run(feeds);
      return new Map(names.map((name) => [name, Array.from(results[PREFIX + name]!.data as BigInt64Array, Number)]));
    } finally {
      await session.release();
    }
  };
  const atOne = await shapesFor(one);
  if (!two) return { shapes: atOne, batch: 'fixed' };
  let atTwo: Map<string, number[]>;
  try {
    atTwo = await shapesFor(two);
  } catch {
    return { shapes: atOne, batch: 'fixed' };
  }
  const shapes = new Map<string, Shape>();
  for (const [name, shape] of atOne) {
    const merged = mergeShapes(shape, atTwo.get(name)!);
    // A size like N + 1 has no name here: such a graph is explained one item at a time.
    if (!merged) return { shapes: atOne, batch: 'fixed' };
    shapes.set(name, merged);
  }
  return { shapes, batch: 'free' };
}

/** Undefined when a size neither stayed nor doubled. */
function mergeShapes(one: readonly number[], two: readonly number[]): Shape | undefined {
  if (one.some((dim, axis) => two[axis] !== dim && two[axis] !== 2 * dim)) return undefined;
  return one.map((dim, axis): Dim => (two[axis] === dim ? dim : { batch: dim }));
}
