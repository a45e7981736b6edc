import { isFloat, Tensor } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { RawWeight } from './source.ts';

/** A stored weight as a float32 tensor; no copy where it is one already. */
export function toFloat32(raw: RawWeight, label: string, name: string): Tensor {
  const size = raw.dims.reduce((product, dim) => product * dim, 1);
  if (raw.type === 'string' || raw.type === 'bool' || !(isFloat(raw.type) || /^u?int/.test(raw.type)))
    throw errors.weightType(label, name, raw.type);
  const tensor = new Tensor(raw.type, raw.dims, raw.read());
  if (raw.type === 'float32') return tensor;
  const values = tensor.numbers();
  return Tensor.of(
    'float32',
    raw.dims,
    Float32Array.from({ length: size }, (_, at) => values[at]!),
  );
}
