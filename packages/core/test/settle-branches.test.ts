import { explain, Model, noiseImage, settleBranches } from '@seewhy/core';
import { Graph, graphToProto, Node, Tensor, Value } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { relativeError, runtime } from './support.ts';

/** A body of an If that applies one op to a value from outside. */
const branch = (nodes: Node[]) => ({
  graph: graphToProto(
    new Graph({
      name: 'branch',
      outputs: [new Value(nodes.at(-1)!.outputs[0]!, 'float32')],
      nodes,
      opsets: new Map([['', 17]]),
    }),
  ),
});

const constant = (values: readonly number[], dims: readonly number[] = [values.length]) => Tensor.int64(values, dims);
const weights = (seed: number, dims: readonly number[]) =>
  Tensor.floats(
    Float32Array.from(
      { length: dims.reduce((product, size) => product * size, 1) },
      (_, index) => Math.sin(seed + index * 12.9898) / 3,
    ),
    dims,
  );

/**
 * A picture classifier with what torch's tracing exporter writes for `squeeze`, `repeat` and `diagonal`: an If whose condition follows from the
 * sizes of a computed value, with a further such If in its branch. `straight` has the branches' ops in their place.
 */
function network(kind: 'branches' | 'straight', batch: number | 'N'): Graph {
  const inner = Node.make('If', ['narrow'], ['branched'], {
    then_branch: branch([Node.make('Exp', ['feature'], ['inner'])]),
    else_branch: branch([Node.make('Tanh', ['feature'], ['inner'])]),
  });
  const outer = [
    Node.make('Shape', ['feature'], ['sizes']),
    Node.make('Size', ['sizes'], ['axes']),
    Node.make('Sub', ['axes', 'four'], ['more']),
    Node.make('Greater', ['more', 'zero'], ['repeats']),
    Node.make('Gather', ['sizes', 'three'], ['width'], { axis: 0 }),
    Node.make('Less', ['width', 'two'], ['narrow']),
    Node.make('If', ['repeats'], ['branched'], {
      then_branch: branch([Node.make('Neg', ['feature'], ['outer'])]),
      else_branch: branch([inner.with({ outputs: ['outer'] })]),
    }),
  ];
  return new Graph({
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: [new Value('image', 'float32', [batch, 3, 8, 8])],
    outputs: [new Value('scores', 'float32', [batch, 4])],
    nodes: [
      Node.make('Conv', ['image', 'w'], ['feature'], { pads: [1, 1, 1, 1] }),
      ...(kind === 'branches' ? outer : [Node.make('Tanh', ['feature'], ['branched'])]),
      // The value that the branch captures has a second path: without the branch's share its gradient would be there, and wrong.
      Node.make('Add', ['feature', 'branched'], ['both']),
      Node.make('Relu', ['both'], ['rectified']),
      Node.make('GlobalAveragePool', ['rectified'], ['pooled']),
      Node.make('Flatten', ['pooled'], ['flat']),
      Node.make('Gemm', ['flat', 'head'], ['scores'], { transB: 1 }),
    ],
    initializers: new Map([
      ['w', weights(1, [6, 3, 3, 3])],
      ['head', weights(2, [4, 6])],
      ['zero', constant([0], [])],
      ['two', constant([2], [])],
      ['three', constant([3], [])],
      ['four', constant([4], [])],
    ]),
  });
}

describe('branches that follow from sizes', () => {
  it.each([
    ['one picture a run', 1, 'one'],
    ['a free batch', 'N', 'free'],
    ['a fixed batch made free', 1, 'free'],
  ] as const)('%s: the gradient is that of the branch that runs', async (_, declared, batch) => {
    const load = (kind: 'branches' | 'straight') => Model.load(network(kind, declared), { runtime, batch });
    const [branched, straight] = [await load('branches'), await load('straight')];
    expect(branched.batch).toBe(straight.batch);
    expect(branched.graph.nodes.map(({ op }) => op)).not.toContain('If');
    const images = [1, 2].slice(0, batch === 'free' ? 2 : 1).map((seed) => noiseImage(straight, seed));
    const [found, reference] = await Promise.all(
      [branched, straight].map((model) => explain(model, images, { methods: ['gradient-x-input', 'gradcam'] })),
    );
    reference!.forEach((list, image) => {
      list.forEach((expected, at) => {
        const [raw, known] = [found![image]![at]!.raw[0]!.data, expected.raw[0]!.data];
        expect(known.some((value) => value !== 0)).toBe(true);
        expect(relativeError(raw, known)).toBeLessThan(1e-5);
      });
    });
  });

  it('a graph without an If is not run', async () => {
    const graph = network('straight', 1);
    const never = { ...runtime, open: () => Promise.reject(new Error('opened')) };
    expect(await settleBranches(never, graph, {})).toBe(graph);
  });

  it('a condition that depends on the picture stays, and a gradient that would lack its share is refused', async () => {
    const graph = network('branches', 1);
    const decided = graph.with({
      nodes: graph.nodes.flatMap((node) =>
        node.outputs[0] === 'repeats'
          ? [
              Node.make('ReduceMax', ['feature'], ['most'], { keepdims: 0 }),
              Node.make('Greater', ['most', 'limit'], ['repeats']),
            ]
          : [node],
      ),
      initializers: new Map([...graph.initializers, ['limit', Tensor.floats([1e6], [])]]),
    });
    const model = await Model.load(decided, { runtime });
    expect(model.graph.nodes.map(({ op }) => op)).toContain('If');
    await expect(explain(model, [noiseImage(model, 1)], { methods: ['saliency'] })).rejects.toMatchObject({
      code: 'GRADIENT_BRANCH',
    });
  });
});
