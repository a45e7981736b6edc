import { differentiate } from '@seewhy/autodiff';
import { float, GraphBuilder, Node, printNodes } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactly, floats, forAll, opset, profile, separated, shape, unary, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase, opGraph } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf, gradients } from '../variants.ts';

const MS = 'com.microsoft';
const PROFILES = ['native', 'wasm', 'webgpu'] as const;

/** Variant → attributes, where it has kinks, its first opset. */
const ACTIVATIONS: Record<
  string,
  { op: string; kinks?: number[]; attributes?: Record<string, ReturnType<typeof float> | string>; since?: number }
> = {
  Relu: { op: 'Relu', kinks: [0] },
  LeakyRelu: { op: 'LeakyRelu', kinks: [0] },
  'LeakyRelu, steep': { op: 'LeakyRelu', kinks: [0], attributes: { alpha: float(1.5) } },
  'LeakyRelu, falling': { op: 'LeakyRelu', kinks: [0], attributes: { alpha: float(-0.3) } },
  Elu: { op: 'Elu', kinks: [0] },
  'Elu, alpha 0.7': { op: 'Elu', kinks: [0], attributes: { alpha: float(0.7) } },
  Selu: { op: 'Selu', kinks: [0] },
  Celu: { op: 'Celu', kinks: [0] },
  'Celu, alpha 2': { op: 'Celu', kinks: [0], attributes: { alpha: float(2) } },
  ThresholdedRelu: { op: 'ThresholdedRelu', kinks: [1] },
  'ThresholdedRelu, 0.4': { op: 'ThresholdedRelu', kinks: [0.4], attributes: { alpha: float(0.4) } },
  HardSigmoid: { op: 'HardSigmoid', kinks: [-2.5, 2.5] },
  'HardSigmoid of torch': { op: 'HardSigmoid', kinks: [-3, 3], attributes: { alpha: float(1 / 6), beta: float(0.5) } },
  HardSwish: { op: 'HardSwish', kinks: [-3, 3], since: 14 },
  Shrink: { op: 'Shrink', kinks: [-0.5, 0.5] },
  'Shrink, soft': { op: 'Shrink', kinks: [-0.8, 0.8], attributes: { lambd: float(0.8), bias: float(0.8) } },
  Sigmoid: { op: 'Sigmoid' },
  Tanh: { op: 'Tanh' },
  Softplus: { op: 'Softplus' },
  Softsign: { op: 'Softsign', kinks: [0] },
  Mish: { op: 'Mish', since: 18 },
  Gelu: { op: 'Gelu', since: 20 },
  'Gelu, tanh form': { op: 'Gelu', since: 20, attributes: { approximate: 'tanh' } },
  Swish: { op: 'Swish', since: 24 },
  'Swish, alpha 1.7': { op: 'Swish', since: 24, attributes: { alpha: float(1.7) } },
};

/** Values in [−4, 4], none nearer to a kink than 0.06. */
const awayFrom = (kinks: readonly number[], size: number, seed: number): number[] =>
  separated(size, seed).map((value) => {
    const inRange = ((((value + 4) % 8) + 8) % 8) - 4;
    return kinks.reduce((moved, kink) => (Math.abs(moved - kink) < 0.06 ? kink + 0.06 : moved), inRange);
  });

describe('activations', () => {
  for (const [name, { op, kinks = [], attributes = {}, since = 13 }] of Object.entries(ACTIVATIONS))
    it(name, async () => {
      const at = (dims: readonly number[], seed: number, rest: Partial<OpCase> = {}): OpCase => {
        const size = dims.reduce((a, b) => a * b, 1);
        return {
          op,
          opset: Math.max(17, since),
          attributes,
          inputs: [exactly(dims, awayFrom(kinks, size, seed))],
          ...rest,
        };
      };
      await forAll(
        fc.record({
          dims: shape(),
          seed: fc.integer({ min: 1, max: 50 }),
          version: opset(since, op === 'Swish' ? 24 : 26),
          profile,
        }),
        ({ dims, seed, version, profile }) => checkRule(at(dims, seed, { opset: version, profile })),
        8,
      );
      await checkEntries(at([3, 2], 4));
      await checkBatched({ ...at([1], 1), inputs: [variable([1, 3], -4, 4)] });
      // Celu is defined for float32 only; the runtime knows Swish at opset 24 only.
      if (op !== 'Celu') await checkHalf(at([3, 4], 2));
    });
});

