import { type AttributeInput, float } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forAll, opset, variable } from '../arbitrary.ts';
import { checkRule, emitted, gradientGraph, type OpCase, opGraph } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf } from '../variants.ts';

const int = (min: number, max: number) => fc.integer({ min, max });
const floats = (dims: readonly number[]): OpCase['inputs'][number] => ({ variable: dims });

/** Two shapes that multiply: batch axes that broadcast, vectors on either side. */
const factors = fc
  .record({
    batch: fc.array(int(1, 3), { maxLength: 2 }),
    left: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
    right: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
    skip: int(0, 2),
    side: fc.boolean(),
    vector: fc.constantFrom('none', 'none', 'none', 'a', 'b', 'both'),
    m: int(1, 4),
    k: int(1, 4),
    n: int(1, 4),
  })
  .map(({ batch, left, right, skip, side, vector, m, k, n }) => {
    const ones = (flags: boolean[]) => batch.map((size, axis) => (flags[axis] ? 1 : size));
    const [whole, tail] = [ones(left), ones(right).slice(Math.min(skip, batch.length))];
    const [outerA, outerB] = side ? [whole, tail] : [tail, whole];
    return {
      a: vector === 'a' || vector === 'both' ? [k] : [...outerA, m, k],
      b: vector === 'b' || vector === 'both' ? [k] : [...outerB, k, n],
    };
  });

describe('MatMul', () => {
  it('of every pair of ranks, batch axes broadcast', async () => {
    await forAll(
      fc.record({ factors, opset: opset(13) }),
      async ({ factors: { a, b }, opset }) =>
        checkRule({ op: 'MatMul', opset, inputs: [variable(a), variable(b)] }, { step: 0.1 }),
      60,
    );
  });

  it('agrees with central differences, works for a free batch and in float16', async () => {
    const c: OpCase = { op: 'MatMul', inputs: [floats([1, 3, 4]), floats([4, 2])] };
    await checkEntries(c);
    await checkBatched(c, [1]);
    await checkHalf(c);
    await checkBatched({ op: 'MatMul', inputs: [floats([1, 2, 3, 4]), floats([1, 2, 4, 2])] });
  });

  it('emits one product a factor', async () => {
    const show = (a: number[], b: number[]) => emitted({ op: 'MatMul', inputs: [floats(a), floats(b)] });
    expect(await show([2, 3, 4], [2, 4, 5])).toMatchInlineSnapshot(`
      "g/Transpose = Transpose(x1) {perm=[0, 2, 1]}
      g/MatMul = MatMul(seed, g/Transpose)
      g/Transpose_1 = Transpose(x0) {perm=[0, 2, 1]}
      g/MatMul_1 = MatMul(g/Transpose_1, seed)"
    `);
    expect(await show([2, 3, 4], [4, 5])).toMatchInlineSnapshot(`
      "g/Transpose = Transpose(x1) {perm=[1, 0]}
      g/MatMul = MatMul(seed, g/Transpose)
      g/Reshape = Reshape(x0, [-1, 4])
      g/Transpose_1 = Transpose(g/Reshape) {perm=[1, 0]}
      g/Reshape_1 = Reshape(seed, [-1, 5])
      g/MatMul_1 = MatMul(g/Transpose_1, g/Reshape_1)"
    `);
  });
});

describe('Gemm', () => {
  const setting = fc.record({
    m: int(1, 4),
    k: int(1, 4),
    n: int(1, 4),
    transA: fc.boolean(),
    transB: fc.boolean(),
    alpha: fc.constantFrom(1, 0.5),
    beta: fc.constantFrom(1, 2),
    bias: fc.constantFrom('none', 'scalar', 'row', 'line', 'column', 'full'),
    opset: opset(13),
  });
  type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;
  const caseOf = (s: Setting): OpCase => {
    const { m, k, n } = s;
    const bias = { none: undefined, scalar: [], row: [n], line: [1, n], column: [m, 1], full: [m, n] }[s.bias];
    const attributes: Record<string, AttributeInput> = { transA: s.transA ? 1 : 0, transB: s.transB ? 1 : 0 };
    if (s.alpha !== 1) attributes.alpha = float(s.alpha);
    if (s.beta !== 1) attributes.beta = float(s.beta);
    return {
      op: 'Gemm',
      opset: s.opset,
      attributes,
      inputs: [
        variable(s.transA ? [k, m] : [m, k]),
        variable(s.transB ? [n, k] : [k, n]),
        ...(bias ? [variable(bias)] : []),
      ],
    };
  };

  it('transposed in every way, scaled, with a bias of every shape', async () => {
    await forAll(setting, async (s) => checkRule(caseOf(s), { step: 0.1 }), 60);
  });

  it('agrees with central differences, works for a free batch and in float16', async () => {
    const c: OpCase = {
      op: 'Gemm',
      attributes: { transB: 1, alpha: float(0.5) },
      inputs: [floats([1, 4]), floats([3, 4]), floats([3])],
    };
    await checkEntries(c);
    await checkBatched(c, [1, 2]);
    await checkHalf(c);
  });

  it('is one product', async () => {
    expect(
      await emitted({ op: 'Gemm', attributes: { transB: 1 }, inputs: [floats([2, 4]), floats([3, 4])] }),
    ).toMatchInlineSnapshot(`
      "g/Gemm = Gemm(seed, x1)
      g/Gemm_1 = Gemm(seed, x0) {transA=1}"
    `);
  });
});

