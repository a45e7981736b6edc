import { Node, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactly, forAll, ints, opset, profile, separated, shape, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase } from '../harness.ts';
import { atRunTime, checkBatched, checkEntries, checkHalf, gradients } from '../variants.ts';

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

describe('scatters', () => {
  it('ScatterElements, none and add: data and updates', async () => {
    for (const reduction of ['none', 'add'])
      for (const axis of [1, -2])
        for (const version of [16, 18, 24]) {
          const inputs = [variable([2, 4, 3]), ints([0, 3, 1, -2], [2, 2, 1]), variable([2, 2, 1])];
          const c: OpCase = { op: 'ScatterElements', opset: version, attributes: { axis, reduction }, inputs };
          await checkRule(c, linear);
        }
    const c: OpCase = {
      op: 'ScatterElements',
      opset: 13,
      attributes: { axis: 1 },
      inputs: [variable([2, 4]), ints([0, 3, 1, 2], [2, 2]), variable([2, 2])],
    };
    await checkRule(c, linear);
    await checkEntries(c);
    await checkHalf(c, 1e-2);
  });
  it('ScatterND, none and add: data and updates', async () => {
    for (const reduction of ['none', 'add'])
      for (const version of [16, 18, 24]) {
        const c: OpCase = {
          op: 'ScatterND',
          opset: version,
          attributes: { reduction },
          inputs: [variable([3, 4, 2]), ints([0, 1, 2, 3], [2, 2]), variable([2, 2])],
        };
        await checkRule(c, linear);
      }
    const c: OpCase = {
      op: 'ScatterND',
      opset: 13,
      inputs: [variable([3, 4]), ints([2, 0], [2, 1]), variable([2, 4])],
    };
    await checkRule(c, linear);
    await checkEntries(c);
    await checkBatched({ op: 'ScatterND', inputs: [variable([1, 4]), ints([0], [1, 1]), variable([1, 4])] }, [0, 2]);
  });
  it('adds what is written twice', async () => {
    const c: OpCase = {
      op: 'ScatterElements',
      opset: 18,
      attributes: { reduction: 'add' },
      inputs: [variable([4]), ints([1, 1, 2]), variable([3])],
    };
    expect(await gradients(c, [1, 2, 3, 4])).toEqual({ x0: [1, 2, 3, 4], x2: [2, 2, 3] });
  });
  const values = (dims: readonly number[], numbers: readonly number[]) => ({ variable: dims, values: numbers });
  it.each(['max', 'min', 'mul'])(
    '%s: data and updates, places written several times, once or never',
    async (reduction) => {
      const data = values([2, 4], [0.9, -0.4, 0.55, -1.3, 0.25, 1.6, -0.7, 0.1]);
      const updates = values([2, 5], [0.5, 1.2, -0.8, -0.15, 0.7, -1.1, 0.35, 0.95, -0.55, 1.45]);
      const elements: OpCase = {
        op: 'ScatterElements',
        opset: 18,
        attributes: { axis: 1, reduction },
        inputs: [data, ints([0, 3, 0, -2, 0, 1, 1, -1, 1, 2], [2, 5]), updates],
      };
      const ND: OpCase = {
        op: 'ScatterND',
        opset: 18,
        attributes: { reduction },
        inputs: [
          data,
          ints([1, 0, 1], [3, 1]),
          values([3, 4], [0.5, 1.2, -0.8, -0.15, 0.7, -1.1, 0.35, 0.95, -0.55, 1.45, 0.6, -0.9]),
        ],
      };
      for (const profile of PROFILES)
        for (const opset of [18, 22])
          for (const c of [elements, ND]) {
            await checkRule({ ...c, profile, opset });
            await checkRule(atRunTime({ ...c, profile, opset }));
          }
    },
  );
  // torch.zeros(…).scatter_reduce(0, index, src, 'amax' | 'prod'), include_self, torch 2.13.
  it('max: equal ones share, as in torch', async () => {
    const inputs = [values([4], [2, 1, 5, 0]), ints([0, 0, 1, 1, 1]), values([5], [2, 2, 3, 3, -1])];
    const c: OpCase = { op: 'ScatterElements', opset: 18, attributes: { reduction: 'max' }, inputs };
    const { x0, x2 } = await gradients(c, [3, 4, 5, 6]);
    expect(x0).toEqual([1, 0, 5, 6]);
    expect(x2).toEqual([1, 1, 2, 2, 0]);
  });
  it('mul: with one zero its factor gets the product of the others, with two nobody gets any, as in torch', async () => {
    const inputs = [values([3], [2, 3, 4]), ints([0, 0, 1, 1, 1]), values([5], [0, 5, 0, 0, 7])];
    const c: OpCase = { op: 'ScatterElements', opset: 18, attributes: { reduction: 'mul' }, inputs };
    const { x0, x2 } = await gradients(c, [1, 10, 100]);
    expect(x0).toEqual([0, 0, 100]);
    expect(x2).toEqual([10, 0, 0, 0, 0]);
  });
});

describe('TopK', () => {
  it('largest and smallest, every axis, in every profile', async () => {
    await forAll(
      fc.record({
        dims: shape({ min: 1, max: 3 }, 5),
        pick: fc.nat(),
        count: fc.nat(),
        largest: fc.constantFrom(0, 1),
        version: opset(),
        profile,
      }),
      ({ dims, pick, count, largest, version, profile }) => {
        const axis = pick % dims.length;
        const k = 1 + (count % dims[axis]!);
        const c: OpCase = {
          op: 'TopK',
          opset: version,
          profile,
          outputs: 2,
          attributes: { axis, largest },
          inputs: [exactly(dims, separated(size(dims), k)), ints([k])],
        };
        return checkRule(c);
      },
      24,
    );
    for (const profile of PROFILES) {
      const c: OpCase = { op: 'TopK', profile, outputs: 2, inputs: [variable([1, 4]), ints([2])] };
      await checkBatched(c);
      await checkHalf(c, 1e-2);
    }
  });
});

describe('what stops and what is refused', () => {
  it('Compress and Unique', async () => {
    const compress: OpCase = {
      op: 'Compress',
      inputs: [variable([4]), { constant: Tensor.of('bool', [4], Uint8Array.of(1, 0, 1, 1)) }],
    };
    await expect(emitted(compress)).rejects.toMatchObject({ code: 'GRADIENT_REFUSED' });
    await expect(emitted({ op: 'Unique', inputs: [variable([4])] })).rejects.toMatchObject({
      code: 'GRADIENT_REFUSED',
    });
    await expect(emitted({ op: 'NonZero', inputs: [variable([4])] })).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});
