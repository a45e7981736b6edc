import { type AttributeInput, float, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forAll } from '../arbitrary.ts';
import { checkRule, emitted, gradientGraph, type OpCase, opGraph, uniform } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf } from '../variants.ts';

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const weight = (dims: readonly number[], seed = 9) => ({ constant: Tensor.floats(uniform(seed, product(dims)), dims) });
const v = (...dims: number[]) => ({ variable: dims });
/** Some keys hidden, the first one never: rows that see nothing have no meaning. */
const bools = (dims: readonly number[]) => ({
  constant: new Tensor(
    'bool',
    dims,
    Uint8Array.from({ length: product(dims) }, (_, index) => (index % dims.at(-1)! > 0 && index % 3 === 1 ? 0 : 1)),
  ),
});
const int32 = (values: readonly number[], dims: readonly number[]) => ({
  constant: Tensor.of('int32', dims, Int32Array.from(values)),
});

describe('Attention (opset 23)', () => {
  const setting = fc.record({
    packed: fc.boolean(),
    groups: fc.integer({ min: 1, max: 2 }),
    shared: fc.integer({ min: 1, max: 2 }),
    queries: fc.integer({ min: 1, max: 4 }),
    keys: fc.integer({ min: 2, max: 4 }),
    width: fc.integer({ min: 1, max: 4 }),
    valueWidth: fc.integer({ min: 1, max: 4 }),
    causal: fc.boolean(),
    mask: fc.constantFrom('none', 'float', 'bool', 'variable'),
    scale: fc.constantFrom(undefined, 0.7),
    softcap: fc.constantFrom(0, 0.8),
    opset: fc.constantFrom(23, 24),
  });
  type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;
  const caseOf = (s: Setting): OpCase => {
    const heads = s.groups * s.shared;
    const attributes: Record<string, AttributeInput> = {};
    if (s.packed) Object.assign(attributes, { q_num_heads: heads, kv_num_heads: s.groups });
    if (s.causal) attributes.is_causal = 1;
    if (s.scale) attributes.scale = float(s.scale);
    if (s.softcap) attributes.softcap = float(s.softcap);
    const side = (count: number, length: number, width: number) =>
      s.packed ? v(2, length, count * width) : v(2, count, length, width);
    const masks = {
      none: [],
      float: [weight([s.queries, s.keys])],
      bool: [bools([2, 1, s.queries, s.keys])],
      variable: [v(2, heads, s.queries, s.keys)],
    };
    return {
      op: 'Attention',
      opset: s.opset,
      attributes,
      inputs: [
        side(heads, s.queries, s.width),
        side(s.groups, s.keys, s.width),
        side(s.groups, s.keys, s.valueWidth),
        ...masks[s.mask as keyof typeof masks],
      ],
    };
  };

  it('heads packed or apart, shared keys, causal, masks, scale, softcap', async () => {
    await forAll(setting, async (s) => checkRule(caseOf(s), { step: 5e-2, tolerance: 2e-3 }), 60);
  });

  it('agrees with central differences, works for a free batch and in float16', async () => {
    const c: OpCase = {
      op: 'Attention',
      opset: 23,
      attributes: { q_num_heads: 2, kv_num_heads: 2 },
      inputs: [v(1, 2, 4), v(1, 3, 4), v(1, 3, 4)],
    };
    await checkEntries(c, { step: 5e-2 });
    await checkBatched(c);
    await checkHalf(c);
    const apart: OpCase = { ...c, attributes: {}, inputs: [v(1, 4, 2, 3), v(1, 2, 3, 3), v(1, 2, 3, 2)] };
    await checkBatched(apart);
  });

  it('emits the probabilities again, and four products', async () => {
    expect(
      await emitted({ op: 'Attention', opset: 23, inputs: [v(1, 2, 3, 4), v(1, 2, 3, 4), v(1, 2, 3, 4)] }),
    ).toMatchInlineSnapshot(`
      "g/Mul = Mul(x0, 0.5)
      g/Transpose = Transpose(x1) {perm=[0, 1, 3, 2]}
      g/MatMul = MatMul(g/Mul, g/Transpose)
      g/Softmax = Softmax(g/MatMul) {axis=-1}
      g/Transpose_1 = Transpose(x2) {perm=[0, 1, 3, 2]}
      g/MatMul_1 = MatMul(seed, g/Transpose_1)
      g/Mul_1 = Mul(seed, y0)
      g/ReduceSum = ReduceSum(g/Mul_1, [-1]) {keepdims=1}
      g/Sub = Sub(g/MatMul_1, g/ReduceSum)
      g/Mul_2 = Mul(g/Softmax, g/Sub)
      g/MatMul_2 = MatMul(g/Mul_2, x1)
      g/Mul_3 = Mul(g/MatMul_2, 0.5)
      g/Transpose_2 = Transpose(g/Mul_2) {perm=[0, 1, 3, 2]}
      g/MatMul_3 = MatMul(g/Transpose_2, g/Mul)
      g/Transpose_3 = Transpose(g/Softmax) {perm=[0, 1, 3, 2]}
      g/MatMul_4 = MatMul(g/Transpose_3, seed)"
    `);
  });

  it('refuses packed inputs, which run on graphics cards only', () => {
    const graph = opGraph({
      op: 'MultiHeadAttention',
      domain: 'com.microsoft',
      attributes: { num_heads: 2 },
      inputs: [v(2, 3, 2, 3, 4)],
    });
    const shapes = new Map([
      ['x0', [2, 3, 2, 3, 4]],
      ['y0', [2, 3, 8]],
    ]);
    expect(() => gradientGraph(graph, 'y0', shapes, ['x0'])).toThrow(/packed.*without that optimisation/);
  });

  it('refuses key/value caches', () => {
    const names = ['PackedAttention', 'GroupQueryAttention', 'QAttention'];
    for (const op of names) {
      const graph = opGraph({ op, domain: 'com.microsoft', inputs: [v(1, 2, 3)] });
      expect(() =>
        gradientGraph(
          graph,
          'y0',
          new Map([
            ['x0', [1, 2, 3]],
            ['y0', [1, 2, 3]],
          ]),
          ['x0'],
        ),
      ).toThrow(/export the model without|before quantisation/);
    }
  });
});

