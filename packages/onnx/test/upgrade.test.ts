import { describe, expect, test } from 'vitest';
import {
  type AttributeInput,
  check,
  float,
  Graph,
  graphToProto,
  Node,
  readGraph,
  Tensor,
  upgrade,
  Value,
  writeGraph,
} from '../src/index.ts';
import { difference, type Feeds, noise, runBytes, runGraph } from './ort.ts';

interface Case {
  opset: number;
  nodes: Node[];
  feeds: Feeds;
  initializers?: Record<string, Tensor>;
  outputs?: string[];
  /** Ops of the upgraded graph, where the form matters. */
  becomes?: string;
}

const x = noise([2, 3, 4, 6]);
const node = (
  op: string,
  inputs: string[],
  attributes: Record<string, AttributeInput> = {},
  outputs: string[] = ['y'],
) => Node.make(op, inputs, outputs, attributes, { name: `${op}-node` });
const ints = (...values: number[]) => Tensor.int64(values);
const scales = (...values: number[]) => Tensor.floats(values);
const channel = (seed: number, shift = 0) =>
  Tensor.floats(
    noise([3], seed)
      .numbers()
      .map((value) => value + shift),
  );
const normal = { g: channel(2, 1), b: channel(3), m: channel(4), v: channel(5, 2) };
const each = (seed: number, shift = 0) =>
  Tensor.floats(
    noise([3, 4, 6], seed)
      .numbers()
      .map((value) => value + shift),
    [3, 4, 6],
  );

