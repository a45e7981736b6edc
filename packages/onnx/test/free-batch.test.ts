import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type AttributeInput,
  check,
  expose,
  float,
  freeBatch,
  Graph,
  Node,
  prepare,
  readGraph,
  type Shapes,
  Tensor,
  Value,
  writeGraph,
} from '../src/index.ts';
import { type Feeds, noise, type Results, runBytes, runGraph } from './ort.ts';

/** Dimensions of all values for a batch of 1, by running the model with every value as an output. */
async function shapesOf(graph: Graph, feeds: Feeds): Promise<Shapes> {
  const all = graph.nodes.flatMap((node) => node.outputs.filter((name) => name !== ''));
  const results = await runGraph(expose(graph, all), feeds, false);
  return new Map([...Object.entries(feeds), ...Object.entries(results)].map(([name, { dims }]) => [name, dims]));
}

const stack = (a: Tensor, b: Tensor) =>
  new Tensor(a.type, [2, ...a.dims.slice(1)], Buffer.concat([a.bytes, b.bytes]) as Uint8Array);

/** A batch of two items gives what the original gives for each alone. */
async function matches(bytes: Uint8Array, freed: Graph, one: Feeds, two: Feeds) {
  expect(check(freed)).toEqual([]);
  const first: Results = await runBytes(bytes, one);
  const second: Results = await runBytes(bytes, two);
  const both = await runGraph(
    freed,
    Object.fromEntries(Object.keys(one).map((name) => [name, stack(one[name]!, two[name]!)])),
  );
  const alone = await runGraph(freed, one);
  for (const name of Object.keys(first)) {
    const wanted = [...first[name]!.numbers(), ...second[name]!.numbers()];
    const found = both[name]!.numbers();
    expect(found).toHaveLength(wanted.length);
    const scale = Math.max(1e-3, ...wanted.map(Math.abs));
    // Other matrix sizes are summed in another order.
    for (const [at, value] of wanted.entries()) expect(Math.abs(value - found[at]!) / scale).toBeLessThan(1e-5);
    expect(alone[name]!.dims).toEqual(first[name]!.dims);
  }
}

const models = new URL('../../../fixtures/models/', import.meta.url);
const light = new URL('../../../fixtures/onnx/light/', import.meta.url);

/** The model as an exporter writes it that was not told of a free batch: 1 in the declaration and in every computed shape. */
function fixedBatch(graph: Graph): Graph {
  const fixed = graph.with({
    inputs: graph.inputs.map((value) => (value.shape ? value.withShape([1, ...value.shape.slice(1)]) : value)),
    outputs: graph.outputs.map((value) => value.withShape(undefined)),
    values: new Map(),
  });
  return prepare(fixed);
}

describe('whole models', () => {
  test.each([
    new URL('tiny-fixed-batch.onnx', models),
    new URL('tiny-vit.onnx', models),
    new URL('tiny-swin.onnx', models),
    new URL('tiny-segmentation.onnx', models),
    new URL('tiny-nhwc.onnx', models),
    new URL('tiny-two-inputs.onnx', models),
    new URL('tiny-yolo.onnx', models),
    new URL('tiny-qdq.onnx', models),
    new URL('light_shufflenet.onnx', light),
    new URL('light_squeezenet.onnx', light),
  ])('$pathname', async (file) => {
    const fixed = fixedBatch(readGraph(new Uint8Array(readFileSync(file))));
    const feeds = (seed: number) =>
      Object.fromEntries(fixed.feeds.map(({ name, shape, type }) => [name, noise(shape as number[], seed, type)]));
    const shapes = await shapesOf(fixed, feeds(1));
    const { graph, freed, reason } = freeBatch(fixed, { shapes });
    expect(reason).toBeUndefined();
    expect(freed).toBe(true);
    expect(graph.feeds.every((value) => value.shape![0] === 'N')).toBe(true);
    await matches(writeGraph(fixed), graph, feeds(1), feeds(2));
  });
});

const ints = (...values: number[]) => Tensor.int64(values);
const make = (op: string, inputs: string[], output: string, attributes: Record<string, AttributeInput> = {}) =>
  Node.make(op, inputs, [output], attributes, { name: `${op}-${output}` });

const ms = (op: string, inputs: string[], output: string, attributes: Record<string, AttributeInput> = {}) =>
  Node.make(op, inputs, [output], attributes, { name: `${op}-${output}`, domain: 'com.microsoft' });

const fused = (dims: readonly number[], nodes: Node[], initializers: Record<string, Tensor> = {}) =>
  fixed(dims, nodes, initializers).with({
    opsets: new Map([
      ['', 17],
      ['com.microsoft', 1],
    ]),
  });

