import {
  DATA_TYPES,
  type DataType,
  float,
  type Graph,
  Graph as GraphClass,
  Node,
  printNodes,
  Tensor,
  Value,
} from '@seewhy/onnx';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { forAll, opset } from '../arbitrary.ts';
import { gradientGraph, probeShapes, run, uniform } from '../harness.ts';

type Attributes = Parameters<typeof Node.make>[3];
const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const scalar = (value: number) => Tensor.floats([value], []);
const integers = (type: DataType, values: readonly number[], dims: readonly number[] = [values.length]) => {
  const arrays: Partial<Record<DataType, (v: readonly number[]) => ArrayBufferView>> = {
    uint8: (v) => Uint8Array.from(v),
    int8: (v) => Int8Array.from(v),
    uint16: (v) => Uint16Array.from(v),
    int16: (v) => Int16Array.from(v),
    int32: (v) => Int32Array.from(v),
  };
  return Tensor.of(type, dims, arrays[type]!(values) as never);
};
const weights = (type: 'uint8' | 'int8', dims: readonly number[], seed = 5) =>
  integers(
    type,
    Array.from(uniform(seed, product(dims), type === 'uint8' ? 0 : -120, type === 'uint8' ? 255 : 120), Math.round),
    dims,
  );

function graphOf(
  inputs: readonly { name: string; dims: readonly (number | null)[]; type?: DataType }[],
  constants: Record<string, Tensor>,
  nodes: readonly Node[],
  outputs: readonly string[],
  version = 17,
): Graph {
  return new GraphClass({
    irVersion: version > 21 ? 11 : 10,
    opsets: new Map([
      ['', version],
      ['com.microsoft', 1],
    ]),
    inputs: inputs.map(({ name, dims, type }) => new Value(name, type ?? 'float32', dims)),
    outputs: outputs.map((name) => new Value(name)),
    initializers: new Map(Object.entries(constants)),
    nodes,
  });
}

/** ∂x of Σ seed · y for every x, by the rules, and the values named in `see`. */
async function gradientsOf(
  graph: Graph,
  feeds: Record<string, ort.Tensor>,
  seed: Float32Array,
  see: string[] = [],
  of = 'y',
) {
  const shapes = await probeShapes(graph, feeds);
  const program = gradientGraph(graph, of, shapes, Object.keys(feeds));
  const dims = shapes.get(of) as readonly number[];
  const all = program.graph.with({
    outputs: [...program.graph.outputs, ...see.filter((name) => name !== of).map((name) => new Value(name))],
  });
  const results = await run(all, { ...feeds, seed: new ort.Tensor('float32', seed, [...dims]) });
  return {
    gradients: Object.keys(feeds).map((name) => results[`d:${name}`]!.data as Float32Array),
    seen: see.map((name) => results[name]!.data as ArrayLike<number>),
    emitted: printNodes(
      program.graph,
      program.graph.nodes.slice(graph.nodes.length).filter((node) => !node.outputs[0]!.startsWith('d:')),
    ),
  };
}

const range: Record<string, [number, number]> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};
const near = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-5) => {
  expect(found.length).toBe(wanted.length);
  const largest = Math.max(1e-6, ...Array.from(wanted, Math.abs));
  for (let index = 0; index < wanted.length; index++) {
    const error = Math.abs(found[index]! - wanted[index]!) / largest;
    if (!(error <= tolerance)) throw new Error(`entry ${index}: ${found[index]}, not ${wanted[index]}`);
  }
};