describe('runtime-fused products', () => {
  it('com.microsoft.FusedMatMul', async () => {
    await forAll(
      fc.record({
        transA: fc.boolean(),
        transB: fc.boolean(),
        batch: fc.array(int(1, 3), { maxLength: 2 }),
        one: fc.boolean(),
      }),
      async ({ transA, transB, batch, one }) => {
        const second = one ? batch.map(() => 1) : batch;
        await checkRule(
          {
            op: 'FusedMatMul',
            domain: 'com.microsoft',
            attributes: { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: float(0.5) },
            inputs: [
              variable([...batch, ...(transA ? [4, 3] : [3, 4])]),
              variable([...second, ...(transB ? [2, 4] : [4, 2])]),
            ],
          },
          { step: 0.1 },
        );
      },
      20,
    );
  });

  it('com.microsoft.FusedMatMul with its first axis moved behind the other batch axes', async () => {
    await forAll(
      fc.record({
        transA: fc.boolean(),
        transB: fc.boolean(),
        movedA: fc.boolean(),
        movedB: fc.boolean(),
        batch: fc.array(int(1, 3), { minLength: 1, maxLength: 2 }),
      }),
      async ({ transA, transB, movedA, movedB, batch }) => {
        const stored = (rows: number, columns: number, trans: boolean, moved: boolean) => {
          const [first, second] = trans ? [columns, rows] : [rows, columns];
          return variable(moved ? [first!, ...batch, second!] : [...batch, first!, second!]);
        };
        const flag = (set: boolean) => (set ? 1 : 0);
        await checkRule(
          {
            op: 'FusedMatMul',
            domain: 'com.microsoft',
            attributes: {
              transA: flag(transA),
              transB: flag(transB),
              transBatchA: flag(movedA),
              transBatchB: flag(movedB),
              alpha: float(0.5),
            },
            inputs: [stored(3, 4, transA, movedA), stored(4, 2, transB, movedB)],
          },
          { step: 0.1 },
        );
      },
      30,
    );
  });

  it('com.microsoft.FusedGemm', async () => {
    await checkRule({
      op: 'FusedGemm',
      domain: 'com.microsoft',
      attributes: { activation: 'LeakyRelu', activation_alpha: float(0.2), transB: 1 },
      inputs: [variable([3, 4], 0.5, 1), variable([2, 4], 0.5, 1), { variable: [2], values: [-9, 1] }],
    });
  });
});

describe('Einsum', () => {
  const cases: [string, number[][]][] = [
    [
      'ij,jk->ik',
      [
        [2, 3],
        [3, 4],
      ],
    ],
    [
      'bij,bjk->bik',
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
    ],
    [
      'bhid,bhjd->bhij',
      [
        [2, 3, 2, 4],
        [2, 3, 5, 4],
      ],
    ],
    [
      'bhij,bhjd->bhid',
      [
        [2, 3, 2, 5],
        [2, 3, 5, 4],
      ],
    ],
    [
      'bhwc,hkc->bhwk',
      [
        [1, 3, 2, 4],
        [3, 5, 4],
      ],
    ],
    ['i,j->ij', [[3], [4]]],
    ['ij->ji', [[3, 4]]],
    ['ijk->k', [[2, 3, 4]]],
    [
      'ij,ij->',
      [
        [2, 3],
        [2, 3],
      ],
    ],
    [
      'ij,jk',
      [
        [2, 3],
        [3, 4],
      ],
    ],
    [
      'ij,kj,lk->il',
      [
        [2, 3],
        [4, 3],
        [2, 4],
      ],
    ],
    [
      '...ij,...jk->...ik',
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
    ],
    [
      'b...d,de->b...e',
      [
        [2, 3, 2, 4],
        [4, 5],
      ],
    ],
    [
      'ijk,jk->i',
      [
        [2, 3, 4],
        [3, 4],
      ],
    ],
    [
      'ija,jk->ik',
      [
        [2, 3, 4],
        [3, 2],
      ],
    ],
  ];
  it.each(cases)('%s', async (equation, shapes) => {
    for (const version of [13, 17, 23])
      await checkRule(
        { op: 'Einsum', opset: version, attributes: { equation }, inputs: shapes.map((dims) => variable(dims)) },
        { step: 0.1 },
      );
  });

  it('works for a free batch', async () => {
    await checkBatched({
      op: 'Einsum',
      attributes: { equation: 'bij,bkj->bik' },
      inputs: [floats([1, 2, 3]), floats([1, 4, 3])],
    });
  });

  it('refuses repeated and broadcast labels', () => {
    const graph = (equation: string) =>
      opGraph({ op: 'Einsum', attributes: { equation }, inputs: [floats([3, 3]), floats([1, 3])] });
    const shapes = new Map([
      ['x0', [3, 3]],
      ['x1', [1, 3]],
      ['y0', [3, 3]],
    ]);
    expect(() => gradientGraph(graph('ii,jk->ik'), 'y0', shapes, ['x0'])).toThrow(/repeated/);
    expect(() => gradientGraph(graph('ij,ik->ijk'), 'y0', shapes, ['x0'])).toThrow(/broadcast/);
  });
});
