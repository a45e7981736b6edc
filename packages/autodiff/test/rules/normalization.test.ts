import { float, Node } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactly, floats, forAll, opset, profile, shape, unary, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf, gradients } from '../variants.ts';

const MS = 'com.microsoft';
const axisOf = (dims: readonly number[], pick: number) => (pick % (2 * dims.length)) - dims.length;
const pick = fc.integer({ min: 0, max: 1000 });
const positive = (count: number) => floats(Array.from({ length: count }, (_, index) => 0.5 + 0.3 * ((index * 5) % 7)));
/** [N, C, …] with 1 to 3 spatial dimensions. */
const image = (channels: number, ranks: { min?: number; max?: number } = {}) =>
  shape({ min: ranks.min ?? 1, max: ranks.max ?? 3 }, 4).map((spatial) => [2, channels, ...spatial]);

describe('probabilities', () => {
  for (const op of ['Softmax', 'LogSoftmax'])
    it(op, async () => {
      await forAll(
        fc.record({ dims: shape({ min: 1 }), pick, version: opset(), profile }),
        ({ dims, pick, version, profile }) =>
          checkRule(unary(op, dims, [-2, 2], { axis: axisOf(dims, pick) }, { opset: version, profile })),
      );
      await checkRule(unary(op, [2, 3], [-2, 2]));
      await checkEntries(unary(op, [2, 3], [-2, 2]));
      await checkBatched(unary(op, [1, 3, 2], [-2, 2], { axis: 1 }));
      await checkHalf(unary(op, [2, 5], [-2, 2]));
    });
  it('Softmax of far apart values is finite', async () => {
    const far = { op: 'Softmax', inputs: [exactly([3], [-1000, 0, 1000])] };
    expect((await gradients(far, [1, 2, 3])).x0).toEqual([0, 0, 0]);
  });
  it('emits Softmax in four nodes', async () => {
    expect(await emitted(unary('Softmax', [2, 3], [-1, 1]))).toMatchInlineSnapshot(`
      "g/Mul = Mul(seed, y0)
      g/ReduceSum = ReduceSum(g/Mul, [1]) {keepdims=1}
      g/Mul_1 = Mul(y0, g/ReduceSum)
      g/Sub = Sub(g/Mul, g/Mul_1)"
    `);
  });
});

describe('BatchNormalization', () => {
  const statistics = (channels: number) => [
    positive(channels),
    positive(channels),
    positive(channels),
    positive(channels),
  ];
  it('1-D to 3-D and none, every opset', async () => {
    await forAll(fc.record({ dims: image(3, { min: 0 }), version: opset(), profile }), ({ dims, version, profile }) =>
      checkRule(
        { op: 'BatchNormalization', opset: version, profile, inputs: [variable(dims), ...statistics(3)] },
        { linear: true },
      ),
    );
    await checkEntries({ op: 'BatchNormalization', inputs: [variable([1, 2, 2]), ...statistics(2)] });
    await checkBatched({ op: 'BatchNormalization', inputs: [variable([1, 2, 2, 3]), ...statistics(2)] });
    await checkHalf({ op: 'BatchNormalization', inputs: [variable([1, 2, 2, 3]), ...statistics(2)] });
  });
  it('scale and bias that depend on the input', async () => {
    const c: OpCase = {
      op: 'BatchNormalization',
      inputs: [variable([2, 3, 4]), variable([3], 1, 2), variable([3]), positive(3), positive(3)],
    };
    await checkRule(c);
    await checkEntries({ ...c, inputs: [variable([1, 3, 2]), ...c.inputs.slice(1)] });
  });
  it('is one product with a folded constant', async () => {
    const c = { op: 'BatchNormalization', inputs: [variable([2, 3, 4, 4]), ...statistics(3)] };
    expect(await emitted(c)).toMatchInlineSnapshot(`"g/Mul = Mul(seed, 3x1x1[0.7070997, 1.41421, 1.183212])"`);
  });
  it('statistics from nodes', async () => {
    const c: OpCase = {
      op: 'BatchNormalization',
      nodes: [
        Node.make('Abs', ['c1'], ['scale']),
        Node.make('BatchNormalization', ['x0', 'scale', 'c2', 'c3', 'c4'], ['y0']),
      ],
      inputs: [variable([2, 3, 4]), ...statistics(3)],
    };
    await checkRule(c, { linear: true });
  });
  it('refuses training mode', async () => {
    const c: OpCase = {
      op: 'BatchNormalization',
      attributes: { training_mode: 1 },
      outputs: 3,
      inputs: [variable([2, 3, 4]), ...statistics(3)],
    };
    await expect(emitted(c)).rejects.toMatchObject({ code: 'GRADIENT_REFUSED' });
  });
});

