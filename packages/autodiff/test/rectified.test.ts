import { existsSync, readFileSync } from 'node:fs';
import { DECONVNET_RULES, differentiate, GUIDED_RULES, type RuleTable, rectifiersOn } from '@seewhy/autodiff';
import { type AttributeInput, float, Graph, GraphBuilder, Node, readGraph, Tensor, Value } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { probeShapes, run } from './harness.ts';

const RULES: Record<'plain' | 'guided' | 'deconvnet', RuleTable | undefined> = {
  plain: undefined,
  guided: GUIDED_RULES,
  deconvnet: DECONVNET_RULES,
};
type Kind = keyof typeof RULES;

/** x `[1, n]` → nodes → y. */
function network(size: number, nodes: Node[], constants: Record<string, Tensor> = {}, opset = 17): Graph {
  return new Graph({
    irVersion: 8,
    opsets: new Map([
      ['', opset],
      ['com.microsoft', 1],
    ]),
    inputs: [new Value('x', 'float32', [1, size])],
    outputs: [new Value('y')],
    initializers: new Map(Object.entries(constants)),
    nodes,
  });
}

/** Σ seed · ∂y/∂x under a rule table. */
async function gradient(graph: Graph, kind: Kind, x: ort.Tensor, seedValues: readonly number[]): Promise<number[]> {
  const name = graph.inputs[0]!.name;
  const of = graph.outputs[0]!.name;
  const shapes = await probeShapes(graph, { [name]: x });
  const builder = new GraphBuilder(graph, { prefix: 'g' });
  const dims = shapes.get(of) as readonly number[];
  const seed = builder.constant(Tensor.floats([...seedValues], dims));
  const rules = RULES[kind];
  const made = differentiate(builder, graph, { of, seed, wrt: [name], shapes, ...(rules ? { rules } : {}) });
  builder.output(made.get(name)!, 'gradient');
  const results = await run(builder.build(), { [name]: x });
  return Array.from(results.gradient!.data as Float32Array);
}

const row = (...values: number[]) => new ort.Tensor('float32', values, [1, values.length]);
const make = (op: string, inputs: string[], output: string, attributes: Record<string, AttributeInput> = {}) =>
  Node.make(op, inputs, [output], attributes);

/** x = (2, −1, 3, −4), g = (5, 7, −6, −8): every case of sign of x and of g. */
const X = [2, -1, 3, -4];
const G = [5, 7, -6, -8];

/** One operator on x; what each method gives for g, written by hand. */
const ONE: Record<string, { node: Node; constants?: Record<string, Tensor>; guided: number[]; deconvnet: number[] }> = {
  Relu: { node: make('Relu', ['x'], 'y'), guided: [5, 0, 0, 0], deconvnet: [5, 7, 0, 0] },
  'LeakyRelu: the slope stays in guided': {
    node: make('LeakyRelu', ['x'], 'y', { alpha: float(0.5) }),
    guided: [5, 3.5, 0, 0],
    deconvnet: [5, 7, 0, 0],
  },
  'PRelu, a slope a channel': {
    node: make('PRelu', ['x', 'slope'], 'y'),
    constants: { slope: Tensor.floats([1, 0.25, 1, 1], [4]) },
    guided: [5, 1.75, 0, 0],
    deconvnet: [5, 7, 0, 0],
  },
  'ThresholdedRelu, shut up to 2.5': {
    node: make('ThresholdedRelu', ['x'], 'y', { alpha: float(2.5) }),
    guided: [0, 0, 0, 0],
    deconvnet: [5, 7, 0, 0],
  },
  'Clip(0, 6)': {
    node: make('Clip', ['x', 'low', 'high'], 'y'),
    constants: { low: Tensor.floats([0], []), high: Tensor.floats([6], []) },
    guided: [5, 0, 0, 0],
    deconvnet: [5, 7, 0, 0],
  },
  'Clip(0, 1) is shut above too': {
    node: make('Clip', ['x', 'low', 'high'], 'y'),
    constants: { low: Tensor.floats([0], []), high: Tensor.floats([1], []) },
    guided: [0, 0, 0, 0],
    deconvnet: [5, 7, 0, 0],
  },
  'Clip(0) without upper bound': {
    node: make('Clip', ['x', 'low'], 'y'),
    constants: { low: Tensor.floats([0], []) },
    guided: [5, 0, 0, 0],
    deconvnet: [5, 7, 0, 0],
  },
  'Clip(−1, 2.5) is no rectifier': {
    node: make('Clip', ['x', 'low', 'high'], 'y'),
    constants: { low: Tensor.floats([-1], []), high: Tensor.floats([2.5], []) },
    guided: [5, 7, 0, 0],
    deconvnet: [5, 7, 0, 0],
  },
  'Max(0, x)': {
    node: make('Max', ['zero', 'x'], 'y'),
    constants: { zero: Tensor.floats([0], []) },
    guided: [5, 0, 0, 0],
    deconvnet: [5, 7, 0, 0],
  },
  'Max(x, 1) is no rectifier': {
    node: make('Max', ['x', 'one'], 'y'),
    constants: { one: Tensor.floats([1], []) },
    guided: [5, 0, -6, 0],
    deconvnet: [5, 0, -6, 0],
  },
};

