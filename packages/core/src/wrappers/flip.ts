/** Values in reverse order along one axis. */
export function flipped(values: Float32Array, dims: readonly number[], axis: number): Float32Array {
  const length = dims[axis]!;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const result = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += inner) {
    const row = Math.floor(at / inner);
    const place = row % length;
    result.set(values.subarray(at, at + inner), (row - place + (length - 1 - place)) * inner);
  }
  return result;
}
