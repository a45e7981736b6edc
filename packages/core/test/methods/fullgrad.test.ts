import { Explainer, type GraphMethod, Model, noiseImage, type RunTensor, TOP } from '@seewhy/core';
import { float, Graph, Node, Tensor, Value } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { fullGradientSum, fullgrad } from '../../src/methods/fullgrad.ts';
import { loadFixture, runtime } from '../support.ts';
import { explainOne } from './graph-references.ts';

/** Σ x · ∂y/∂x + Σ b · ∂y/∂z as a map of one cell. */
const sum: GraphMethod = {
  ...fullgrad,
  name: 'full-gradient-sum',
  build: (context) => context.b.reshape(fullGradientSum(context), [-1, 1, 1]),
};

async function completeness(model: Model, image: RunTensor) {
  const options = { variant: 'paper' } as never;
  const explainer = await Explainer.open(model, {
    methods: [{ method: sum, options }],
    layers: [],
    targets: [TOP],
    score: 'logit',
  });
  const [item] = await explainer.run([image]).finally(() => explainer.release());
  return { sum: item!.maps[0]!.data[0]!, score: item!.targets[0]!.value };
}

const near = (found: number, expected: number) =>
  expect(Math.abs(found - expected) / Math.max(Math.abs(expected), 0.1)).toBeLessThan(1e-4);

describe('FullGrad: the terms are the score', () => {
  it.each([
    'parity-cnn',
    'parity-residual',
    'parity-wide',
    'parity-nhwc',
    'tiny-cnn',
    'tiny-grey',
    'tiny-nhwc',
    'tiny-binary',
    'tiny-fixed-batch',
    'tiny-opset9',
    'tiny-external',
    'tiny-segmentation',
    'tiny-if',
    'tiny-functions',
  ])('%s', async (file) => {
    const model = await loadFixture(`models/${file}.onnx`);
    for (const seed of [1, 2, 3]) {
      const found = await completeness(model, noiseImage(model, seed));
      near(found.sum, found.score);
    }
    const { notes } = await explainOne(model, noiseImage(model, 1), { methods: ['fullgrad'] });
    expect(notes.filter((note) => note.includes('FullGrad'))).toEqual([]);
  });

  it('every kind of bias: batch normalisation, Gemm with β, constants added and taken away, bounds that hold', async () => {
    const random = (seed: number, count: number) =>
      Array.from({ length: count }, (_, at) => Math.sin(seed * 91 + at * 7.3));
    const floats = (seed: number, dims: number[], positive = false) =>
      Tensor.floats(
        random(
          seed,
          dims.reduce((a, b) => a * b, 1),
        ).map((value) => (positive ? value ** 2 + 0.3 : value)),
        dims,
      );
    const graph = new Graph({
      opsets: new Map([['', 17]]),
      irVersion: 8,
      name: 'biases',
      inputs: [new Value('x', 'float32', [1, 3, 8, 8])],
      outputs: [new Value('y', 'float32', [1, 4])],
      initializers: new Map([
        ['w1', floats(1, [6, 3, 3, 3])],
        ['b1', floats(2, [6])],
        ['gamma', floats(3, [6])],
        ['beta', floats(4, [6])],
        ['mean', floats(5, [6])],
        ['variance', floats(6, [6], true)],
        ['plane', floats(7, [1, 6, 8, 8])],
        ['taken', floats(8, [6, 1, 1])],
        ['from', floats(9, [1, 6, 8, 8])],
        ['zero', Tensor.floats([0], [])],
        ['one', Tensor.floats([0.7], [])],
        ['half', Tensor.floats([0.5], [])],
        ['w2', floats(10, [6, 5, 2, 2])],
        ['b2', floats(11, [5])],
        ['flat', Tensor.int64([1, 5])],
        ['w3', floats(12, [5, 4])],
        ['b3', floats(13, [4])],
      ]),
      nodes: [
        Node.make('Conv', ['x', 'w1', 'b1'], ['a'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, { name: 'a' }),
        Node.make('BatchNormalization', ['a', 'gamma', 'beta', 'mean', 'variance'], ['c'], {}, { name: 'c' }),
        Node.make('Add', ['plane', 'c'], ['d'], {}, { name: 'd' }),
        Node.make('Clip', ['d', 'zero', 'one'], ['e'], {}, { name: 'e' }),
        Node.make('Sub', ['e', 'taken'], ['f'], {}, { name: 'f' }),
        Node.make('Sub', ['from', 'f'], ['g'], {}, { name: 'g' }),
        Node.make('Min', ['g', 'half'], ['h'], {}, { name: 'h' }),
        Node.make('Sum', ['h', 'plane', 'f'], ['i'], {}, { name: 'i' }),
        Node.make('ConvTranspose', ['i', 'w2', 'b2'], ['j'], { kernel_shape: [2, 2], strides: [2, 2] }, { name: 'j' }),
        Node.make('LeakyRelu', ['j'], ['k'], {}, { name: 'k' }),
        Node.make('GlobalAveragePool', ['k'], ['l'], {}, { name: 'l' }),
        Node.make('Reshape', ['l', 'flat'], ['m'], {}, { name: 'm' }),
        Node.make('Gemm', ['m', 'w3', 'b3'], ['y'], { beta: float(3) }, { name: 'y' }),
      ],
    } as never);
    const model = await Model.load(graph, { runtime });
    for (const seed of [1, 2, 3, 4]) {
      const found = await completeness(model, noiseImage(model, seed));
      expect(Math.abs(found.score)).toBeGreaterThan(0.1);
      near(found.sum, found.score);
    }
  });

  it.each([
    ['tiny-vit', ['Softmax', 'LayerNormalization']],
    ['tiny-qdq', ['DequantizeLinear']],
  ])('%s: says that a share is missing, and which operators are to blame', async (file, operators) => {
    const model = await loadFixture(`models/${file}.onnx`);
    const { notes, raw } = await explainOne(model, noiseImage(model, 1), { methods: ['fullgrad'] });
    const note = notes.find((one) => one.includes('FullGrad'));
    for (const operator of operators) expect(note).toContain(operator);
    expect(raw[0]!.data.every(Number.isFinite)).toBe(true);
  });
});
