import type { ImportOptions } from '@seewhy/keras';
import { type Graph, writeGraph } from '@seewhy/onnx';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { LiveModel } from '../../src/callback/live-model.ts';

const L = tf.layers;
beforeAll(() => tf.setBackend('cpu'));

/** Seeded numbers between -1 and 1. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48271) % 0x7fffffff;
    return (2 * state) / 0x7fffffff - 1;
  });
}

const size = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);
const largest = (values: Iterable<number>) => [...values].reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** max |a − b| / max |b| of the graph's first output beside `model.predict`, with seeded weights. */
async function away(model: tf.LayersModel, options: ImportOptions = {}): Promise<number> {
  for (const [at, weight] of model.weights.entries()) {
    const shape = weight.shape as number[];
    // Positive: variances are among them.
    const values = numbers(size(shape), at + 1).map((value) => 0.05 + 0.3 * Math.abs(value));
    weight.write(tf.tensor(values, shape));
  }
  const graph = await new LiveModel(model, options).graph();
  const given = model.inputs.map((input, at) => {
    const dims = input.shape.map((dim, axis) => dim ?? (axis === 0 ? 2 : 12));
    return { name: model.inputNames[at]!, dims, data: numbers(size(dims), 77 + at) };
  });
  const tensors = given.map(({ dims, data }) => tf.tensor(data, dims));
  const expected = [model.predict(tensors.length === 1 ? tensors[0]! : tensors)].flat()[0]!;
  const got = await firstOutput(graph, given);
  expect(got.dims).toEqual(expected.shape);
  const wanted = expected.dataSync();
  return largest(got.data.map((value, at) => value - wanted[at]!)) / largest(wanted);
}

async function firstOutput(
  graph: Graph,
  given: readonly { name: string; dims: number[]; data: Float32Array }[],
): Promise<{ dims: readonly number[]; data: Float32Array }> {
  const session = await ort.InferenceSession.create(writeGraph(graph), { intraOpNumThreads: 1 });
  try {
    const only = graph.inputs.length === 1;
    const feeds = given.map(({ name, dims, data }) => [
      only ? graph.inputs[0]!.name : name,
      new ort.Tensor('float32', data, dims),
    ]);
    const { dims, data } = (await session.run(Object.fromEntries(feeds)))[graph.outputs[0]!.name]!;
    return { dims, data: data as Float32Array };
  } finally {
    await session.release();
  }
}

const picture = { inputShape: [12, 12, 3] };

/** As Teachable Machine builds and exports it: a cut network and pooling in one Sequential, the dense head in another. */
function teachable(): tf.LayersModel {
  const image = tf.input({ shape: [12, 12, 3] });
  const first = L.conv2d({ filters: 4, kernelSize: 3, strides: 2 }).apply(image) as tf.SymbolicTensor;
  const features = tf.sequential();
  features.add(tf.model({ inputs: image, outputs: L.reLU({ maxValue: 6 }).apply(first) as tf.SymbolicTensor }));
  features.add(L.globalAveragePooling2d({}));
  const head = tf.sequential();
  head.add(L.dense({ inputShape: [4], units: 10, activation: 'relu' }));
  head.add(L.dense({ units: 3, useBias: false, activation: 'softmax' }));
  const joint = tf.sequential();
  joint.add(features);
  joint.add(head);
  return joint;
}

/** Two pictures through one tower. */
function siamese(): tf.LayersModel {
  const [left, right] = ['left', 'right'].map((name) => tf.input({ shape: [12, 12, 3], name }));
  const tower = tf.sequential({
    layers: [L.conv2d({ ...picture, filters: 4, kernelSize: 3 }), L.flatten(), L.dense({ units: 5 })],
  });
  const both = [left!, right!].map((side) => tower.apply(side) as tf.SymbolicTensor);
  return tf.model({ inputs: [left!, right!], outputs: L.concatenate().apply(both) as tf.SymbolicTensor });
}

const channelsFirst = () =>
  tf.sequential({
    layers: [
      L.conv2d({ inputShape: [3, 12, 12], filters: 4, kernelSize: 3, dataFormat: 'channelsFirst' }),
      L.maxPooling2d({ poolSize: 2, dataFormat: 'channelsFirst' }),
      L.flatten({ dataFormat: 'channelsFirst' }),
      L.dense({ units: 3 }),
    ],
  });

const alone = (layer: tf.layers.Layer) => tf.sequential({ layers: [layer] });

describe('a live model gives what TensorFlow.js predicts', () => {
  it.each([
    ['a network inside of a Sequential inside of a Sequential', teachable],
    ['a shared tower of two inputs', siamese],
    ['channels first', channelsFirst],
    [
      'TimeDistributed, whose weights have no name of the layer inside',
      () =>
        alone(
          L.timeDistributed({ inputShape: [4, 12, 12, 3], layer: L.conv2d({ filters: 2, kernelSize: 3 }) } as never),
        ),
    ],
    [
      'SeparableConv2D, which does not write its depth multiplier',
      () => alone(L.separableConv2d({ ...picture, filters: 4, kernelSize: 3, depthMultiplier: 2 })),
    ],
    [
      'bilinear UpSampling2D, by the corners of pixels',
      () => alone(L.upSampling2d({ ...picture, size: [3, 2], interpolation: 'bilinear' })),
    ],
    ['gelu_new', () => alone(L.activation({ ...picture, activation: 'gelu_new' as never }))],
  ])('%s', async (_, model) => {
    expect(await away(model())).toBeLessThan(1e-5);
  });

  it('but of two layers of one name in two nested models it says that they share it', async () => {
    const tower = (name: string) =>
      tf.sequential({
        name,
        layers: [L.conv2d({ name: 'conv', filters: 3, kernelSize: 3, inputShape: [null, null, 3] })],
      });
    const model = tf.sequential({
      layers: [L.inputLayer({ inputShape: [12, 12, 3] }), tower('left'), tower('right')],
    });
    await expect(new LiveModel(model).graph()).rejects.toMatchObject({
      code: 'WEIGHT_TWICE',
      what: expect.stringContaining("'conv/kernel'"),
      cure: expect.stringMatching(/name of its own/),
    });
  });
});