describe('kinks', () => {
  const at = async (
    op: string,
    values: readonly number[],
    attributes = {},
    more: OpCase['inputs'] = [],
    version = 17,
    dims = [values.length],
  ) => {
    const found = [];
    for (const profile of PROFILES) {
      const c = { op, opset: version, profile, attributes, inputs: [exactly(dims, values), ...more] };
      found.push((await gradients(c)).x0);
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
    return found[0]!;
  };
  const bounds = (low: number | null, high: number | null, dims: number[] = []) =>
    [low, high].map((bound) => (bound === null ? null : floats([bound], dims)));

  it('Relu is 0 at 0, and 1 at the smallest normal number', async () => {
    expect(await at('Relu', [-1, -0, 0, 1.2e-38, 1])).toEqual([0, 0, 0, 1, 1]);
  });
  it('LeakyRelu has its slope at 0', async () => {
    expect(await at('LeakyRelu', [-1, 0, 1], { alpha: float(0.25) })).toEqual([0.25, 0.25, 1]);
  });
  it('PRelu has its slope at 0', async () => {
    expect(await at('PRelu', [-1, 0, 1], {}, [floats([0.25])])).toEqual([0.25, 0.25, 1]);
  });
  it('Clip includes its bounds, as torch.clamp', async () => {
    const values = [-1.0000001, -1, 0, 2, 2.0000002];
    for (const dims of [[], [1]]) expect(await at('Clip', values, {}, bounds(-1, 2, dims))).toEqual([0, 1, 1, 1, 0]);
    expect(await at('Clip', values, {}, bounds(-1, null))).toEqual([0, 1, 1, 1, 1]);
    expect(await at('Clip', values, {}, bounds(null, 2))).toEqual([1, 1, 1, 1, 0]);
    expect(await at('Clip', values, {}, bounds(null, null))).toEqual([1, 1, 1, 1, 1]);
    expect(await at('Clip', values, {}, [])).toEqual([1, 1, 1, 1, 1]);
    expect(await at('Clip', [-1, 0, 1], {}, bounds(0, 3.4028234663852886e38))).toEqual([0, 1, 1]);
  });
  it('Clip(0, 6) is ReLU6: 0 at both bounds, as torch and TensorFlow', async () => {
    expect(await at('Clip', [-1, 0, 1e-30, 5.9999995, 6, 7], {}, bounds(0, 6))).toEqual([0, 0, 1, 1, 0, 0]);
  });
  it('HardSigmoid and HardSwish, as torch', async () => {
    const sixth = { alpha: float(1 / 6), beta: float(0.5) };
    const found = await at('HardSigmoid', [-3.1, -3, -2.9, 2.9, 3.1], sixth);
    expect(found.map((value) => Math.fround(value * 6))).toEqual([0, 0, 1, 1, 0]);
    const swish = await at('HardSwish', [-3.0000002, -3, -2.9999998, 0, 2.9999998, 3, 3.0000002]);
    [0, 0, -0.5, 0.5, 1.5, 1, 1].forEach((wanted, index) => {
      expect(swish[index]).toBeCloseTo(wanted, 5);
    });
  });
  it('ReLU6 and HardSigmoid at their bounds where channels lie in blocks', async () => {
    const dims = [1, 7, 1, 1];
    const six = [-1, 0, 1e-30, 3, 5.9999995, 6, 7];
    expect(await at('Clip', six, {}, bounds(0, 6), 17, dims)).toEqual([0, 0, 1, 1, 1, 0, 0]);
    const quarter = { alpha: float(0.25), beta: float(0.5) };
    const found = await at('HardSigmoid', [-3, -2, -1.999, 0, 1.999, 2, 3], quarter, [], 17, dims);
    expect(found.map((value) => value * 4)).toEqual([0, 0, 1, 1, 1, 0, 0]);
  });
  it('ThresholdedRelu and Shrink at their thresholds', async () => {
    expect(await at('ThresholdedRelu', [0.99999994, 1, 1.0000001])).toEqual([0, 0, 1]);
    expect(await at('Shrink', [-0.50000006, -0.5, 0, 0.5, 0.50000006])).toEqual([1, 0, 0, 0, 1]);
    expect(await at('ThresholdedRelu', [11.999999, 12, 12.000001], { alpha: float(12) })).toEqual([0, 0, 1]);
  });
  it('stays finite far out', async () => {
    for (const op of ['Elu', 'Selu', 'Celu', 'Sigmoid', 'Tanh', 'Softplus', 'Softsign'])
      expect((await at(op, [-300, 300])).every(Number.isFinite)).toBe(true);
    for (const [op, version] of [
      ['Mish', 18],
      ['Gelu', 20],
      ['Swish', 24],
    ] as const) {
      const far = await at(op, [-1e4, 1e4], {}, [], version);
      expect([far[0]! + 0, far[1]]).toEqual([0, 1]);
    }
    expect(await at('Gelu', [-1e4, 1e4], { approximate: 'tanh' }, [], 20)).toEqual([0, 1]);
  });
});

describe('Clip and PRelu with values of the graph', () => {
  it('bounds computed at run time, also active', async () => {
    const c: OpCase = {
      op: 'Clip',
      inputs: [exactly([2, 3], [-3, -1, 0, 1, 2, 3]), exactly([], [-1.5]), exactly([], [1.5])],
    };
    await checkRule(c);
    expect(await gradients(c)).toEqual({ x0: [0, 1, 1, 1, 0, 0], x1: [1], x2: [2] });
  });
  it('PRelu with every slope shape that broadcasts', async () => {
    for (const slope of [[], [1], [4], [3, 1], [3, 4], [2, 3, 4], [1, 3, 1]])
      await checkRule({ op: 'PRelu', inputs: [exactly([2, 3, 4], awayFrom([0], 24, 3)), variable(slope)] });
    await checkHalf({ op: 'PRelu', inputs: [exactly([3, 4], awayFrom([0], 12, 3)), variable([3, 1])] });
  });
});

describe('the runtime’s own activations', () => {
  it('Gelu, QuickGelu, BiasGelu, FastGelu', async () => {
    await forAll(shape({ min: 1 }), async (dims) => {
      await checkRule(unary('Gelu', dims, [-3, 3], {}, { domain: MS }));
      await checkRule(unary('QuickGelu', dims, [-3, 3], { alpha: float(1.702) }, { domain: MS }));
      const last = dims[dims.length - 1]!;
      for (const op of ['BiasGelu', 'FastGelu'])
        await checkRule({ op, domain: MS, inputs: [variable(dims, -2, 2), variable([last])] });
      await checkRule(unary('FastGelu', dims, [-3, 3], {}, { domain: MS }));
    });
    await checkEntries(unary('Gelu', [4], [-2, 2], {}, { domain: MS }));
    await checkBatched({ op: 'BiasGelu', domain: MS, inputs: [variable([1, 3, 4]), variable([4])] }, [1]);
  });
  it('BiasSplitGelu, for which the CPU has no kernel: its gradient is that of its definition', async () => {
    const graph = opGraph({
      op: 'BiasSplitGelu',
      domain: MS,
      inputs: [variable([2, 3, 8]), floats(Array(8).fill(0.5))],
    });
    const builder = new GraphBuilder(graph, { prefix: 'g' });
    const shapes = new Map([
      ['x0', [2, 3, 8]],
      ['y0', [2, 3, 4]],
    ]);
    differentiate(builder, graph, { of: 'y0', wrt: ['x0'], seed: builder.input('seed', 'float32', [2, 3, 4]), shapes });
    expect(printNodes(builder.build())).toMatchInlineSnapshot(`
      "y0 = com.microsoft.BiasSplitGelu(x0, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
      g/Add = Add(x0, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
      g/Split, g/Split_1 = Split(g/Add, [4, 4]) {axis=2}
      g/Mul = Mul(g/Split_1, 0.7071068)
      g/Erf = Erf(g/Mul)
      g/Add_1 = Add(g/Erf, 1)
      g/Mul_1 = Mul(g/Add_1, 0.5)
      g/Mul_2 = Mul(g/Split_1, g/Mul_1)
      g/Mul_3 = Mul(seed, g/Mul_2)
      g/Mul_4 = Mul(seed, g/Split)
      g/Mul_5 = Mul(g/Mul, g/Mul)
      g/Sub = Sub(-0.9189385, g/Mul_5)
      g/Exp = Exp(g/Sub)
      g/HardSigmoid = HardSigmoid(g/Erf) {alpha=0.5, beta=0.5}
      g/Mul_6 = Mul(g/Split_1, g/Exp)
      g/Add_2 = Add(g/HardSigmoid, g/Mul_6)
      g/Mul_7 = Mul(g/Mul_4, g/Add_2)
      g/Concat = Concat(g/Mul_3, g/Mul_7) {axis=2}"
    `);
  });
});

describe('emitted nodes', () => {
  const forms = async (c: OpCase) => {
    const lines = [];
    for (const profile of PROFILES) lines.push(`${profile}:`, await emitted({ ...c, profile }));
    return lines.join('\n');
  };
  const one = [variable([2, 3])];
  it('Relu', async () => {
    expect(await forms({ op: 'Relu', inputs: one })).toMatchInlineSnapshot(`
      "native:
      g/HardSigmoid = HardSigmoid(y0) {alpha=3e+38, beta=0}
      g/Mul = Mul(seed, g/HardSigmoid)
      wasm:
      g/Sign = Sign(y0)
      g/Mul = Mul(seed, g/Sign)
      webgpu:
      g/Greater = Greater(y0, 0)
      g/Where = Where(g/Greater, seed, 0)"
    `);
  });
  it('LeakyRelu', async () => {
    expect(await forms({ op: 'LeakyRelu', inputs: one })).toMatchInlineSnapshot(`
      "native:
      g/HardSigmoid = HardSigmoid(y0) {alpha=3e+38, beta=0}
      g/Clip = Clip(g/HardSigmoid, 0.01)
      g/Mul = Mul(seed, g/Clip)
      wasm:
      g/Greater = Greater(y0, 0)
      g/Mul = Mul(seed, 0.01)
      g/Where = Where(g/Greater, seed, g/Mul)
      webgpu:
      g/Greater = Greater(y0, 0)
      g/Mul = Mul(seed, 0.01)
      g/Where = Where(g/Greater, seed, g/Mul)"
    `);
  });
  it('ReLU6', async () => {
    expect(await forms({ op: 'Clip', inputs: [...one, floats([0], []), floats([6], [])] })).toMatchInlineSnapshot(`
      "native:
      g/HardSigmoid = HardSigmoid(y0) {alpha=3e+38, beta=0}
      g/Mul = Mul(seed, g/HardSigmoid)
      g/HardSigmoid_1 = HardSigmoid(y0) {alpha=-1.063382e+37, beta=6.380294e+37}
      g/Mul_1 = Mul(g/Mul, g/HardSigmoid_1)
      wasm:
      g/Less = Less(y0, 6)
      g/Where = Where(g/Less, seed, 0)
      g/Greater = Greater(y0, 0)
      g/Where_1 = Where(g/Greater, g/Where, 0)
      webgpu:
      g/Less = Less(y0, 6)
      g/Where = Where(g/Less, seed, 0)
      g/Greater = Greater(y0, 0)
      g/Where_1 = Where(g/Greater, g/Where, 0)"
    `);
  });
  it('Clip', async () => {
    expect(await forms({ op: 'Clip', inputs: [...one, floats([-1], []), floats([1], [])] })).toMatchInlineSnapshot(`
      "native:
      g/Equal = Equal(x0, y0)
      g/Cast = Cast(g/Equal) {to=1}
      g/Mul = Mul(seed, g/Cast)
      wasm:
      g/Equal = Equal(x0, y0)
      g/Where = Where(g/Equal, seed, 0)
      webgpu:
      g/Equal = Equal(x0, y0)
      g/Where = Where(g/Equal, seed, 0)"
    `);
  });
  it('HardSwish', async () => {
    expect(await forms({ op: 'HardSwish', inputs: one })).toMatchInlineSnapshot(`
      "native:
      g/HardSigmoid = HardSigmoid(x0) {alpha=0.1666667, beta=0.5}
      g/Mul = Mul(x0, x0)
      g/HardSigmoid_1 = HardSigmoid(g/Mul) {alpha=-1.063382e+37, beta=9.570442e+37}
      g/Mul_1 = Mul(x0, g/HardSigmoid_1)
      g/Mul_2 = Mul(g/Mul_1, 0.1666667)
      g/Add = Add(g/HardSigmoid, g/Mul_2)
      g/Mul_3 = Mul(seed, g/Add)
      wasm:
      g/HardSigmoid = HardSigmoid(x0) {alpha=0.1666667, beta=0.5}
      g/Less = Less(x0, 3)
      g/Where = Where(g/Less, x0, 0)
      g/Greater = Greater(x0, -3)
      g/Where_1 = Where(g/Greater, g/Where, 0)
      g/Mul = Mul(g/Where_1, 0.1666667)
      g/Add = Add(g/HardSigmoid, g/Mul)
      g/Mul_1 = Mul(seed, g/Add)
      webgpu:
      g/HardSigmoid = HardSigmoid(x0) {alpha=0.1666667, beta=0.5}
      g/Less = Less(x0, 3)
      g/Where = Where(g/Less, x0, 0)
      g/Greater = Greater(x0, -3)
      g/Where_1 = Where(g/Greater, g/Where, 0)
      g/Mul = Mul(g/Where_1, 0.1666667)
      g/Add = Add(g/HardSigmoid, g/Mul)
      g/Mul_1 = Mul(seed, g/Add)"
    `);
  });
  it('SiLU from x and y only', async () => {
    const nodes = [Node.make('Sigmoid', ['x0'], ['s']), Node.make('Mul', ['x0', 's'], ['y0'])];
    expect(await emitted({ op: 'Silu', nodes, inputs: one })).toMatchInlineSnapshot(`
      "g/Sub = Sub(1, y0)
      g/Mul = Mul(s, g/Sub)
      g/Add = Add(g/Mul, y0)
      g/Mul_1 = Mul(seed, g/Add)"
    `);
  });
  it('Gelu', async () => {
    expect(await emitted({ op: 'Gelu', opset: 20, inputs: one })).toMatchInlineSnapshot(`
      "g/Mul = Mul(x0, 0.7071068)
      g/Mul_1 = Mul(g/Mul, g/Mul)
      g/Sub = Sub(-0.9189385, g/Mul_1)
      g/Exp = Exp(g/Sub)
      g/Erf = Erf(g/Mul)
      g/HardSigmoid = HardSigmoid(g/Erf) {alpha=0.5, beta=0.5}
      g/Mul_2 = Mul(x0, g/Exp)
      g/Add = Add(g/HardSigmoid, g/Mul_2)
      g/Mul_3 = Mul(seed, g/Add)"
    `);
  });
});
