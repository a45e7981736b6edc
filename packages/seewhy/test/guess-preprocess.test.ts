import { join } from 'node:path';
import { Model, ortRuntime } from '@seewhy/core';
import { Graph, GraphBuilder, Tensor } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { npmGraphModels, npmModels } from '../../../tools/test-support/require.ts';
import { guessPreprocess } from '../src/guess-preprocess.ts';
import { openModel } from '../src/index.ts';
import { inputStatistics } from '../src/input-statistics.ts';

const FILTERS = 12;
const runtime = ortRuntime(ort as never, { threads: 1 });

/** Numbers between −1 and 1 that repeat in every run. */
const noise = (count: number, phase: number) =>
  Float32Array.from(
    { length: count },
    (_, at) => Math.sin(78.233 * (at + 1) + phase) * Math.cos(12.9898 * at + 3 * phase),
  );

interface Parts {
  /** What is done to the picture before the convolution. */
  readonly begin?: (b: GraphBuilder, x: string) => string;
  readonly moving?: { readonly mean: readonly number[]; readonly variance: readonly number[] };
}

/** picture → (begin) → convolution 3 × 3 → (BatchNormalization) → ReLU → mean → classes */
function network({ begin = (_, x) => x, moving }: Parts): Promise<Model> {
  const b = new GraphBuilder(new Graph({ name: 'net', opsets: new Map([['', 17]]) }));
  const image = b.input('image', 'float32', ['N', 3, 16, 16]);
  const weights = b.constant(Tensor.of('float32', [FILTERS, 3, 3, 3], weightValues));
  const bias = b.constant(Tensor.floats(biasValues, [FILTERS]));
  let x = b.op('Conv', [begin(b, image), weights, bias], { pads: [1, 1, 1, 1] });
  if (moving) {
    const row = (values: readonly number[]) => b.constant(Tensor.floats(Float32Array.from(values), [FILTERS]));
    const ones = new Array<number>(FILTERS).fill(1);
    x = b.op('BatchNormalization', [x, row(ones), row(ones), row(moving.mean), row(moving.variance)]);
  }
  x = b.op('Flatten', [b.op('GlobalAveragePool', [b.op('Relu', [x])])]);
  b.output(b.op('Gemm', [x, b.constant(Tensor.of('float32', [FILTERS, 4], noise(FILTERS * 4, 5)))]), 'classes');
  return Model.load(b.build(), { runtime });
}

const weightValues = noise(FILTERS * 27, 1);
const biasValues = noise(FILTERS, 2);

/** What a BatchNormalization remembers of pictures whose pixels are all alike: N(mean, deviation²), the channels moving together. */
function remembered(mean: readonly number[], deviation: number) {
  const filters = Array.from({ length: FILTERS }, (_, filter) => weightValues.subarray(filter * 27, filter * 27 + 27));
  const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
  return {
    mean: filters.map((weights, filter) =>
      mean.reduce((total, value, c) => total + value * sum(weights.subarray(9 * c, 9 * c + 9)), biasValues[filter]!),
    ),
    variance: filters.map((weights) => (deviation * sum(weights)) ** 2),
  };
}

describe('statistics of a first BatchNormalization', () => {
  it('are those of the pictures it saw', async () => {
    const found = inputStatistics(await network({ moving: remembered([0.6, 0.5, 0.4], 0.27) }));
    for (const [at, value] of [0.6, 0.5, 0.4].entries()) expect(found!.mean[at]).toBeCloseTo(value, 4);
    expect(found!.deviation).toBeCloseTo(0.27, 4);
  });

  it('tell nothing where they are not made by pictures', async () => {
    const random = { mean: [...noise(FILTERS, 3)], variance: new Array<number>(FILTERS).fill(1) };
    const untrained = { mean: new Array<number>(FILTERS).fill(0), variance: new Array<number>(FILTERS).fill(1) };
    for (const moving of [random, untrained]) {
      const model = await network({ moving });
      expect(
        inputStatistics(model)
          ?.mean.map(Math.abs)
          .every((value) => value > 0.1),
      ).not.toBe(true);
      expect(guessPreprocess(model).preset).toBe('imagenet');
    }
  });
});

const keras = { preprocessing: { mode: 'tf', architecture: 'MobileNetV2', reason: 'its name' } } as const;
const times = (factor: number) => (b: GraphBuilder, x: string) => b.op('Mul', [x, b.scalar(factor)]);
const channels = (b: GraphBuilder, values: readonly number[]) =>
  b.constant(Tensor.floats(Float32Array.from(values), [3, 1, 1]));

