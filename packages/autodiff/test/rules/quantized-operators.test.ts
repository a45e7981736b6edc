import { DATA_TYPES, float, Node, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { forAll, opset } from '../arbitrary.ts';
import { gradientGraph, probeShapes, uniform } from '../harness.ts';
import {
  type Attributes,
  type Case,
  gradientsOf,
  graphOf,
  integers,
  near,
  product,
  scalar,
  straightThrough,
  weights,
} from '../straight-through.ts';

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
