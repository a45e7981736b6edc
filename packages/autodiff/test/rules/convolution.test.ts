import { type AttributeInput, float, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forAll, opset, profile } from '../arbitrary.ts';
import { checkRule, emitted, gradientGraph, type OpCase, opGraph, uniform } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf } from '../variants.ts';

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const weight = (dims: readonly number[], seed = 9) => ({
  constant: Tensor.floats(uniform(seed, product(dims)), dims),
});
const int = (min: number, max: number) => fc.integer({ min, max });

/** One spatial axis of a convolution whose window fits. */
const axis = fc
  .record({
    kernel: int(1, 4),
    stride: int(1, 3),
    dilation: int(1, 3),
    begin: int(0, 4),
    end: int(0, 4),
    more: int(0, 5),
  })
  .map((a) => ({ ...a, size: Math.max(1, a.dilation * (a.kernel - 1) + 1 - a.begin - a.end) + a.more }));

const setting = fc.record({
  axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
  group: int(1, 3),
  inGroup: int(1, 3),
  outGroup: int(1, 3),
  batch: int(1, 2),
  auto: fc.constantFrom('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  opset: opset(13),
  profile,
});

describe('Conv', () => {
  const caseOf = (s: typeof setting extends fc.Arbitrary<infer T> ? T : never): OpCase => {
    const same = s.auto.startsWith('SAME');
    const axes = s.axes.map((a) => ({
      ...a,
      // The runtime resolves SAME with dilations only where it can pad by less than the kernel.
      dilation: same ? 1 : a.dilation,
      size: s.auto === 'VALID' ? a.dilation * (a.kernel - 1) + 1 + a.more : a.size,
    }));
    const attributes: Record<string, AttributeInput> = {
      group: s.group,
      strides: axes.map((a) => a.stride),
      dilations: axes.map((a) => a.dilation),
      ...(s.auto === 'NOTSET'
        ? { pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)] }
        : { auto_pad: s.auto }),
    };
    return {
      op: 'Conv',
      opset: s.opset,
      profile: s.profile,
      attributes,
      inputs: [
        { variable: [s.batch, s.group * s.inGroup, ...axes.map((a) => a.size)] },
        weight([s.group * s.outGroup, s.inGroup, ...axes.map((a) => a.kernel)]),
        weight([s.group * s.outGroup], 4),
      ],
    };
  };

  it('is the transposed map: 1-D to 3-D, strides, dilations, groups, pads of every kind', async () => {
    await forAll(setting, async (s) => checkRule(caseOf(s), { linear: true }), 60);
  });

  it('with pads beyond the reach of the kernel', async () => {
    for (const strides of [
      [1, 1],
      [2, 1],
      [2, 3],
    ])
      for (const kernel of [
        [1, 1],
        [3, 1],
        [2, 2],
      ])
        await checkRule(
          {
            op: 'Conv',
            attributes: { pads: [3, 1, 4, 2], strides },
            inputs: [{ variable: [2, 3, 7, 6] }, weight([4, 3, ...kernel])],
          },
          { linear: true },
        );
  });

  it('of a weight and bias computed from the image', async () => {
    const dynamic = fc.record({ s: setting, weightOnly: fc.boolean() });
    await forAll(
      dynamic,
      async ({ s }) => {
        const c = caseOf(s);
        const [x, w, b] = c.inputs as [{ variable: number[] }, { constant: Tensor }, { constant: Tensor }];
        await checkRule({ ...c, inputs: [x, { variable: w.constant.dims }, { variable: b.constant.dims }] });
      },
      25,
    );
  });

  it('agrees with central differences entry by entry', async () => {
    const inputs = [{ variable: [1, 4, 4, 3] }, weight([2, 2, 3, 2])];
    await checkEntries({ op: 'Conv', attributes: { group: 2, pads: [1, 0, 0, 1], strides: [2, 1] }, inputs });
  });

  it('works for a free batch and in float16', async () => {
    for (const strides of [
      [1, 1],
      [2, 2],
    ])
      for (const group of [1, 2]) {
        const attributes = { group, pads: [1, 1, 1, 1], strides };
        const inputs = [{ variable: [1, 4, 5, 6] }, weight([4, 4 / group, 3, 3])];
        await checkBatched({ op: 'Conv', attributes, inputs });
        await checkHalf({ op: 'Conv', attributes, inputs });
      }
    await checkBatched(
      {
        op: 'Conv',
        attributes: { group: 2 },
        inputs: [{ variable: [1, 4, 5, 6] }, { variable: [4, 2, 3, 3] }],
      },
      [1],
    );
  });

  const show = (
    attributes: Record<string, AttributeInput>,
    w: readonly number[],
    profile: OpCase['profile'] = 'native',
  ) => emitted({ op: 'Conv', profile, attributes, inputs: [{ variable: [1, 4, 6, 6] }, weight(w)] });

  it('emits a convolution with the flipped weight at stride 1', async () => {
    expect(await show({ pads: [1, 0, 1, 2] }, [8, 4, 3, 3])).toMatchInlineSnapshot(`
      "g/Transpose = Transpose(c1) {perm=[1, 0, 2, 3]}
      g/Slice = Slice(g/Transpose, [-1, -1], [-4, -4], [2, 3], [-1, -1])
      g/Conv = Conv(seed, g/Slice) {kernel_shape=[3, 3], pads=[1, 2, 1, 0]}"
    `);
    expect(await show({ group: 4, pads: [1, 1, 1, 1] }, [4, 1, 3, 3])).toMatchInlineSnapshot(`
      "g/Slice = Slice(c1, [-1, -1], [-4, -4], [2, 3], [-1, -1])
      g/Conv = Conv(seed, g/Slice) {group=4, kernel_shape=[3, 3], pads=[1, 1, 1, 1]}"
    `);
    expect(await show({ group: 2 }, [6, 2, 1, 1])).toMatchInlineSnapshot(`
      "g/Reshape = Reshape(6x2x1x1[-0.6025422, 0.7024216, -0.7164678, 0.6433434, 0.4476088, 0.3777232, -0.4745631, 0.8389085, -0.7382767, 0.2645811, 0.3960316, 0.1745708], [2, 3, 2, 1, 1])
      g/Transpose = Transpose(g/Reshape) {perm=[0, 2, 1, 3, 4]}
      g/Reshape_1 = Reshape(g/Transpose, [4, 3, 1, 1])
      g/Conv = Conv(seed, g/Reshape_1) {group=2, kernel_shape=[1, 1]}"
    `);
    expect(await show({ pads: [1, 1, 1, 1] }, [8, 4, 1, 1])).toMatchInlineSnapshot(`
      "g/Pad = Pad(seed, [0, 0, -1, -1, 0, 0, -1, -1])
      g/Transpose = Transpose(c1) {perm=[1, 0, 2, 3]}
      g/Conv = Conv(g/Pad, g/Transpose) {kernel_shape=[1, 1]}"
    `);
  });

  it('emits ConvTranspose at larger strides, for every runtime', async () => {
    const text = await show({ strides: [2, 2], pads: [1, 1, 1, 1] }, [8, 4, 3, 3]);
    expect(text).toMatchInlineSnapshot(
      `"g/ConvTranspose = ConvTranspose(seed, c1) {kernel_shape=[3, 3], output_padding=[1, 1], pads=[1, 1, 1, 1], strides=[2, 2]}"`,
    );
    expect(await show({ strides: [2, 2], pads: [1, 1, 1, 1] }, [8, 4, 3, 3], 'webgpu')).toBe(text);
    expect(await show({ strides: [2, 2], pads: [1, 1, 1, 1] }, [8, 4, 3, 3], 'wasm')).toBe(text);
  });

  it('emits zeros between the elements and a convolution for strided depthwise and 1 × 1 kernels, natively', async () => {
    expect(await show({ strides: [2, 2], group: 4, pads: [1, 1, 1, 1] }, [4, 1, 3, 3])).toMatchInlineSnapshot(`
      "g/Resize = Resize(seed, -, [1, 1, 2, 2]) {coordinate_transformation_mode="asymmetric", mode="nearest", nearest_mode="floor"}
      g/Mul = Mul(6x1[1, 0, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0])
      g/Mul_1 = Mul(g/Resize, g/Mul)
      g/Slice = Slice(c1, [-1, -1], [-4, -4], [2, 3], [-1, -1])
      g/Conv = Conv(g/Mul_1, g/Slice) {group=4, kernel_shape=[3, 3], pads=[1, 1, 1, 1]}"
    `);
    expect(await show({ strides: [2, 2] }, [8, 4, 1, 1])).toMatchInlineSnapshot(`
      "g/Transpose = Transpose(c1) {perm=[1, 0, 2, 3]}
      g/Conv = Conv(seed, g/Transpose) {kernel_shape=[1, 1]}
      g/Resize = Resize(g/Conv, -, [1, 1, 2, 2]) {coordinate_transformation_mode="asymmetric", mode="nearest", nearest_mode="floor"}
      g/Mul = Mul(6x1[1, 0, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0])
      g/Mul_1 = Mul(g/Resize, g/Mul)"
    `);
    expect(await show({ strides: [2, 2], group: 4 }, [4, 1, 3, 3], 'wasm')).toContain('ConvTranspose');
  });

  it('of strided depthwise kernels and single elements, pads and rests of every kind', async () => {
    const spatial = fc.record({
      kernel: int(1, 5),
      stride: int(2, 3),
      dilation: int(1, 2),
      begin: int(0, 3),
      end: int(0, 3),
      more: int(0, 6),
    });
    await forAll(
      fc.record({
        axes: fc.array(spatial, { minLength: 2, maxLength: 2 }),
        single: fc.boolean(),
        channels: int(1, 4),
        opset: opset(13),
      }),
      ({ axes, single, channels, opset }) => {
        const kernel = axes.map((a) => (single ? 1 : a.kernel));
        const pads = single ? [0, 0, 0, 0] : [...axes.map((a) => a.begin), ...axes.map((a) => a.end)];
        const size = axes.map(
          (a, i) => Math.max(1, a.dilation * (kernel[i]! - 1) + 1 - pads[i]! - pads[i + 2]!) + a.more,
        );
        const group = single ? 1 : channels;
        return checkRule(
          {
            op: 'Conv',
            opset,
            attributes: { group, strides: axes.map((a) => a.stride), dilations: axes.map((a) => a.dilation), pads },
            inputs: [{ variable: [2, channels, ...size] }, weight([channels, single ? channels : 1, ...kernel])],
          },
          { linear: true },
        );
      },
      60,
    );
  });
});

