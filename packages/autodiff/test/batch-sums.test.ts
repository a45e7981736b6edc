import { Graph, GraphBuilder, Node, Tensor, Value } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { differentiate } from '../src/index.ts';
import { probeShapes, run, uniform } from './harness.ts';

const weights = (seed: number, dims: readonly number[]) =>
  Tensor.floats(
    uniform(
      seed,
      dims.reduce((a, b) => a * b, 1),
    ),
    [...dims],
  );

/** A preprocessed picture, a convolution, then what is not linear. */
function network(nodes: readonly Node[]): Graph {
  return new Graph({
    opsets: new Map([['', 17]]),
    inputs: [new Value('x', 'float32', ['N', 3, 5, 4])],
    outputs: [new Value('y')],
    initializers: new Map([
      ['mean', weights(1, [1, 3, 1, 1])],
      ['scale', weights(2, [3, 1, 1])],
      ['w', weights(3, [4, 3, 3, 3])],
      ['bias', weights(4, [4])],
    ]),
    nodes: [...nodes, Node.make('GlobalAveragePool', ['h'], ['y'])],
  });
}

const prepared = [Node.make('Sub', ['x', 'mean'], ['a']), Node.make('Mul', ['a', 'scale'], ['b'])];
const conv = (from: string) => Node.make('Conv', [from, 'w', 'bias'], ['c'], { pads: [1, 1, 1, 1] });
const square = (from: string, to: string) => Node.make('Mul', [from, from], [to]);

const NETWORKS: Record<string, { graph: Graph; convolutionLast: boolean }> = {
  'a convolution behind the preprocessing': {
    graph: network([...prepared, conv('b'), square('c', 'h')]),
    convolutionLast: true,
  },
  'no linear beginning': { graph: network([square('x', 'a'), conv('a'), square('c', 'h')]), convolutionLast: false },
  'a picture that is read twice': {
    graph: network([
      conv('x'),
      square('c', 'd'),
      square('x', 'e'),
      Node.make('Concat', ['d', 'e'], ['h'], { axis: 1 }),
    ]),
    convolutionLast: true,
  },
};

describe('weighted sums over the batch', () => {
  for (const [name, { graph, convolutionLast }] of Object.entries(NETWORKS)) {
    it(`${name}: as of the gradients one by one`, async () => {
      const items = 5;
      const feeds = (n: number) => ({ x: new ort.Tensor('float32', uniform(7, n * 60), [n, 3, 5, 4]) });
      const shapes = await probeShapes(graph, feeds(1), feeds(2));
      const channels = shapes.get('y')![1] as number;
      const b = new GraphBuilder(graph, { prefix: 'g' });
      const seed = b.input('seed', 'float32', [null, channels, 1, 1]);
      const matrix = b.input('matrix', 'float32', ['R', 'N']);
      const common = { of: 'y', seed, wrt: ['x'], shapes } as const;
      b.output(differentiate(b, graph, common).get('x')!, 'each');
      b.output(differentiate(b, graph, { ...common, combine: matrix }).get('x')!, 'sums');
      const built = b.build();
      const result = await run(built, {
        ...feeds(items),
        seed: new ort.Tensor('float32', uniform(8, items * channels), [items, channels, 1, 1]),
        matrix: new ort.Tensor('float32', uniform(9, 2 * items), [2, items]),
      });
      expect(result.sums!.dims).toEqual([2, 3, 5, 4]);
      const m = uniform(9, 2 * items);
      const [each, sums] = [result.each!.data as Float32Array, result.sums!.data as Float32Array];
      for (let row = 0; row < 2; row++) {
        for (let place = 0; place < 60; place++) {
          let expected = 0;
          for (let item = 0; item < items; item++) expected += m[row * items + item]! * each[item * 60 + place]!;
          expect(sums[row * 60 + place]).toBeCloseTo(expected, 5);
        }
      }
      const order = built.nodes.map(({ op }) => op);
      const [product, last] = [order.lastIndexOf('MatMul'), order.lastIndexOf('Conv')];
      expect(last > order.indexOf('MatMul')).toBe(convolutionLast);
      expect(product).toBeGreaterThan(0);
    });
  }
});
