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
});
