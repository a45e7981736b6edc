import { Tensor } from '@seewhy/onnx';

/** A float32 tensor with its axes in another order (`result.dims[i] = dims[perm[i]]`), the elements moved. */
export function permuted(tensor: Tensor, perm: readonly number[]): Tensor {
  const { dims } = tensor;
  const rank = dims.length;
  if (perm.every((axis, at) => axis === at)) return tensor;
  const source = tensor.data() as Float32Array;
  const result = new Float32Array(source.length);
  const strides = new Array<number>(rank).fill(1);
  for (let axis = rank - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  const sizes = perm.map((axis) => dims[axis]!);
  const steps = perm.map((axis) => strides[axis]!);
  const index = new Array<number>(rank).fill(0);
  const inner = sizes[rank - 1]!;
  const step = steps[rank - 1]!;
  let from = 0;
  for (let to = 0; to < result.length; ) {
    for (let i = 0, at = from; i < inner; i++, at += step) result[to++] = source[at]!;
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
    if (axis < 0) break;
  }
  return Tensor.of('float32', sizes, result);
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
