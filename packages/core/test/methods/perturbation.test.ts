import {
  type ExplainOptions,
  ExplainProgram,
  explain,
  findMethod,
  Model,
  noiseImage,
  type RunTensor,
  segmentationOf,
} from '@seewhy/core';
import { GraphBuilder, Tensor } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { fillTensor } from '../../src/perturbation/fill.ts';
import { riseMap, riseMask, riseMaskOf } from '../../src/perturbation/rise.ts';
import { RiseSum } from '../../src/perturbation/rise-sum.ts';
import { randomStream } from '../../src/random/random-stream.ts';
import { pictureNumber } from '../../src/sampling/picture-number.ts';
import { loadFixture, readFixture, relativeError, runtime } from '../support.ts';

const NAMES = ['occlusion', 'rise', 'lime', 'kernelshap', 'feature-ablation', 'shapley-sampling'] as const;
const [HEIGHT, WIDTH] = [6, 9];
const CLASSES = 3;

/** Numbers of both signs that are all different. */
const numbers = (length: number, phase: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 2.399 + phase) + 0.3 * Math.cos(i * 0.7 * phase));

/** A grey picture's network, made of nothing but what `end` appends to the flat picture `[N, H · W]`. */
function network(end: (b: GraphBuilder, flat: string) => string, height = HEIGHT, width = WIDTH): Promise<Model> {
  const empty = readFixture('models/tiny-cnn.onnx').with({
    inputs: [],
    outputs: [],
    nodes: [],
    initializers: new Map(),
    values: new Map(),
  });
  const b = new GraphBuilder(empty, { prefix: 'net' });
  const flat = b.reshape(b.input('x', 'float32', ['N', 1, height, width]), [-1, height * width]);
  b.output(end(b, flat), 'scores', 'float32', ['N', CLASSES]);
  return Model.load(b.build(), { runtime, batch: 'free' });
}
const weights = (rows: number, columns: number, phase: number) =>
  Tensor.floats(numbers(rows * columns, phase), [rows, columns]);

/** y_k = Σ w_ik x_i + b_k. */
const WEIGHTS = numbers(HEIGHT * WIDTH * CLASSES, 1);
const linear = () =>
  network((b, flat) =>
    b.add(
      b.matmul(flat, b.constant(Tensor.floats(WEIGHTS, [HEIGHT * WIDTH, CLASSES]))),
      b.constant(Tensor.floats([0.5, -1, 2], [CLASSES])),
    ),
  );
/** One hidden layer of ReLUs. */
const curved = (height = HEIGHT, width = WIDTH) =>
  network(
    (b, flat) =>
      b.matmul(b.relu(b.matmul(flat, b.constant(weights(height * width, 8, 2)))), b.constant(weights(8, CLASSES, 3))),
    height,
    width,
  );

const TARGET = 1;
const picture: RunTensor = { type: 'float32', dims: [1, 1, HEIGHT, WIDTH], data: numbers(HEIGHT * WIDTH, 5) };
const run = async (model: Model, options: ExplainOptions, image = picture) =>
  (await explain(model, [image], { targets: String(TARGET), ...options }))[0]![0]!;
const raw = async (model: Model, options: ExplainOptions, image = picture) =>
  (await run(model, options, image)).raw[0]!.data;

/** Six regions that are no rectangles. */
const REGIONS = segmentationOf(
  HEIGHT,
  WIDTH,
  Array.from({ length: HEIGHT * WIDTH }, (_, i) => (i * 7 + Math.floor(i / WIDTH)) % 6),
);
/** What the fill takes from the score of a linear network, pixel by pixel. */
const fillOf = (kind: 'mean' | 'blur') =>
  fillTensor({ data: picture.data as Float32Array, dims: picture.dims }, 'NCHW', { kind }).data;
const shares = (fill: ArrayLike<number>) =>
  Float64Array.from(picture.data as Float32Array, (value, i) => WEIGHTS[i * CLASSES + TARGET]! * (value - fill[i]!));
const byRegion = (values: Float64Array) => {
  const sums = new Float64Array(REGIONS.count);
  for (const [i, value] of values.entries()) sums[REGIONS.labels[i]!]! += value;
  return Float64Array.from(REGIONS.labels, (label) => sums[label]!);
};

