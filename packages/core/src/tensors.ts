import { type DataType, float16ToFloat32, float32ToFloat16, type TensorData } from '@seewhy/onnx';
import type { RunTensor } from './runtime/runtime.ts';

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

/** Values as float32. */
export function toFloat32(tensor: RunTensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  if (tensor.type === 'float16') return Float32Array.from(tensor.data as Uint16Array, float16ToFloat32);
  return Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** Numbers in the element type that an input asks for; integers are rounded and clamped to the type's range. */
export function fromFloat32(values: Float32Array, type: DataType, dims: readonly number[]): RunTensor {
  if (type === 'float32') return { type, dims, data: values };
  if (type === 'float16') return { type, dims, data: Uint16Array.from(values, float32ToFloat16) };
  const whole64 = () => Array.from(values, (value) => BigInt(Math.round(value)));
  if (type === 'int64') return { type, dims, data: BigInt64Array.from(whole64()) };
  if (type === 'uint64') return { type, dims, data: BigUint64Array.from(whole64()) };
  const ArrayType = ARRAYS[type as keyof typeof ARRAYS] as unknown as {
    from(values: ArrayLike<number>, map?: (value: number) => number): TensorData;
  };
  const whole = type !== 'float64';
  const clamped = type === 'uint8' ? Uint8ClampedArray.from(values) : values;
  return { type, dims, data: ArrayType.from(clamped, whole ? Math.round : undefined) };
}

/** Items joined along the first axis. All have the same type and dimensions behind it. */
export function stack(items: readonly RunTensor[]): RunTensor {
  const first = items[0]!;
  if (items.length === 1) return first;
  const lengths = items.map((item) => item.data.length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const data = new (first.data.constructor as new (length: number) => TensorData)(total);
  let offset = 0;
  for (const item of items) {
    (data as Float32Array).set(item.data as Float32Array, offset);
    offset += item.data.length;
  }
  return {
    type: first.type,
    dims: [items.reduce((sum, item) => sum + item.dims[0]!, 0), ...first.dims.slice(1)],
    data,
  };
}

/** Item `index` of the first axis, as a view. */
export function item(tensor: RunTensor, index: number): RunTensor {
  const size = tensor.data.length / tensor.dims[0]!;
  return {
    type: tensor.type,
    dims: tensor.dims.slice(1),
    data: tensor.data.subarray(index * size, (index + 1) * size),
  };
}

/** A tensor of zeros. */
export function zeros(type: DataType, dims: readonly number[]): RunTensor {
  const ArrayType = ARRAYS[type as keyof typeof ARRAYS] as unknown as new (length: number) => TensorData;
  return { type, dims, data: new ArrayType(dims.reduce((product, dim) => product * dim, 1)) };
}

/** Item number `position` of image tensors that may hold several each, with its batch of 1. */
export function nth(images: readonly RunTensor[], position: number): RunTensor {
  let before = 0;
  for (const tensor of images) {
    const count = tensor.dims[0]!;
    if (position < before + count) {
      const one = item(tensor, position - before);
      return { ...one, dims: [1, ...one.dims] };
    }
    before += count;
  }
  throw new RangeError(`item ${position} of ${before}`);
}
