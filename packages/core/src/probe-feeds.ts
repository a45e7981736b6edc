import { type ImageInput, imageDims } from './image-input.ts';
import type { RunTensor } from './runtime/runtime.ts';
import { stack, zeros } from './tensors.ts';

const PROBE_PERIOD = 997;

/**
 * A picture for probing: not constant, so that no normalisation divides by zero. Another phase has another range: what is scaled by the range
 * of a whole batch then gives itself away.
 */
export function imageProbe(image: ImageInput, phase = 0): RunTensor {
  const tensor = zeros(image.type, imageDims(image));
  const { data } = tensor;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    // A prime number of values, again and again: no two lines of a picture are alike, and few sines are to be computed.
    const first = Math.min(PROBE_PERIOD, data.length);
    for (let index = 0; index < first; index++) data[index] = (Math.sin(index * 12.9898 + phase) * 0.5) / (1 + phase);
    for (let filled = first; filled < data.length; filled *= 2) data.copyWithin(filled, 0, filled);
  }
  return tensor;
}

/** Feeds of another item, and of both together. */
export function twoItems(image: ImageInput, one: Readonly<Record<string, RunTensor>>) {
  // Two different pictures: a graph that mixes items would pass with two equal ones.
  const other = { ...one, [image.name]: imageProbe(image, 1) };
  const two = Object.fromEntries(
    Object.entries(one).map(([name, tensor]) => [
      name,
      tensor.dims.length > 0 ? stack([tensor, other[name]!]) : tensor,
    ]),
  );
  return { other, two };
}