describe('ConvTranspose', () => {
  const axisOf = fc
    .record({
      kernel: int(1, 4),
      stride: int(1, 3),
      dilation: int(1, 3),
      begin: int(0, 2),
      end: int(0, 2),
      size: int(1, 4),
      extra: int(0, 2),
    })
    .map((a) => ({ ...a, extra: Math.min(a.extra, a.stride - 1) }))
    .filter((a) => (a.size - 1) * a.stride + a.extra + a.dilation * (a.kernel - 1) + 1 - a.begin - a.end > 0);
  const settingOf = fc.record({
    axes: fc.array(axisOf, { minLength: 1, maxLength: 2 }),
    group: int(1, 2),
    inGroup: int(1, 3),
    outGroup: int(1, 3),
    auto: fc.constantFrom('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
    fixed: fc.constantFrom(undefined, 0, 1),
    opset: opset(13),
  });
  const caseOf = (s: typeof settingOf extends fc.Arbitrary<infer T> ? T : never): OpCase => {
    const { axes } = s;
    const full = axes.map((a) => (a.size - 1) * a.stride + a.dilation * (a.kernel - 1) + 1);
    const attributes: Record<string, AttributeInput> = {
      group: s.group,
      strides: axes.map((a) => a.stride),
      dilations: axes.map((a) => a.dilation),
    };
    if (s.auto !== 'NOTSET') attributes.auto_pad = s.auto;
    if (s.fixed !== undefined) attributes.output_shape = full.map((size) => Math.max(1, size - s.fixed!));
    else {
      attributes.output_padding = axes.map((a) => a.extra);
      if (s.auto === 'NOTSET') attributes.pads = [...axes.map((a) => a.begin), ...axes.map((a) => a.end)];
    }
    return {
      op: 'ConvTranspose',
      opset: s.opset,
      attributes,
      inputs: [
        { variable: [2, s.group * s.inGroup, ...axes.map((a) => a.size)] },
        weight([s.group * s.inGroup, s.outGroup, ...axes.map((a) => a.kernel)]),
        weight([s.group * s.outGroup], 4),
      ],
    };
  };

  it('is the transposed map: strides, dilations, groups, pads, output_padding, output_shape, auto_pad', async () => {
    await forAll(settingOf, async (s) => checkRule(caseOf(s), { linear: true }), 60);
  });

  it('in three dimensions', async () => {
    await checkRule(
      {
        op: 'ConvTranspose',
        attributes: { strides: [2, 1, 2], pads: [1, 0, 0, 0, 1, 0], output_padding: [1, 0, 0] },
        inputs: [{ variable: [2, 3, 3, 2, 3] }, weight([3, 2, 3, 2, 2])],
      },
      { linear: true },
    );
  });

  it('of a weight and bias computed from the image', async () => {
    await forAll(
      settingOf,
      async (s) => {
        const c = caseOf(s);
        const [x, w, b] = c.inputs as [{ variable: number[] }, { constant: Tensor }, { constant: Tensor }];
        await checkRule({ ...c, inputs: [x, { variable: w.constant.dims }, { variable: b.constant.dims }] });
      },
      15,
    );
  });

  it('agrees with central differences entry by entry, works for a free batch and in float16', async () => {
    const c: OpCase = {
      op: 'ConvTranspose',
      attributes: { strides: [2, 2], pads: [1, 0, 0, 1] },
      inputs: [{ variable: [1, 2, 3, 2] }, weight([2, 3, 3, 2])],
    };
    await checkEntries(c);
    await checkBatched(c);
    await checkHalf(c);
  });

  it('emits one convolution', async () => {
    expect(
      await emitted({
        op: 'ConvTranspose',
        attributes: { strides: [2, 2], kernel_shape: [2, 2] },
        inputs: [{ variable: [1, 4, 3, 3] }, weight([4, 2, 2, 2])],
      }),
    ).toMatchInlineSnapshot(`"g/Conv = Conv(seed, c1) {kernel_shape=[2, 2], strides=[2, 2]}"`);
  });
});

describe('com.microsoft.FusedConv', () => {
  const activations: [string, number[] | undefined][] = [
    ['Relu', undefined],
    ['LeakyRelu', [0.1]],
    ['Clip', [-0.5, 0.7]],
    ['HardSigmoid', [0.2, 0.5]],
    ['Sigmoid', undefined],
    ['Tanh', undefined],
  ];
  it.each(activations)('with %s, and with a residual', async (activation, params) => {
    const smooth = activation === 'Sigmoid' || activation === 'Tanh';
    for (const name of ['native', 'wasm', 'webgpu'] as const)
      for (const residual of [false, true])
        await checkRule(
          {
            op: 'FusedConv',
            domain: 'com.microsoft',
            profile: name,
            attributes: {
              activation,
              ...(params ? { activation_params: float(params) } : {}),
              pads: [1, 1, 1, 1],
              strides: residual ? [1, 1] : [2, 2],
            },
            inputs: [
              { variable: [1, 2, 4, 4], low: 0.2 },
              // Positive weights, and an offset, keep the sums away from the kinks.
              { constant: Tensor.floats(uniform(3, 54, ...(smooth ? [-0.3, 0.3] : [0.001, 0.004])), [3, 2, 3, 3]) },
              { constant: Tensor.floats(smooth ? [-0.2, 0.1, 0.3] : [-2, 0.1, 3]) },
              ...(residual && activation === 'Relu' ? [{ variable: [1, 3, 4, 4], low: 0.1, high: 0.3 }] : []),
            ],
          },
          { step: 2e-2 },
        );
  });

  it('refuses nodes of layout-optimised files with the cure', () => {
    const inputs = [{ variable: [1, 2, 4, 4] }, weight([2, 2, 1, 1])];
    const graph = opGraph({ op: 'NhwcFusedConv', domain: 'com.microsoft', inputs });
    expect(() => gradientGraph(graph, 'y0', new Map([['y0', [1, 2, 4, 4]]]), ['x0'])).toThrow(
      /layout optimisation; explain the original model/,
    );
  });
});