describe('on a linear network', () => {
  it.each([
    ['lime', { penalty: 0, coalitions: 60 }],
    ['kernelshap', { coalitions: 62 }],
    ['kernelshap', { coalitions: 40 }],
    ['kernelshap', { coalitions: 40, variant: 'free' }],
    ['feature-ablation', {}],
    ['shapley-sampling', { permutations: 2 }],
  ] as const)('%s %o gives what each region adds', async (method, options) => {
    const model = await linear();
    for (const fill of ['mean', 'blur'] as const) {
      const found = await raw(model, { methods: [method], segmentation: REGIONS, fill, ...options });
      expect(relativeError(found, byRegion(shares(fillOf(fill))))).toBeLessThan(1e-4);
    }
  });

  it.each([
    { window: [4, 5], stride: [3, 2], variant: 'mean' },
    { window: [4, 5], stride: [3, 2], variant: 'sum' },
    { window: 2, stride: 1, variant: 'mean' },
    { window: [5, 4], stride: 3, variant: 'mean' },
    { window: 100, stride: 100, variant: 'sum' },
  ] as const)('occlusion is the window sums: %o', async ({ window, stride, variant }) => {
    const model = await linear();
    const own = shares(fillOf('mean'));
    const [high, wide] = typeof window === 'number' ? [window, window] : window;
    const [down, across] = typeof stride === 'number' ? [stride, stride] : stride;
    const sums = new Float64Array(own.length);
    const covered = new Float64Array(own.length);
    const begins = (length: number, side: number, step: number) => {
      const all: number[] = [];
      for (let at = 0; ; at += step) {
        const whole = at + side <= length;
        if (variant === 'sum' && !whole && at > 0) break;
        all.push(at);
        if (at + side >= length) break;
      }
      return all;
    };
    for (const y0 of begins(HEIGHT, high, down)) {
      for (const x0 of begins(WIDTH, wide, across)) {
        const inside: number[] = [];
        for (let y = y0; y < Math.min(HEIGHT, y0 + high); y++)
          for (let x = x0; x < Math.min(WIDTH, x0 + wide); x++) inside.push(y * WIDTH + x);
        const fall = inside.reduce((sum, i) => sum + own[i]!, 0);
        for (const i of inside) {
          sums[i]! += fall;
          covered[i]! += 1;
        }
      }
    }
    const expected = variant === 'sum' ? sums : sums.map((sum, i) => sum / covered[i]!);
    const found = await raw(model, {
      methods: ['occlusion'],
      window: window as never,
      stride: stride as never,
      variant,
      fill: 'mean',
    });
    expect(relativeError(found, expected)).toBeLessThan(1e-4);
    if (variant === 'mean') expect(covered.every((count) => count > 0)).toBe(true);
  });
});

describe('Shapley values of a network of ReLUs', () => {
  /** All orders of 0 … n − 1. */
  const orders = (n: number): number[][] =>
    n === 0
      ? [[]]
      : orders(n - 1).flatMap((rest) => Array.from({ length: n }, (_, at) => rest.toSpliced(at, 0, n - 1)));
  const four = segmentationOf(
    HEIGHT,
    WIDTH,
    Array.from({ length: HEIGHT * WIDTH }, (_, i) => (i * 5 + (i >> 3)) % 4),
  );

  it('by all orders, and by all coalitions, are what the definition says; their sum is exact', async () => {
    const model = await curved();
    const all = orders(4);
    const permutations: RunTensor = { type: 'float32', dims: [all.length, 4], data: Float32Array.from(all.flat()) };
    // v(S) by pictures that are made here.
    const value = new Map<number, number>();
    for (let set = 0; set < 16; set++) {
      const data = (picture.data as Float32Array).map((x, i) => ((set >> four.labels[i]!) & 1 ? x : 0));
      value.set(set, (await run(model, { methods: ['random'] }, { ...picture, data })).target.value);
    }
    const exact = new Float64Array(4);
    for (const order of all) {
      let set = 0;
      for (const player of order) {
        exact[player]! += (value.get(set | (1 << player))! - value.get(set)!) / all.length;
        set |= 1 << player;
      }
    }
    const expected = Float64Array.from(four.labels, (label) => exact[label]!);
    const common = { segmentation: four, fill: 'zero' } as const;
    for (const options of [
      { methods: ['kernelshap'], coalitions: 14 },
      { methods: ['shapley-sampling'], permutations },
    ] as const)
      expect(relativeError(await raw(model, { ...common, ...options }), expected)).toBeLessThan(1e-5);
    // Few coalitions: the values are estimates, their sum is not.
    const found = await raw(model, { methods: ['kernelshap'], segmentation: REGIONS, fill: 'zero', coalitions: 30 });
    const sum = [0, 1, 2, 3, 4, 5].reduce((total, region) => total + found[REGIONS.labels.indexOf(region)]!, 0);
    expect(sum).toBeCloseTo(value.get(15)! - value.get(0)!, 4);
  });
});

