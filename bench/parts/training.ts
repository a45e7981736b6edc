import { ortRuntime } from '@seewhy/core';
import { MemoryFolder, tensorBoardSink } from '@seewhy/training';
import { ExplanationCallback } from '@seewhy/training/tfjs';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { CLASSES, readFashionMnist } from '../../examples/fashion-mnist/read.ts';
import { fashionMnist } from '../../tools/test-support/require.ts';
import { quantile } from '../measure.ts';

export interface TrainingShare {
  /** Pictures that are trained on. */
  readonly trained: number;
  /** Milliseconds of an epoch, without its explanations, and of those of one epoch. */
  readonly epoch: number;
  readonly explaining: number;
}

/** Pictures that are explained, by Grad-CAM and saliency each. */
export const EXPLAINED = 8;

const TRAINED = 4000;

/** What the callback adds to an epoch: a small network of TensorFlow.js on its own CPU backend, on Fashion-MNIST. */
export async function measureTraining(effort: number): Promise<TrainingShare> {
  if (!fashionMnist()) throw new Error('Fashion-MNIST is missing: apt-get install dataset-fashion-mnist');
  const epochs = Math.max(3, Math.round(6 * effort));
  await tf.setBackend('cpu');
  const { images, labels } = await readFashionMnist('train', TRAINED);
  const shown = await readFashionMnist('t10k', EXPLAINED);
  const [explaining, wholes]: [number[], number[]] = [[], []];
  let began = 0;
  class Timed extends ExplanationCallback {
    override async onEpochBegin(): Promise<void> {
      began = performance.now();
    }
    override async onEpochEnd(epoch: number): Promise<void> {
      const trainedAt = performance.now();
      await super.onEpochEnd(epoch);
      wholes.push(trainedAt - began);
      explaining.push(performance.now() - trainedAt);
    }
  }
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 8, kernelSize: 3, strides: 2, activation: 'relu' }),
      tf.layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, activation: 'relu' }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: CLASSES.length, activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
  let failure: unknown;
  const callback = new Timed({
    runtime: ortRuntime(ort as never),
    images: shown.images,
    labels: CLASSES,
    methods: ['gradcam', 'saliency'],
    to: [tensorBoardSink(new MemoryFolder())],
    onError: (error) => {
      failure = error;
    },
  });
  await model.fit(images, labels, { epochs, batchSize: 64, verbose: 0, callbacks: [callback] });
  if (failure) throw failure;
  // The first explanation also reads the model.
  const share = { trained: TRAINED, epoch: quantile(wholes, 0.5), explaining: quantile(explaining.slice(1), 0.5) };
  console.log(
    `training: ${share.epoch.toFixed(0)} ms an epoch, ${share.explaining.toFixed(0)} ms for its explanations`,
  );
  return share;
}
