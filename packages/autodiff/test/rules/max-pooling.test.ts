import { type AttributeInput, Tensor } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { random } from '../../../../tools/test-support/random.ts';
import { exactly, forAll, separated } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase, opGraph, run, setUp } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf, gradients } from '../variants.ts';
import { pool, poolOf, product } from './pools.ts';

/** Flat positions that the runtime itself names as winners. */
async function firstWinners(c: OpCase): Promise<{ indices: number[]; y: number[] }> {
  const results = await run(opGraph(c), setUp(c, 1).feeds);
  return {
    y: Array.from(results.y0!.data as Float32Array),
    indices: Array.from(results.y1!.data as BigInt64Array, Number),
  };
}

describe('MaxPool', () => {
  it('is the transposed map: 1-D to 3-D, strides, dilations, pads of every kind, ceil_mode', async () => {
    await forAll(
      pool,
      async (s) => {
        const { attributes, dims } = poolOf(s, 13);
        const values = separated(product(dims), 3);
        await checkRule({
          op: 'MaxPool',
          attributes,
          opset: s.opset,
          profile: s.profile,
          inputs: [exactly(dims, values)],
        });
      },
      80,
    );
  });

  it('gives g to the first element, row by row, that has the maximum: as the runtime’s own Indices say', async () => {
    const next = random(4);
    await forAll(
      pool,
      async (s) => {
        const { attributes, dims } = poolOf(s, 13);
        // Three levels only: nearly every window is tied.
        const values = Array.from({ length: product(dims) }, () => Math.floor(next() * 3) / 2);
        const c: OpCase = { op: 'MaxPool', attributes, opset: s.opset, inputs: [exactly(dims, values)], outputs: 2 };
        const { indices, y } = await firstWinners(c);
        const seed = y.map((_, index) => 1 + index);
        const wanted = new Array<number>(values.length).fill(0);
        indices.forEach((place, index) => {
          wanted[place]! += seed[index]!;
        });
        const found = await gradients({ ...c, outputs: 1, profile: s.profile }, seed);
        expect(found.x0).toEqual(wanted);
      },
      60,
    );
  });

  it('agrees with central differences entry by entry', async () => {
    const inputs = [exactly([1, 1, 5, 4], separated(20))];
    await checkEntries({
      op: 'MaxPool',
      attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] },
      inputs,
    });
  });

  it('works for a free batch and in float16', async () => {
    for (const attributes of [
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      { kernel_shape: [2, 2], strides: [2, 2] },
      { kernel_shape: [5, 5], pads: [2, 2, 2, 2] },
    ]) {
      await checkBatched({ op: 'MaxPool', attributes, inputs: [{ variable: [1, 2, 6, 7] }] });
      await checkHalf({ op: 'MaxPool', attributes, inputs: [exactly([1, 2, 6, 7], separated(84))] });
    }
  });

  const show = (attributes: Record<string, AttributeInput>, name: OpCase['profile'] = 'native') =>
    emitted({ op: 'MaxPool', profile: name, attributes, inputs: [{ variable: [1, 4, 6, 6] }] });

  it('emits k + k masks, without Indices', async () => {
    expect(await show({ kernel_shape: [2, 2], strides: [2, 2] })).toMatchInlineSnapshot(`
      "g/MaxPool = MaxPool(x0) {kernel_shape=[1, 2], strides=[1, 2]}
      g/Slice = Slice(g/MaxPool, [0], [5], [2], [2])
      g/Equal = Equal(g/Slice, y0)
      g/Cast = Cast(g/Equal) {to=1}
      g/Mul = Mul(seed, g/Cast)
      g/Sub = Sub(seed, g/Mul)
      g/Concat = Concat(g/Mul, g/Sub) {axis=3}
      g/Reshape = Reshape(g/Concat, [0, 4, 6, 3])
      g/Slice_1 = Slice(x0, [0], [5], [3], [2])
      g/Equal_1 = Equal(g/Slice_1, g/MaxPool)
      g/Cast_1 = Cast(g/Equal_1) {to=1}
      g/Mul_1 = Mul(g/Reshape, g/Cast_1)
      g/Sub_1 = Sub(g/Reshape, g/Mul_1)
      g/Unsqueeze = Unsqueeze(g/Mul_1, [4])
      g/Unsqueeze_1 = Unsqueeze(g/Sub_1, [4])
      g/Concat_1 = Concat(g/Unsqueeze, g/Unsqueeze_1) {axis=4}
      g/Reshape_1 = Reshape(g/Concat_1, [0, 4, 6, 6])"
    `);
    expect(await show({ kernel_shape: [2, 2], strides: [2, 2] }, 'wasm')).toMatchInlineSnapshot(`
      "g/MaxPool = MaxPool(x0) {kernel_shape=[1, 2], strides=[1, 2]}
      g/Slice = Slice(g/MaxPool, [0], [5], [2], [2])
      g/Equal = Equal(g/Slice, y0)
      g/Where = Where(g/Equal, seed, 0)
      g/Sub = Sub(seed, g/Where)
      g/Concat = Concat(g/Where, g/Sub) {axis=3}
      g/Reshape = Reshape(g/Concat, [0, 4, 6, 3])
      g/Slice_1 = Slice(x0, [0], [5], [3], [2])
      g/Equal_1 = Equal(g/Slice_1, g/MaxPool)
      g/Where_1 = Where(g/Equal_1, g/Reshape, 0)
      g/Sub_1 = Sub(g/Reshape, g/Where_1)
      g/Unsqueeze = Unsqueeze(g/Where_1, [4])
      g/Unsqueeze_1 = Unsqueeze(g/Sub_1, [4])
      g/Concat_1 = Concat(g/Unsqueeze, g/Unsqueeze_1) {axis=4}
      g/Reshape_1 = Reshape(g/Concat_1, [0, 4, 6, 6])"
    `);
    expect(await show({ kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })).toMatchInlineSnapshot(`
      "g/MaxPool = MaxPool(x0) {kernel_shape=[1, 3], pads=[0, 1, 0, 0], strides=[1, 2]}
      g/Slice = Slice(g/MaxPool, [1], [4], [2], [2])
      g/Pad = Pad(g/Slice, [0, 0, 1, 0, 0, 0, 0, 0], -Infinity)
      g/Equal = Equal(g/Pad, y0)
      g/Cast = Cast(g/Equal) {to=1}
      g/Mul = Mul(seed, g/Cast)
      g/Sub = Sub(seed, g/Mul)
      g/Pad_1 = Pad(g/Mul, [0, 0, -1, 0, 0, 0, 1, 0])
      g/Slice_1 = Slice(g/MaxPool, [0], [5], [2], [2])
      g/Equal_1 = Equal(g/Slice_1, y0)
      g/Cast_1 = Cast(g/Equal_1) {to=1}
      g/Mul_1 = Mul(g/Sub, g/Cast_1)
      g/Sub_1 = Sub(g/Sub, g/Mul_1)
      g/Add = Add(g/Pad_1, g/Sub_1)
      g/Concat = Concat(g/Mul_1, g/Add) {axis=3}
      g/Reshape = Reshape(g/Concat, [0, 4, 6, 3])
      g/Slice_2 = Slice(x0, [1], [4], [3], [2])
      g/Pad_2 = Pad(g/Slice_2, [0, 0, 0, 1, 0, 0, 0, 0], -Infinity)
      g/Equal_2 = Equal(g/Pad_2, g/MaxPool)
      g/Cast_2 = Cast(g/Equal_2) {to=1}
      g/Mul_2 = Mul(g/Reshape, g/Cast_2)
      g/Sub_2 = Sub(g/Reshape, g/Mul_2)
      g/Pad_3 = Pad(g/Mul_2, [0, 0, 0, -1, 0, 0, 0, 1])
      g/Slice_3 = Slice(x0, [0], [5], [3], [2])
      g/Equal_3 = Equal(g/Slice_3, g/MaxPool)
      g/Cast_3 = Cast(g/Equal_3) {to=1}
      g/Mul_3 = Mul(g/Sub_2, g/Cast_3)
      g/Sub_3 = Sub(g/Sub_2, g/Mul_3)
      g/Unsqueeze = Unsqueeze(g/Mul_3, [4])
      g/Add_1 = Add(g/Pad_3, g/Sub_3)
      g/Unsqueeze_1 = Unsqueeze(g/Add_1, [4])
      g/Concat_1 = Concat(g/Unsqueeze, g/Unsqueeze_1) {axis=4}
      g/Reshape_1 = Reshape(g/Concat_1, [0, 4, 6, 6])"
    `);
    expect(await show({ kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, 'webgpu')).toMatchInlineSnapshot(`
      "g/MaxPool = MaxPool(x0) {kernel_shape=[1, 3], pads=[0, 1, 0, 1], strides=[1, 1]}
      g/Pad = Pad(g/MaxPool, [0, 0, 1, 0, 0, 0, -1, 0], -Infinity)
      g/Equal = Equal(g/Pad, y0)
      g/Where = Where(g/Equal, seed, 0)
      g/Sub = Sub(seed, g/Where)
      g/Pad_1 = Pad(g/Where, [0, 0, -1, 0, 0, 0, 1, 0])
      g/Equal_1 = Equal(g/MaxPool, y0)
      g/Where_1 = Where(g/Equal_1, g/Sub, 0)
      g/Sub_1 = Sub(g/Sub, g/Where_1)
      g/Pad_2 = Pad(g/Sub_1, [0, 0, 1, 0, 0, 0, -1, 0])
      g/Add = Add(g/Pad_1, g/Where_1)
      g/Add_1 = Add(g/Add, g/Pad_2)
      g/Pad_3 = Pad(x0, [0, 0, 0, 1, 0, 0, 0, -1], -Infinity)
      g/Equal_2 = Equal(g/Pad_3, g/MaxPool)
      g/Where_2 = Where(g/Equal_2, g/Add_1, 0)
      g/Sub_2 = Sub(g/Add_1, g/Where_2)
      g/Pad_4 = Pad(g/Where_2, [0, 0, 0, -1, 0, 0, 0, 1])
      g/Equal_3 = Equal(x0, g/MaxPool)
      g/Where_3 = Where(g/Equal_3, g/Sub_2, 0)
      g/Sub_3 = Sub(g/Sub_2, g/Where_3)
      g/Pad_5 = Pad(g/Sub_3, [0, 0, 0, 1, 0, 0, 0, -1])
      g/Add_2 = Add(g/Pad_4, g/Where_3)
      g/Add_3 = Add(g/Add_2, g/Pad_5)"
    `);
  });
});

it('MaxUnpool takes g back from where each value went', async () => {
  const places = [3n, 4n, 10n, 15n, 17n, 20n, 27n, 29n];
  await checkRule(
    {
      op: 'MaxUnpool',
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
      inputs: [{ variable: [1, 2, 2, 2] }, { constant: Tensor.int64(places, [1, 2, 2, 2]) }],
    },
    { linear: true },
  );
});
