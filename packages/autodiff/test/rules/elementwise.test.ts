import { Node, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { broadcastable, exactly, floats, forAll, ints, opset, profile, shape, unary, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf, gradients } from '../variants.ts';

/** Function → where it is smooth. */
const SMOOTH: Record<string, readonly [number, number]> = {
  Neg: [-1, 1],
  Abs: [0.1, 1],
  Exp: [-2, 2],
  Log: [0.3, 2],
  Sqrt: [0.3, 2],
  Reciprocal: [0.4, 2],
  Sin: [-3, 3],
  Cos: [-3, 3],
  Tan: [-1, 1],
  Asin: [-0.8, 0.8],
  Acos: [-0.8, 0.8],
  Atan: [-2, 2],
  Sinh: [-2, 2],
  Cosh: [-2, 2],
  Asinh: [-2, 2],
  Acosh: [1.3, 3],
  Atanh: [-0.8, 0.8],
  Erf: [-2, 2],
  Identity: [-1, 1],
};

describe('functions of one value', () => {
  for (const [op, range] of Object.entries(SMOOTH))
    it(op, async () => {
      await forAll(
        fc.record({ dims: shape(), version: opset(), profile }),
        ({ dims, version, profile }) => checkRule(unary(op, dims, range, {}, { opset: version, profile })),
        6,
      );
      await checkEntries(unary(op, [2, 2], range));
      await checkBatched(unary(op, [1, 3], range));
      await checkHalf(unary(op, [2, 3], range));
    });

  it('Abs at 0 is 0, in every profile', async () => {
    for (const profile of ['native', 'wasm', 'webgpu'] as const) {
      const { x0: found } = await gradients({ op: 'Abs', profile, inputs: [exactly([3], [-2, 0, 2])] });
      expect(found).toEqual([-1, 0, 1]);
    }
  });
  it('Sqrt at 0 is infinite, as in torch', async () => {
    const { x0: found } = await gradients({ op: 'Sqrt', inputs: [exactly([2], [0, 4])] });
    expect(found).toEqual([Number.POSITIVE_INFINITY, 0.25]);
  });
});

describe('arithmetic of broadcast operands', () => {
  const LINEAR = ['Add', 'Sub'];
  for (const op of ['Add', 'Sub', 'Mul', 'Div'])
    it(op, async () => {
      const range = op === 'Div' ? ([0.7, 2] as const) : ([-1, 1] as const);
      await forAll(
        fc.record({ dims: broadcastable(2), swap: fc.boolean(), version: opset() }),
        ({ dims, swap, version }) => {
          const inputs = (swap ? [...dims].reverse() : dims).map((one) => variable(one, ...range));
          return checkRule({ op, opset: version, inputs }, { linear: LINEAR.includes(op) });
        },
        20,
      );
      await checkEntries({ op, inputs: [variable([2, 2], ...range), variable([2, 1], ...range)] });
      await checkBatched({ op, inputs: [variable([1, 3, 2], ...range), variable([3, 1], ...range)] }, [1]);
      await checkHalf({ op, inputs: [variable([2, 3], ...range), variable([3], ...range)] });
    });

  it('a value used twice: x · x', async () => {
    const c: OpCase = { op: 'Mul', nodes: [Node.make('Mul', ['x0', 'x0'], ['y0'])], inputs: [exactly([2], [1, 2])] };
    expect((await gradients(c)).x0).toEqual([2, 4]);
  });

  it('Mod of floats, dividend and divisor', async () => {
    for (const sign of [1, -1])
      await checkRule({
        op: 'Mod',
        attributes: { fmod: 1 },
        inputs: [variable([2, 3], 4.3 * sign, 4.6 * sign), variable([3], 1.8, 1.9)],
      });
  });
});

describe('Pow', () => {
  it('every constant exponent, as float or integer', async () => {
    for (const p of [0, 1, 2, 3, 4, 0.5, -1, -2, -0.5, 1.7])
      for (const dims of [[], [1], [1, 1, 1]])
        await checkRule({ op: 'Pow', inputs: [variable([2, 3], 0.5, 2), floats([p], dims)] });
    for (const p of [0, 1, 2, 3, 5]) await checkRule({ op: 'Pow', inputs: [variable([2, 3], -2, 2), ints([p], [])] });
    await checkRule({
      op: 'Pow',
      inputs: [variable([3], -2, 2), { constant: Tensor.of('int32', [], Int32Array.of(3)) }],
    });
  });
  it('broadcast exponents and bases, exponent active', async () => {
    await forAll(
      fc.record({ dims: broadcastable(2), swap: fc.boolean(), version: opset() }),
      ({ dims, swap, version }) => {
        const inputs = (swap ? [...dims].reverse() : dims).map((one) => variable(one, 0.6, 2));
        return checkRule({ op: 'Pow', opset: version, inputs });
      },
    );
    await checkEntries({ op: 'Pow', inputs: [variable([2, 2], 0.6, 2), variable([2, 1], 0.6, 2)] });
    await checkRule({ op: 'Pow', inputs: [variable([2, 3], 0.6, 2), floats([2, 0, 1.5])] });
    await checkRule({ op: 'Pow', inputs: [variable([2, 1], 0.6, 2), floats([2, 0, 1.5])] });
    await checkHalf({ op: 'Pow', inputs: [variable([2, 3], 0.6, 2), floats([2], [])] });
    await checkHalf({ op: 'Pow', inputs: [variable([2, 3], 0.6, 2), floats([2, 0, 1.5])] });
  });
  it('at 0, as torch: x⁰ → 0, x² → 0, 0^p → 0 for the exponent', async () => {
    const at = (...p: number[]) =>
      gradients({
        op: 'Pow',
        inputs: [
          exactly(
            [p.length],
            p.map(() => 0),
          ),
          floats(p),
        ],
      });
    expect((await at(0, 1, 2)).x0).toEqual([0, 1, 0]);
    for (const p of [0, 1, 2]) {
      const found = await gradients({ op: 'Pow', inputs: [exactly([1], [0]), floats([p], [])] });
      expect(found.x0).toEqual([p === 1 ? 1 : 0]);
    }
    const active = await gradients({ op: 'Pow', inputs: [exactly([2], [0, 0]), exactly([2], [0, 2])] });
    expect(active).toEqual({ x0: [0, 0], x1: [0, 0] });
  });
  it('emits a square as two products', async () => {
    expect(await emitted({ op: 'Pow', inputs: [variable([2, 3]), floats([2], [])] })).toMatchInlineSnapshot(`
      "g/Mul = Mul(seed, 2)
      g/Mul_1 = Mul(g/Mul, x0)"
    `);
  });
});

describe('choices', () => {
  const mask = (dims: readonly number[], seed: number) => ({
    constant: Tensor.of(
      'bool',
      dims,
      Uint8Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, index) => (((index + 1) * seed * 7) >> 2) & 1),
    ),
  });
  it('Where, all three broadcast', async () => {
    await forAll(
      fc.record({
        dims: broadcastable(3),
        order: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        seed: fc.integer({ min: 1, max: 99 }),
      }),
      ({ dims, order, seed }) => {
        const [c, a, b] = order.map((index) => dims[index]!);
        return checkRule({ op: 'Where', inputs: [mask(c!, seed), variable(a!), variable(b!)] }, { linear: true });
      },
      20,
    );
    await checkBatched({ op: 'Where', inputs: [mask([3, 1], 5), variable([1, 3, 2]), variable([2])] }, [2]);
    await checkHalf({ op: 'Where', inputs: [mask([3], 5), variable([2, 3]), variable([3])] });
  });
  it('Where passes nothing of an infinity that was not chosen', async () => {
    const inputs = [
      { constant: Tensor.of('bool', [2], Uint8Array.of(1, 0)) },
      exactly([2], [1, 2]),
      floats([-1e38 * 10], []),
    ];
    expect((await gradients({ op: 'Where', inputs })).x1).toEqual([1, 0]);
  });

  for (const op of ['Max', 'Min']) {
    it(`${op} of two, three and one operand`, async () => {
      await forAll(
        fc.record({ dims: broadcastable(3), count: fc.integer({ min: 1, max: 3 }), version: opset() }),
        ({ dims, count, version }) => {
          // Operands far apart in turns, so that no step crosses a tie.
          const inputs = dims.slice(0, count).map((one, operand) => {
            const size = one.reduce((a, b) => a * b, 1);
            const values = Array.from({ length: size }, (_, index) => (((index + operand) * 5) % 7) + operand * 0.3);
            return exactly(one, values);
          });
          return checkRule({ op, opset: version, inputs });
        },
      );
      await checkHalf({ op, inputs: [exactly([4], [1, 2, 3, 4]), exactly([4], [4, 3, 2, 1])] });
      await checkBatched({ op, inputs: [variable([1, 3]), variable([3], 2, 3)] }, [1]);
    });
    it(`${op} shares a tie, as torch`, async () => {
      const two = await gradients({ op, inputs: [exactly([3], [1, 2, 3]), exactly([3], [1, 5, 0])] });
      const first = op === 'Max' ? [0.5, 0, 1] : [0.5, 1, 0];
      expect(two).toEqual({ x0: first, x1: first.map((share) => 1 - share) });
      const three = await gradients({ op, inputs: [exactly([1], [1]), exactly([1], [1]), exactly([1], [1])] });
      for (const share of Object.values(three)) expect(share[0]).toBeCloseTo(1 / 3, 6);
    });
  }
  for (const op of ['Sum', 'Mean'])
    it(`${op} of broadcast operands`, async () => {
      await forAll(broadcastable(3), (dims) =>
        checkRule({ op, inputs: dims.map((one) => variable(one)) }, { linear: true }),
      );
      await checkRule({ op, inputs: [variable([2, 3])] }, { linear: true });
    });
  it('emits Max of two as a step of the difference', async () => {
    expect(await emitted({ op: 'Max', inputs: [variable([2, 3]), floats([0.5], [])] })).toMatchInlineSnapshot(`
      "g/Sub = Sub(x0, 0.5)
      g/HardSigmoid = HardSigmoid(g/Sub) {alpha=3e+38, beta=0.5}
      g/Mul = Mul(seed, g/HardSigmoid)"
    `);
  });
});

