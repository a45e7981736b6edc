import type { Tensor } from '@seewhy/onnx';
import { permuted } from './permuted.ts';

/** Keras's `[…spatial, in, out]` as ONNX wants it: `[out, in, …spatial]`. */
export function kernelOf(kernel: Tensor, rank: number): Tensor {
  return permuted(kernel, [rank + 1, rank, ...Array.from({ length: rank }, (_, axis) => axis)]);
}

/** `[…spatial, in, multiplier]` → `[in · multiplier, 1, …spatial]`: each channel has its own `multiplier` kernels. */
export function depthwiseKernel(kernel: Tensor, rank: number): Tensor {
  const moved = permuted(kernel, [rank, rank + 1, ...Array.from({ length: rank }, (_, axis) => axis)]);
  const [channels, multiplier, ...spatial] = moved.dims;
  return moved.reshape([channels! * multiplier!, 1, ...spatial]);
}