describe('QuantizeLinear and DequantizeLinear', () => {
  const types = fc.constantFrom('uint8', 'int8' as const);

  it('a pair is the identity inside the range and 0 outside, per tensor and per channel', async () => {
    await forAll(
      fc.record({
        type: types,
        channels: fc.boolean(),
        zero: fc.constantFrom(0, 3),
        version: opset(13),
        wide: fc.boolean(),
      }),
      async ({ type, channels, zero, version, wide }) => {
        const dims = [2, 3, 4, 2];
        const kind: DataType = wide && version >= 21 ? (type === 'uint8' ? 'uint16' : 'int16') : type;
        const unit = kind === 'uint16' || kind === 'int16' ? 1 / 256 : 1;
        const scales = channels ? [0.01, 0.02, 0.005].map((s) => s * unit) : [0.01 * unit];
        const zeros = channels ? [zero, 0, zero + 1] : [zero];
        const shape = channels ? [3] : [];
        const nodes = [
          Node.make('QuantizeLinear', ['x', 's', 'z'], ['q'], { axis: 1 }),
          Node.make('DequantizeLinear', ['q', 's', 'z'], ['y'], { axis: 1 }),
        ];
        const graph = graphOf(
          [{ name: 'x', dims }],
          { s: Tensor.floats(scales, shape), z: integers(kind, zeros, shape) },
          nodes,
          ['y'],
          version,
        );
        const x = uniform(3, product(dims), -2, 3);
        const seed = uniform(4, x.length);
        const { gradients } = await gradientsOf(graph, { x: new ort.Tensor('float32', x, dims) }, seed);
        // torch.fake_quantize: the gradient passes where the rounded, shifted value lies in the range.
        const [low, high] = range[kind]!;
        const wanted = seed.map((g, index) => {
          const c = channels ? Math.floor(index / 8) % 3 : 0;
          const level = Math.round(x[index]! / scales[c]!) + zeros[c]!;
          return level >= low && level <= high ? g : 0;
        });
        near(gradients[0]!, wanted, 0);
        expect(wanted.some((value) => value === 0) && wanted.some((value) => value !== 0)).toBe(true);
      },
    );
  });

  it('emits a pair as one mask, without the factors', async () => {
    const nodes = [
      Node.make('QuantizeLinear', ['x', 's', 'z'], ['q']),
      Node.make('DequantizeLinear', ['q', 's', 'z'], ['y']),
    ];
    const graph = graphOf([{ name: 'x', dims: [4] }], { s: scalar(0.5), z: integers('uint8', [2], []) }, nodes, ['y']);
    const x = new ort.Tensor('float32', Float32Array.from([-2, 0, 1, 2]), [4]);
    expect((await gradientsOf(graph, { x }, new Float32Array(4))).emitted).toMatchInlineSnapshot(`
      "g/HardSigmoid = HardSigmoid(x) {alpha=1.063382e+37, beta=1.329228e+37}
      g/Mul = Mul(seed, g/HardSigmoid)
      g/Less = Less(x, 126.75)
      g/Cast = Cast(g/Less) {to=1}
      g/Mul_1 = Mul(g/Mul, g/Cast)"
    `);
  });

  it('a pair whose quantised value has other readers gives all of them their share', async () => {
    const nodes = [
      Node.make('QuantizeLinear', ['x', 's', 'z'], ['q']),
      Node.make('DequantizeLinear', ['q', 's', 'z'], ['a']),
      Node.make('Reshape', ['q', 'shape'], ['r']),
      Node.make('DequantizeLinear', ['r', 's2', 'z'], ['b']),
      Node.make('Add', ['a', 'b'], ['y']),
    ];
    const constants = { s: scalar(0.5), s2: scalar(2), z: integers('uint8', [2], []), shape: Tensor.int64([4]) };
    const graph = graphOf([{ name: 'x', dims: [4] }], constants, nodes, ['y']);
    const x = new ort.Tensor('float32', Float32Array.from([-2, 0, 1, 2]), [4]);
    const { gradients } = await gradientsOf(graph, { x }, Float32Array.from([1, 1, 1, 1]));
    near(gradients[0]!, [0, 5, 5, 5], 0);
  });

  it('passes integer units through ops between the two: MaxPool, Transpose, Reshape', async () => {
    const nodes = [
      Node.make('QuantizeLinear', ['x', 's', 'z'], ['q']),
      Node.make('MaxPool', ['q'], ['p'], { kernel_shape: [2, 2], strides: [2, 2] }),
      Node.make('Transpose', ['p'], ['t'], { perm: [0, 2, 3, 1] }),
      Node.make('DequantizeLinear', ['t', 's2', 'z'], ['y']),
    ];
    const constants = { s: scalar(0.02), s2: scalar(0.03), z: integers('uint8', [100], []) };
    const graph = graphOf([{ name: 'x', dims: [1, 2, 4, 4] }], constants, nodes, ['y']);
    const x = uniform(8, 32, -1, 1);
    const seed = uniform(9, 8);
    const { gradients } = await gradientsOf(graph, { x: new ort.Tensor('float32', x, [1, 2, 4, 4]) }, seed);
    const wanted = new Float32Array(32);
    for (let c = 0; c < 2; c++)
      for (let i = 0; i < 2; i++)
        for (let j = 0; j < 2; j++) {
          const places = [0, 1, 4, 5].map((offset) => c * 16 + i * 8 + j * 2 + offset);
          const levels = places.map((place) => Math.round(x[place]! / 0.02));
          wanted[places[levels.indexOf(Math.max(...levels))]!]! += (seed[(i * 2 + j) * 2 + c]! * 0.03) / 0.02;
        }
    near(gradients[0]!, wanted);
  });

  it('float16 models', async () => {
    const nodes = [
      Node.make('Cast', ['x'], ['h'], { to: DATA_TYPES.float16.code }),
      Node.make('QuantizeLinear', ['h', 's', 'z'], ['q']),
      Node.make('Identity', ['q'], ['i']),
      Node.make('DequantizeLinear', ['i', 's2', 'z'], ['d']),
      Node.make('Cast', ['d'], ['y'], { to: DATA_TYPES.float32.code }),
    ];
    const constants = {
      s: Tensor.floats([0.5], [], 'float16'),
      s2: Tensor.floats([2], [], 'float16'),
      z: integers('int8', [0], []),
    };
    const graph = graphOf([{ name: 'x', dims: [4] }], constants, nodes, ['y'], 19);
    const x = new ort.Tensor('float32', Float32Array.from([-200, -1, 1, 200]), [4]);
    const { gradients } = await gradientsOf(graph, { x }, Float32Array.from([1, 2, 3, 4]));
    near(gradients[0]!, [0, 8, 12, 0], 1e-3);
  });
});