describe('rectified backward passes', () => {
  for (const [name, { node, constants, guided, deconvnet }] of Object.entries(ONE))
    it(name, async () => {
      const graph = network(4, [node], constants);
      expect(await gradient(graph, 'guided', row(...X), G)).toEqual(guided.map(near));
      expect(await gradient(graph, 'deconvnet', row(...X), G)).toEqual(deconvnet.map(near));
      const cuts = name.includes('no rectifier') ? 0 : 1;
      expect([...rectifiersOn(graph, 'y', ['x']).rectifiers.values()].reduce((a, b) => a + b, 0)).toBe(cuts);
    });

  /** y = Relu(x·A)·B with x = (1, 1), A = [[1, −1], [2, −3]], B = [[4, −5], [6, 7]]: only the first unit is open. */
  const two = network(2, [make('MatMul', ['x', 'a'], 'h'), make('Relu', ['h'], 'r'), make('MatMul', ['r', 'b'], 'y')], {
    a: Tensor.floats([1, -1, 2, -3], [2, 2]),
    b: Tensor.floats([4, -5, 6, 7], [2, 2]),
  });
  it('two layers by hand', async () => {
    const x = row(1, 1);
    // The gradient at the Relu's output is (4, 6) for the first score, (−5, 7) for the second one.
    expect(await gradient(two, 'plain', x, [1, 0])).toEqual([4, 8]);
    expect(await gradient(two, 'guided', x, [1, 0])).toEqual([4, 8]);
    expect(await gradient(two, 'deconvnet', x, [1, 0])).toEqual([4 - 6, 8 - 18]);
    expect(await gradient(two, 'plain', x, [0, 1])).toEqual([-5, -10]);
    expect(await gradient(two, 'guided', x, [0, 1])).toEqual([0, 0]);
    expect(await gradient(two, 'deconvnet', x, [0, 1])).toEqual([-7, -21]);
  });

  it('what arrives from several readers is added before it is rectified', async () => {
    // y = 3·Relu(x) − 5·Relu(x), one Relu node: its readers send 3 and −5; rectified apart they would give 3.
    const nodes = [
      make('Relu', ['x'], 'r'),
      make('Mul', ['r', 'three'], 'p'),
      make('Mul', ['r', 'five'], 'q'),
      make('Sub', ['p', 'q'], 'y'),
    ];
    const graph = network(1, nodes, { three: Tensor.floats([3], []), five: Tensor.floats([5], []) });
    expect(await gradient(graph, 'plain', row(0.5), [1])).toEqual([-2]);
    expect(await gradient(graph, 'guided', row(0.5), [1])).toEqual([0]);
    expect(await gradient(graph, 'deconvnet', row(-0.5), [-1])).toEqual([2]);
  });

  it('a network without rectifiers has its plain gradient', async () => {
    const smooth = ['Elu', 'Selu', 'Celu', 'Softplus', 'HardSwish', 'Tanh'];
    const nodes: Node[] = [];
    let value = 'x';
    for (const op of smooth) {
      nodes.push(make('MatMul', [value, 'a'], `${op}-in`), make(op, [`${op}-in`], `${op}-out`));
      value = `${op}-out`;
    }
    // SiLU in two nodes, which the walk sees as one.
    nodes.push(
      make('Sigmoid', [value], 'gate'),
      make('Mul', [value, 'gate'], 'silu'),
      make('MatMul', ['silu', 'a'], 'y'),
    );
    const a = Tensor.floats([0.9, -0.4, 0.3, 0.2, 0.8, -0.7, -0.5, 0.6, 1.1], [3, 3]);
    const graph = network(3, nodes, { a });
    const plain = await gradient(graph, 'plain', row(0.3, -0.8, 1.2), [1, -2, 3]);
    expect(Math.max(...plain.map(Math.abs))).toBeGreaterThan(1e-3);
    expect(await gradient(graph, 'guided', row(0.3, -0.8, 1.2), [1, -2, 3])).toEqual(plain);
    expect(await gradient(graph, 'deconvnet', row(0.3, -0.8, 1.2), [1, -2, 3])).toEqual(plain);
    const { rectifiers, smooth: found } = rectifiersOn(graph, 'y', ['x']);
    expect(rectifiers.size).toBe(0);
    expect(Object.fromEntries(found)).toEqual({ Elu: 1, Selu: 1, Celu: 1, Softplus: 1, HardSwish: 1, Silu: 1 });
  });

  it('counts only what lies on the path', () => {
    const nodes = [
      make('Relu', ['x'], 'a'),
      make('Relu', ['a'], 'b'),
      make('Relu', ['b'], 'y'),
      make('Relu', ['y'], 'z'),
    ];
    const graph = network(2, nodes);
    expect(rectifiersOn(graph, 'y', ['a']).rectifiers).toEqual(new Map([['Relu', 2]]));
    expect(rectifiersOn(graph, 'z', ['x']).rectifiers).toEqual(new Map([['Relu', 4]]));
  });
});

