import { attributesFrom, Node, Tensor } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { checkRule, emitted, type OpCase, uniform } from '../harness.ts';

const constant = (seed: number, ...dims: number[]) => ({
  constant: Tensor.floats(
    uniform(
      seed,
      dims.reduce((a, b) => a * b, 1),
      0.5,
      1.5,
    ),
    dims,
  ),
});
const node = (op: string, inputs: string[], output: string, attributes: Record<string, number | number[]> = {}) =>
  new Node({ op, inputs, outputs: [output], attributes: attributesFrom(attributes) });

/** MatMul(LayerNormalization(x)): what every transformer block begins with. */
const normalised = (opset: number): OpCase => ({
  op: 'LayerNormalization',
  opset,
  inputs: [{ variable: [2, 3, 6], low: -2, high: 2 }, constant(1, 6), constant(2, 6), constant(3, 6, 4)],
  nodes: [node('LayerNormalization', ['x0', 'c1', 'c2'], 'n', { axis: -1 }), node('MatMul', ['n', 'c3'], 'y0')],
});

/** A layer scale on the channels of [N, C, H, W], after a product over the last axis: ConvNeXt. */
const layerScale = (scale: readonly number[], perm: number[] | undefined): OpCase => ({
  op: 'MatMul',
  inputs: [{ variable: [2, 3, 4, 6] }, constant(1, 6, 5), constant(2, ...scale)],
  nodes: [
    node('MatMul', ['x0', 'c1'], 'm'),
    ...(perm ? [node('Transpose', ['m'], 't', { perm })] : []),
    node('Mul', ['c2', perm ? 't' : 'm'], 'y0'),
  ],
});

/** A factor for each channel behind a convolution. */
const scaledChannels = (
  input: number[],
  weight: readonly number[],
  scale: readonly number[],
  attributes: Record<string, number | number[]>,
): OpCase => ({
  op: 'Conv',
  inputs: [{ variable: input }, constant(1, ...weight), constant(2, ...scale)],
  nodes: [node('Conv', ['x0', 'c1'], 'm', attributes), node('Mul', ['m', 'c2'], 'y0')],
});

const normalisedChannels: OpCase = {
  op: 'BatchNormalization',
  inputs: [{ variable: [2, 3, 4, 4] }, constant(1, 5, 3, 1, 1), ...[2, 3, 4, 5].map((seed) => constant(seed, 5))],
  nodes: [node('Conv', ['x0', 'c1'], 'm'), node('BatchNormalization', ['m', 'c2', 'c3', 'c4', 'c5'], 'y0')],
};

/** Normalised, rectified, then convolved. */
const beforeActivation = (bounds: readonly number[]): OpCase => ({
  op: 'BatchNormalization',
  inputs: [
    { variable: [1, 3, 4, 4], low: -9, high: 9 },
    ...[2, 3, 4, 5].map((seed) => constant(seed, 3)),
    constant(1, 2, 3, 1, 1),
    ...bounds.map((bound) => ({ constant: Tensor.floats([bound], []) })),
  ],
  nodes: [
    node('BatchNormalization', ['x0', 'c1', 'c2', 'c3', 'c4'], 'n'),
    node(bounds.length === 0 ? 'Relu' : 'Clip', ['n', ...bounds.map((_, index) => `c${6 + index}`)], 'r'),
    node('Conv', ['r', 'c5'], 'y0'),
  ],
});

