import { Tensor } from '@seewhy/onnx';

/** A float32 tensor with its axes in another order (`result.dims[i] = dims[perm[i]]`), the elements moved. */
export function permuted(tensor: Tensor, perm: readonly number[]): Tensor {
  if (perm.every((axis, at) => axis === at)) return tensor;
  const result = perm.map((axis) => tensor.dims[axis]!);
  const { sizes, steps } = merged(tensor.dims, perm);
  // Nothing but axes of length 1 changes places.
  if (sizes.length <= 1) return new Tensor('float32', result, tensor.bytes);
  return Tensor.of('float32', result, moved(tensor.bytes, sizes, steps));
}

/**
 * The axes of the result, outermost first: how long each is and how far its next element lies in the source. Axes of length 1 are left
 * out, and neighbours that are neighbours in the source, too, are one: a loop over few long axes is far quicker.
 */
function merged(dims: readonly number[], perm: readonly number[]): { sizes: number[]; steps: number[] } {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  const sizes: number[] = [];
  const steps: number[] = [];
  for (const axis of perm) {
    const size = dims[axis]!;
    const step = strides[axis]!;
    const last = sizes.length - 1;
    if (size === 1) continue;
    if (last >= 0 && steps[last] === step * size) {
      sizes[last]! *= size;
      steps[last] = step;
    } else {
      sizes.push(size);
      steps.push(step);
    }
  }
  return { sizes, steps };
}

/** The source need not be aligned: it is a view on a file, and is read without a copy. */
function moved({ buffer, byteOffset, byteLength }: Uint8Array, sizes: readonly number[], steps: readonly number[]) {
  const length = byteLength / 4;
  // Bits, not numbers: a NaN stays the one it was. Where words are aligned a typed array reads them in two thirds of the time.
  const words = byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length) : undefined;
  const bytes = new DataView(buffer, byteOffset, byteLength);
  const result = new Int32Array(length);
  const rank = sizes.length;
  const index = new Array<number>(rank).fill(0);
  const inner = sizes[rank - 1]!;
  const step = steps[rank - 1]!;
  let from = 0;
  for (let to = 0; to < length; ) {
    if (words) for (let i = 0, at = from; i < inner; i++, at += step) result[to++] = words[at]!;
    else for (let i = 0, at = 4 * from; i < inner; i++, at += 4 * step) result[to++] = bytes.getInt32(at, true);
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
    if (axis < 0) break;
  }
  return new Float32Array(result.buffer);
}

/** A part of a float32 tensor along one axis. */
export function sliced(tensor: Tensor, axis: number, start: number, end: number): Tensor {
  const { dims } = tensor;
  const source = tensor.data() as Float32Array;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const outer = dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
  const result = new Float32Array(outer * (end - start) * inner);
  for (let at = 0; at < outer; at++) {
    const from = (at * dims[axis]! + start) * inner;
    result.set(source.subarray(from, from + (end - start) * inner), at * (end - start) * inner);
  }
  return Tensor.of('float32', [...dims.slice(0, axis), end - start, ...dims.slice(axis + 1)], result);
}
