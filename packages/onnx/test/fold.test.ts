import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttributeInput,
  check,
  type DataType,
  float,
  fold,
  Graph,
  Node,
  Tensor,
  Value,
  writeGraph,
} from '../src/index.ts';
import { difference, noise, runBytes, runGraph } from './ort.ts';

type Attributes = Record<string, AttributeInput>;

/** A graph in which one node has only constants for inputs, and an output that reads what it makes. */
function constantNode(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes = {},
  opset = 17,
  outputs = 1,
): Graph {
  const names = Array.from({ length: outputs }, (_, index) => `c${index}`);
  return new Graph({
    opsets: new Map([['', opset]]),
    initializers: new Map(inputs.flatMap((tensor, index) => (tensor ? [[`i${index}`, tensor] as const] : []))),
    nodes: [
      Node.make(
        op,
        inputs.map((tensor, index) => (tensor ? `i${index}` : '')),
        names,
        attributes,
      ),
      ...names.map((name, index) => Node.make('Identity', [name], [`y${index}`])),
    ],
    outputs: names.map((_, index) => new Value(`y${index}`)),
  });
}

/** ONNX Runtime, all its own optimisations off, computes the same bits as the kernel did; the node is gone. */
async function agrees(graph: Graph, isFolded = true) {
  const folded = fold(graph);
  expect(check(folded)).toEqual([]);
  const outputs = graph.outputs.length;
  expect(folded.nodes.length).toBe(isFolded ? outputs : graph.nodes.length);
  const reference = await runBytes(writeGraph(graph), {}, false);
  expect(difference(reference, await runGraph(folded, {}, false))).toBeUndefined();
}

const floats = (values: number[], dims = [values.length], type: DataType = 'float32') =>
  Tensor.floats(values, dims, type);
const ints = (values: (number | bigint)[], dims = [values.length]) => Tensor.int64(values, dims);
const int32 = (values: number[], dims = [values.length]) => Tensor.of('int32', dims, Int32Array.from(values));
const bools = (values: number[], dims = [values.length]) => Tensor.of('bool', dims, Uint8Array.from(values));
const awkward = [0, -0, 1, -1, 1.5, -2.5, 3e38, -3e38, 1e-45, 1e-40, Infinity, -Infinity, 0.1, 2 ** 24 + 1, 1 / 3, 7];

