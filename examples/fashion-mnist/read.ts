import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import * as tf from '@tensorflow/tfjs';

/** Where Debian's package dataset-fashion-mnist puts it. */
export const FOLDER = process.env.FASHION_MNIST ?? '/usr/share/datasets/fashion-mnist';

export const CLASSES = [
  'T-shirt',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

const SIDE = 28;

/** The first pictures of `train` or `t10k`: `[count, 28, 28, 1]` from 0 to 1, and their classes one-hot. */
export async function readFashionMnist(part: 'train' | 't10k', count: number) {
  const unzip = promisify(gunzip);
  const file = async (kind: string) => unzip(await readFile(join(FOLDER, `${part}-${kind}-ubyte.gz`)));
  const [pixels, classes] = await Promise.all([file('images-idx3'), file('labels-idx1')]);
  // IDX: 16 bytes of head before the pixels, 8 before the classes.
  const size = SIDE * SIDE;
  const images = Float32Array.from(pixels.subarray(16, 16 + count * size), (value) => value / 255);
  const indices = Int32Array.from(classes.subarray(8, 8 + count));
  return {
    images: tf.tensor4d(images, [indices.length, SIDE, SIDE, 1]),
    labels: tf.oneHot(tf.tensor1d(indices, 'int32'), CLASSES.length),
    indices,
  };
}