const cases: Record<string, Case> = {
  'BatchNormalization-7 with leftovers': {
    opset: 7,
    feeds: { x },
    initializers: normal,
    nodes: [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], { epsilon: float(1e-3), spatial: 1 })],
  },
  'BatchNormalization-9': {
    opset: 9,
    feeds: { x },
    initializers: normal,
    nodes: [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'])],
  },
  'Clip-6 with both bounds': {
    opset: 7,
    feeds: { x },
    nodes: [node('Clip', ['x'], { min: float(-0.5), max: float(0.25) })],
  },
  'Clip-6 with one bound': { opset: 9, feeds: { x }, nodes: [node('Clip', ['x'], { max: float(0.1) })] },
  'Clip-6 without bounds': { opset: 10, feeds: { x }, nodes: [node('Clip', ['x'])] },
  'Clip-11': {
    opset: 11,
    feeds: { x },
    initializers: { low: scales(0).reshape([]) },
    nodes: [node('Clip', ['x', 'low'])],
  },
  'Dropout-7': { opset: 7, feeds: { x }, nodes: [node('Dropout', ['x'], { ratio: float(0.3) })] },
  'Dropout-10': { opset: 10, feeds: { x }, nodes: [node('Dropout', ['x'], {}, ['y', 'unused'])] },
  'Dropout-10 with its mask': {
    opset: 10,
    feeds: { x },
    nodes: [node('Dropout', ['x'], {}, ['y', 'mask'])],
    outputs: ['y', 'mask'],
  },
  'Dropout-7 with its mask': {
    opset: 7,
    feeds: { x },
    nodes: [node('Dropout', ['x'], {}, ['y', 'mask'])],
    outputs: ['y', 'mask'],
  },
  'Dropout-12': {
    opset: 12,
    feeds: { x },
    initializers: { r: Tensor.floats([0.5], []) },
    nodes: [node('Dropout', ['x', 'r'])],
  },
  'Pad-2 constant': {
    opset: 7,
    feeds: { x },
    nodes: [node('Pad', ['x'], { pads: [0, 0, 1, 2, 0, 1, 0, 3], value: float(0.75) })],
  },
  'Pad-2 reflect': {
    opset: 9,
    feeds: { x },
    nodes: [node('Pad', ['x'], { pads: [0, 0, 1, 2, 0, 0, 3, 1], mode: 'reflect' })],
  },
  'Pad-2 negative': { opset: 10, feeds: { x }, nodes: [node('Pad', ['x'], { pads: [0, 0, -1, 0, 0, 0, 0, -2] })] },
  'Slice-1 with axes': {
    opset: 7,
    feeds: { x },
    nodes: [node('Slice', ['x'], { axes: [3, 1], starts: [1, -2], ends: [-1, 2n ** 63n - 1n] })],
  },
  'Slice-1 without axes': { opset: 9, feeds: { x }, nodes: [node('Slice', ['x'], { starts: [0, 1], ends: [1, 9] })] },
  'Slice-10': {
    opset: 10,
    feeds: { x },
    initializers: { s: ints(3), e: ints(-100), a: ints(2), t: ints(-2) },
    nodes: [node('Slice', ['x', 's', 'e', 'a', 't'])],
  },
  'Squeeze-1': { opset: 7, feeds: { x: noise([1, 3, 1, 2]) }, nodes: [node('Squeeze', ['x'], { axes: [0, 2] })] },
  'Squeeze-1 of all': { opset: 9, feeds: { x: noise([1, 3, 1, 2]) }, nodes: [node('Squeeze', ['x'])] },
  'Unsqueeze-1': { opset: 8, feeds: { x }, nodes: [node('Unsqueeze', ['x'], { axes: [0, 3] })] },
  'Unsqueeze-11 negative': { opset: 11, feeds: { x }, nodes: [node('Unsqueeze', ['x'], { axes: [-1] })] },
  'ReduceSum-1': { opset: 9, feeds: { x }, nodes: [node('ReduceSum', ['x'], { axes: [1, 3], keepdims: 0 })] },
  'ReduceSum-11 of all': { opset: 11, feeds: { x }, nodes: [node('ReduceSum', ['x'])] },
  'ReduceMean-1': { opset: 9, feeds: { x }, nodes: [node('ReduceMean', ['x'], { axes: [2, 3] })] },
  'Split-2 with sizes': {
    opset: 9,
    feeds: { x },
    nodes: [node('Split', ['x'], { axis: 3, split: [1, 2, 3] }, ['y', 'z', 'w'])],
    outputs: ['y', 'z', 'w'],
  },
  'Split-2 equal': {
    opset: 9,
    feeds: { x },
    nodes: [node('Split', ['x'], { axis: 3 }, ['y', 'z'])],
    outputs: ['y', 'z'],
  },
  'TopK-1': { opset: 7, feeds: { x }, nodes: [node('TopK', ['x'], { k: 3 }, ['y', 'i'])], outputs: ['y', 'i'] },
  'TopK-10': {
    opset: 10,
    feeds: { x },
    initializers: { k: ints(2) },
    nodes: [node('TopK', ['x', 'k'], { axis: 1 }, ['y', 'i'])],
    outputs: ['y', 'i'],
  },
  'OneHot-9': {
    opset: 9,
    feeds: { x: Tensor.int64([0, 2, 1, 7]) },
    initializers: { d: Tensor.int64([4], []), v: Tensor.floats([0.5, 3]) },
    nodes: [node('OneHot', ['x', 'd', 'v'])],
  },
  'Softmax-1 default axis on 4-D': {
    opset: 9,
    feeds: { x },
    nodes: [node('Softmax', ['x'])],
    becomes: 'Flatten Softmax Shape Reshape',
  },
  'Softmax-1 axis 2': { opset: 7, feeds: { x }, nodes: [node('Softmax', ['x'], { axis: 2 })] },
  'Softmax-1 axis 0': { opset: 7, feeds: { x }, nodes: [node('Softmax', ['x'], { axis: 0 })] },
  'Softmax-1 on the last axis': {
    opset: 9,
    feeds: { x },
    nodes: [node('Softmax', ['x'], { axis: 3 })],
    becomes: 'Softmax',
  },
  'Softmax-1 on 2-D': { opset: 9, feeds: { x: noise([2, 9]) }, nodes: [node('Softmax', ['x'])], becomes: 'Softmax' },
  'Softmax-11 axis -2': { opset: 11, feeds: { x }, nodes: [node('Softmax', ['x'], { axis: -2 })] },
  'LogSoftmax-1': { opset: 9, feeds: { x }, nodes: [node('LogSoftmax', ['x'])] },
  'Hardmax-11': { opset: 11, feeds: { x }, nodes: [node('Hardmax', ['x'], { axis: 1 })] },
  'Softmax after Gemm needs no Flatten': {
    opset: 9,
    feeds: { x: noise([2, 3]) },
    initializers: { w: noise([3, 5], 8), c: noise([5], 9) },
    nodes: [node('Gemm', ['x', 'w', 'c'], {}, ['h']), node('Softmax', ['h'])],
    becomes: 'Gemm Softmax',
  },
  'Upsample-7 nearest': {
    opset: 7,
    feeds: { x },
    nodes: [node('Upsample', ['x'], { mode: 'nearest', scales: float([1, 1, 2, 3]) })],
    becomes: 'Resize',
  },
  'Upsample-7 linear': {
    opset: 7,
    feeds: { x },
    nodes: [node('Upsample', ['x'], { mode: 'linear', scales: float([1, 1, 2, 2.5]) })],
  },
  'Upsample-9 nearest, no whole factor': {
    opset: 9,
    feeds: { x },
    initializers: { s: scales(1, 1, 1.7, 2.3) },
    nodes: [node('Upsample', ['x', 's'])],
  },
  'Upsample-9 linear': {
    opset: 9,
    feeds: { x },
    initializers: { s: scales(1, 1, 3, 2) },
    nodes: [node('Upsample', ['x', 's'], { mode: 'linear' })],
  },
  'Upsample-9, scales from a Constant node': {
    opset: 9,
    feeds: { x },
    nodes: [node('Constant', [], { value: scales(1, 1, 2, 2) }, ['s']), node('Upsample', ['x', 's'])],
  },
  'Resize-10 nearest, larger': {
    opset: 10,
    feeds: { x },
    initializers: { s: scales(1, 1, 1.6, 2) },
    nodes: [node('Resize', ['x', 's'])],
  },
  'Resize-10 nearest, smaller': {
    opset: 10,
    feeds: { x },
    initializers: { s: scales(1, 1, 0.6, 0.7) },
    nodes: [node('Resize', ['x', 's'])],
    becomes: 'Resize',
  },
  'Resize-10 nearest, one axis larger, one smaller': {
    opset: 10,
    feeds: { x },
    initializers: { s: scales(1, 1, 0.6, 1.8) },
    nodes: [node('Resize', ['x', 's'])],
    becomes: 'Resize Resize',
  },
  'Resize-10 linear, smaller': {
    opset: 10,
    feeds: { x },
    initializers: { s: scales(1, 1, 0.5, 0.7) },
    nodes: [node('Resize', ['x', 's'], { mode: 'linear' })],
  },
  'Resize-11 half pixel': {
    opset: 11,
    feeds: { x },
    initializers: { r: Tensor.floats([]), s: scales(1, 1, 1.5, 2) },
    nodes: [node('Resize', ['x', 'r', 's'], { mode: 'cubic', coordinate_transformation_mode: 'half_pixel' })],
  },
  'Scatter-9': {
    opset: 9,
    feeds: { x: noise([3, 3]) },
    initializers: { i: Tensor.int64([1, 0, 2, 0, 2, 1], [2, 3]), u: noise([2, 3], 4) },
    nodes: [node('Scatter', ['x', 'i', 'u'], { axis: 0 })],
    becomes: 'ScatterElements',
  },
  'Gemm-7': {
    opset: 7,
    feeds: { x: noise([3, 2]) },
    initializers: { w: noise([5, 3], 8), c: noise([1, 5], 9) },
    nodes: [node('Gemm', ['x', 'w', 'c'], { transA: 1, transB: 1, alpha: float(0.5), beta: float(2) })],
  },
  'AveragePool-7, MaxPool-8, LRN, PRelu, Flatten, Tile and Sum unchanged': {
    opset: 8,
    feeds: { x },
    initializers: { p: noise([3, 1, 1], 7), r: ints(1, 1, 1, 2) },
    nodes: [
      node('MaxPool', ['x'], { kernel_shape: [2, 2] }, ['a']),
      node('AveragePool', ['a'], { kernel_shape: [2, 2], pads: [1, 1, 0, 0] }, ['b']),
      node('LRN', ['b'], { size: 3 }, ['c']),
      node('PRelu', ['c', 'p'], {}, ['d']),
      node('Sum', ['d', 'p', 'd'], {}, ['e']),
      node('Tile', ['e', 'r'], {}, ['f']),
      node('Flatten', ['f'], { axis: 2 }),
    ],
  },
  'ArgMax-1 and Cast-9': {
    opset: 9,
    feeds: { x },
    nodes: [node('ArgMax', ['x'], { axis: 1 }, ['i']), node('Cast', ['i'], { to: 1 })],
  },
  'QuantizeLinear-10 and back': {
    opset: 10,
    feeds: { x },
    initializers: { s: Tensor.floats([0.02], []), z: new Tensor('uint8', [], new Uint8Array([120])) },
    nodes: [node('QuantizeLinear', ['x', 's', 'z'], {}, ['q']), node('DequantizeLinear', ['q', 's', 'z'])],
  },
  'nodes without names, a Constant for an initializer': {
    opset: 9,
    feeds: { x },
    nodes: [
      Node.make('Constant', [], ['c'], { value: Tensor.floats([2], []) }),
      Node.make('Mul', ['x', 'c'], ['m']),
      Node.make('Clip', ['m'], ['y'], { min: float(0) }),
    ],
  },
};

