import { imageDims } from '../image-input.ts';
import type { Model } from '../model.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { fromFloat32 } from '../tensors.ts';

/** mulberry32: a seeded generator of numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seeded picture of smooth noise as the model's input: for checks without a picture at hand. */
export function noiseImage(model: Model, seed = 0): RunTensor {
  const dims = imageDims(model.image);
  const random = generator(seed);
  const values = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
  const integer = !['float32', 'float16', 'float64'].includes(model.image.type);
  for (let i = 0; i < values.length; i++) {
    const noise = random() + random() + random() + random() - 2;
    values[i] = integer ? Math.round(128 + noise * 64) : noise;
  }
  return fromFloat32(values, model.image.type, dims);
}