describe('types and inference', () => {
  it('Cast to float16 and back', async () => {
    const nodes = [Node.make('Cast', ['x0'], ['h'], { to: 10 }), Node.make('Cast', ['h'], ['y0'], { to: 1 })];
    const c = { op: 'Cast', nodes, inputs: [variable([2, 3])] };
    expect(await emitted(c)).toMatchInlineSnapshot(`
      "g/Cast = Cast(seed) {to=10}
      g/Cast_1 = Cast(g/Cast) {to=1}"
    `);
    expect((await gradients(c)).x0).toEqual([1, 1, 1, 1, 1, 1]);
  });
  it('CastLike of the same type is nothing', async () => {
    expect(await emitted({ op: 'CastLike', inputs: [variable([2]), floats([1])], opset: 15 })).toBe('');
  });
  it('Dropout passes in inference and refuses in training', async () => {
    const dropout = (training: number[]) => ({
      op: 'Dropout',
      inputs: [variable([2, 3]), floats([0.5], []), { constant: Tensor.of('bool', [], Uint8Array.from(training)) }],
    });
    await checkRule(dropout([0]), { linear: true });
    await checkRule({ op: 'Dropout', inputs: [variable([2, 3])] }, { linear: true });
    await expect(emitted(dropout([1]))).rejects.toMatchObject({ code: 'GRADIENT_REFUSED' });
  });
  it('stops at steps', async () => {
    for (const op of ['Floor', 'Ceil', 'Round', 'Sign'])
      await expect(emitted({ op, inputs: [variable([2])] })).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});