describe('LayerNormalization and its kin', () => {
  it('every axis, scale and bias of every kind', async () => {
    await forAll(
      fc.record({
        dims: shape({ min: 1, max: 4 }).filter((dims) => dims.reduce((a, b) => a * b, 1) > 1),
        pick,
        bias: fc.boolean(),
        active: fc.boolean(),
        version: opset(17),
        profile,
      }),
      ({ dims, pick, bias, active, version, profile }) => {
        const axis = axisOf(dims, pick);
        const tail = dims.slice(axis < 0 ? axis + dims.length : axis);
        const vector = () =>
          active ? variable(tail, 0.5, 1.5) : floats(Array(tail.reduce((a, b) => a * b, 1)).fill(0.7), tail);
        const inputs = [variable(dims, -2, 2), vector(), ...(bias ? [vector()] : [])];
        // A large ε keeps the function smooth where a row has one or two values.
        return checkRule({
          op: 'LayerNormalization',
          opset: version,
          profile,
          attributes: { axis, epsilon: float(0.1) },
          inputs,
        });
      },
      25,
    );
    await checkRule({ op: 'LayerNormalization', inputs: [variable([2, 8]), positive(8), positive(8)] });
    await checkEntries({ op: 'LayerNormalization', inputs: [variable([2, 4], -2, 2), variable([4]), variable([4])] });
    await checkBatched({ op: 'LayerNormalization', inputs: [variable([1, 3, 4]), positive(4), positive(4)] });
    await checkHalf({ op: 'LayerNormalization', inputs: [variable([2, 8]), positive(8), positive(8)] });
  });
  it('emits one node for the statistics where the runtime has it', async () => {
    const c = { op: 'LayerNormalization', inputs: [variable([1, 3, 4]), positive(4), positive(4)] };
    expect(await emitted(c)).toMatchInlineSnapshot(`
      "g/standardised, g/standardised_1, g/standardised_2 = LayerNormalization(x0, [1, 1, 1, 1]) {axis=-1, epsilon=0.00001}
      g/Mul = Mul(seed, [0.5, 2, 1.4, 0.8])
      g/ReduceMean = ReduceMean(g/Mul) {axes=[2], keepdims=1}
      g/Sub = Sub(g/Mul, g/ReduceMean)
      g/Mul_1 = Mul(g/Mul, g/standardised)
      g/ReduceMean_1 = ReduceMean(g/Mul_1) {axes=[2], keepdims=1}
      g/Mul_2 = Mul(g/standardised, g/ReduceMean_1)
      g/Sub_1 = Sub(g/Sub, g/Mul_2)
      g/Mul_3 = Mul(g/Sub_1, g/standardised_2)"
    `);
    expect(await emitted({ ...c, profile: 'webgpu' })).toMatchInlineSnapshot(`
      "g/ReduceMean = ReduceMean(x0) {axes=[2], keepdims=1}
      g/Sub = Sub(x0, g/ReduceMean)
      g/Mul = Mul(g/Sub, g/Sub)
      g/ReduceMean_1 = ReduceMean(g/Mul) {axes=[2], keepdims=1}
      g/Add = Add(g/ReduceMean_1, 0.00001)
      g/Sqrt = Sqrt(g/Add)
      g/Div = Div(g/Sub, g/Sqrt)
      g/Mul_1 = Mul(seed, [0.5, 2, 1.4, 0.8])
      g/ReduceMean_2 = ReduceMean(g/Mul_1) {axes=[2], keepdims=1}
      g/Sub_1 = Sub(g/Mul_1, g/ReduceMean_2)
      g/Mul_2 = Mul(g/Mul_1, g/Div)
      g/ReduceMean_3 = ReduceMean(g/Mul_2) {axes=[2], keepdims=1}
      g/Mul_3 = Mul(g/Div, g/ReduceMean_3)
      g/Sub_2 = Sub(g/Sub_1, g/Mul_3)
      g/Div_1 = Div(g/Sub_2, g/Sqrt)"
    `);
  });
  it('a constant row has gradient without NaN', async () => {
    const c = { op: 'LayerNormalization', inputs: [exactly([4], [3, 3, 3, 3]), positive(4)] };
    expect((await gradients(c, [1, 0, 0, 0])).x0!.every(Number.isFinite)).toBe(true);
  });
  it('RMSNormalization and SimplifiedLayerNormalization', async () => {
    await forAll(
      fc.record({ dims: shape({ min: 1, max: 4 }), pick, active: fc.boolean(), profile }),
      async ({ dims, pick, active, profile }) => {
        const axis = axisOf(dims, pick);
        const tail = dims.slice(axis < 0 ? axis + dims.length : axis);
        const scale = active
          ? variable(tail, 0.5, 1.5)
          : floats(Array(tail.reduce((a, b) => a * b, 1)).fill(0.7), tail);
        const attributes = { axis, epsilon: float(0.1) };
        await checkRule({
          op: 'RMSNormalization',
          opset: 23,
          profile,
          attributes,
          inputs: [variable(dims, -2, 2), scale],
        });
        await checkRule({
          op: 'SimplifiedLayerNormalization',
          profile,
          attributes,
          inputs: [variable(dims, -2, 2), scale],
        });
      },
    );
    await checkEntries({ op: 'RMSNormalization', opset: 24, inputs: [variable([2, 3], -2, 2), variable([3])] });
    await checkHalf({ op: 'RMSNormalization', opset: 24, inputs: [variable([2, 3], -2, 2), positive(3)] });
  });
  it('SkipLayerNormalization: each operand, both outputs', async () => {
    const dims = [2, 3, 4];
    for (const skip of [dims, [3, 4], [1, 3, 4]])
      for (const of of [0, 3]) {
        const inputs = [variable(dims), variable(skip), positive(4), positive(4), variable([4])];
        const c = { op: 'SkipLayerNormalization', domain: MS, of, attributes: { epsilon: float(1e-5) }, inputs };
        await checkRule({ ...c, outputs: 4 });
        if (of === 0) await checkRule({ ...c, outputs: 1, inputs: inputs.slice(0, 3) });
      }
    for (const of of [0, 3]) {
      const inputs = [variable(dims), variable(dims), positive(4), variable([4])];
      await checkRule({
        op: 'SkipSimplifiedLayerNormalization',
        domain: MS,
        of,
        outputs: 4,
        attributes: { epsilon: float(1e-5) },
        inputs,
      });
    }
    await checkBatched({
      op: 'SkipLayerNormalization',
      domain: MS,
      inputs: [variable([1, 3, 4]), variable([1, 3, 4]), positive(4), positive(4)],
    });
  });
});

