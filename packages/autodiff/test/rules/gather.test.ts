import { Node, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forAll, ints, opset, profile, shape, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase } from '../harness.ts';
import { atRunTime, checkBatched, checkEntries, checkHalf } from '../variants.ts';

const linear = { linear: true };
const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
const PROFILES = ['native', 'wasm', 'webgpu'] as const;

const gatherOf = (
  dims: readonly number[],
  axis: number,
  indices: readonly number[],
  indexDims?: readonly number[],
  rest: Partial<OpCase> = {},
): OpCase => ({
  op: 'Gather',
  attributes: { axis },
  ...rest,
  inputs: [variable(dims), ints(indices, indexDims)],
});

describe('Gather', () => {
  const cases = fc
    .record({
      dims: shape({ min: 1 }, 5),
      pick: fc.nat(),
      indexDims: shape({ max: 2 }, 4),
      negative: fc.boolean(),
      seed: fc.array(fc.nat(), { minLength: 16, maxLength: 16 }),
      version: opset(),
      profile,
    })
    .map(({ dims, pick, indexDims, negative, seed, version, profile }) => {
      const axis = pick % dims.length;
      const along = dims[axis]!;
      const indices = Array.from({ length: size(indexDims) }, (_, index) => (seed[index % 16]! % (2 * along)) - along);
      return gatherOf(dims, negative ? axis - dims.length : axis, indices, indexDims, { opset: version, profile });
    });
  it('constant indices of every shape, negative and repeated', () => forAll(cases, (c) => checkRule(c, linear), 40));
  it('indices at run time', () => forAll(cases, (c) => checkRule(atRunTime(c), linear), 30));
  it('int32 indices, constant and at run time', async () => {
    const c: OpCase = {
      op: 'Gather',
      attributes: { axis: 1 },
      inputs: [variable([2, 4]), { constant: Tensor.of('int32', [3], Int32Array.of(3, -4, 3)) }],
    };
    await checkRule(c, linear);
    await checkRule(atRunTime(c), linear);
  });
  it('every form, entry by entry, with a free batch, in float16', async () => {
    for (const [indices, indexDims] of [
      [[1], []],
      [[1, 2], [2]],
      [[2, 0, 1, 3], [4]],
      [[3, 1], [2]],
      [
        [0, 0, 1, 3],
        [2, 2],
      ],
      [[0, 0, 0, 0, 0, 0, 1], [7]],
    ] as [number[], number[]][]) {
      const c = gatherOf([1, 4, 2], 1, indices, indexDims);
      await checkEntries(c);
      for (const one of [
        c,
        atRunTime(c),
        gatherOf([1, 2, 4], -1, indices, indexDims),
        atRunTime(gatherOf([1, 4, 2, 2], 1, indices, indexDims)),
      ]) {
        await checkBatched(one);
        await checkHalf(one, 1e-2);
      }
    }
  });
  it('an axis before the batch (the qkv split of ViT)', async () => {
    const c: OpCase = {
      op: 'qkv',
      nodes: [
        Node.make('Transpose', ['x0'], ['t'], { perm: [2, 0, 1] }),
        Node.make('Gather', ['t', 'c1'], ['y0'], { axis: 0 }),
      ],
      inputs: [variable([1, 4, 3]), ints([1], [])],
    };
    await checkBatched(c);
    await checkBatched({ ...c, inputs: [variable([1, 4, 3]), ints([2, 0, 2])] });
  });
  it('along an axis that the batch makes long: as_strided of a flattened value, by places made of a Range', async () => {
    const c: OpCase = {
      op: 'as_strided',
      opset: 18,
      nodes: [
        Node.make('Shape', ['x0'], ['items'], { start: 0, end: 1 }),
        Node.make('Squeeze', ['items'], ['count']),
        Node.make('Range', ['c1', 'count', 'c2'], ['numbers']),
        Node.make('Mul', ['numbers', 'c3'], ['starts']),
        Node.make('Unsqueeze', ['starts', 'c4'], ['column']),
        Node.make('Add', ['column', 'c5'], ['places']),
        Node.make('Reshape', ['x0', 'c6'], ['flat']),
        Node.make('Gather', ['flat', 'places'], ['y0']),
      ],
      inputs: [
        variable([1, 3, 2]),
        ints([0], []),
        ints([1], []),
        ints([6], []),
        ints([1]),
        ints([5, 0, -6, 3, 0], [5]),
        ints([-1]),
      ],
    };
    // The last item's places counted from its end are those of the batch.
    await checkRule({ ...c, inputs: c.inputs.with(0, variable([2, 3, 2])) }, linear);
    await checkBatched({ ...c, inputs: c.inputs.with(5, ints([5, 0, 2, 3, 0], [5])) });
    await checkHalf(c, 1e-2);
  });
  it('emits the class token of ViT as Unsqueeze and Pad, a permutation as Gather, a matrix for many repeats', async () => {
    expect(await emitted(gatherOf([1, 197, 8], 1, [0], []))).toMatchInlineSnapshot(`
      "g/Reshape = Reshape(seed, [1, 1, 8])
      g/Pad = Pad(g/Reshape, [0, 0, 0, 0, 196, 0])"
    `);
    expect(await emitted(gatherOf([1, 4, 8], 1, [2, 0, 1, 3]))).toMatchInlineSnapshot(
      `"g/Gather = Gather(seed, [1, 2, 0, 3]) {axis=1}"`,
    );
    expect(await emitted(gatherOf([1, 4, 8], 1, [3, 0]))).toMatchInlineSnapshot(`
      "g/Pad = Pad(seed, [0, 0, 0, 0, 1, 0])
      g/Gather = Gather(g/Pad, [1, 2, 2, 0]) {axis=1}"
    `);
    expect(await emitted(gatherOf([1, 4], 1, [0, 0, 3]))).toMatchInlineSnapshot(`
      "g/Pad = Pad(seed, [0, 0, 0, 1])
      g/Gather = Gather(g/Pad, [0, 3, 3, 2]) {axis=1}
      g/Gather_1 = Gather(g/Pad, [1, 3, 3, 3]) {axis=1}
      g/Add = Add(g/Gather, g/Gather_1)"
    `);
    expect(await emitted(gatherOf([1, 2], 1, [0, 0, 0, 0, 0, 1]))).toMatchInlineSnapshot(
      `"g/MatMul = MatMul(seed, 6x2[1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1])"`,
    );
    expect(await emitted(atRunTime(gatherOf([1, 4, 8], 1, [0, 2])))).toMatchInlineSnapshot(`
      "g/Less = Less(hidden, 0)
      g/Add = Add(hidden, 4)
      g/Where = Where(g/Less, g/Add, hidden)
      g/Reshape = Reshape(g/Where, [1, -1])
      g/Equal = Equal(4x1[0, 1, 2, 3], g/Reshape)
      g/Cast = Cast(g/Equal) {to=1}
      g/MatMul = MatMul(g/Cast, seed)"
    `);
  });
});

