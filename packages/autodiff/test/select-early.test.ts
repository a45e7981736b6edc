import { attributesFrom, Graph, Node, type NodeFields, Tensor, Value } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { selectEarly } from '../src/index.ts';
import { gradientGraph, probeShapes, run, uniform, weights } from './harness.ts';

const TOKENS = 12;
const WIDTH = 8;

/** A transformer block (two heads, residuals, MLP) and a head that reads `last` of its normalised tokens. */
function block(last: readonly Node[], constants: Record<string, Tensor> = {}): Graph {
  const initializers = new Map<string, Tensor>([
    ['ones', weights(1, WIDTH)],
    ['zeros', weights(2, WIDTH)],
    ['wq', weights(3, WIDTH, WIDTH)],
    ['wk', weights(4, WIDTH, WIDTH)],
    ['wv', weights(5, WIDTH, WIDTH)],
    ['w1', weights(6, WIDTH, 2 * WIDTH)],
    ['b1', weights(7, 2 * WIDTH)],
    ['w2', weights(8, 2 * WIDTH, WIDTH)],
    ['gamma', weights(9, WIDTH)],
    ['heads', Tensor.int64([-1, TOKENS, 2, WIDTH / 2])],
    ['tokens', Tensor.int64([-1, TOKENS, WIDTH])],
    ...Object.entries(constants),
  ]);
  const node = (op: string, inputs: string[], output: string, attributes: Record<string, number | number[]> = {}) =>
    new Node({ op, inputs, outputs: [output], attributes: attributesFrom(attributes) } satisfies NodeFields);
  const heads = (name: string, perm: number[]) => [
    node('MatMul', ['n1', `w${name}`], `${name}0`),
    node('Reshape', [`${name}0`, 'heads'], `${name}1`),
    node('Transpose', [`${name}1`], name, { perm }),
  ];
  const nodes = [
    node('LayerNormalization', ['x', 'ones', 'zeros'], 'n1'),
    ...heads('q', [0, 2, 1, 3]),
    ...heads('k', [0, 2, 3, 1]),
    ...heads('v', [0, 2, 1, 3]),
    node('MatMul', ['q', 'k'], 'logits'),
    node('Softmax', ['logits'], 'p', { axis: -1 }),
    node('MatMul', ['p', 'v'], 'o'),
    node('Transpose', ['o'], 'o1', { perm: [0, 2, 1, 3] }),
    node('Reshape', ['o1', 'tokens'], 'o2'),
    node('Add', ['x', 'o2'], 'h'),
    node('LayerNormalization', ['h', 'ones', 'zeros'], 'n2'),
    node('MatMul', ['n2', 'w1'], 'm0'),
    node('Add', ['m0', 'b1'], 'm1'),
    node('Tanh', ['m1'], 'm2'),
    node('MatMul', ['m2', 'w2'], 'm3'),
    node('Mul', ['m3', 'gamma'], 'm4'),
    node('Add', ['h', 'm4'], 'z'),
    node('LayerNormalization', ['z', 'ones', 'zeros'], 'n3'),
    ...last,
  ];
  return new Graph({
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: [new Value('x', 'float32', ['N', TOKENS, WIDTH])],
    outputs: [new Value('y')],
    initializers,
    nodes,
  });
}

const image = (batch: number) => new ort.Tensor('float32', uniform(20, batch * TOKENS * WIDTH), [batch, TOKENS, WIDTH]);

/** Result and gradient of a graph, with and without early selection. */
async function both(graph: Graph, batch: number, keep: readonly string[] = []) {
  const shapes = await probeShapes(graph, { x: image(1) }, { x: image(2) });
  const early = selectEarly({ graph, shapes, types: new Map() }, new Set(['x', ...keep]));
  const results: (Record<string, ort.Tensor> & { y: ort.Tensor })[] = [];
  for (const each of [{ graph, shapes }, early]) {
    const program = gradientGraph(each.graph, 'y', each.shapes, ['x', ...keep]);
    const y = (await run(each.graph, { x: image(batch) })).y!;
    const seed = new ort.Tensor('float32', uniform(30, y.size), y.dims);
    results.push({ ...(await run(program.graph, { x: image(batch), seed })), y });
  }
  return { graph: early.graph, shapes: early.shapes, plain: results[0]!, early: results[1]! };
}