function build({ opset, nodes, feeds, initializers = {}, outputs = ['y'] }: Case, irVersion = 4): Graph {
  const inputs = Object.entries(feeds).map(([name, tensor]) => new Value(name, tensor.type, tensor.dims));
  const constants = new Map(Object.entries(initializers));
  return new Graph({
    irVersion,
    opsets: new Map([['', opset]]),
    // IR 3 lists initializers as inputs.
    inputs:
      irVersion > 3
        ? inputs
        : [...inputs, ...[...constants].map(([name, { type, dims }]) => new Value(name, type, dims))],
    outputs: outputs.map((name) => new Value(name)),
    initializers: constants,
    nodes,
  });
}

describe.each(Object.entries(cases))('%s', (_, given) => {
  test.each([4, 3])('gives the same outputs at opset 13, to the last bit (IR %i)', async (irVersion) => {
    const bytes = writeGraph(build(given, irVersion));
    const graph = readGraph(bytes);
    const upgraded = upgrade(graph);
    expect(check(upgraded)).toEqual([]);
    expect(upgraded.opset).toBe(13);
    expect(upgraded.irVersion).toBeGreaterThanOrEqual(7);
    if (given.becomes) expect(upgraded.nodes.map(({ op }) => op).join(' ')).toBe(given.becomes);
    const reference = await runBytes(bytes, given.feeds, false);
    expect(difference(reference, await runGraph(upgraded, given.feeds, false))).toBeUndefined();
    // What a pass gives, another pass leaves alone.
    expect(upgrade(upgraded)).toBe(upgraded);
  });
});

