import type { DataType } from '../../data-type.ts';
import { Tensor, type TensorData } from '../../tensor.ts';

/** One element: bigint for 64-bit integers, number otherwise, null where it is not known. */
export type Element = number | bigint | null;

/** Lists with unknown elements are shapes and what is computed from them: they stay short. */
export const MAX_PARTIAL = 4096;

/**
 * A value that is known while the graph is read, or a list of which some elements are (the shape `[?, 768, 14, 14]`).
 * `data` is a typed array where all elements are known, a plain array otherwise; float16 and bfloat16 are held as bits.
 */
export class Constant {
  readonly type: DataType;
  readonly dims: readonly number[];
  private readonly source: Tensor | readonly Element[];

  private constructor(type: DataType, dims: readonly number[], source: Tensor | readonly Element[]) {
    this.type = type;
    this.dims = dims;
    this.source = source;
  }

  static of(tensor: Tensor): Constant {
    return new Constant(tensor.type, tensor.dims, tensor);
  }

  static typed(type: DataType, dims: readonly number[], data: TensorData): Constant {
    return Constant.of(Tensor.of(type, dims, data));
  }

  /** A list with unknown elements; becomes a tensor when it has none. */
  static list(type: DataType, dims: readonly number[], elements: readonly Element[]): Constant {
    if (elements.includes(null)) return new Constant(type, dims, elements);
    const data = emptyArray(type, elements.length);
    elements.forEach((element, index) => {
      data[index] = element as never;
    });
    return Constant.typed(type, dims, data);
  }

  static ints(values: readonly (number | null)[], dims: readonly number[] = [values.length]): Constant {
    return Constant.list(
      'int64',
      dims,
      values.map((value) => (value === null ? null : BigInt(value))),
    );
  }

  /** The value as a tensor; undefined when an element is unknown. */
  get tensor(): Tensor | undefined {
    return this.source instanceof Tensor ? this.source : undefined;
  }

  get size(): number {
    return this.dims.reduce((product, dim) => product * dim, 1);
  }

  /** Bytes it takes; 8 an element for lists. */
  get bytes(): number {
    return this.source instanceof Tensor ? this.source.bytes.length : this.source.length * 8;
  }

  get data(): ArrayLike<Element> {
    // Kept: reading unaligned bytes makes a copy.
    this.#data ??= this.source instanceof Tensor ? this.source.data() : this.source;
    return this.#data;
  }
  #data: ArrayLike<Element> | undefined;

  /** Elements as numbers, null where unknown; undefined for text and for integers beyond 2^53. */
  numbers(): (number | null)[] | undefined {
    if (this.type === 'string' || this.size > MAX_PARTIAL) return undefined;
    const source = this.source instanceof Tensor && this.type.includes('float') ? this.source.numbers() : this.data;
    const values = Array.from(source, (value) => (value === null ? null : Number(value)));
    const integers = !this.type.includes('float');
    return integers && values.some((value) => value !== null && Math.abs(value) > 2 ** 53) ? undefined : values;
  }

  /** The same elements under other dimensions: shares memory. */
  withDims(dims: readonly number[]): Constant {
    return new Constant(this.type, dims, this.source instanceof Tensor ? this.source.reshape(dims) : this.source);
  }
}

/** Room for elements: a typed array of the element type. */
export function emptyArray(type: DataType, size: number): TensorData {
  switch (type) {
    case 'float32':
      return new Float32Array(size);
    case 'float64':
      return new Float64Array(size);
    case 'int64':
      return new BigInt64Array(size);
    case 'uint64':
      return new BigUint64Array(size);
    case 'int32':
      return new Int32Array(size);
    case 'uint32':
      return new Uint32Array(size);
    case 'int16':
      return new Int16Array(size);
    case 'uint16':
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(size);
    case 'int8':
      return new Int8Array(size);
    case 'uint8':
    case 'bool':
      return new Uint8Array(size);
    default:
      throw new RangeError(`no typed array holds ${type}`);
  }
}

const READABLE = new Set<DataType>([
  'float32',
  'float64',
  'int64',
  'uint64',
  'int32',
  'uint32',
  'int16',
  'uint16',
  'int8',
  'uint8',
  'bool',
  'float16',
  'bfloat16',
]);

/** True for types whose elements can be moved one by one (not text, complex and types below 8 bits). */
export function isReadable(type: DataType): boolean {
  return READABLE.has(type);
}

/** Row-major strides of dimensions. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  return strides;
}

/** `axis` counted from the front; undefined when it is out of range. */
export function axisOf(axis: number, rank: number): number | undefined {
  const positive = axis < 0 ? axis + rank : axis;
  return positive >= 0 && positive < rank ? positive : undefined;
}

/**
 * A constant whose element at index (i0, i1 …) is the source's element at `offset + Σ ik · strides[k]`: transposing, slicing and
 * broadcasting are this with other strides.
 */
export function strided(source: Constant, dims: readonly number[], strides: readonly number[], offset = 0): Constant {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const data = source.data;
  const typed = source.tensor !== undefined;
  const out = typed ? emptyArray(source.type, size) : new Array<Element>(size);
  const last = dims.length - 1;
  const inner = last >= 0 ? dims[last]! : 1;
  const step = last >= 0 ? strides[last]! : 0;
  const index = new Array<number>(Math.max(0, last)).fill(0);
  let base = offset;
  for (let at = 0; at < size; ) {
    for (let i = 0, from = base; i < inner; i++, from += step) out[at++] = data[from] as never;
    for (let axis = last - 1; axis >= 0; axis--) {
      base += strides[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      base -= strides[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return typed
    ? Constant.typed(source.type, dims, out as TensorData)
    : Constant.list(source.type, dims, out as Element[]);
}