function fixed(dims: readonly number[], nodes: Node[], initializers: Record<string, Tensor> = {}, outputs = ['y']) {
  return new Graph({
    opsets: new Map([['', 17]]),
    inputs: [new Value('x', 'float32', dims)],
    outputs: outputs.map((name) => new Value(name)),
    initializers: new Map(Object.entries(initializers)),
    nodes,
  });
}

describe('what is followed', () => {
  const cases: Record<string, Graph> = {
    'Reshape with a fixed 1 in front': fixed([1, 3, 4], [make('Reshape', ['x', 's'], 'y')], { s: ints(1, 12) }),
    'Reshape with 1 in front and -1 behind': fixed([1, 3, 4], [make('Reshape', ['x', 's'], 'y')], {
      s: ints(1, -1, 2),
    }),
    'Reshape that is free already': fixed([1, 3, 4], [make('Reshape', ['x', 's'], 'y')], { s: ints(-1, 12) }),
    'windows and back': fixed(
      [1, 4, 4, 2],
      [
        make('Reshape', ['x', 's1'], 'a'),
        make('Transpose', ['a'], 'b', { perm: [0, 1, 3, 2, 4, 5] }),
        make('Reshape', ['b', 's2'], 'windows'),
        make('Softmax', ['windows'], 'soft', { axis: 1 }),
        make('Reshape', ['soft', 's3'], 'c'),
        make('Transpose', ['c'], 'd', { perm: [0, 1, 3, 2, 4, 5] }),
        make('Reshape', ['d', 's4'], 'y'),
      ],
      { s1: ints(1, 2, 2, 2, 2, 2), s2: ints(4, 4, 2), s3: ints(1, 2, 2, 2, 2, 2), s4: ints(1, 4, 4, 2) },
    ),
    'tokens first, batch second, heads merged with the batch': fixed(
      [1, 5, 6],
      [
        make('Transpose', ['x'], 't', { perm: [1, 0, 2] }),
        make('Reshape', ['t', 's1'], 'h'),
        make('Transpose', ['h'], 'a', { perm: [1, 0, 2] }),
        make('Transpose', ['h'], 'b', { perm: [1, 2, 0] }),
        make('MatMul', ['a', 'b'], 'scores'),
        make('Softmax', ['scores'], 'w', { axis: -1 }),
        make('MatMul', ['w', 'a'], 'o'),
        make('Transpose', ['o'], 'p', { perm: [1, 0, 2] }),
        make('Reshape', ['p', 's2'], 'q'),
        make('Transpose', ['q'], 'y', { perm: [1, 0, 2] }),
      ],
      { s1: ints(5, 3, 2), s2: ints(5, 1, 6) },
    ),
    'what ONNX Runtime fuses: a convolution with its residual and activation, a transposed and scaled product': fused(
      [1, 2, 4, 4],
      [
        ms('FusedConv', ['x', 'w', 'b', 'x'], 'c', { pads: [1, 1, 1, 1], activation: 'Relu' }),
        ms('FusedMatMul', ['c', 'x'], 'y', { transA: 1, alpha: float(0.5) }),
      ],
      { w: noise([2, 2, 3, 3], 4), b: noise([2], 5) },
    ),
    'a deformable convolution, moved by values of the picture': fixed(
      [1, 2, 4, 4],
      [make('Conv', ['x', 'move'], 'offset'), make('DeformConv', ['x', 'w', 'offset'], 'y')],
      { move: noise([8, 2, 2, 2], 6), w: noise([3, 2, 2, 2], 7) },
    ).with({ opsets: new Map([['', 19]]) }),
    'a class token in front of the patches': fixed(
      [1, 4, 3],
      [make('Concat', ['token', 'x'], 'c', { axis: 1 }), make('Gather', ['c', 'zero'], 'y', { axis: 1 })],
      { token: noise([1, 1, 3], 4), zero: Tensor.int64([0], []) },
    ),
    'qkv split by Gather on a leading axis': fixed(
      [1, 4, 6],
      [
        make('Reshape', ['x', 's'], 'r'),
        make('Transpose', ['r'], 't', { perm: [2, 0, 3, 1, 4] }),
        make('Gather', ['t', 'zero'], 'q', { axis: 0 }),
        make('Gather', ['t', 'one'], 'k', { axis: 0 }),
        make('Mul', ['q', 'k'], 'y'),
      ],
      { s: ints(1, 4, 3, 1, 2), zero: Tensor.int64([0], []), one: Tensor.int64([1], []) },
    ),
    'Slice to the end, as exporters write it': fixed([1, 4, 3], [make('Slice', ['x', 'from', 'to', 'axis'], 'y')], {
      from: ints(1),
      to: Tensor.int64([2n ** 63n - 1n]),
      axis: ints(1),
    }),
    'as_strided of the default exporter: places of the flattened item': fixed(
      [1, 2, 3],
      [
        make('Reshape', ['x', 'flat'], 'f'),
        make('Gather', ['f', 'places'], 'transposed', { axis: 0 }),
        make('Gather', ['f', 'some'], 'kept', { axis: 0 }),
        make('Reshape', ['kept', 'back'], 'k'),
        make('MatMul', ['transposed', 'x'], 'm'),
        make('Add', ['m', 'k'], 'y'),
      ],
      {
        flat: ints(-1),
        places: Tensor.int64([0, 3, 1, 4, 2, 5], [1, 3, 2]),
        some: Tensor.int64([5, -1, 0], [3, 1]),
        back: ints(1, 3, 1),
      },
    ),
    'Resize to sizes': fixed([1, 2, 3, 3], [Node.make('Resize', ['x', '', '', 's'], ['y'], { mode: 'linear' })], {
      s: ints(1, 2, 6, 5),
    }),
    'a shape computed by the model': fixed(
      [1, 3, 4],
      [
        make('Shape', ['x'], 'shape'),
        make('Slice', ['shape', 'zero', 'one'], 'n'),
        make('Concat', ['n', 'rest'], 's', { axis: 0 }),
        make('Reshape', ['x', 's'], 'r'),
        make('Expand', ['token', 's'], 'e'),
        make('Add', ['r', 'e'], 'y'),
      ],
      { zero: ints(0), one: ints(1), rest: ints(12), token: noise([1, 12], 3) },
    ),
    'Einsum, LayerNormalization, ReduceMean, Squeeze, Pad, Slice, Split': fixed(
      [1, 4, 6],
      [
        make('Einsum', ['x', 'w'], 'e', { equation: 'bij,jk->bik' }),
        make('LayerNormalization', ['e', 'g'], 'l'),
        make('ReduceMean', ['l'], 'm', { axes: [1] }),
        make('Squeeze', ['m', 'one'], 's'),
        make('Unsqueeze', ['s', 'one'], 'u'),
        make('Pad', ['u', 'pads'], 'p'),
        make('Slice', ['p', 'one', 'many', 'two'], 'c'),
        Node.make('Split', ['c', 'sizes'], ['left', 'right'], { axis: 2 }),
        make('Concat', ['right', 'left'], 'y', { axis: 2 }),
      ],
      {
        w: noise([6, 6], 2),
        g: noise([6], 3),
        one: ints(1),
        two: ints(2),
        many: ints(99),
        pads: ints(0, 0, 1, 0, 0, 2),
        sizes: ints(3, 5),
      },
    ),
  };

  test.each(Object.entries(cases))('%s', async (_, given) => {
    const dims = given.inputs[0]!.shape as number[];
    const shapes = await shapesOf(given, { x: noise(dims, 1) });
    const { graph, freed, reason } = freeBatch(given, { shapes });
    expect({ freed, reason }).toEqual({ freed: true, reason: undefined });
    await matches(writeGraph(given), graph, { x: noise(dims, 1) }, { x: noise(dims, 2) });
  });
});

