// Trains a small network in TensorFlow.js and writes for TensorBoard, after each epoch, where it looks:
//
//   npx tsx examples/fashion-mnist/train.ts && tensorboard --logdir logs
import { pathToFileURL } from 'node:url';
import { ortRuntime } from '@seewhy/core';
import { tensorboard } from '@seewhy/training/node';
import { ExplanationCallback } from '@seewhy/training/tfjs';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { CLASSES, readFashionMnist } from './read.ts';

/** Small enough for TensorFlow.js's plain JavaScript backend. Its first weights are seeded: two trainings are the same. */
function network(): tf.LayersModel {
  const convolution = { kernelSize: 3, strides: 2, activation: 'relu' } as const;
  const seeded = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ ...convolution, inputShape: [28, 28, 1], filters: 8, name: 'first', ...seeded(1) }),
      tf.layers.conv2d({ ...convolution, filters: 16, name: 'second', ...seeded(2) }),
      tf.layers.globalAveragePooling2d({ name: 'pool' }),
      tf.layers.dense({ units: CLASSES.length, activation: 'softmax', name: 'classes', ...seeded(3) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** @param count pictures to learn from, of 60 000 */
export async function train({ count = 4000, epochs = 5, logs = 'logs' } = {}) {
  const { images, labels } = await readFashionMnist('train', count);
  const shown = await readFashionMnist('t10k', 8);

  const explanations = new ExplanationCallback({
    runtime: ortRuntime(ort as never),
    images: shown.images,
    names: Array.from(shown.indices, (index, at) => `${at} ${CLASSES[index]}`),
    labels: CLASSES,
    methods: ['gradcam', 'saliency'],
    // Each picture's own class, whatever the model takes it for.
    targets: Array.from(shown.indices, (index) => [{ kind: 'class' as const, index, asked: CLASSES[index]! }]),
    to: [tensorboard(logs)],
  });

  const model = network();
  // Unshuffled: the pictures are in no order as they come, and shuffling takes no seed.
  const fit = { epochs, batchSize: 32, shuffle: false, verbose: 0, callbacks: [explanations] };
  const history = await model.fit(images, labels, fit);
  tf.dispose([images, labels, shown.images, shown.labels]);
  return { model, accuracy: history.history.acc as number[] };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { accuracy } = await train();
  console.log(`accuracy by epoch: ${accuracy.map((one) => one.toFixed(3)).join(', ')}`);
}
