import { describe, expect, test } from 'vitest';
import {
  type AttributeInput,
  check,
  float,
  Graph,
  Node,
  pairQuantised,
  Tensor,
  Value,
  writeGraph,
} from '../src/index.ts';
import { noise, runBytes, runGraph } from './ort.ts';

const MS = 'com.microsoft';
const byte = (value: number) => Tensor.of('uint8', [], Uint8Array.of(value));
const scalar = (value: number) => Tensor.floats([value], []);
/** Integers from −60 to 60. */
const weight = (...dims: number[]) =>
  Tensor.of(
    'int8',
    dims,
    Int8Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, k) => ((k * 37) % 121) - 60),
  );
const perChannel = (...scales: number[]) => Tensor.floats(scales);
const zeros = (count: number) => Tensor.of('int8', [count], new Int8Array(count));

interface Case {
  readonly op: string;
  readonly domain?: string;
  readonly dims: readonly number[];
  /** Inputs in order: `x` is the quantised picture with its scale and zero point, `xs`, `xz`. */
  readonly inputs: readonly (string | Tensor)[];
  readonly attributes?: Record<string, AttributeInput>;
  /** Scale of the result. */
  readonly step: number;
  readonly float: string;
}

const OWN = ['x', 'xs', 'xz'];
const result = (step: number) => [scalar(step), byte(120)];

const CASES: readonly Case[] = [
  {
    op: 'QLinearConv',
    dims: [2, 3, 6, 6],
    inputs: [...OWN, weight(4, 3, 3, 3), scalar(0.01), Tensor.of('int8', [], Int8Array.of(2)), ...result(0.05)],
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1] },
    step: 0.05,
    float: 'Conv',
  },
  {
    op: 'QLinearConv',
    dims: [1, 2, 5, 5],
    inputs: [
      ...OWN,
      weight(4, 1, 3, 3),
      perChannel(0.01, 0.02, 0.005, 0.03),
      zeros(4),
      ...result(0.04),
      Tensor.of('int32', [4], Int32Array.of(900, -2000, 50, 0)),
    ],
    attributes: { group: 2 },
    step: 0.04,
    float: 'Conv',
  },
  {
    op: 'QLinearMatMul',
    dims: [2, 5],
    inputs: [...OWN, weight(5, 3), perChannel(0.01, 0.02, 0.03), zeros(3), ...result(0.03)],
    step: 0.03,
    float: 'MatMul',
  },
  {
    op: 'QGemm',
    domain: MS,
    dims: [2, 5],
    inputs: [
      ...OWN,
      weight(3, 5),
      perChannel(0.01, 0.02, 0.03),
      zeros(3),
      Tensor.of('int32', [3], Int32Array.of(500, -800, 100)),
      ...result(0.03),
    ],
    attributes: { transB: 1 },
    step: 0.03,
    float: 'Gemm',
  },
  ...(['Add', 'Mul'] as const).map(
    (op): Case => ({
      op: `QLinear${op}`,
      domain: MS,
      dims: [2, 3, 4],
      inputs: [
        ...OWN,
        Tensor.of('uint8', [1, 3, 1], Uint8Array.of(0, 140, 255)),
        scalar(0.02),
        byte(110),
        ...result(0.02),
      ],
      step: 0.02,
      float: op,
    }),
  ),
  {
    op: 'QLinearSigmoid',
    domain: MS,
    dims: [2, 6],
    inputs: [...OWN, scalar(1 / 256), byte(0)],
    step: 1 / 256,
    float: 'Sigmoid',
  },
  {
    op: 'QLinearLeakyRelu',
    domain: MS,
    dims: [2, 6],
    inputs: [...OWN, ...result(0.01)],
    attributes: { alpha: float(0.2) },
    step: 0.01,
    float: 'LeakyRelu',
  },
  {
    op: 'QLinearSoftmax',
    domain: MS,
    dims: [2, 6],
    inputs: [...OWN, scalar(1 / 256), byte(0)],
    attributes: { axis: -1, opset: 13 },
    step: 1 / 256,
    float: 'Softmax',
  },
  {
    op: 'QLinearGlobalAveragePool',
    domain: MS,
    dims: [2, 3, 4, 4],
    inputs: [...OWN, ...result(0.01)],
    attributes: { channels_last: 0 },
    step: 0.01,
    float: 'GlobalAveragePool',
  },
  {
    op: 'QLinearAveragePool',
    domain: MS,
    dims: [2, 3, 5, 5],
    inputs: [...OWN, ...result(0.01)],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    step: 0.01,
    float: 'AveragePool',
  },
  {
    op: 'QLinearConcat',
    domain: MS,
    dims: [2, 3],
    inputs: [
      ...result(0.02),
      ...OWN,
      Tensor.of('uint8', [2, 2], Uint8Array.of(3, 200, 90, 130)),
      scalar(0.01),
      byte(100),
    ],
    attributes: { axis: 1 },
    step: 0.02,
    float: 'Concat',
  },
];