describe('RISE', () => {
  const side = 4;
  const small: RunTensor = { type: 'float32', dims: [1, 1, side, side], data: numbers(side * side, 7) };
  const size = { height: side, width: side, grid: 2 };
  const scoreOf = async (model: Model, mask: Float32Array) => {
    const data = (small.data as Float32Array).map((value, i) => value * mask[i]!);
    return (await run(model, { methods: ['random'] }, { ...small, data })).target.value;
  };

  it('makes in the graph the masks of the paper, whatever the size of the picture', async () => {
    for (const [height, width, grid] of [
      [6, 9, 4],
      [7, 5, 7],
      [5, 8, 1],
    ] as const) {
      const model = await curved(height, width);
      const image: RunTensor = { type: 'float32', dims: [1, 1, height, width], data: numbers(height * width, 4) };
      for (const keep of [0.5, 0.2]) {
        const sum = new RiseSum(height * width);
        for (let i = 0; i < 40; i++) {
          const mask = riseMask(randomStream(3, 'rise', pictureNumber(image), i), { height, width, grid, keep });
          const data = (image.data as Float32Array).map((value, at) => value * mask[at]!);
          sum.add(mask, (await run(model, { methods: ['random'] }, { ...image, data })).target.value);
        }
        for (const variant of ['keep', 'coverage', 'control-variate'] as const) {
          const found = await raw(model, { methods: ['rise'], masks: 40, grid, keep, variant, seed: 3 }, image);
          expect(relativeError(found, riseMap(sum, keep, variant))).toBeLessThan(1e-4);
        }
      }
    }
  });

  it('tends to the exact expectation, enumerated over every grid and shift', async () => {
    const model = await curved(side, side);
    const exact = new Float64Array(side * side);
    const squares = new Float64Array(side * side);
    const all = 16 * 4;
    for (let cells = 0; cells < 16; cells++) {
      const bits = [0, 1, 2, 3].map((i) => (cells >> i) & 1);
      for (let shift = 0; shift < 4; shift++) {
        const mask = riseMaskOf(bits, [shift >> 1, shift & 1], size);
        const score = await scoreOf(model, mask);
        for (let i = 0; i < mask.length; i++) {
          const value = (score * mask[i]!) / 0.5;
          exact[i]! += value / all;
          squares[i]! += value ** 2 / all;
        }
      }
    }
    const masks = 6000;
    const { raw: maps, sampling } = await run(model, { methods: ['rise'], masks, grid: 2, sampleBatch: 32 }, small);
    const found = maps[0]!.data;
    for (let i = 0; i < found.length; i++) {
      const error = Math.sqrt((squares[i]! - exact[i]! ** 2) / masks);
      expect(Math.abs(found[i]! - exact[i]!)).toBeLessThan(4.5 * error);
    }
    // The difference of the halves is about the relative standard error.
    const length = Math.hypot(...exact);
    const expected = Math.sqrt(squares.reduce((sum, value, i) => sum + value - exact[i]! ** 2, 0) / masks) / length;
    expect(sampling!.convergence!.value).toBeLessThan(4 * expected);
  });
});

/** Enough to see something, and to be cut short. */
const SOME: Readonly<Record<(typeof NAMES)[number], ExplainOptions>> = {
  occlusion: { window: 6, stride: 3, fill: 'noise' },
  rise: { masks: 160 },
  lime: { coalitions: 160, segments: 12, segmentation: 'grid' },
  kernelshap: { coalitions: 160, segments: 12, segmentation: 'grid' },
  'feature-ablation': { segments: 40, segmentation: 'grid' },
  'shapley-sampling': { permutations: 20, segments: 12, segmentation: 'grid' },
};