/** A quantised op between QuantizeLinear of its inputs and DequantizeLinear of its output, and the same op on floats. */
interface Case {
  activations: { dims: readonly number[]; scale: number; zero: number; type: 'uint8' | 'int8' }[];
  constants?: Record<string, Tensor>;
  /** From q0, q1 (quantised), s0, z0 (scales, zeros), x0 (float) and sy, zy to q (quantised by sy, zy) or y (float). */
  nodes: Node[];
  result?: { scale: number; zero: number; type: 'uint8' | 'int8' };
  /** From f0, f1 to f. */
  float: Node[];
  opset?: number;
}

/** <rule, v> = <mask_y · u, J_float(x̂) (mask_x · v)>, where the masks come from the integers that the runtime made. */
async function straightThrough(c: Case, tolerance = 1e-4): Promise<number> {
  const constants: Record<string, Tensor> = { ...c.constants };
  const quantize: Node[] = [];
  c.activations.forEach(({ scale, zero, type }, index) => {
    constants[`s${index}`] = scalar(scale);
    constants[`z${index}`] = integers(type, [zero], []);
    quantize.push(Node.make('QuantizeLinear', [`x${index}`, `s${index}`, `z${index}`], [`q${index}`]));
  });
  const end: Node[] = [];
  if (c.result) {
    constants.sy = scalar(c.result.scale);
    constants.zy = integers(c.result.type, [c.result.zero], []);
    end.push(Node.make('DequantizeLinear', ['q', 'sy', 'zy'], ['y']));
  }
  const inputs = c.activations.map(({ dims }, index) => ({ name: `x${index}`, dims }));
  const graph = graphOf(inputs, constants, [...quantize, ...c.nodes, ...end], ['y'], c.opset);
  const feeds: Record<string, ort.Tensor> = {};
  c.activations.forEach(({ dims, scale, zero, type }, index) => {
    const [low, high] = range[type]!;
    const values = uniform(20 + index, product(dims), (low - zero - 8) * scale, (high - zero + 8) * scale);
    feeds[`x${index}`] = new ort.Tensor('float32', values, [...dims]);
  });
  const shapes = await probeShapes(graph, feeds);
  const size = product(shapes.get('y') as readonly number[]);
  const u = uniform(3, size);
  const see = [...c.activations.map((_, index) => `q${index}`), ...(c.result ? ['q'] : [])];
  const { gradients, seen } = await gradientsOf(graph, feeds, u, see);
  const exact = graphOf(
    c.activations.map(({ dims }, index) => ({ name: `f${index}`, dims })),
    c.constants ?? {},
    c.float,
    ['f'],
    c.opset,
  );
  const v = c.activations.map(({ dims }, index) => uniform(60 + index, product(dims)));
  const at = async (shift: number) => {
    const moved: Record<string, ort.Tensor> = {};
    c.activations.forEach(({ dims, scale, zero, type }, index) => {
      const [low, high] = range[type]!;
      const x = feeds[`x${index}`]!.data as Float32Array;
      const values = Float32Array.from(seen[index]!, (level, place) => {
        const rounded = Math.round(x[place]! / scale) + zero;
        const passes = rounded >= low && rounded <= high;
        return (level - zero) * scale + (passes ? shift * v[index]![place]! : 0);
      });
      moved[`f${index}`] = new ort.Tensor('float32', values, [...dims]);
    });
    // Unoptimised: the runtime would quantise a MatMul of a dequantised weight again.
    return (await run(exact, moved, { graphOptimizationLevel: 'disabled' })).f!.data as Float32Array;
  };
  const h = 2e-2;
  const [p1, m1, p2, m2] = [await at(h), await at(-h), await at(2 * h), await at(-2 * h)];
  const [low, high] = c.result ? range[c.result.type]! : [0, 0];
  let [left, scale, passed] = [0, 0, 0];
  for (let index = 0; index < size; index++) {
    const level = c.result ? seen.at(-1)![index]! : 1;
    if (c.result && (level <= low || level >= high)) continue;
    passed++;
    const jv = (8 * (p1[index]! - m1[index]!) - (p2[index]! - m2[index]!)) / (12 * h);
    left += jv * u[index]!;
    scale += Math.abs(jv * u[index]!);
  }
  let right = 0;
  gradients.forEach((gradient, index) => {
    gradient.forEach((value, place) => {
      right += value * v[index]![place]!;
    });
  });
  expect(passed).toBeGreaterThan(size / 4);
  const error = Math.abs(left - right) / scale;
  if (!(error <= tolerance)) throw new Error(`relative error ${error.toExponential(2)}: ${left} and ${right}`);
  return error;
}

