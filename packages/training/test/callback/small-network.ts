import * as tf from '@tensorflow/tfjs';

/** Pictures of 12 × 12 with a bright bar: standing (class 0) or lying (class 1), on seeded noise. */
export function bars(count: number): { images: tf.Tensor4D; labels: tf.Tensor2D; marked: tf.Tensor3D } {
  const side = 12;
  let state = 1;
  const random = () => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
  const pixels = new Float32Array(count * side * side);
  const marked = new Float32Array(pixels.length);
  const classes: number[] = [];
  for (let n = 0; n < count; n++) {
    const lying = n % 2;
    classes.push(lying);
    const place = 2 + Math.floor(random() * (side - 4));
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const on = (lying ? y : x) === place;
        const at = (n * side + y) * side + x;
        pixels[at] = 0.3 * random() + (on ? 0.7 : 0);
        marked[at] = on ? 1 : 0;
      }
    }
  }
  return {
    images: tf.tensor4d(pixels, [count, side, side, 1]),
    labels: tf.oneHot(tf.tensor1d(classes, 'int32'), 2).toFloat() as tf.Tensor2D,
    marked: tf.tensor3d(marked, [count, side, side]),
  };
}

/** A convolutional network with everything that changes while training: kernels, biases, moving averages. Seeded. */
export function smallNetwork(): tf.LayersModel {
  const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [12, 12, 1],
        filters: 4,
        kernelSize: 3,
        name: 'first',
        kernelInitializer: seeded(1),
      }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.activation({ activation: 'relu', name: 'active' }),
      tf.layers.conv2d({
        filters: 6,
        kernelSize: 3,
        activation: 'relu',
        name: 'second',
        kernelInitializer: seeded(2),
      }),
      tf.layers.globalAveragePooling2d({ name: 'pool' }),
      tf.layers.dense({ units: 2, name: 'scores', kernelInitializer: seeded(3) }),
      tf.layers.softmax({ name: 'probabilities' }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
  return model;
}