describe('GatherElements', () => {
  const cases = fc
    .record({
      dims: shape({ min: 1 }, 4),
      pick: fc.nat(),
      count: fc.integer({ min: 1, max: 5 }),
      smaller: fc.boolean(),
      seed: fc.array(fc.nat(), { minLength: 16, maxLength: 16 }),
      version: opset(),
      profile,
    })
    .map(({ dims, pick, count, smaller, seed, version, profile }): OpCase => {
      const axis = pick % dims.length;
      const indexDims = dims.map((dim, other) => (other === axis ? count : smaller ? Math.max(1, dim - 1) : dim));
      const indices = Array.from(
        { length: size(indexDims) },
        (_, index) => (seed[index % 16]! % (2 * dims[axis]!)) - dims[axis]!,
      );
      return {
        op: 'GatherElements',
        opset: version,
        profile,
        attributes: { axis },
        inputs: [variable(dims), ints(indices, indexDims)],
      };
    });
  it('any indices, with and without ScatterElements', () => forAll(cases, (c) => checkRule(c, linear), 40));
  it('entry by entry, free batch, float16', async () => {
    for (const profile of PROFILES) {
      const c: OpCase = {
        op: 'GatherElements',
        profile,
        attributes: { axis: 1 },
        inputs: [variable([1, 3]), ints([2, 2, 0, -3], [1, 4])],
      };
      await checkEntries(c);
      await checkHalf(c, 1e-2);
    }
    for (const profile of PROFILES) {
      const nodes = [
        Node.make('TopK', ['x0', 'c1'], ['values', 'places'], { axis: 1 }),
        Node.make('GatherElements', ['x0', 'places'], ['y0'], { axis: 1 }),
      ];
      await checkBatched({ op: 'picked', profile, nodes, inputs: [variable([1, 5]), ints([2])] });
    }
  });
  it('emits a scatter where there is a kernel, else a comparison', async () => {
    const c: OpCase = {
      op: 'GatherElements',
      attributes: { axis: 1 },
      inputs: [variable([1, 3]), ints([2, 2, 0, -3], [1, 4])],
    };
    expect(await emitted(c)).toMatchInlineSnapshot(`
      "g/Expand = Expand(0, [1, 3])
      g/ScatterElements = ScatterElements(g/Expand, 1x4[2, 2, 0, -3], seed) {axis=1, reduction="add"}"
    `);
    expect(await emitted({ ...c, profile: 'webgpu' })).toMatchInlineSnapshot(`
      "g/Less = Less(1x4[2, 2, 0, -3], 0)
      g/Add = Add(1x4[2, 2, 0, -3], 3)
      g/Where = Where(g/Less, g/Add, 1x4[2, 2, 0, -3])
      g/Unsqueeze = Unsqueeze(g/Where, [1])
      g/Equal = Equal(g/Unsqueeze, 3x1[0, 1, 2])
      g/Unsqueeze_1 = Unsqueeze(seed, [1])
      g/Where_1 = Where(g/Equal, g/Unsqueeze_1, 0)
      g/ReduceSum = ReduceSum(g/Where_1, [2]) {keepdims=0}"
    `);
    expect(await emitted({ ...c, opset: 13 })).toBe(await emitted({ ...c, profile: 'webgpu', opset: 13 }));
  });
});