const DEQUANTIZE = (dims: number, perChannel: boolean) => (perChannel && dims > 0 ? { axis: 0 } : ({} as Attributes));

describe('integer operators', () => {
  const signs = fc.record({
    x: fc.constantFrom('uint8', 'int8' as const),
    w: fc.constantFrom('uint8', 'int8' as const),
  });
  const window = fc.record({
    group: fc.constantFrom(1, 2),
    stride: fc.integer({ min: 1, max: 2 }),
    pad: fc.integer({ min: 0, max: 1 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    channels: fc.boolean(),
    version: opset(13),
  });

  it('ConvInteger after DynamicQuantizeLinear', async () => {
    await forAll(window, async ({ group, stride, pad, kernel, version }) => {
      const dims = [2, 4, 6, 5];
      const shape = [6, 4 / group, kernel, kernel];
      const attributes = { group, strides: [stride, stride], pads: [pad, pad, pad, pad] };
      const constants = { w: weights('uint8', shape), zw: integers('uint8', [117], []), sw: scalar(0.02) };
      const nodes = [
        Node.make('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']),
        Node.make('ConvInteger', ['q', 'w', 'z', 'zw'], ['i'], attributes),
        Node.make('Cast', ['i'], ['c'], { to: DATA_TYPES.float32.code }),
        Node.make('Mul', ['s', 'sw'], ['k']),
        Node.make('Mul', ['c', 'k'], ['y']),
      ];
      const graph = graphOf([{ name: 'x', dims }], constants, nodes, ['y'], version);
      const x = new ort.Tensor('float32', uniform(1, product(dims)), dims);
      const shapes = await probeShapes(graph, { x });
      const seed = uniform(2, product(shapes.get('y') as readonly number[]));
      const { gradients } = await gradientsOf(graph, { x }, seed);
      const float = graphOf(
        [{ name: 'x', dims }],
        {
          w: Tensor.floats(
            constants.w.numbers().map((q) => (q - 117) * 0.02),
            shape,
          ),
        },
        [Node.make('Conv', ['x', 'w'], ['y'], attributes)],
        ['y'],
        version,
      );
      near(gradients[0]!, (await gradientsOf(float, { x }, seed)).gradients[0]!);
    });
  });

  it('MatMulInteger: weights of one and of many zero points, both operands from the image', async () => {
    await forAll(
      signs,
      async (type) => {
        for (const columns of [false, true]) {
          const zero = columns ? integers(type.w, [1, 2, 3, 4, 5], [5]) : integers(type.w, [7], []);
          await straightThrough({
            activations: [{ dims: [2, 3, 4], scale: 0.01, zero: 5, type: type.x }],
            constants: {
              w: weights(type.w, [4, 5]),
              zw: zero,
              sw: scalar(0.02),
              s: scalar(0.0002),
              axis: Tensor.int64([1]),
            },
            nodes: [
              Node.make('MatMulInteger', ['q0', 'w', 'z0', 'zw'], ['i']),
              Node.make('Cast', ['i'], ['c'], { to: DATA_TYPES.float32.code }),
              Node.make('Mul', ['c', 's'], ['y']),
            ],
            float: [
              Node.make('Cast', ['w'], ['wi'], { to: DATA_TYPES.float32.code }),
              Node.make('Cast', ['zw'], ['zi'], { to: DATA_TYPES.float32.code }),
              Node.make('Sub', ['wi', 'zi'], ['wc']),
              Node.make('Mul', ['wc', 'sw'], ['wf']),
              Node.make('MatMul', ['f0', 'wf'], ['f']),
            ],
          });
        }
        await straightThrough({
          activations: [
            { dims: [2, 3, 4], scale: 0.01, zero: 5, type: type.x },
            { dims: [2, 4, 5], scale: 0.02, zero: 9, type: type.w },
          ],
          constants: { s: scalar(0.0002) },
          nodes: [
            Node.make('MatMulInteger', ['q0', 'q1', 'z0', 'z1'], ['i']),
            Node.make('Cast', ['i'], ['c'], { to: DATA_TYPES.float32.code }),
            Node.make('Mul', ['c', 's'], ['y']),
          ],
          float: [Node.make('MatMul', ['f0', 'f1'], ['f'])],
        });
      },
      4,
    );
  });

  it('QLinearConv: groups, strides, pads, scales of tensors and channels', async () => {
    await forAll(window, async ({ group, stride, pad, kernel, channels, version }) => {
      const shape = [6, 4 / group, kernel, kernel];
      const attributes = { group, strides: [stride, stride], pads: [pad, pad, pad, pad] };
      const scales = channels ? [0.01, 0.02, 0.03, 0.01, 0.02, 0.015] : [0.02];
      const constants = {
        w: weights('int8', shape),
        sw: Tensor.floats(scales, channels ? [6] : []),
        zw: integers('int8', channels ? [0, 0, 0, 0, 0, 0] : [3], channels ? [6] : []),
      };
      await straightThrough({
        activations: [{ dims: [2, 4, 6, 5], scale: 0.01, zero: 120, type: 'uint8' }],
        constants,
        nodes: [Node.make('QLinearConv', ['q0', 's0', 'z0', 'w', 'sw', 'zw', 'sy', 'zy'], ['q'], attributes)],
        result: { scale: 0.05 * kernel, zero: 100, type: 'uint8' },
        float: [
          Node.make('DequantizeLinear', ['w', 'sw', 'zw'], ['wf'], DEQUANTIZE(1, channels)),
          Node.make('Conv', ['f0', 'wf'], ['f'], attributes),
        ],
        opset: version,
      });
    });
  });

  it('QLinearMatMul: weights, and both operands from the image', async () => {
    await straightThrough({
      activations: [{ dims: [2, 3, 4], scale: 0.01, zero: 128, type: 'uint8' }],
      constants: { w: weights('int8', [4, 5]), sw: scalar(0.02), zw: integers('int8', [3], []) },
      nodes: [Node.make('QLinearMatMul', ['q0', 's0', 'z0', 'w', 'sw', 'zw', 'sy', 'zy'], ['q'])],
      result: { scale: 0.03, zero: 128, type: 'uint8' },
      float: [Node.make('DequantizeLinear', ['w', 'sw', 'zw'], ['wf']), Node.make('MatMul', ['f0', 'wf'], ['f'])],
    });
    await straightThrough({
      activations: [
        { dims: [2, 3, 4], scale: 0.01, zero: 128, type: 'uint8' },
        { dims: [2, 4, 5], scale: 0.02, zero: 0, type: 'int8' },
      ],
      nodes: [Node.make('QLinearMatMul', ['q0', 's0', 'z0', 'q1', 's1', 'z1', 'sy', 'zy'], ['q'])],
      result: { scale: 0.05, zero: 128, type: 'uint8' },
      float: [Node.make('MatMul', ['f0', 'f1'], ['f'])],
    });
  });
});

describe('runtime-fused operators on quantised values', () => {
  const two = (dims0: readonly number[], dims1: readonly number[]): Case['activations'] => [
    { dims: dims0, scale: 0.01, zero: 120, type: 'uint8' },
    { dims: dims1, scale: 0.02, zero: 130, type: 'uint8' },
  ];
  const ms = (op: string, inputs: string[], attributes: Attributes = {}) =>
    Node.make(op, inputs, ['q'], attributes, { domain: 'com.microsoft' });
  const BINARY = ['q0', 's0', 'z0', 'q1', 's1', 'z1', 'sy', 'zy'];
  const UNARY = ['q0', 's0', 'z0', 'sy', 'zy'];
  const image = (dims: readonly number[] = [2, 3, 4, 6]): Case['activations'] => [
    { dims, scale: 0.02, zero: 120, type: 'uint8' },
  ];

  it('QLinearAdd and QLinearMul, broadcast', async () => {
    await straightThrough({
      activations: two([2, 3, 4, 4], [3, 1, 1]),
      nodes: [ms('QLinearAdd', BINARY)],
      result: { scale: 0.02, zero: 110, type: 'uint8' },
      float: [Node.make('Add', ['f0', 'f1'], ['f'])],
    });
    await straightThrough({
      activations: two([2, 3, 4, 4], [2, 3, 1, 1]),
      nodes: [ms('QLinearMul', BINARY)],
      result: { scale: 0.02, zero: 110, type: 'uint8' },
      float: [Node.make('Mul', ['f0', 'f1'], ['f'])],
    });
  });

  it('QLinearGlobalAveragePool and QLinearAveragePool', async () => {
    await straightThrough({
      activations: image(),
      nodes: [ms('QLinearGlobalAveragePool', UNARY)],
      result: { scale: 0.005, zero: 120, type: 'uint8' },
      float: [Node.make('GlobalAveragePool', ['f0'], ['f'])],
    });
    await straightThrough({
      activations: image([2, 4, 6, 3]),
      nodes: [ms('QLinearGlobalAveragePool', UNARY, { channels_last: 1 })],
      result: { scale: 0.005, zero: 120, type: 'uint8' },
      float: [Node.make('ReduceMean', ['f0'], ['f'], { axes: [1, 2] })],
    });
    const attributes = { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] };
    await straightThrough({
      activations: image(),
      nodes: [ms('QLinearAveragePool', UNARY, attributes)],
      result: { scale: 0.01, zero: 120, type: 'uint8' },
      float: [Node.make('AveragePool', ['f0'], ['f'], attributes)],
    });
  });

  it('QLinearConcat', async () => {
    await straightThrough({
      activations: two([2, 3, 4, 4], [2, 2, 4, 4]),
      nodes: [ms('QLinearConcat', ['sy', 'zy', 'q0', 's0', 'z0', 'q1', 's1', 'z1'], { axis: 1 })],
      result: { scale: 0.02, zero: 110, type: 'uint8' },
      float: [Node.make('Concat', ['f0', 'f1'], ['f'], { axis: 1 })],
    });
  });

  // Smooth functions: the rule takes the slope from the rounded output, the reference from the exact one, half a step apart.
  it('QLinearSigmoid, QLinearSoftmax', async () => {
    await straightThrough(
      {
        activations: image(),
        nodes: [ms('QLinearSigmoid', UNARY)],
        result: { scale: 1 / 256, zero: 0, type: 'uint8' },
        float: [Node.make('Sigmoid', ['f0'], ['f'])],
      },
      5e-3,
    );
    for (const version of [12, 13])
      await straightThrough(
        {
          activations: image([2, 3, 4]),
          nodes: [ms('QLinearSoftmax', UNARY, { axis: 1, opset: version })],
          result: { scale: 1 / 256, zero: 0, type: 'uint8' },
          float:
            version === 13
              ? [Node.make('Softmax', ['f0'], ['f'], { axis: 1 })]
              : [
                  Node.make('Flatten', ['f0'], ['flat'], { axis: 1 }),
                  Node.make('Softmax', ['flat'], ['s'], { axis: 1 }),
                  Node.make('Shape', ['f0'], ['shape']),
                  Node.make('Reshape', ['s', 'shape'], ['f']),
                ],
        },
        3e-2,
      );
  });

  it('QLinearLeakyRelu', async () => {
    await straightThrough(
      {
        activations: image(),
        nodes: [ms('QLinearLeakyRelu', UNARY, { alpha: float(0.25) })],
        result: { scale: 0.02, zero: 60, type: 'uint8' },
        float: [Node.make('LeakyRelu', ['f0'], ['f'], { alpha: float(0.25) })],
      },
      2e-2,
    );
  });

  it('QLinearWhere', async () => {
    const choice = integers('uint8', [1, 0, 0, 1]);
    await straightThrough({
      activations: two([2, 3, 4], [3, 1]),
      constants: { condition: new Tensor('bool', [4], choice.bytes) },
      nodes: [ms('QLinearWhere', ['condition', 'q0', 's0', 'z0', 'q1', 's1', 'z1', 'sy', 'zy'])],
      result: { scale: 0.02, zero: 110, type: 'uint8' },
      float: [Node.make('Where', ['condition', 'f0', 'f1'], ['f'])],
    });
  });

  it('refuses quantisation in blocks', async () => {
    const graph = graphOf(
      [{ name: 'x', dims: [1, 32] }],
      { w: integers('uint8', new Array(16).fill(7), [1, 1, 16]), s: scalar(1) },
      [
        Node.make(
          'MatMulNBits',
          ['x', 'w', 's'],
          ['y'],
          { K: 32, N: 1, bits: 4, block_size: 32 },
          { domain: 'com.microsoft' },
        ),
      ],
      ['y'],
    );
    const shapes = new Map([
      ['x', [1, 32]],
      ['y', [1, 1]],
    ]);
    expect(() => gradientGraph(graph, 'y', shapes, ['x'])).toThrow(/MatMulNBits.*blocks/s);
  });

  it('QGemm: transposed or not, quantised and float results', async () => {
    for (const transB of [0, 1])
      for (const quantised of [true, false])
        await straightThrough({
          activations: [{ dims: [3, 4], scale: 0.01, zero: 128, type: 'uint8' }],
          constants: { w: weights('int8', transB ? [5, 4] : [4, 5]), sw: scalar(0.02), zw: integers('int8', [0], []) },
          nodes: [
            quantised
              ? ms('QGemm', ['q0', 's0', 'z0', 'w', 'sw', 'zw', '', 'sy', 'zy'], { transB })
              : Node.make('QGemm', ['q0', 's0', 'z0', 'w', 'sw', 'zw'], ['y'], { transB }, { domain: 'com.microsoft' }),
          ],
          ...(quantised ? { result: { scale: 0.03, zero: 128, type: 'uint8' as const } } : {}),
          float: [
            Node.make('DequantizeLinear', ['w', 'sw', 'zw'], ['wf']),
            Node.make('Gemm', ['f0', 'wf'], ['f'], { transB }),
          ],
        });
  });

  it('MatMulIntegerToFloat and DynamicQuantizeMatMul', async () => {
    await straightThrough({
      activations: [{ dims: [2, 3, 4], scale: 0.01, zero: 128, type: 'uint8' }],
      constants: {
        w: weights('uint8', [4, 5]),
        sw: scalar(0.02),
        zw: integers('uint8', [130], []),
        bias: Tensor.floats([1, 2, 3, 4, 5]),
      },
      nodes: [
        Node.make(
          'MatMulIntegerToFloat',
          ['q0', 'w', 's0', 'sw', 'z0', 'zw', 'bias'],
          ['y'],
          {},
          { domain: 'com.microsoft' },
        ),
      ],
      float: [Node.make('DequantizeLinear', ['w', 'sw', 'zw'], ['wf']), Node.make('MatMul', ['f0', 'wf'], ['f'])],
    });
    const dims = [2, 3, 4];
    const constants = { w: weights('uint8', [4, 5]), sw: scalar(0.02), zw: integers('uint8', [130], []) };
    const graph = graphOf(
      [{ name: 'x', dims }],
      constants,
      [Node.make('DynamicQuantizeMatMul', ['x', 'w', 'sw', 'zw'], ['y'], {}, { domain: 'com.microsoft' })],
      ['y'],
    );
    const float = graphOf(
      [{ name: 'x', dims }],
      constants,
      [Node.make('DequantizeLinear', ['w', 'sw', 'zw'], ['wf']), Node.make('MatMul', ['x', 'wf'], ['y'])],
      ['y'],
    );
    const x = new ort.Tensor('float32', uniform(1, 24), dims);
    const seed = uniform(2, 30);
    near((await gradientsOf(graph, { x }, seed)).gradients[0]!, (await gradientsOf(float, { x }, seed)).gradients[0]!);
  });
});
