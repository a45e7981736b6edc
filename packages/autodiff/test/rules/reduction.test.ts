import type { AttributeInput } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactly, forAll, ints, opset, profile, separated, shape, unary, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf, gradients } from '../variants.ts';

/** Reduction → where it is smooth and defined. */
const REDUCTIONS: Record<string, readonly [number, number]> = {
  ReduceSum: [-1, 1],
  ReduceMean: [-1, 1],
  ReduceProd: [0.5, 1.5],
  ReduceL1: [0.2, 1],
  ReduceL2: [0.4, 1],
  ReduceLogSum: [0.5, 2],
  ReduceLogSumExp: [-2, 2],
  ReduceSumSquare: [-1, 1],
  ReduceMax: [0, 0],
  ReduceMin: [0, 0],
};

/** Axes are an attribute below opset 18 (13 for ReduceSum), an input from then on. */
function reduction(
  op: string,
  version: number,
  dims: readonly number[],
  axes: readonly number[] | undefined,
  keepdims?: number,
): OpCase {
  const range = REDUCTIONS[op]!;
  const size = dims.reduce((a, b) => a * b, 1);
  const x = range[0] === range[1] ? exactly(dims, separated(size, size)) : variable(dims, ...range);
  const asInput = op === 'ReduceSum' ? version >= 13 : version >= 18;
  const attributes: Record<string, AttributeInput> = { keepdims };
  if (axes && !asInput) attributes.axes = axes;
  return { op, opset: version, attributes, inputs: [x, ...(axes && asInput ? [ints(axes)] : [])] };
}

const picks = fc.record({
  dims: shape({ min: 1, max: 4 }),
  chosen: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  negative: fc.boolean(),
  keepdims: fc.constantFrom(0, 1, undefined),
  version: opset(),
  profile,
});

describe('reductions', () => {
  for (const op of Object.keys(REDUCTIONS))
    it(op, async () => {
      await forAll(
        picks,
        ({ dims, chosen, negative, keepdims, version, profile }) => {
          const axes = dims.map((_, axis) => (negative ? axis - dims.length : axis)).filter((_, axis) => chosen[axis]);
          return checkRule(
            { ...reduction(op, version, dims, axes.length > 0 ? axes : undefined, keepdims), profile },
            { step: 5e-3, tolerance: 2e-3 },
          );
        },
        16,
      );
      await checkEntries(reduction(op, 18, [2, 3], [1]));
      await checkBatched(reduction(op, 18, [1, 3, 2], [1]));
      await checkBatched(reduction(op, 13, [1, 3, 2], [2, 1], 0));
      await checkHalf(reduction(op, 18, [2, 3], [1]));
    });

  it('over the batch itself, where the count does not need it', async () => {
    await checkBatched(reduction('ReduceSum', 18, [1, 3], [0]));
    await checkBatched(reduction('ReduceMax', 18, [1, 3], [0, 1], 0));
    await expect(checkBatched(reduction('ReduceMean', 18, [1, 3], [0]))).rejects.toMatchObject({
      code: 'GRADIENT_REFUSED',
    });
  });
  it('without axes and with noop_with_empty_axes: what the runtime does', async () => {
    for (const op of Object.keys(REDUCTIONS))
      for (const version of [18, 21]) {
        const c = reduction(op, version, [2, 3], undefined);
        await checkRule({ ...c, attributes: { noop_with_empty_axes: 1 } }, { step: 5e-3 });
        await checkRule({ ...c, inputs: [...c.inputs, ints([])] }, { step: 5e-3 });
      }
  });

  it('ReduceMax and ReduceMin share a tie, as torch.amax', async () => {
    const c = (op: string): OpCase => ({
      op,
      opset: 18,
      inputs: [exactly([2, 4], [1, 5, 5, 0, 2, 2, 2, 2]), ints([1])],
    });
    expect((await gradients(c('ReduceMax'), [1, 4])).x0).toEqual([0, 0.5, 0.5, 0, 1, 1, 1, 1]);
    expect((await gradients(c('ReduceMin'), [1, 4])).x0).toEqual([0, 0, 0, 1, 1, 1, 1, 1]);
  });
  it('ReduceProd with no, one and two zeros', async () => {
    const c: OpCase = {
      op: 'ReduceProd',
      opset: 18,
      inputs: [exactly([3, 3], [2, 3, 4, 0, 3, 4, 0, 0, 4]), ints([1])],
    };
    expect((await gradients(c)).x0).toEqual([12, 8, 6, 12, 0, 0, 0, 0, 0]);
  });
  it('ReduceL2 and ReduceL1 at 0 are 0, as torch', async () => {
    for (const op of ['ReduceL1', 'ReduceL2'])
      expect((await gradients({ op, opset: 18, inputs: [exactly([2, 2], [0, 0, 3, 0]), ints([1])] })).x0).toEqual([
        0, 0, 1, 0,
      ]);
  });
  it('ReduceLogSumExp far out is finite', async () => {
    const c = { op: 'ReduceLogSumExp', opset: 18, inputs: [exactly([3], [-500, 0, 500]), ints([0])] };
    expect((await gradients(c)).x0).toEqual([0, 0, 1]);
  });
});

describe('CumSum', () => {
  it('exclusive, reverse, every axis', async () => {
    await forAll(
      fc.record({
        dims: shape({ min: 1 }),
        axis: fc.integer({ min: 0, max: 3 }),
        negative: fc.boolean(),
        exclusive: fc.constantFrom(0, 1),
        reverse: fc.constantFrom(0, 1),
        version: opset(),
      }),
      ({ dims, axis, negative, exclusive, reverse, version }) => {
        const one = (axis % dims.length) - (negative ? dims.length : 0);
        return checkRule(
          {
            op: 'CumSum',
            opset: version,
            attributes: { exclusive, reverse },
            inputs: [variable(dims), ints([one], [])],
          },
          { linear: true },
        );
      },
    );
    await checkEntries({ op: 'CumSum', inputs: [variable([4]), ints([0], [])] });
    await checkBatched({ op: 'CumSum', inputs: [variable([1, 4]), ints([1], [])] });
  });
});

describe('what stops', () => {
  it('ArgMax and ArgMin', async () => {
    for (const op of ['ArgMax', 'ArgMin'])
      await expect(emitted(unary(op, [2, 3], [-1, 1]))).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

describe('emitted nodes', () => {
  it('a mean over the image, batch free: no shape at run time', async () => {
    expect(
      await emitted({
        op: 'ReduceMean',
        opset: 18,
        attributes: { keepdims: 0 },
        inputs: [variable([1, 3, 7, 7]), ints([2, 3])],
      }),
    ).toMatchInlineSnapshot(`
      "g/Unsqueeze = Unsqueeze(seed, [2, 3])
      g/Mul = Mul(g/Unsqueeze, 0.02040816)
      g/Expand = Expand(g/Mul, [1, 1, 7, 7])"
    `);
  });
  it('a maximum', async () => {
    expect(await emitted(reduction('ReduceMax', 13, [2, 3], [1]))).toMatchInlineSnapshot(`
      "g/Equal = Equal(x0, y0)
      g/Cast = Cast(g/Equal) {to=1}
      g/ReduceSum = ReduceSum(g/Cast, [1]) {keepdims=1}
      g/Div = Div(seed, g/ReduceSum)
      g/Mul = Mul(g/Div, g/Cast)"
    `);
  });
});