describe('the guess', () => {
  it.each<[string, Parts, string, string]>([
    ['nothing', {}, 'imagenet', 'keras-tf'],
    ['pictures of 0 to 1 seen', { moving: remembered([0.5, 0.45, 0.4], 0.27) }, 'unit', 'unit'],
    ['pictures of −1 to 1 seen', { moving: remembered([0, -0.1, -0.2], 0.54) }, 'imagenet', 'keras-tf'],
    ['bytes seen', { moving: remembered([120, 110, 100], 70) }, 'imagenet', 'keras-tf'],
    ['x / 255', { begin: times(1 / 255) }, 'none', 'keras-tf'],
    ['x − 127.5', { begin: (b, x) => b.op('Sub', [x, b.scalar(127.5)]) }, 'none', 'keras-tf'],
    ['2 x − 1', { begin: (b, x) => b.op('Sub', [times(2)(b, x), b.scalar(1)]) }, 'unit', 'unit'],
    ['1 − 2 x', { begin: (b, x) => b.op('Sub', [b.scalar(1), times(2)(b, x)]) }, 'unit', 'unit'],
    [
      "ImageNet's normalisation of 0 to 1",
      {
        begin: (b, x) =>
          b.op('Div', [b.op('Sub', [x, channels(b, [0.485, 0.456, 0.406])]), channels(b, [0.229, 0.224, 0.225])]),
      },
      'unit',
      'unit',
    ],
    ['x · 2', { begin: times(2) }, 'imagenet', 'keras-tf'],
    ['1 / x', { begin: (b, x) => b.op('Div', [b.scalar(1), x]) }, 'imagenet', 'keras-tf'],
  ])('by %s', async (_, parts, plain, asKeras) => {
    const model = await network(parts);
    expect(guessPreprocess(model).preset).toBe(plain);
    expect(guessPreprocess(model, keras).preset).toBe(asKeras);
  });

  it('is in doubt where the outputs are not a classifier’s', async () => {
    const network = (end: (b: GraphBuilder, scores: string) => void) => {
      const b = new GraphBuilder(new Graph({ name: 'net', opsets: new Map([['', 17]]) }));
      const image = b.input('image', 'float32', [1, 3, 16, 16]);
      const weights = b.constant(Tensor.of('float32', [FILTERS, 3, 3, 3], weightValues));
      end(b, b.op('Conv', [image, weights], { pads: [1, 1, 1, 1] }));
      return Model.load(b.build(), { runtime });
    };
    const classes = (b: GraphBuilder, x: string) =>
      b.output(b.op('Flatten', [b.op('GlobalAveragePool', [x])]), 'classes');
    const plain = await network(classes);
    const places = await network((b, x) => {
      classes(b, x);
      b.output(b.op('ReduceMean', [x]), 'face_boxes');
    });
    const steps = await network((b, x) => {
      const rows = b.op('ReduceMean', [x], { axes: [2], keepdims: 0 });
      b.output(b.op('Softmax', [b.op('Transpose', [rows], { perm: [0, 2, 1] })], { axis: -1 }), 'text');
    });
    expect(guessPreprocess(plain)).toMatchObject({ preset: 'imagenet', why: expect.not.stringContaining('wrong') });
    for (const [model, what] of [
      [places, "the output 'face_boxes' tells places"],
      [steps, "'text' has classes at 16 positions"],
    ] as const) {
      const { why } = guessPreprocess(model);
      expect(why).toContain(`probably wrong: ${what}`);
      expect(why).toContain('--preprocess unit');
    }
  });

  it('of a Keras model that tells nothing is 0 to 1', async () => {
    expect(guessPreprocess(await network({}), {})).toMatchObject({
      preset: 'unit',
      why: expect.stringContaining('nothing in the file says'),
    });
  });
});

const folder = npmModels();
const graphs = npmGraphModels();
describe.skipIf(!folder || !graphs)('nsfwjs', () => {
  // nsfwjs divides the bytes by 255 before each of its models.
  it.each([
    ['nsfwjs-mobilenet_v2', "'bn_Conv1' has seen pictures of 0 to 1"],
    ['nsfwjs-inception_v3', "'batch_normalization_1' has seen pictures of 0 to 1"],
    ['nsfwjs-mobilenet_v2_mid', 'begins by moving 0 to 1'],
  ])('%s takes 0 to 1', async (name, why) => {
    const opened = await openModel(join(folder!, name), { runtime });
    expect(opened.preprocess).toMatchObject({ scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] });
    expect(opened.preprocessFrom).toContain(why);
    expect(opened.preprocessGuessed).toBe(true);
  });
});
