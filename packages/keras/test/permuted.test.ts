import { Tensor } from '@seewhy/onnx';
import { expect, it } from 'vitest';
import { seededDraw } from '../../../tools/test-support/damage.ts';
import { permuted } from '../src/layers/permuted.ts';

/** By the definition: result[j] = source[i] with j[a] = i[perm[a]]. */
function byDefinition(values: Float32Array, dims: readonly number[], perm: readonly number[]): number[] {
  const sizes = perm.map((axis) => dims[axis]!);
  return Array.from({ length: values.length }, (_, flat) => {
    const index = new Array<number>(dims.length).fill(0);
    let rest = flat;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      index[perm[axis]!] = rest % sizes[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    return values[index.reduce((at, i, axis) => at * dims[axis]! + i, 0)]!;
  });
}

it('moves the elements of any shape by any order of axes, aligned or not', () => {
  const next = seededDraw(7);
  for (let round = 0; round < 400; round++) {
    const rank = next(6);
    const dims = Array.from({ length: rank }, () => next(round % 20 === 0 ? 3 : 4) + (round % 20 === 0 ? 0 : 1));
    const perm = dims.map((_, axis) => axis);
    for (let axis = rank - 1; axis > 0; axis--) {
      const other = next(axis + 1);
      [perm[axis], perm[other]] = [perm[other]!, perm[axis]!];
    }
    const size = dims.reduce((product, dim) => product * dim, 1);
    const values = Float32Array.from({ length: size }, (_, at) => at + 0.5);
    const shifted = new Uint8Array(4 * size + 3).subarray(3);
    shifted.set(new Uint8Array(values.buffer));
    const expected = { dims: perm.map((axis) => dims[axis]!), values: byDefinition(values, dims, perm) };
    for (const tensor of [Tensor.of('float32', dims, values), new Tensor('float32', dims, shifted)]) {
      const result = permuted(tensor, perm);
      expect({ dims: result.dims, values: [...(result.data() as Float32Array)] }).toEqual(expected);
    }
  }
});