describe('a folded node gives the bits the runtime gives', () => {
  const cases: [string, Graph][] = [
    ...['Add', 'Sub', 'Mul', 'Div'].flatMap((op): [string, Graph][] => [
      [`${op} floats`, constantNode(op, [floats(awkward, [16, 1]), floats(awkward, [1, 16])])],
      [`${op} doubles`, constantNode(op, [floats(awkward, [16, 1], 'float64'), floats(awkward, [16], 'float64')])],
      [`${op} int64`, constantNode(op, [ints([7, -7, 2n ** 62n, -3]), ints([2, 2, 5, -2])])],
      [`${op} int32`, constantNode(op, [int32([7, -7, 2 ** 31 - 1, 65537]), int32([2, 2, 3, 65539])])],
    ]),
    ['Mod', constantNode('Mod', [ints([7, -7, 7, -7]), ints([3, 3, -3, -3])])],
    ['Neg', constantNode('Neg', [floats(awkward)])],
    ['Abs', constantNode('Abs', [floats(awkward)])],
    ['Floor', constantNode('Floor', [floats(awkward)])],
    ['Ceil', constantNode('Ceil', [floats(awkward)])],
    ['Sqrt', constantNode('Sqrt', [floats(awkward.map(Math.abs))])],
    ['Reciprocal', constantNode('Reciprocal', [floats(awkward)])],
    ['Min of three', constantNode('Min', [floats([1, 5, -3]), floats([2, 2, 2]), floats([9])])],
    ['Max int64', constantNode('Max', [ints([1, 5, -3]), ints([2, 2, 2])])],
    ['Equal', constantNode('Equal', [ints([1, 2, 3]), ints([3, 2, 1])])],
    ['Greater', constantNode('Greater', [floats(awkward, [16, 1]), floats(awkward)])],
    ['LessOrEqual', constantNode('LessOrEqual', [floats([1, 2, 3]), floats([3, 2, 1])])],
    ['And', constantNode('And', [bools([0, 0, 1, 1]), bools([0, 1, 0, 1])])],
    ['Not', constantNode('Not', [bools([0, 1])])],
    ['Where', constantNode('Where', [bools([0, 1], [2, 1]), floats([1, 2, 3]), floats([9], [])])],
    ['Cast half to float', constantNode('Cast', [floats(awkward, [16], 'float16')], { to: 1 })],
    ['Cast float to half', constantNode('Cast', [floats(awkward)], { to: 10 })],
    ['Cast float to int64', constantNode('Cast', [floats([1.9, -1.9, 0, 1e6])], { to: 7 })],
    ['Cast int64 to float', constantNode('Cast', [ints([1, -5, 2n ** 40n + 1n])], { to: 1 })],
    ['Cast int64 to int32', constantNode('Cast', [ints([1, -5, 2 ** 31 - 1])], { to: 6 })],
    ['Cast float to bool', constantNode('Cast', [floats([0, -0, 1e-45, 5])], { to: 9 })],
    ['Cast bool to float', constantNode('Cast', [bools([0, 1])], { to: 1 })],
    ['Transpose', constantNode('Transpose', [noise([2, 3, 4])], { perm: [2, 0, 1] })],
    ['Transpose by default', constantNode('Transpose', [noise([2, 3, 4])])],
    ['Reshape', constantNode('Reshape', [noise([2, 3, 4]), ints([0, -1, 2])])],
    ['Flatten', constantNode('Flatten', [noise([2, 3, 4])], { axis: -1 })],
    ['Squeeze', constantNode('Squeeze', [noise([1, 3, 1]), ints([-1])])],
    ['Squeeze of all', constantNode('Squeeze', [noise([1, 3, 1])])],
    ['Unsqueeze', constantNode('Unsqueeze', [noise([3]), ints([0, -1])])],
    ['Expand', constantNode('Expand', [noise([3, 1]), ints([2, 1, 4])])],
    ['Tile', constantNode('Tile', [noise([2, 3]), ints([2, 3])])],
    [
      'Slice backwards',
      constantNode('Slice', [noise([5, 4]), ints([-1]), ints([-(2n ** 62n)]), ints([0]), ints([-2])]),
    ],
    ['Slice of nothing', constantNode('Slice', [noise([5, 4]), ints([3]), ints([1])])],
    ['Gather', constantNode('Gather', [noise([5, 4]), ints([0, -1, 2, 2], [2, 2])], { axis: 0 })],
    ['Gather one', constantNode('Gather', [noise([5, 4]), ints([-2], [])], { axis: 1 })],
    ['Concat', constantNode('Concat', [noise([2, 3]), noise([2, 1], 2), noise([2, 2], 3)], { axis: -1 })],
    ['Split by sizes', constantNode('Split', [noise([2, 5]), ints([1, 4])], { axis: 1 }, 13, 2)],
    ['Split in equal parts', constantNode('Split', [noise([2, 6])], { axis: 1 }, 13, 3)],
    ['Split, the last part smaller', constantNode('Split', [noise([7])], { num_outputs: 3 }, 18, 3)],
    ['Shape', constantNode('Shape', [noise([2, 5, 3])], { start: 1 })],
    ['Shape to the end', constantNode('Shape', [noise([2, 5, 3])], { start: -9, end: -1 })],
    ['Size', constantNode('Size', [noise([2, 5, 3])])],
    ['ConstantOfShape', constantNode('ConstantOfShape', [ints([2, 3])], { value: floats([0.5]) })],
    ['ConstantOfShape of zeros', constantNode('ConstantOfShape', [ints([3])])],
    ['ConstantOfShape int64 scalar', constantNode('ConstantOfShape', [ints([])], { value: ints([7]) })],
    ['Range', constantNode('Range', [ints([10], []), ints([-3], []), ints([-4], [])])],
    ['ReduceProd', constantNode('ReduceProd', [ints([2, 3, 4, 5], [2, 2])], { axes: [1], keepdims: 0 })],
    ['ReduceMax of all', constantNode('ReduceMax', [ints([2, 9, 4])], { keepdims: 0 })],
    ['ReduceSum', constantNode('ReduceSum', [ints([2, 9, 4, 1], [2, 2]), ints([0])])],
    ['Constant of a float', constantNode('Constant', [], { value_float: float(0.1) })],
    ['Constant of ints', constantNode('Constant', [], { value_ints: [1, 2n ** 60n] })],
    ['Constant of int', constantNode('Constant', [], { value_int: 5 })],
    ['Identity', constantNode('Identity', [noise([3])])],
  ];
  test.each(cases)('%s', (_, graph) => agrees(graph));
});