const near = (value: number) => expect.closeTo(value, 5) as unknown as number;

describe('rectifiers folded into other nodes', () => {
  const weight = Tensor.floats([2, -1, 3, 1], [2, 2, 1]);
  const bias = Tensor.floats([0, 0.5], [2]);

  /** Conv → Relu in two nodes and in one must agree in every method. */
  for (const [activation, attributes] of [
    ['Relu', {}],
    ['LeakyRelu', { activation_params: float([0.3]) }],
  ] as const)
    it(`com.microsoft.FusedConv with ${activation}`, async () => {
      const input = (nodes: Node[]) =>
        new Graph({
          irVersion: 8,
          opsets: new Map([
            ['', 17],
            ['com.microsoft', 1],
          ]),
          inputs: [new Value('x', 'float32', [1, 2, 3])],
          outputs: [new Value('y')],
          initializers: new Map([
            ['w', weight],
            ['b', bias],
          ]),
          nodes,
        });
      const slope: Record<string, AttributeInput> = activation === 'Relu' ? {} : { alpha: float(0.3) };
      const apart = input([make('Conv', ['x', 'w', 'b'], 'c'), make(activation, ['c'], 'y', slope)]);
      const fused = input([
        Node.make('FusedConv', ['x', 'w', 'b'], ['y'], { activation, ...attributes }, { domain: 'com.microsoft' }),
      ]);
      const x = new ort.Tensor('float32', [1, -2, 0.5, 0.3, 0.7, -1], [1, 2, 3]);
      const seed = [1, -2, 3, -4, 5, 6];
      for (const kind of ['plain', 'guided', 'deconvnet'] as const)
        expect(await gradient(fused, kind, x, seed)).toEqual((await gradient(apart, kind, x, seed)).map(near));
      expect(rectifiersOn(fused, 'y', ['x']).rectifiers).toEqual(new Map([['FusedConv', 1]]));
    });

  /** x·A, quantised to uint8 from 0 (the Relu is gone) or from −128 (it was never there). */
  const quantised = (zero: number) =>
    network(
      2,
      [
        make('MatMul', ['x', 'a'], 'h'),
        make('QuantizeLinear', ['h', 'scale', 'zero'], 'q'),
        make('DequantizeLinear', ['q', 'scale', 'zero'], 'd'),
        make('MatMul', ['d', 'b'], 'y'),
      ],
      {
        a: Tensor.floats([1, -1, 2, -3], [2, 2]),
        b: Tensor.floats([4, -5, 6, 7], [2, 2]),
        scale: Tensor.floats([0.05], []),
        zero: new Tensor('uint8', [], Uint8Array.of(zero)),
      },
    );
  it('a range that begins at 0 behind a product is a Relu', async () => {
    const x = row(1, 1);
    expect(await gradient(quantised(0), 'guided', x, [0, 1])).toEqual([0, 0]);
    expect(await gradient(quantised(0), 'deconvnet', x, [0, 1])).toEqual([-7, -21]);
    expect(rectifiersOn(quantised(0), 'y', ['x']).rectifiers).toEqual(new Map([['FakeQuantize', 1]]));
  });
  it('a range with negative values is not', async () => {
    const plain = await gradient(quantised(128), 'plain', row(1, 1), [0, 1]);
    expect(plain.map((value) => Math.sign(value))).toEqual([-1, -1]);
    expect(await gradient(quantised(128), 'guided', row(1, 1), [0, 1])).toEqual(plain);
    expect(rectifiersOn(quantised(128), 'y', ['x']).rectifiers.size).toBe(0);
  });
  /** QLinearMatMul of the image: a range from 0 is the Relu that was folded into it. */
  const integers = (zero: number) =>
    network(
      2,
      [
        make('QuantizeLinear', ['x', 'scale', 'middle'], 'q'),
        make('QLinearMatMul', ['q', 'scale', 'middle', 'a', 'scale', 'middle', 'scale', 'zero'], 'p'),
        make('DequantizeLinear', ['p', 'scale', 'zero'], 'y'),
      ],
      {
        a: new Tensor('uint8', [2, 2], Uint8Array.of(148, 118, 168, 138)),
        scale: Tensor.floats([0.05], []),
        middle: new Tensor('uint8', [], Uint8Array.of(128)),
        zero: new Tensor('uint8', [], Uint8Array.of(zero)),
      },
    );
  it('a folded Relu of an operator on integers: guided rectifies, DeconvNet refuses', async () => {
    // x·A = (0.5·1 + 1·2, −0.5·0.5 + 1·0.5) with A = [[1, −0.5], [2, 0.5]]: both units are open.
    const x = row(0.5, 1);
    expect(await gradient(integers(0), 'plain', x, [1, -1])).toEqual([near(1.5), near(1.5)]);
    expect(await gradient(integers(0), 'guided', x, [1, -1])).toEqual([near(1), near(2)]);
    expect(await gradient(integers(128), 'guided', x, [1, -1])).toEqual([near(1.5), near(1.5)]);
    await expect(gradient(integers(0), 'deconvnet', x, [1, -1])).rejects.toThrow(/folded into its range/);
  });
  it('com.microsoft.FusedGemm with Relu', async () => {
    const constants = { a: Tensor.floats([1, -1, 2, -3], [2, 2]), b: Tensor.floats([0, 0], [2]) };
    const fused = network(
      2,
      [
        Node.make(
          'FusedGemm',
          ['x', 'a', 'b'],
          ['y'],
          { activation: 'Relu', activation_alpha: float(0) },
          { domain: 'com.microsoft' },
        ),
      ],
      constants,
    );
    // x·A = (3, −4).
    expect(await gradient(fused, 'plain', row(1, 1), [-1, 1])).toEqual([-1, -2]);
    expect(await gradient(fused, 'guided', row(1, 1), [-1, 1])).toEqual([near(0), near(0)]);
    expect(await gradient(fused, 'deconvnet', row(1, 1), [-1, 1])).toEqual([-1, -3]);
  });
  it('a range on the image itself is not', () => {
    const nodes = [
      make('QuantizeLinear', ['x', 'scale', 'zero'], 'q'),
      make('DequantizeLinear', ['q', 'scale', 'zero'], 'd'),
      make('MatMul', ['d', 'a'], 'y'),
    ];
    const constants = { scale: Tensor.floats([1 / 255], []), zero: new Tensor('uint8', [], Uint8Array.of(0)) };
    const graph = network(2, nodes, { ...constants, a: Tensor.floats([1, -1, 2, -3], [2, 2]) });
    expect(rectifiersOn(graph, 'y', ['x']).rectifiers.size).toBe(0);
  });
});

