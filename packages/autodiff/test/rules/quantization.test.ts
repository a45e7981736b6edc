import { DATA_TYPES, type DataType, Node, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { forAll, opset } from '../arbitrary.ts';
import { uniform } from '../harness.ts';
import { gradientsOf, graphOf, integers, near, product, range, scalar } from '../straight-through.ts';

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
