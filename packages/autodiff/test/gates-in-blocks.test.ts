import { float, Graph, Node, Tensor, Value } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { gatesInBlocks } from '../src/index.ts';
import { gradientGraph, probeShapes, run, uniform, weights } from './harness.ts';

const CHANNELS = 16;

/** Convolution, squeeze and excitation as `gate` says, convolution. */
function network(gate: readonly Node[], batch: number | 'N' = 2): Graph {
  return new Graph({
    opsets: new Map([['', 17]]),
    inputs: [new Value('image', 'float32', [batch, 3, 6, 5])],
    outputs: [new Value('y')],
    initializers: new Map([
      ['w0', weights(1, CHANNELS, 3, 3, 3)],
      ['w1', weights(2, CHANNELS, CHANNELS, 1, 1)],
      ['w2', weights(3, CHANNELS, CHANNELS, 1, 1)],
      ['b2', weights(5, CHANNELS)],
      ['w3', weights(4, 4, CHANNELS, 1, 1)],
      ['same', Tensor.int64([-1, CHANNELS, 1, 1])],
    ]),
    nodes: [
      Node.make('Conv', ['image', 'w0'], ['c0']),
      Node.make('Relu', ['c0'], ['x']),
      Node.make('GlobalAveragePool', ['x'], ['p']),
      Node.make('Conv', ['p', 'w1'], ['c1']),
      Node.make('Relu', ['c1'], ['r1']),
      ...gate,
      Node.make('Conv', ['m', 'w3'], ['c3']),
      Node.make('GlobalAveragePool', ['c3'], ['y']),
    ],
  });
}

const last = Node.make('Conv', ['r1', 'w2', 'b2'], ['c2']);
const sigmoid = [last, Node.make('Sigmoid', ['c2'], ['s'])];
const GATES: Record<string, readonly Node[]> = {
  'a sigmoid, first': [...sigmoid, Node.make('Mul', ['s', 'x'], ['m'])],
  'a sigmoid, second': [...sigmoid, Node.make('Mul', ['x', 's'], ['m'])],
  'a hard sigmoid': [
    last,
    Node.make('HardSigmoid', ['c2'], ['s'], { alpha: float(1 / 6) }),
    Node.make('Mul', ['s', 'x'], ['m']),
  ],
};

const feeds = (items: number) => ({
  image: new ort.Tensor('float32', uniform(9, items * 90), [items, 3, 6, 5]),
});

async function known(graph: Graph, items = 2) {
  const shapes = await probeShapes(graph, feeds(items), feeds(2));
  const types = new Map([...shapes.keys()].map((name) => [name, 'float32' as const]));
  return { graph, shapes, types };
}

const stretches = (graph: Graph) => graph.nodes.filter(({ op }) => op === 'Resize').length;

describe('gatesInBlocks', () => {
  for (const [name, gate] of Object.entries(GATES)) {
    it(`${name}: the same values and gradients from products of equal shapes`, async () => {
      const before = await known(network(gate));
      const after = gatesInBlocks(before, 'native');
      expect(stretches(after.graph)).toBe(1);
      const product = after.graph.producers.get('m')!;
      const [a, b] = product.inputs.map((input) => after.shapes.get(input));
      expect(a).toEqual(b);
      // The shapes said of new values are those that the runtime finds.
      const probed = await probeShapes(after.graph, feeds(2), feeds(2));
      for (const [value, shape] of probed) expect(after.shapes.get(value)).toEqual(shape);
      const results = await Promise.all(
        [before, after].map(async ({ graph, shapes }) => {
          const { graph: whole } = gradientGraph(graph, 'y', shapes, ['image']);
          const seed = new ort.Tensor('float32', uniform(11, 8), [2, 4, 1, 1]);
          return run(whole, { ...feeds(2), seed });
        }),
      );
      expect(results[1]!.y!.data).toEqual(results[0]!.y!.data);
      const [plain, blocks] = results.map((result) => result['d:image']!.data as Float32Array) as [
        Float32Array,
        Float32Array,
      ];
      const largest = Math.max(...plain.map(Math.abs));
      expect(largest).toBeGreaterThan(0);
      plain.forEach((value, index) => {
        expect(Math.abs(value - blocks[index]!)).toBeLessThan(1e-6 * largest);
      });
    });
  }

  it('leaves a gate alone that is not in blocks, and every graph for other runtimes', async () => {
    const reshaped = await known(
      network([...sigmoid, Node.make('Reshape', ['s', 'same'], ['s1']), Node.make('Mul', ['s1', 'x'], ['m'])]),
    );
    expect(gatesInBlocks(reshaped, 'native')).toBe(reshaped);
    const equal = await known(network([Node.make('Sigmoid', ['x'], ['s']), Node.make('Mul', ['s', 'x'], ['m'])]));
    expect(gatesInBlocks(equal, 'native')).toBe(equal);
    // The runtime could not prove the shapes of a free batch equal.
    const free = await known(network(GATES['a sigmoid, first']!, 'N'), 1);
    expect(gatesInBlocks(free, 'native')).toBe(free);
    const gated = await known(network(GATES['a sigmoid, first']!));
    expect(gatesInBlocks(gated, 'wasm')).toBe(gated);
    expect(gatesInBlocks({ ...gated, types: new Map() }, 'native').graph).toBe(gated.graph);
  });

  it('the factors of pool and gate go into a weight: no node of their own', async () => {
    const { graph, shapes } = gatesInBlocks(await known(network(GATES['a hard sigmoid']!)), 'native');
    const built = gradientGraph(graph, 'y', shapes, ['image']).graph;
    const seed = new ort.Tensor('float32', uniform(11, 8), [2, 4, 1, 1]);
    await run(built, { ...feeds(2), seed });
    const live = new Set<string>();
    const open = ['d:image'];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const maker = built.producers.get(value);
      if (!maker || live.has(maker.outputs[0]!)) continue;
      live.add(maker.outputs[0]!);
      open.push(...maker.inputs);
    }
    const affine = [...live].flatMap((value) => {
      const maker = built.producers.get(value)!;
      return maker.op === 'BatchNormalization' ? [built.producers.get(maker.inputs[0]!)?.op] : [];
    });
    // The one of the gate's own mask.
    expect(affine).toEqual(['HardSigmoid']);
  });
});