/** Raw values of captum and xplique, fixtures/parity. */
const parity = new URL('../../../fixtures/parity/', import.meta.url);

interface Entry {
  model: string;
  peer: string;
  version: string;
  method: string;
  target: number;
  raw: string;
}

/** The numbers of a little-endian float32 .npy file. */
function npy(file: string): { dims: number[]; data: Float32Array } {
  const bytes = readFileSync(new URL(file, parity));
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + length);
  const dims = /'shape': \(([^)]*)\)/
    .exec(header)![1]!
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const data = bytes.subarray(10 + length);
  return { dims, data: new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)) };
}

const methods = new URL('methods.json', parity);
const entries = existsSync(methods) ? (JSON.parse(readFileSync(methods, 'utf8')) as Entry[]) : [];
const peers = entries.filter(
  ({ peer, method }) =>
    (peer === 'captum' || peer === 'xplique') && (method === 'guided-backprop' || method === 'deconvnet'),
);

describe('against the peers', () => {
  it('has entries', () => expect(peers.length).toBeGreaterThanOrEqual(10));
  for (const entry of peers)
    it(`${entry.method} of ${entry.model}, target ${entry.target}, ${entry.peer} ${entry.version}`, async () => {
      const about = JSON.parse(readFileSync(new URL(`${entry.model}/case.json`, parity), 'utf8')) as { model: string };
      const graph = readGraph(new Uint8Array(readFileSync(new URL(`../../${about.model}`, parity))));
      const input = npy(`${entry.model}/input.npy`);
      const expected = npy(entry.raw);
      const classes = (
        await run(graph, { [graph.inputs[0]!.name]: new ort.Tensor('float32', input.data, input.dims) })
      )[graph.outputs[0]!.name]!.dims[1]!;
      const seed = Array.from({ length: classes }, (_, index) => (index === entry.target ? 1 : 0));
      const kind = entry.method === 'deconvnet' ? 'deconvnet' : 'guided';
      const found = await gradient(graph, kind, new ort.Tensor('float32', input.data, input.dims), seed);
      const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const gap = found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected.data[at]!)), 0);
      expect(found.length).toBe(expected.data.length);
      expect(gap / largest).toBeLessThan(1e-4);
    });
});