function expectEqual(a: ort.Tensor, b: ort.Tensor) {
  expect(b.dims).toEqual(a.dims);
  const [left, right] = [a.data as Float32Array, b.data as Float32Array];
  const scale = Math.max(...left.map(Math.abs));
  for (let index = 0; index < left.length; index++)
    expect(Math.abs(left[index]! - right[index]!)).toBeLessThan(1e-5 * scale);
}

const gather = (dims: number[], ...indices: number[]): [Node[], Record<string, Tensor>] => [
  [Node.make('Gather', ['n3', 'i'], ['y'], { axis: 1 })],
  { i: Tensor.int64(indices, dims) },
];
const slice = (from: number, to: number): [Node[], Record<string, Tensor>] => [
  [Node.make('Slice', ['n3', 'from', 'to', 'axis'], ['y'])],
  { from: Tensor.int64([from]), to: Tensor.int64([to]), axis: Tensor.int64([1]) },
];

describe('selectEarly', () => {
  for (const batch of [1, 3]) {
    it.each([
      ['one token', gather([], 0)],
      ['the last token, counted from the end', gather([], -1)],
      ['two tokens, turned round', gather([2], 7, 2)],
      ['one token, kept as an axis', slice(0, 1)],
      ['a run of tokens', slice(-3, -1)],
    ])(`leaves result and gradient: %s, batch ${batch}`, async (_, [nodes, constants]) => {
      const { graph, plain, early, shapes } = await both(block(nodes, constants), batch);
      expectEqual(plain.y, early.y);
      expectEqual(plain['d:x']!, early['d:x']!);
      // The whole block but keys and values, down to the product of the queries.
      const made = (op: string) => graph.nodes.filter((node) => node.op === op);
      expect(made('Softmax').map((node) => shapes.get(node.outputs[0]!)![2])).not.toContain(TOKENS);
      expect(made('Tanh').map((node) => shapes.get(node.outputs[0]!)![1])).not.toContain(TOKENS);
    });
  }

  it('takes the union of what several readers select', async () => {
    const nodes = [
      Node.make('Gather', ['n3', 'i'], ['a'], { axis: 1 }),
      Node.make('Slice', ['n3', 'from', 'to', 'axis'], ['b']),
      Node.make('Add', ['a', 'b'], ['y']),
    ];
    const one = (value: number) => Tensor.int64([value]);
    const constants = { i: one(5), from: one(1), to: one(2), axis: one(1) };
    const { plain, early, shapes, graph } = await both(block(nodes, constants), 2);
    expectEqual(plain['d:x']!, early['d:x']!);
    const tanh = graph.nodes.find((node) => node.op === 'Tanh')!;
    expect(shapes.get(tanh.outputs[0]!)![1]).toBe(2);
  });

  it('keeps whole what is asked for, and what is before it', async () => {
    const [nodes, constants] = gather([], 0);
    const { plain, early, graph } = await both(block(nodes, constants), 1, ['n2']);
    expectEqual(plain['d:n2']!, early['d:n2']!);
    expectEqual(plain['d:x']!, early['d:x']!);
    expect(graph.nodes.some((node) => node.outputs[0] === 'n2')).toBe(true);
    expect(graph.nodes.some((node) => node.outputs[0] === 'p')).toBe(true);
    expect(graph.nodes.some((node) => node.outputs[0] === 'm2')).toBe(false);
  });

  it('leaves a graph alone whose selection is most of an axis, or of channels that are mixed', async () => {
    for (const [nodes, constants] of [
      slice(1, TOKENS),
      [[Node.make('Gather', ['n3', 'i'], ['y'], { axis: 2 })], { i: Tensor.int64([0]) }] as [
        Node[],
        Record<string, Tensor>,
      ],
    ]) {
      const graph = block(nodes, constants);
      const shapes = await probeShapes(graph, { x: image(1) }, { x: image(2) });
      expect(selectEarly({ graph, shapes, types: new Map() }, new Set(['x'])).graph).toBe(graph);
    }
  });
});
