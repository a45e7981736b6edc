import { type AttributeInput, float, Graph, GraphBuilder, Node, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpolationMatrix } from '../../src/rules/interpolation.ts';
import { forAll, opset, profile } from '../arbitrary.ts';
import { checkRule, emitted, gradientGraph, type OpCase, opGraph, run } from '../harness.ts';
import { checkBatched, checkEntries, checkHalf } from '../variants.ts';

const int = (min: number, max: number) => fc.integer({ min, max });
const COORDINATES = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric', 'tf_crop_and_resize'];
const NEAREST = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];
const constant = (values: readonly number[]) => ({ constant: Tensor.floats(values) });

const setting = fc.record({
  mode: fc.constantFrom('nearest', 'linear', 'cubic'),
  coordinates: fc.constantFrom(...COORDINATES),
  nearest: fc.constantFrom(...NEAREST),
  cubicA: fc.constantFrom(-0.75, -0.5),
  excludeOutside: fc.boolean(),
  from: fc.array(int(1, 6), { minLength: 3, maxLength: 3 }),
  to: fc.array(int(1, 9), { minLength: 3, maxLength: 3 }),
  rank: int(1, 3),
  bySizes: fc.boolean(),
  opset: opset(13),
  profile,
});
type Setting = Omit<typeof setting extends fc.Arbitrary<infer T> ? T : never, 'opset'> & { opset: number };

function caseOf(s: Setting): OpCase {
  // The runtime's cubic works in two dimensions only.
  const rank = s.mode === 'cubic' ? 2 : s.rank;
  const from = [2, 3, ...s.from.slice(0, rank)];
  const to = [2, 3, ...s.to.slice(0, rank)];
  const crop = s.coordinates === 'tf_crop_and_resize';
  const attributes: Record<string, AttributeInput> = {
    mode: s.mode,
    coordinate_transformation_mode: s.coordinates,
    nearest_mode: s.nearest,
    ...(s.mode === 'cubic'
      ? { cubic_coeff_a: float(s.cubicA), exclude_outside: s.excludeOutside && !crop ? 1 : 0 }
      : {}),
    ...(crop ? { extrapolation_value: float(0.5) } : {}),
  };
  const region = [
    0,
    0,
    ...from.slice(2).map((_, axis) => 0.13 * axis),
    1,
    1,
    ...from.slice(2).map((_, axis) => 1.1 - 0.23 * axis),
  ];
  return {
    op: 'Resize',
    opset: s.opset,
    profile: s.profile,
    attributes,
    inputs: [
      { variable: from },
      crop ? constant(region) : null,
      s.bySizes ? null : constant(to.map((size, axis) => (axis < 2 ? 1 : (size + 0.01) / from[axis]!))),
      ...(s.bySizes ? [{ constant: Tensor.int64(to) }] : []),
    ],
  };
}

/** Sizes with the scales that a converter writes for them: the nearest float32, and the next one above it. */
const pairs = Array.from({ length: 19 }, (_, n) => n + 2).flatMap((size) =>
  Array.from({ length: 25 }, (_, m) => (m + 2) / size)
    .filter((ratio) => ratio !== 1)
    .flatMap((ratio) => [Math.fround(ratio), Math.fround(Math.fround(ratio) * (1 + 2 ** -23))])
    // The runtime's two ways to the size of the result: they must agree.
    .filter((scale) => Math.floor(size * scale) === Math.floor(Math.fround(size * scale)))
    .map((scale) => ({ size, scale })),
);

/** What the runtime's Resize picks from 0, 1, … of each size. */
async function picked(attributes: Record<string, AttributeInput>): Promise<number[][]> {
  const graph = new Graph({
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: new Map(),
  });
  const b = new GraphBuilder(graph);
  pairs.forEach(({ size, scale }, at) => {
    const row = b.constant(
      Tensor.floats(
        Array.from({ length: size }, (_, i) => i),
        [1, 1, 1, size],
      ),
    );
    const scales = b.constant(Tensor.floats([1, 1, 1, scale]));
    b.output(b.op('Resize', [row, undefined, scales], { mode: 'nearest', ...attributes }), `y${at}`);
  });
  const results = await run(b.build(), {}, { logSeverityLevel: 4, graphOptimizationLevel: 'disabled' });
  return pairs.map((_, at) => [...(results[`y${at}`]!.data as Float32Array)]);
}

