import { type AttributeInput, Node, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactly, forAll, opset, profile, separated } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf, gradients, relative } from '../variants.ts';
import { int, pool, poolOf, product } from './pools.ts';

describe('AveragePool', () => {
  it('is the transposed map: 1-D to 3-D, strides, dilations, pads of every kind, ceil_mode, count_include_pad', async () => {
    await forAll(
      fc.record({ s: pool, include: fc.boolean() }),
      async ({ s, include }) => {
        const { attributes, dims } = poolOf(s, 19);
        if (include) attributes.count_include_pad = 1;
        await checkRule(
          { op: 'AveragePool', attributes, opset: s.opset, profile: s.profile, inputs: [{ variable: dims }] },
          { linear: true },
        );
      },
      80,
    );
  });

  it('agrees with central differences, works for a free batch and in float16', async () => {
    for (const attributes of [
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      { kernel_shape: [2, 2], strides: [2, 2] },
      { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
      { kernel_shape: [4, 5] },
    ]) {
      const c: OpCase = { op: 'AveragePool', attributes, inputs: [{ variable: [1, 2, 4, 5] }] };
      await checkEntries(c);
      await checkBatched(c);
      await checkHalf(c);
    }
  });

  const show = (attributes: Record<string, AttributeInput>) =>
    emitted({ op: 'AveragePool', attributes, inputs: [{ variable: [1, 2, 4, 4] }] });

  it('emits the shortest form for each kind of window', async () => {
    expect(await show({ kernel_shape: [4, 4] })).toMatchInlineSnapshot(`
      "g/Mul = Mul(seed, 0.0625)
      g/Expand = Expand(g/Mul, [1, 1, 4, 4])"
    `);
    expect(await show({ kernel_shape: [2, 2], strides: [2, 2] })).toMatchInlineSnapshot(`
      "g/Mul = Mul(seed, 0.25)
      g/Resize = Resize(g/Mul, -, [1, 1, 2, 2]) {coordinate_transformation_mode="asymmetric", mode="nearest", nearest_mode="floor"}"
    `);
    expect(await show({ kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 })).toMatchInlineSnapshot(
      `"g/AveragePool = AveragePool(seed) {count_include_pad=1, kernel_shape=[3, 3], pads=[1, 1, 1, 1]}"`,
    );
    expect(await show({ kernel_shape: [3, 3], pads: [1, 1, 1, 1] })).toMatchInlineSnapshot(`
      "g/Mul = Mul(seed, g/weights)
      g/AveragePool = AveragePool(g/Mul) {count_include_pad=1, kernel_shape=[3, 3], pads=[1, 1, 1, 1]}"
    `);
    expect(
      await show({ kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 0], count_include_pad: 1 }),
    ).toMatchInlineSnapshot(
      `"g/ConvTranspose = ConvTranspose(seed, g/box) {group=2, kernel_shape=[3, 3], pads=[1, 1, 0, 0], strides=[2, 2]}"`,
    );
  });
});

describe('AveragePool before a crop', () => {
  it('runs: its gradient comes from a Pad, which the runtime would take into a pool', async () => {
    const c: OpCase = {
      op: 'AveragePool',
      inputs: [
        { variable: [1, 2, 6, 7] },
        { constant: Tensor.int64([1, 2]) },
        { constant: Tensor.int64([4, 5]) },
        { constant: Tensor.int64([2, 3]) },
      ],
      nodes: [
        Node.make('AveragePool', ['x0'], ['mean'], { kernel_shape: [1, 2] }),
        Node.make('Slice', ['mean', 'c1', 'c2', 'c3'], ['y0']),
      ],
    };
    await checkRule(c, { linear: true });
    await checkEntries(c);
  });
});