describe('what the runtime must do itself stays', () => {
  test.each([
    [
      'DequantizeLinear',
      constantNode('DequantizeLinear', [Tensor.of('uint8', [2], Uint8Array.of(1, 2)), floats([0.5], [])]),
    ],
    ['Cast out of range', constantNode('Cast', [floats([3e10])], { to: 6 })],
    ['Mod of floats', constantNode('Mod', [floats([3, 4]), floats([2, 2])], { fmod: 1 })],
    ['Exp', constantNode('Exp', [floats([1])])],
    ['ReduceSum of floats', constantNode('ReduceSum', [floats([1, 2, 3])])],
    ['half-precision sums', constantNode('Mul', [floats([1], [1], 'float16'), floats([2], [1], 'float16')])],
  ])('%s', (_, graph) => agrees(graph, false));

  test.each([
    ['ConstantOfShape', [ints([100000, 100000])]],
    ['ConstantOfShape', [ints([2n ** 62n, 4])]],
    ['ConstantOfShape', [ints([-1])]],
    ['Expand', [floats([1]), ints([2 ** 40])]],
    ['Tile', [floats([1, 2]), ints([2 ** 45])]],
    ['Range', [ints([0], []), ints([2n ** 50n], []), ints([1], [])]],
    ['Range', [ints([0], []), ints([10], []), ints([0], [])]],
    ['Div', [ints([1]), ints([0])]],
    ['Gather', [floats([1, 2]), ints([5])]],
    ['Reshape', [floats([1, 2]), ints([3])]],
    ['Reshape', [floats([1, 2]), ints([-1, -1])]],
    ['Transpose', [noise([2, 3])], { perm: [0, 0] }],
    ['Concat', [noise([2]), noise([2, 2])], { axis: 0 }],
    ['Squeeze', [noise([2, 2]), ints([0])]],
    ['Unsqueeze', [noise([2]), ints([0, 0])]],
    ['Slice', [noise([2]), ints([0]), ints([1]), ints([3])]],
    ['Split', [noise([4]), ints([9])], { axis: 0 }],
  ] as [string, Tensor[], Attributes?][])('bombs and mistakes: %s %#', (op, inputs, attributes) => {
    const before = process.memoryUsage().rss;
    expect(fold(constantNode(op, inputs, attributes)).nodes).toHaveLength(2);
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
  });

  test('many small bombs together', () => {
    // Each result is below the cap of one, all together are 4 GB.
    const nodes = Array.from({ length: 4000 }, (_, index) =>
      Node.make('ConstantOfShape', ['shape'], [`c${index}`], { value: floats([1]) }),
    );
    const graph = new Graph({
      initializers: new Map([['shape', ints([250, 1000])]]),
      nodes: [
        ...nodes,
        Node.make(
          'Sum',
          nodes.map((node) => node.outputs[0]!),
          ['y'],
        ),
      ],
      outputs: [new Value('y')],
    });
    const before = process.memoryUsage().rss;
    expect(fold(graph).nodes.length).toBeGreaterThan(3900);
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
  });
});

test('movements of any shape agree with the runtime', async () => {
  const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  const axisIn = (rank: number) => fc.integer({ min: -rank, max: rank - 1 });
  const bound = fc.integer({ min: -6, max: 6 });
  const node = shape.chain((dims) =>
    fc.oneof(
      fc
        .shuffledSubarray(
          dims.map((_, axis) => axis),
          { minLength: dims.length, maxLength: dims.length },
        )
        .map((perm) => constantNode('Transpose', [noise(dims)], { perm })),
      fc
        .tuple(bound, bound, axisIn(dims.length), fc.constantFrom(-3, -2, -1, 1, 2, 3))
        .map(([start, end, axis, step]) =>
          constantNode('Slice', [noise(dims), ints([start]), ints([end]), ints([axis]), ints([step])]),
        ),
      axisIn(dims.length).chain((axis) => {
        const length = dims.at(axis)!;
        return fc
          .array(fc.integer({ min: -length, max: length - 1 }), { minLength: 1, maxLength: 4 })
          .map((places) => constantNode('Gather', [noise(dims), ints(places)], { axis }));
      }),
      fc
        .array(fc.integer({ min: 1, max: 3 }), { minLength: dims.length, maxLength: dims.length })
        .map((repeats) => constantNode('Tile', [noise(dims), ints(repeats)])),
      fc
        .integer({ min: -dims.length, max: dims.length })
        .map((axis) => constantNode('Flatten', [noise(dims)], { axis })),
      axisIn(dims.length).map((axis) => constantNode('Concat', [noise(dims), noise(dims, 2)], { axis })),
    ),
  );
  await fc.assert(
    fc.asyncProperty(node, (graph) => agrees(graph)),
    { seed: 7, numRuns: 300 },
  );
});