describe('GatherND', () => {
  const forms: [number[], number[], number[], number][] = [
    [[3, 4], [2, 2], [0, 1, 2, -1], 0],
    [[3, 4], [2, 1], [2, -3], 0],
    [[3, 4, 2], [2, 2, 2], [0, 1, 2, 3, 0, 1, 0, 1], 0],
    [[2, 3, 4], [2, 3, 1], [0, 1, 1, -1, 0, 2], 1],
    [[2, 3, 4], [2, 2], [0, 1, 2, 3], 1],
    [[2, 2, 3, 2], [2, 2, 2, 1], [0, 1, 1, 2, 0, 0, -1, 1], 2],
    [[3], [1], [1], 0],
  ];
  it('constant and at run time, batch dimensions, negative and repeated', async () => {
    for (const [dims, indexDims, indices, batch] of forms)
      for (const version of [13, 17, 24]) {
        const c: OpCase = {
          op: 'GatherND',
          opset: version,
          attributes: { batch_dims: batch },
          inputs: [variable(dims), ints(indices, indexDims)],
        };
        await checkRule(c, linear);
        await checkRule(atRunTime(c), linear);
      }
    const c: OpCase = { op: 'GatherND', inputs: [variable([3, 4]), ints([0, 1, 2, -1], [2, 2])] };
    await checkEntries(c);
    await checkHalf(c, 1e-2);
    await checkHalf(atRunTime(c), 1e-2);
  });
  it('with the batch behind the indexed dimensions (torch’s x[:, i, j])', async () => {
    const c: OpCase = {
      op: 'advanced',
      nodes: [Node.make('Transpose', ['x0'], ['t'], { perm: [1, 2, 0] }), Node.make('GatherND', ['t', 'c1'], ['y0'])],
      inputs: [variable([1, 3, 4]), ints([0, 1, 2, -1], [2, 2])],
    };
    await checkRule(c, linear);
    await checkBatched(c);
  });
});