describe('weights take what is linear in the columns of a product', () => {
  it.each([17, 18, 20])('the scale and the mean of a layer normalisation, opset %i', async (opset) => {
    await checkRule(normalised(opset), { step: 1e-2 });
    expect((await emitted(normalised(opset))).split('\n').filter((line) => / Mul\(/.test(line))).toHaveLength(4);
  });

  it('a factor for each column, also before a transposition', async () => {
    for (const [scale, perm] of [
      [[5], undefined],
      [[1, 1, 1, 5], undefined],
      [
        [5, 1, 1],
        [0, 3, 1, 2],
      ],
      [
        [1, 5, 1, 1],
        [0, 3, 1, 2],
      ],
      [
        [5, 1, 1, 1],
        [3, 0, 1, 2],
      ],
      // Of another axis, of none, of several: not the weights' business.
      [[4], [0, 3, 1, 2]],
      [
        [3, 1],
        [0, 3, 1, 2],
      ],
      [[1], undefined],
      [[4, 5], undefined],
      [[1, 1, 1, 1, 5], undefined],
    ] as const)
      await checkRule(layerScale(scale, perm ? [...perm] : undefined), { linear: true });
  });

  it('emits no product with g', async () => {
    expect(await emitted(layerScale([5, 1, 1], [0, 3, 1, 2]))).toMatchInlineSnapshot(`
      "g/Mul = Mul(seed, 5x1x1[1.234251, 0.8249984, 0.7852961, 1.037955, 1.375288])
      g/Transpose = Transpose(g/Mul) {perm=[0, 2, 3, 1]}
      g/Transpose_1 = Transpose(seed) {perm=[0, 2, 3, 1]}
      g/Reshape = Reshape(5x1x1[1.234251, 0.8249984, 0.7852961, 1.037955, 1.375288], [5, 1])
      g/Transpose_2 = Transpose(c1) {perm=[1, 0]}
      g/Mul_1 = Mul(g/Transpose_2, g/Reshape)
      g/MatMul = MatMul(g/Transpose_1, g/Mul_1)"
    `);
  });

  it('a factor for each channel behind a convolution: strides, groups, depthwise, 1-D to 3-D, batch normalisation', async () => {
    for (const [input, weight, scale, attributes] of [
      [[2, 3, 5, 5], [4, 3, 3, 3], [4, 1, 1], {}],
      [[1, 3, 5, 5], [4, 3, 3, 3], [1, 4, 1, 1], { strides: [2, 2], pads: [1, 1, 1, 1] }],
      [[1, 4, 6, 6], [6, 2, 2, 2], [6, 1, 1], { group: 2 }],
      [[1, 4, 6, 6], [4, 1, 3, 3], [4, 1, 1], { group: 4, strides: [2, 2], pads: [0, 0, 1, 1] }],
      [[1, 4, 6, 6], [5, 4, 1, 1], [5, 1, 1], { strides: [2, 2] }],
      [[1, 2, 7], [3, 2, 3], [3, 1], {}],
      [[1, 2, 4, 3, 3], [3, 2, 2, 2, 2], [3, 1, 1, 1], {}],
      // Of a row, of a column, one for all, one for each element: not the weights' business.
      [[1, 3, 4, 4], [4, 3, 1, 1], [4, 1], {}],
      [[1, 3, 4, 4], [4, 3, 1, 1], [4], {}],
      [[1, 3, 4, 4], [4, 3, 1, 1], [1], {}],
      [[1, 3, 4, 4], [4, 3, 1, 1], [4, 4, 4], {}],
    ] as const)
      await checkRule(scaledChannels([...input], weight, scale, attributes as never), { linear: true });
    await checkRule(normalisedChannels, { linear: true });
  });

  it('emits no product with the gradient of a batch normalisation behind a convolution', async () => {
    const lines = (await emitted(normalisedChannels)).split('\n');
    expect(lines.filter((line) => line.startsWith('g/Conv'))).toEqual([
      expect.stringMatching(/^g\/Conv = Conv\(seed, /),
    ]);
  });

  it('before activations the slope goes to the convolution that made the gradient, through one mask or two', async () => {
    for (const bounds of [[], [0, 6]]) {
      const lines = (await emitted(beforeActivation(bounds))).split('\n');
      expect(lines).toContainEqual(expect.stringMatching(/^g\/Mul_\d = Mul\(g\/Conv, 3x1x1\[/));
      expect(lines.at(-1)).toMatch(/^g\/Mul_\d = Mul\(g\/Mul_\d, g\/HardSigmoid/);
      await checkRule(beforeActivation(bounds), { step: 1e-3 });
    }
  });
});
