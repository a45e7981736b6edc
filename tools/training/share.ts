// The callback's share of the time of an epoch, and what a step is made of: npx tsx tools/training/share.ts [PICTURES] [EPOCHS]
import { ortRuntime } from '@seewhy/core';
import { MemoryFolder, tensorBoardSink } from '@seewhy/training';
import { ExplanationCallback } from '@seewhy/training/tfjs';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { CLASSES, readFashionMnist } from '../../examples/fashion-mnist/read.ts';

const [count = 4000, epochs = 4] = process.argv.slice(2).map(Number);
await tf.setBackend('cpu');
const { images, labels } = await readFashionMnist('train', count);
const shown = await readFashionMnist('t10k', 8);

/** Milliseconds of each explanation. */
const spent: number[] = [];
class Timed extends ExplanationCallback {
  override async onEpochEnd(epoch: number): Promise<void> {
    const begin = performance.now();
    await super.onEpochEnd(epoch);
    spent.push(performance.now() - begin);
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
const runtime = ortRuntime(ort as never, { spinning: false });
const callback = new Timed({
  runtime,
  images: shown.images,
  labels: CLASSES,
  methods: ['gradcam', 'saliency'],
  to: [tensorBoardSink(new MemoryFolder())],
});
const begin = performance.now();
await model.fit(images, labels, { epochs, batchSize: 64, verbose: 0, callbacks: [callback] });
const all = performance.now() - begin;
const explaining = spent.reduce((sum, one) => sum + one, 0);
console.log(
  `${count} pictures, ${epochs} epochs: ${(all / epochs / 1000).toFixed(2)} s an epoch; explaining 8 pictures by 2 methods takes ` +
    `${spent.map((one) => one.toFixed(0)).join(', ')} ms: ${((100 * explaining) / all).toFixed(2)} % of the time`,
);