describe('com.microsoft.MultiHeadAttention', () => {
  const make = (inputs: OpCase['inputs'], attributes: Record<string, AttributeInput> = {}): OpCase => ({
    op: 'MultiHeadAttention',
    domain: 'com.microsoft',
    attributes: { num_heads: 2, ...attributes },
    inputs,
  });
  const cases: [string, OpCase][] = [
    ['separate', make([v(2, 3, 8), v(2, 4, 8), v(2, 4, 8)])],
    ['separate, other value size', make([v(2, 3, 8), v(2, 4, 8), v(2, 4, 6)])],
    ['separate, bias', make([v(2, 3, 8), v(2, 4, 8), v(2, 4, 8), weight([24])])],
    ['keys by heads', make([v(2, 3, 8), v(2, 2, 4, 4), v(2, 2, 4, 4)])],
    ['scale', make([v(2, 3, 8), v(2, 4, 8), v(2, 4, 8)], { scale: float(0.3) })],
    ['causal', make([v(2, 4, 8), v(2, 4, 8), v(2, 4, 8)], { unidirectional: 1 })],
    ['key mask', make([v(2, 3, 8), v(2, 4, 8), v(2, 4, 8), null, int32([1, 1, 0, 1, 1, 0, 1, 1], [2, 4])])],
    ['score bias', make([v(2, 3, 8), v(2, 4, 8), v(2, 4, 8), null, null, v(1, 2, 3, 4)])],
  ];
  it.each(cases)('%s', async (_, c) => {
    await checkRule(c, { step: 5e-2, tolerance: 2e-3 });
  });

  it('works for a free batch', async () => {
    await checkBatched(make([v(1, 3, 8), v(1, 4, 8), v(1, 4, 8), weight([24])]));
  });
});

describe('com.microsoft.Attention', () => {
  const make = (inputs: OpCase['inputs'], attributes: Record<string, AttributeInput> = {}): OpCase => ({
    op: 'Attention',
    domain: 'com.microsoft',
    attributes: { num_heads: 2, ...attributes },
    inputs,
  });
  const cases: [string, OpCase][] = [
    ['plain', make([v(2, 3, 8), weight([8, 24]), weight([24], 3)])],
    ['scale', make([v(2, 3, 8), weight([8, 24]), weight([24], 3)], { scale: float(0.3) })],
    ['causal', make([v(2, 3, 8), weight([8, 24]), weight([24], 3)], { unidirectional: 1 })],
    ['sizes', make([v(2, 3, 6), weight([6, 24]), weight([24], 3)], { qkv_hidden_sizes: [8, 8, 8] })],
    ['key mask', make([v(2, 3, 8), weight([8, 24]), weight([24], 3), int32([1, 1, 0, 0, 1, 1], [2, 3])])],
    ['score bias', make([v(2, 3, 8), weight([8, 24]), weight([24], 3), null, null, v(2, 2, 3, 3)])],
  ];
  it.each(cases)('%s', async (_, c) => {
    await checkRule(c, { step: 5e-2, tolerance: 2e-3 });
  });
  it('works for a free batch', async () => {
    await checkBatched(make([v(1, 3, 8), weight([8, 24]), weight([24], 3)]));
  });
});