describe.each(NAMES)('%s', (name) => {
  const options = { methods: [name], ...SOME[name] };
  const tiny = (batch: 'one' | 'free' = 'free') => loadFixture('models/tiny-cnn.onnx', { batch });

  it('does not depend on the batch, and on nothing but the seed', async () => {
    const model = await tiny();
    const image = noiseImage(model, 1);
    const first = await raw(model, { ...options, sampleBatch: 1 }, image);
    for (const sampleBatch of [4, 5])
      expect(relativeError(await raw(model, { ...options, sampleBatch }, image), first)).toBeLessThan(1e-5);
    expect(relativeError(await raw(await tiny('one'), options, image), first)).toBeLessThan(1e-5);
    const random = name !== 'feature-ablation';
    const other = await raw(model, { ...options, seed: 1, sampleBatch: 4 }, image);
    expect(relativeError(other, first) > 1e-4).toBe(random);
  });

  it('gives what there is when it is interrupted', async () => {
    const model = await tiny();
    const program = await ExplainProgram.open(model, { ...options, targets: String(TARGET), sampleBatch: 4 });
    const stop = new AbortController();
    const enough = { 'shapley-sampling': 60, kernelshap: 100, occlusion: 20 } as Record<string, number>;
    const progress = (done: number) => {
      if (done >= (enough[name] ?? 24)) stop.abort();
    };
    const [[explanation]] = (await program.run([noiseImage(model, 1)], { signal: stop.signal, progress })) as never as [
      [Awaited<ReturnType<typeof run>>],
    ];
    await program.release();
    const { sampling, raw: maps } = explanation;
    expect(sampling!.interrupted).toBe(true);
    expect(sampling!.samples).toBeLessThan(sampling!.total);
    expect(maps[0]!.data.every(Number.isFinite)).toBe(true);
    expect(maps[0]!.data.some((value) => value !== 0)).toBe(true);
  });

  const sampled = !['occlusion', 'feature-ablation'].includes(name);
  if (sampled)
    it('stops when it is sure enough, and says how sure', async () => {
      const model = await tiny();
      const { sampling } = await run(model, { ...options, until: 0.9 }, noiseImage(model, 1));
      expect(sampling!.samples).toBeLessThan(sampling!.total);
      expect(sampling!.convergence!.value).toBeLessThanOrEqual(0.9);
    });

  it('is described whole', () => {
    const { summary, formula, paper, cost, caution } = findMethod(name);
    for (const text of [summary, formula, paper, cost, caution]) expect(text).toBeTruthy();
  });
});

describe('what does not fit', () => {
  const tensor = (dims: number[], data: number[]): RunTensor => ({
    type: 'float32',
    dims,
    data: Float32Array.from(data),
  });
  it.each([
    [{ methods: ['occlusion'], window: 2, stride: 5 }, 'NUMBER_INVALID'],
    [{ methods: ['occlusion'], fill: [1, 2] }, 'FILL_CHANNELS'],
    [{ methods: ['occlusion'], fill: 'pink' as never }, 'OPTION_INVALID'],
    [{ methods: ['occlusion'], window: [2, 2.5] }, 'OPTION_INVALID'],
    [{ methods: ['rise'], masks: tensor([1, 2, 2], [1, 1, 1, 1]) }, 'MASKS_SHAPE'],
    [{ methods: ['lime'], coalitions: tensor([1, 2], [1, 1]), segmentation: REGIONS }, 'COALITIONS_INVALID'],
    [
      { methods: ['lime'], coalitions: tensor([1, 6], [1, 1, 0.5, 1, 1, 1]), segmentation: REGIONS },
      'COALITIONS_INVALID',
    ],
    [{ methods: ['kernelshap'], coalitions: 4, segmentation: REGIONS }, 'COALITIONS_FEW'],
    [
      { methods: ['shapley-sampling'], permutations: tensor([1, 6], [0, 1, 2, 3, 4, 4]), segmentation: REGIONS },
      'PERMUTATIONS_INVALID',
    ],
    [{ methods: ['feature-ablation'], segmentation: segmentationOf(1, 2, [0, 1]) }, 'SEGMENTATION_SIZE'],
  ] as const satisfies readonly (readonly [ExplainOptions, string])[])('%o: %s', async (options, code) => {
    await expect(run(await linear(), options)).rejects.toMatchObject({ code });
  });
});

describe('memory', () => {
  it('of RISE is flat in the number of masks', { timeout: 120_000 }, async () => {
    const side = 224;
    const model = await network((b, flat) => b.matmul(flat, b.constant(weights(side * side, CLASSES, 1))), side, side);
    const image: RunTensor = { type: 'float32', dims: [1, 1, side, side], data: numbers(side * side, 1) };
    const most = async (masks: number) => {
      const program = await ExplainProgram.open(model, { methods: ['rise'], masks, targets: '0' });
      let rss = 0;
      const progress = () => {
        rss = Math.max(rss, process.memoryUsage().rss);
      };
      await program.run([image], { progress });
      await program.release();
      return rss;
    };
    await most(500);
    const [few, many] = [await most(500), await most(4000)];
    // 4000 masks of this size are 800 MB.
    expect((many - few) / 1e6).toBeLessThan(400);
  });
});