/** x float → integers → the operator → float. */
function graphOf(c: Case): Graph {
  const initializers = new Map<string, Tensor>([
    ['xs', scalar(0.008)],
    ['xz', byte(128)],
  ]);
  const names = c.inputs.map((input, index) => {
    if (typeof input === 'string') return input;
    initializers.set(`c${index}`, input);
    return `c${index}`;
  });
  const [scale, zero] =
    c.op === 'QLinearConcat'
      ? names.slice(0, 2)
      : names.slice(c.op === 'QGemm' ? -2 : resultAt(c), c.op === 'QGemm' ? undefined : resultAt(c) + 2);
  return new Graph({
    opsets: new Map([
      ['', 17],
      [MS, 1],
    ]),
    inputs: [new Value('picture', 'float32', c.dims)],
    outputs: [new Value('y')],
    initializers,
    nodes: [
      Node.make('QuantizeLinear', ['picture', 'xs', 'xz'], ['x']),
      Node.make(c.op, names, ['layer_quantized'], c.attributes ?? {}, { domain: c.domain ?? '' }),
      Node.make('DequantizeLinear', ['layer_quantized', scale!, zero!], ['y']),
    ],
  });
}

/** Where the result's scale stands. */
const resultAt = (c: Case) => (/Conv$|MatMul$|Add$|Mul$/.test(c.op) ? 6 : 3);

describe('operators on integers become float operators between pairs', () => {
  test.each(CASES.map((c, index) => [`${c.op} ${index}`, c] as const))('%s', async (_, c) => {
    const graph = graphOf(c);
    const paired = pairQuantised(graph);
    expect(check(paired)).toEqual([]);
    const ops = paired.nodes.map((node) => node.type);
    expect(ops).toContain(c.float);
    expect(ops).not.toContain(graph.nodes[1]!.type);
    // The float value gets the name that it had before it was quantised.
    expect(paired.nodes.find((node) => node.op === c.float)!.outputs).toEqual(['layer']);
    const feeds = { picture: noise(c.dims, 3) };
    const before = (await runBytes(writeGraph(graph), feeds, false)).y!.numbers();
    const after = (await runGraph(paired, feeds, false)).y!.numbers();
    expect(after.length).toBe(before.length);
    expect(new Set(before).size).toBeGreaterThan(2);
    // Integer arithmetic and float arithmetic may round a tie to two sides.
    const levels = before.map((value, k) => Math.abs(value - after[k]!) / c.step);
    expect(Math.max(...levels)).toBeLessThan(1.01);
    expect(levels.filter((level) => level > 0.01).length).toBeLessThanOrEqual(0.05 * levels.length + 1);
    expect(pairQuantised(paired)).toBe(paired);
  });

  test('a graph without them is the same graph', () => {
    const graph = new Graph({
      inputs: [new Value('x', 'float32', [1])],
      outputs: [new Value('y')],
      nodes: [Node.make('Relu', ['x'], ['y'])],
    });
    expect(pairQuantised(graph)).toBe(graph);
  });

  test('what has no float form stays: channels last, alpha, a bias whose scale is computed', () => {
    const last = graphOf({ ...CASES[9]!, attributes: { channels_last: 1 } });
    expect(pairQuantised(last).nodes.map(({ op }) => op)).toContain('QLinearGlobalAveragePool');
    const scaled = graphOf({ ...CASES[3]!, attributes: { transB: 1, alpha: float(0.5) } });
    expect(pairQuantised(scaled).nodes.map(({ op }) => op)).toContain('QGemm');
    const convolved = graphOf(CASES[1]!);
    const constants = new Map(convolved.initializers);
    constants.delete('xs');
    const open = convolved.with({
      initializers: constants,
      inputs: [...convolved.inputs, new Value('xs', 'float32', [])],
    });
    expect(pairQuantised(open).nodes.map(({ op }) => op)).toContain('QLinearConv');
  });

  test('a value that several read is dequantised once; a float result needs no pair', () => {
    const graph = graphOf(CASES[5]!);
    const twice = graph.with({
      nodes: [
        ...graph.nodes.slice(0, 2),
        Node.make(
          'QLinearMul',
          ['layer_quantized', 'c6', 'c7', 'layer_quantized', 'c6', 'c7', 'c6', 'c7'],
          ['square'],
          {},
          { domain: MS },
        ),
        Node.make('DequantizeLinear', ['square', 'c6', 'c7'], ['y']),
      ],
    });
    const names = pairQuantised(twice)
      .nodes.filter(({ op }) => op === 'Mul')
      .at(-1)!.inputs;
    expect(names[0]).toBe(names[1]);
    const gemm = CASES[3]!;
    const float = graphOf({ ...gemm, inputs: gemm.inputs.slice(0, 7) });
    const nodes = float.nodes.slice(0, 2).map((node) => (node.op === 'QGemm' ? node.with({ outputs: ['y'] }) : node));
    expect(pairQuantised(float.with({ nodes })).nodes.at(-1)).toMatchObject({ op: 'Gemm', outputs: ['y'] });
  });
});