test('BatchNormalization with spatial = 0 is normalised element by element', async () => {
  const given: Case = {
    opset: 7,
    feeds: { x },
    initializers: { g: each(2, 1), b: each(3), m: each(4), v: each(5, 2) },
    nodes: [node('BatchNormalization', ['x', 'g', 'b', 'm', 'v'], { spatial: 0 })],
  };
  const bytes = writeGraph(build(given));
  const [wanted, found] = [
    (await runBytes(bytes, given.feeds)).y!.numbers(),
    (await runGraph(upgrade(readGraph(bytes)), given.feeds)).y!.numbers(),
  ];
  // Another order of the same operations: not the same bits.
  for (const [index, value] of wanted.entries()) expect(Math.abs(value - found[index]!)).toBeLessThan(1e-6);
});

test('bodies of control flow are upgraded too', async () => {
  const branch = (op: string, attributes: Record<string, AttributeInput>) =>
    graphToProto(
      new Graph({
        name: op,
        outputs: [new Value('out', 'float32')],
        nodes: [Node.make(op, ['x'], ['inner'], attributes), Node.make('Softmax', ['inner'], ['out'])],
      }),
    );
  const given: Case = {
    opset: 9,
    feeds: { x, c: new Tensor('bool', [], new Uint8Array([1])) },
    nodes: [
      node('If', ['c'], {
        then_branch: { graph: branch('Clip', { max: float(0.25) }) },
        else_branch: { graph: branch('Slice', { starts: [0], ends: [99] }) },
      }),
    ],
  };
  const bytes = writeGraph(build(given));
  const upgraded = upgrade(readGraph(bytes));
  for (const truth of [0, 1]) {
    const feeds = { x, c: new Tensor('bool', [], new Uint8Array([truth])) };
    expect(difference(await runBytes(bytes, feeds, false), await runGraph(upgraded, feeds, false))).toBeUndefined();
  }
});

test('ImageScaler, which Core ML models carry, becomes Mul and Add', async () => {
  const given: Case = {
    opset: 8,
    feeds: { x },
    nodes: [node('ImageScaler', ['x'], { scale: float(0.5), bias: float([0.1, 0.2, 0.3]) })],
  };
  const values = (await runGraph(upgrade(build(given)), { x })).y!.numbers();
  const at = (n: number, c: number, i: number) => (n * 3 + c) * 24 + i;
  const wanted = Math.fround(Math.fround(x.numbers()[at(1, 2, 7)]! * 0.5) + Math.fround(0.3));
  expect(values[at(1, 2, 7)]).toBe(wanted);
});

test('newer models are returned as they are', () => {
  const graph = build({ opset: 17, feeds: { x }, nodes: [node('Relu', ['x'])] });
  expect(upgrade(graph)).toBe(graph);
});

test.each([
  [6, [node('Relu', ['x'])], 'OPSET_TOO_OLD'],
  [1, [node('Add', ['x', 'x'], { broadcast: 1, axis: 1 })], 'OPSET_TOO_OLD'],
  [8, [node('Scan', ['x'])], 'UPGRADE_UNSUPPORTED'],
  [7, [node('GRUUnit', ['x'])], 'UPGRADE_UNSUPPORTED'],
  [9, [node('Slice', ['x'])], 'UPGRADE_UNSUPPORTED'],
  [9, [node('TopK', ['x'])], 'UPGRADE_UNSUPPORTED'],
  [9, [node('Upsample', ['x'])], 'UPGRADE_UNSUPPORTED'],
])('opset %i with something that has no newer form: a clear error', (opset, nodes, code) => {
  expect(() => upgrade(build({ opset, feeds: { x }, nodes }))).toThrow(expect.objectContaining({ code }));
});

test('the error names the node', () => {
  expect(() => upgrade(build({ opset: 8, feeds: { x }, nodes: [node('Scan', ['x'])] }))).toThrow(/Scan-node/);
});
