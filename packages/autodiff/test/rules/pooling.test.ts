import { type AttributeInput, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactly, forAll, opset, profile, separated } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase, opGraph, random, run, setUp } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf, gradients, relative } from '../variants.ts';

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const int = (min: number, max: number) => fc.integer({ min, max });

/** One spatial axis of a pool whose windows fit; pads stay below the kernel, as runtimes demand. */
const axis = fc
  .record({
    kernel: int(1, 5),
    stride: int(1, 4),
    dilation: int(1, 3),
    begin: int(0, 4),
    end: int(0, 4),
    more: int(0, 6),
  })
  .map((a) => {
    const [begin, end] = [Math.min(a.begin, a.kernel - 1), Math.min(a.end, a.kernel - 1)];
    return { ...a, begin, end };
  });

interface Pool {
  axes: { kernel: number; stride: number; dilation: number; begin: number; end: number; more: number }[];
  auto: string;
  ceil: boolean;
  batch: number;
  opset: number;
  profile: 'native' | 'wasm' | 'webgpu';
}
const pool: fc.Arbitrary<Pool> = fc.record({
  axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
  auto: fc.constantFrom('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  ceil: fc.boolean(),
  batch: int(1, 2),
  opset: opset(13),
  profile,
});

/** The attributes, and the shape of an input, of a pool; `dilated` from the opset that has dilations. */
function poolOf(s: Pool, dilated: number): { attributes: Record<string, AttributeInput>; dims: number[] } {
  const same = s.auto.startsWith('SAME');
  const axes = s.axes.map((a) => {
    const dilation = s.opset >= dilated && !same ? a.dilation : 1;
    const span = dilation * (a.kernel - 1) + 1;
    const pads = s.auto === 'NOTSET' ? a.begin + a.end : 0;
    // The runtime itself refuses SAME where windows leave gaps.
    const stride = same ? Math.min(a.stride, a.kernel) : a.stride;
    return { ...a, dilation, stride, size: Math.max(1, span - pads) + a.more };
  });
  // Where a last window would begin in the padding behind the input, the runtime's shape inference contradicts its kernel.
  const behind = axes.some((a) => {
    const rest = a.size + a.begin + a.end - a.dilation * (a.kernel - 1) - 1;
    return Math.ceil(rest / a.stride) * a.stride >= a.size + a.begin;
  });
  return {
    attributes: {
      kernel_shape: axes.map((a) => a.kernel),
      strides: axes.map((a) => a.stride),
      ...(s.opset >= dilated ? { dilations: axes.map((a) => a.dilation) } : {}),
      ...(s.auto === 'NOTSET'
        ? { pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)], ceil_mode: s.ceil && !behind ? 1 : 0 }
        : { auto_pad: s.auto }),
    },
    dims: [s.batch, 2, ...axes.map((a) => a.size)],
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

/** Flat positions that the runtime itself names as winners. */
async function firstWinners(c: OpCase): Promise<{ indices: number[]; y: number[] }> {
  const results = await run(opGraph(c), setUp(c, 1).feeds);
  return {
    y: Array.from(results.y0!.data as Float32Array),
    indices: Array.from(results.y1!.data as BigInt64Array, Number),
  };
}

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