describe('LpPool', () => {
  it('is the transposed map for p = 1 to 4', async () => {
    await forAll(
      fc.record({ s: pool, p: int(1, 4) }),
      async ({ s, p }) => {
        // The runtime's LpPool has no ceil_mode and its pads are part of the sum.
        const { attributes, dims } = poolOf({ ...s, ceil: false }, 18);
        delete attributes.ceil_mode;
        await checkRule({
          op: 'LpPool',
          opset: s.opset,
          profile: s.profile,
          attributes: { ...attributes, p },
          inputs: [{ variable: dims, low: 0.5, high: 2 }],
        });
      },
      30,
    );
  });

  it('has gradient 0 in windows that are all zero', async () => {
    const values = [0, 0, 0, 0, 3, 4, 0, -2];
    for (const p of [1, 2, 3]) {
      const found = await gradients({
        op: 'LpPool',
        attributes: { kernel_shape: [2], strides: [2], p },
        inputs: [exactly([1, 1, 8], values)],
      });
      expect(found.x0!.slice(0, 4)).toEqual([0, 0, 0, 0]);
      if (p === 2) expect(relative(found.x0!, [0, 0, 0, 0, 0.6, 0.8, 0, -1])).toBeLessThan(1e-6);
    }
  });
});

describe('pools over all of space', () => {
  const dims = int(1, 3).chain((rank) =>
    fc.tuple(int(1, 2), int(1, 3), ...Array.from({ length: rank }, () => int(1, 4))),
  ) as fc.Arbitrary<number[]>;
  const setting = fc.record({ dims, opset: opset(13), profile, p: int(1, 3) });

  it('GlobalAveragePool', async () => {
    await forAll(setting, async (s) =>
      checkRule({ op: 'GlobalAveragePool', opset: s.opset, inputs: [{ variable: s.dims }] }, { linear: true }),
    );
    await checkEntries({ op: 'GlobalAveragePool', inputs: [{ variable: [1, 2, 3, 2] }] });
    await checkBatched({ op: 'GlobalAveragePool', inputs: [{ variable: [1, 2, 3, 2] }] });
    await checkHalf({ op: 'GlobalAveragePool', inputs: [{ variable: [1, 2, 3, 2] }] });
    expect(await emitted({ op: 'GlobalAveragePool', inputs: [{ variable: [1, 2, 4, 4] }] })).toMatchInlineSnapshot(`
      "g/Mul = Mul(seed, 0.0625)
      g/Expand = Expand(g/Mul, [1, 1, 4, 4])"
    `);
  });

  it('GlobalMaxPool, at ties the first', async () => {
    await forAll(setting, async (s) =>
      checkRule({
        op: 'GlobalMaxPool',
        opset: s.opset,
        profile: s.profile,
        inputs: [exactly(s.dims, separated(product(s.dims)))],
      }),
    );
    const tied = exactly([1, 2, 2, 2], [1, 3, 3, 0, 5, 5, 5, 5]);
    expect((await gradients({ op: 'GlobalMaxPool', inputs: [tied] }, [7, 9])).x0).toEqual([0, 7, 0, 0, 9, 0, 0, 0]);
    await checkBatched({ op: 'GlobalMaxPool', inputs: [{ variable: [1, 2, 3, 2] }] });
    await checkHalf({ op: 'GlobalMaxPool', inputs: [exactly([1, 2, 3, 2], separated(12))] });
    expect(await emitted({ op: 'GlobalMaxPool', inputs: [{ variable: [1, 2, 4, 4] }] })).toMatchInlineSnapshot(`
      "g/Reshape = Reshape(x0, [0, 0, -1])
      g/ArgMax = ArgMax(g/Reshape) {axis=2, keepdims=1}
      g/Cast = Cast(g/ArgMax) {to=6}
      g/Equal = Equal(g/Cast, g/positions)
      g/Reshape_1 = Reshape(seed, [0, 0, 1])
      g/Where = Where(g/Equal, g/Reshape_1, 0)
      g/Reshape_2 = Reshape(g/Where, [1, 2, 4, 4])"
    `);
  });

  it('GlobalLpPool', async () => {
    await forAll(setting, async (s) =>
      checkRule({
        op: 'GlobalLpPool',
        opset: s.opset,
        profile: s.profile,
        attributes: { p: s.p },
        inputs: [{ variable: s.dims, low: 0.5, high: 2 }],
      }),
    );
  });
});