describe('Resize', () => {
  it('nearest picks what the runtime picks, also where a place is halfway between two but for its rounding', async () => {
    for (const coordinates of ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric']) {
      for (const nearest of NEAREST) {
        const rows = await picked({ coordinate_transformation_mode: coordinates, nearest_mode: nearest });
        const how = {
          mode: 'nearest',
          coordinates,
          nearest,
          cubicA: 0,
          excludeOutside: false,
          antialias: false,
        } as const;
        pairs.forEach(({ size, scale }, at) => {
          const row = rows[at]!;
          const matrix = interpolationMatrix({ input: size, output: row.length, scale, start: 0, end: 1 }, how);
          const mine = row.map((_, i) => matrix.subarray(i * size, (i + 1) * size).indexOf(1));
          expect(mine, `${coordinates} ${nearest} ${size} by ${scale}`).toEqual(row);
        });
      }
    }
  });

  it('nearest, linear and cubic, in every coordinate system, by scales and by sizes, 1-D to 3-D', async () => {
    await forAll(setting, async (s) => checkRule(caseOf(s), { linear: true }), 150);
  });

  it('repeats before a crop run: the gradient comes from a Pad, which the runtime would take into a pool', async () => {
    const c: OpCase = {
      op: 'Resize',
      inputs: [
        { variable: [1, 2, 3, 4] },
        constant([1, 1, 2, 2]),
        { constant: Tensor.int64([3, 2]) },
        { constant: Tensor.int64([6, 5]) },
        { constant: Tensor.int64([2, 3]) },
      ],
      nodes: [
        Node.make('Resize', ['x0', '', 'c1'], ['twice'], { mode: 'nearest' }),
        Node.make('Slice', ['twice', 'c2', 'c3', 'c4'], ['y0']),
      ],
    };
    await checkRule(c, { linear: true });
  });

  it('half_pixel_symmetric, from opset 19', async () => {
    for (const mode of ['linear', 'cubic'])
      for (const scale of [0.45, 0.7, 1.3, 2.6])
        await checkRule(
          {
            op: 'Resize',
            opset: 19,
            attributes: { mode, coordinate_transformation_mode: 'half_pixel_symmetric' },
            inputs: [{ variable: [1, 2, 7, 5] }, null, constant([1, 1, scale, 1 / scale])],
          },
          { linear: true },
        );
  });

  it('with antialiasing, from opset 18', async () => {
    await forAll(
      setting,
      async (s) => {
        const c = caseOf({
          ...s,
          mode: s.mode === 'nearest' ? 'linear' : s.mode,
          rank: 2,
          opset: Math.max(18, s.opset),
        });
        await checkRule({ ...c, attributes: { ...c.attributes, antialias: 1 } }, { linear: true });
      },
      60,
    );
  });

  it('of listed axes, channels last, from opset 18', async () => {
    const listed: OpCase = {
      op: 'Resize',
      opset: 18,
      attributes: { mode: 'linear', axes: [3, 2] },
      inputs: [{ variable: [1, 2, 4, 5] }, null, constant([1.5, 2])],
    };
    await checkRule(listed, { linear: true });
    for (const mode of ['nearest', 'linear'])
      await checkRule(
        {
          op: 'Resize',
          attributes: { mode },
          inputs: [{ variable: [2, 4, 5, 3] }, null, constant([1, 1.5, 2, 1])],
        },
        { linear: true },
      );
  });

  it('keeping the aspect ratio, from opset 18', async () => {
    for (const policy of ['not_larger', 'not_smaller', 'stretch'])
      for (const sizes of [
        [9, 7],
        [3, 8],
        [12, 4],
      ])
        await checkRule(
          {
            op: 'Resize',
            opset: 18,
            attributes: { mode: 'linear', axes: [2, 3], keep_aspect_ratio_policy: policy },
            inputs: [{ variable: [1, 2, 5, 6] }, null, null, { constant: Tensor.int64(sizes) }],
          },
          { linear: true },
        );
  });

  it('agrees with central differences, works for a free batch and in float16', async () => {
    for (const [mode, factors] of [
      ['nearest', [1, 1, 2, 2]],
      ['linear', [1, 1, 2, 2]],
      ['linear', [1, 1, 0.6, 1.5]],
    ] as const) {
      const c: OpCase = {
        op: 'Resize',
        attributes: { mode },
        inputs: [{ variable: [1, 2, 3, 4] }, null, constant(factors)],
      };
      await checkEntries(c);
      await checkBatched(c);
      // By sizes: checkHalf turns every float constant into float16, and scales are never that.
      await checkHalf({
        ...c,
        inputs: [
          c.inputs[0]!,
          null,
          null,
          { constant: Tensor.int64([1, 2, ...(mode === 'nearest' ? [6, 8] : [7, 8])]) },
        ],
      });
    }
  });

  const show = (mode: string, factors: readonly number[], attributes: Record<string, AttributeInput> = {}) =>
    emitted({
      op: 'Resize',
      attributes: { mode, ...attributes },
      inputs: [{ variable: [1, 2, 3, 2] }, null, constant(factors)],
    });

  it('emits a pool for whole repeats and a matrix an axis otherwise', async () => {
    const floor = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    expect(await show('nearest', [1, 1, 2, 2], floor)).toMatchInlineSnapshot(`
      "g/AveragePool = AveragePool(seed) {kernel_shape=[2, 2], strides=[2, 2]}
      g/BatchNormalization = BatchNormalization(g/AveragePool, [4, 4], [0, 0], [0, 0], [1, 1]) {epsilon=0}"
    `);
    expect(await show('linear', [1, 1, 2, 2])).toMatchInlineSnapshot(`
      "g/MatMul = MatMul(g/interpolation, seed)
      g/MatMul_1 = MatMul(g/MatMul, 4x2[1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1])"
    `);
    expect(await show('linear', [1, 1, 1, 2])).toMatchInlineSnapshot(
      `"g/MatMul = MatMul(seed, 4x2[1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1])"`,
    );
  });
});

it('sampling at computed places is refused with a cure', () => {
  for (const op of ['RoiAlign', 'MaxRoiPool']) {
    const graph = opGraph({ op, opset: 20, inputs: [{ variable: [1, 1, 2, 2] }, { variable: [1, 2, 2, 2] }] });
    const shapes = new Map([
      ['x0', [1, 1, 2, 2]],
      ['y0', [1, 1, 2, 2]],
    ]);
    expect(() => gradientGraph(graph, 'y0', shapes, ['x0'])).toThrow(/computed places; explain a score/);
  }
});