describe('normalisation over images', () => {
  it('InstanceNormalization, 1-D to 3-D', async () => {
    await forAll(
      fc.record({ dims: image(3).map((dims) => dims.with(2, dims[2]! + 1)), version: opset(), profile }),
      ({ dims, version, profile }) =>
        checkRule({
          op: 'InstanceNormalization',
          opset: version,
          profile,
          attributes: { epsilon: float(0.1) },
          inputs: [variable(dims), positive(3), positive(3)],
        }),
    );
    await checkEntries({ op: 'InstanceNormalization', inputs: [variable([1, 2, 2, 2]), positive(2), positive(2)] });
    await checkBatched({ op: 'InstanceNormalization', inputs: [variable([1, 2, 2, 3]), positive(2), positive(2)] });
    await checkHalf({ op: 'InstanceNormalization', inputs: [variable([1, 2, 2, 3]), positive(2), positive(2)] });
  });
  it('GroupNormalization: a scale a group at opset 18, a channel from 21 on', async () => {
    await forAll(
      fc.record({ dims: image(6), groups: fc.constantFrom(1, 2, 3), version: opset(18), profile }),
      ({ dims, groups, version, profile }) => {
        const size = version < 21 ? groups : 6;
        const attributes = { num_groups: groups, epsilon: float(0.1) };
        return checkRule({
          op: 'GroupNormalization',
          opset: version,
          profile,
          attributes,
          inputs: [variable(dims), positive(size), positive(size)],
        });
      },
    );
    const attributes = { num_groups: 2 };
    await checkEntries({
      op: 'GroupNormalization',
      opset: 21,
      attributes,
      inputs: [variable([1, 4, 2]), positive(4), positive(4)],
    });
    await checkBatched({
      op: 'GroupNormalization',
      opset: 21,
      attributes,
      inputs: [variable([1, 4, 2, 3]), positive(4), positive(4)],
    });
    await checkBatched({
      op: 'GroupNormalization',
      opset: 18,
      attributes,
      inputs: [variable([1, 4, 2, 3]), positive(2), positive(2)],
    });
    await checkHalf({
      op: 'GroupNormalization',
      opset: 21,
      attributes,
      inputs: [variable([1, 4, 2, 3]), positive(4), positive(4)],
    });
  });
  it('MeanVarianceNormalization', async () => {
    await forAll(
      fc.record({ dims: shape({ min: 4, max: 4 }).map(([n, c, h, w]) => [n!, c!, h! + 1, w! + 1]), version: opset() }),
      ({ dims, version }) =>
        checkRule(
          { op: 'MeanVarianceNormalization', opset: version, inputs: [variable(dims, -3, 3)] },
          { tolerance: 3e-3 },
        ),
    );
    await checkRule({
      op: 'MeanVarianceNormalization',
      attributes: { axes: [0, 1, 2, 3] },
      inputs: [variable([2, 2, 2, 3], -2, 2)],
    });
  });
  it('LpNormalization, p 1 and 2', async () => {
    await forAll(
      fc.record({ dims: shape({ min: 1 }), pick, p: fc.constantFrom(1, 2), version: opset(), profile }),
      ({ dims, pick, p, version, profile }) =>
        checkRule(
          unary('LpNormalization', dims, [0.3, 1.5], { axis: axisOf(dims, pick), p }, { opset: version, profile }),
        ),
    );
    await checkEntries(unary('LpNormalization', [2, 3], [-1, 1], { axis: 1 }));
    for (const p of [1, 2])
      expect(
        (
          await gradients(
            { op: 'LpNormalization', attributes: { p }, inputs: [exactly([2, 2], [0, 0, 3, 4])] },
            [1, 1, 1, 1],
          )
        ).x0!.slice(0, 2),
      ).toEqual([0, 0]);
  });
  it('LRN (the runtime has it for images only), windows wider than the channels too', async () => {
    await forAll(
      fc.record({
        dims: image(5, { min: 2, max: 2 }),
        size: fc.constantFrom(1, 3, 5, 7),
        alpha: fc.constantFrom(1e-4, 0.7),
        version: opset(),
        profile,
      }),
      ({ dims, size, alpha, version, profile }) =>
        checkRule(
          unary(
            'LRN',
            dims,
            [-2, 2],
            { size, alpha: float(alpha), beta: float(0.6), bias: float(1.3) },
            { opset: version, profile },
          ),
        ),
      16,
    );
    await checkEntries(unary('LRN', [1, 4, 2, 1], [-2, 2], { size: 3, alpha: float(0.9) }));
    await checkBatched(unary('LRN', [1, 4, 2, 3], [-2, 2], { size: 3, alpha: float(0.9) }));
  });
});