describe('what is not freed, with the node that is in the way', () => {
  const cases: Record<string, [Graph, RegExp]> = {
    'a mean over everything': [fixed([1, 3], [make('ReduceMean', ['x'], 'y')]), /ReduceMean.*along the batch/],
    'a Softmax over the batch': [fixed([1, 3], [make('Softmax', ['x'], 'y', { axis: 0 })]), /Softmax.*along the batch/],
    'a Squeeze that drops the batch': [
      fixed([1, 3], [make('Squeeze', ['x', 'a'], 'y')], { a: ints(0) }),
      /Squeeze.*drops the batch/,
    ],
    'a Squeeze of all': [fixed([1, 3], [make('Squeeze', ['x'], 'y')]), /Squeeze.*drops/],
    'Gather of the first item': [
      fixed([1, 3], [make('Gather', ['x', 'i'], 'y')], { i: Tensor.int64([0], []) }),
      /Gather.*along/,
    ],
    'items multiplied with each other': [
      fixed([1, 3], [make('Transpose', ['x'], 't'), make('MatMul', ['t', 'x'], 'y')]),
      /MatMul.*combines items/,
    ],
    'items multiplied with each other by a transposed product': [
      fused([1, 3], [ms('FusedMatMul', ['x', 'x'], 'y', { transB: 1 })]),
      /FusedMatMul.*combines items/,
    ],
    'a mask for each window, as long as the batch': [
      fixed([1, 4, 2], [make('Reshape', ['x', 's'], 'r'), make('Add', ['r', 'mask'], 'y')], {
        s: ints(4, 1, 2),
        mask: noise([4, 1, 2]),
      }),
      /Add.*made for one item/,
    ],
    'quantised by the range of the whole batch': [
      fixed([1, 3], [Node.make('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']), make('Cast', ['q'], 'y', { to: 1 })]),
      /DynamicQuantizeLinear.*not known to keep/,
    ],
    'maxima numbered through the batch': [
      fixed(
        [1, 1, 4, 4],
        [Node.make('MaxPool', ['x'], ['p', 'i'], { kernel_shape: [2, 2] }), make('Cast', ['i'], 'y', { to: 1 })],
      ),
      /MaxPool.*numbers its maxima/,
    ],
    'divided by the size of the batch': [
      fixed(
        [1, 3],
        [
          make('Shape', ['x'], 's'),
          make('Gather', ['s', 'zero'], 'n'),
          make('Cast', ['n'], 'f', { to: 1 }),
          make('Div', ['x', 'f'], 'y'),
        ],
        { zero: Tensor.int64([0], []) },
      ),
      /Div.*computes with the size of the batch/,
    ],
    'batch statistics': [
      fixed(
        [1, 2, 3],
        [Node.make('BatchNormalization', ['x', 'a', 'a', 'a', 'a'], ['y', 'm', 'v'], { training_mode: 1 })],
        {
          a: Tensor.floats([1, 2]),
        },
      ),
      /training mode/,
    ],
  };
  test.each(Object.entries(cases))('%s', async (_, [given, message]) => {
    const shapes = await shapesOf(given, { x: noise(given.inputs[0]!.shape as number[]) });
    const result = freeBatch(given, { shapes });
    expect(result.freed).toBe(false);
    expect(result.reason).toMatch(message);
    expect(result.graph).toBe(given);
  });

  test('a batch that is free, or fixed at another number, or an unknown shape', () => {
    const relu = (shape: (number | string)[]) =>
      fixed([], [make('Relu', ['x'], 'y')]).with({ inputs: [new Value('x', 'float32', shape)] });
    expect(freeBatch(relu(['N', 3])).reason).toMatch(/no input has a first dimension of 1/);
    expect(freeBatch(relu([4, 3])).reason).toMatch(/no input has a first dimension of 1/);
    expect(freeBatch(relu([4, 3]), { inputs: ['x'] }).reason).toMatch(/'x' has no first dimension of 1: \[4,3\]/);
    expect(freeBatch(relu([1, 3])).freed).toBe(true);
    const scaled = fixed(
      [1, 3],
      [make('Relu', ['x'], 'r'), make('LeakyRelu', ['r'], 'l', { alpha: float(1) }), make('Softmax', ['l'], 'y')],
    );
    expect(freeBatch(scaled).reason).toMatch(/shape of 'l' is not known/);
  });

  test('a batch that is declared free and is not: the constants behind it are rewritten', async () => {
    const given = fixed([1, 3, 4], [make('Reshape', ['x', 's'], 'y')], { s: ints(1, 12) });
    const declared = given.with({
      inputs: [new Value('x', 'float32', ['batch', 3, 4]), new Value('t', 'float32', [])],
    });
    const shapes: Shapes = new Map([...(await shapesOf(given, { x: noise([1, 3, 4]) })), ['t', []]]);
    const { graph, reason } = freeBatch(declared, { shapes, inputs: ['x', 't'] });
    expect(reason).toBeUndefined();
    expect(graph.inputs[0]!.shape).toEqual(['batch', 3, 4]);
    const two = await runGraph(graph, { x: noise([2, 3, 4]), t: Tensor.floats([1], []) });
    expect(two.y!.dims).toEqual([2, 12]);
  });

  test('the free dimension gets a name that nothing else has', () => {
    const given = fixed([1, 3], [make('Relu', ['x'], 'y')]).with({ outputs: [new Value('y', 'float32', [1, 'N'])] });
    expect(freeBatch(given).graph.outputs[0]!.shape).toEqual(['N_1', 'N']);
    expect(freeBatch(given, { name: 'batch' }).graph.inputs[0]!.shape).toEqual(['batch', 3]);
  });
});