describe('shapes', () => {
  /** Reshape(x, [Shape(x)[0], -1]) the way exporters write it. */
  const flatten = (last: Node[], input: Value) =>
    new Graph({
      opsets: new Map([['', 17]]),
      inputs: [input],
      outputs: [new Value('y')],
      initializers: new Map([
        ['zero', ints([0], [])],
        ['axes', ints([0])],
        ['minus', ints([-1])],
        ['two', ints([2], [])],
      ]),
      nodes: [
        Node.make('Relu', ['x'], ['r']),
        Node.make('Shape', ['r'], ['s']),
        Node.make('Gather', ['s', 'zero'], ['n']),
        Node.make('Unsqueeze', ['n', 'axes'], ['n1']),
        ...last,
        Node.make('Reshape', ['r', 'target'], ['y']),
      ],
    });

  test('a known shape leads through Gather, Unsqueeze and Concat to a constant', async () => {
    const graph = flatten(
      [Node.make('Concat', ['n1', 'minus'], ['target'], { axis: 0 })],
      new Value('x', 'float32', [2, 3, 4]),
    );
    const folded = fold(graph, { shapes: new Map([['r', [2, 3, 4]]]) });
    expect(folded.nodes.map((node) => node.op)).toEqual(['Relu', 'Reshape']);
    expect(folded.initializers.get('target')!.numbers()).toEqual([2, -1]);
    const feeds = { x: noise([2, 3, 4]) };
    expect(difference(await runBytes(writeGraph(graph), feeds), await runGraph(folded, feeds))).toBeUndefined();
  });

  test('one unknown dimension becomes -1 in a Reshape, and the batch stays free', async () => {
    const graph = flatten(
      [
        Node.make('Gather', ['s', 'two'], ['w']),
        Node.make('Unsqueeze', ['w', 'axes'], ['w1']),
        Node.make('Concat', ['n1', 'w1', 'three'], ['target'], { axis: 0 }),
      ],
      new Value('x', 'float32', ['N', 3, 4]),
    ).with({});
    const withThree = graph.with({ initializers: new Map(graph.initializers).set('three', ints([3])) });
    const folded = fold(withThree, { shapes: new Map([['r', [null, 3, 4]]]) });
    const reshape = folded.nodes.find((node) => node.op === 'Reshape')!;
    expect(folded.initializers.get(reshape.inputs[1]!)!.numbers()).toEqual([-1, 4, 3]);
    for (const batch of [1, 5]) {
      const feeds = { x: noise([batch, 3, 4]) };
      expect(difference(await runBytes(writeGraph(withThree), feeds), await runGraph(folded, feeds))).toBeUndefined();
    }
  });

  test('nothing is assumed about a shape that nobody knows', () => {
    const graph = flatten(
      [Node.make('Concat', ['n1', 'minus'], ['target'], { axis: 0 })],
      new Value('x', 'float32', [2, 3, 4]),
    );
    // A declaration of an inner value is a hint that files get wrong.
    const hinted = graph.with({ values: new Map([['r', new Value('r', 'float32', [7, 7, 7])]]) });
    expect(fold(hinted).nodes.map((node) => node.op)).toContain('Shape');
  });
});

test('weights of Constant nodes are views on the file', () => {
  const graph = constantNode('Constant', [], { value: noise([1000]) });
  const bytes = writeGraph(graph);
  const read = fold(graph.with({ nodes: graph.nodes }));
  expect(read.initializers.get('c0')!.bytes.buffer).toBe(graph.nodes[0]!.attribute.tensor('value')!.bytes.buffer);
  expect(bytes.length).toBeGreaterThan(4000);
});

test('a node that makes a graph output stays, so that outputs keep being made by nodes', () => {
  const graph = new Graph({
    nodes: [Node.make('Constant', [], ['y'], { value_float: float(1) })],
    outputs: [new Value('y')],
  });
  expect(fold(graph).nodes).toHaveLength(1);
});
