import { create } from '@bufbuild/protobuf';
import { DATA_TYPES, type DataType, dataTypeOf } from './data-type.ts';
import { errors } from './errors.ts';
import { float16ToFloat32, float32ToFloat16 } from './float16.ts';
import { type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from './proto/onnx-ml_pb.ts';

/** A tensor's elements, by data type (half precision as raw 16-bit words). */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

type ArrayType = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData;
};

/** How the elements of a type are seen in JavaScript: float16 and bfloat16 as Uint16Array, bool as Uint8Array. */
const ARRAY_TYPES: Partial<Record<DataType, ArrayType>> = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
};

/** Fetches bytes of an external-data file; the caller has confined `location` to the model's folder. */
export type ExternalReader = (location: string, offset: number, length: number | undefined) => Uint8Array;

/**
 * A constant of a graph: element type, dimensions and little-endian bytes. The bytes are a view on the file they came from
 * and are never copied unless a typed view needs alignment.
 */
export class Tensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  /** Little-endian elements, as `raw_data` has them; empty for strings. */
  readonly bytes: Uint8Array;
  readonly strings: readonly Uint8Array[] | undefined;
  /** The message it was read from: name, doc string, metadata and unknown fields survive a round trip through it. */
  readonly origin: TensorProto | undefined;

  constructor(
    type: DataType,
    dims: readonly number[],
    bytes: Uint8Array,
    rest: { strings?: readonly Uint8Array[]; origin?: TensorProto } = {},
  ) {
    this.type = type;
    this.dims = dims;
    this.bytes = bytes;
    this.strings = rest.strings;
    this.origin = rest.origin;
  }

  /** A tensor that shares the memory of a typed array. */
  static of(type: DataType, dims: readonly number[], data: TensorData): Tensor {
    return new Tensor(type, dims, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  /** Float values in the asked element type (float32, float64 or float16). */
  static floats(
    values: ArrayLike<number>,
    dims: readonly number[] = [values.length],
    type: DataType = 'float32',
  ): Tensor {
    if (type === 'float64') return Tensor.of(type, dims, Float64Array.from(values));
    if (type === 'float16') return Tensor.of(type, dims, Uint16Array.from(values, float32ToFloat16));
    if (type === 'bfloat16') {
      const rounded = new Uint32Array(Float32Array.from(values).buffer);
      return Tensor.of(
        type,
        dims,
        Uint16Array.from(rounded, (bits) => (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16),
      );
    }
    return Tensor.of('float32', dims, Float32Array.from(values));
  }

  /** Integer values as int64. */
  static int64(values: readonly (number | bigint)[], dims: readonly number[] = [values.length]): Tensor {
    return Tensor.of(
      'int64',
      dims,
      BigInt64Array.from(values, (value) => BigInt(value)),
    );
  }

  /** Number of elements. */
  get size(): number {
    return this.dims.reduce((product, dim) => product * dim, 1);
  }

  /** Typed view on the elements; a copy only when the bytes are not aligned. Not for strings and types below 8 bits. */
  data(): TensorData {
    const ArrayType = ARRAY_TYPES[this.type];
    if (!ArrayType)
      throw errors.badTensor(this.origin?.name ?? '', `elements of type ${this.type} cannot be read here`);
    const { buffer, byteOffset, byteLength } = this.bytes;
    if (byteOffset % ArrayType.BYTES_PER_ELEMENT === 0) {
      return new ArrayType(buffer, byteOffset, byteLength / ArrayType.BYTES_PER_ELEMENT);
    }
    const copy = new Uint8Array(this.bytes); // not slice(): that of a Node Buffer is a view, and keeps its offset
    return new ArrayType(copy.buffer, 0, byteLength / ArrayType.BYTES_PER_ELEMENT);
  }

  /** The elements as JavaScript numbers (float16 decoded; int64 beyond 2^53 loses digits). */
  numbers(): number[] {
    const data = this.data();
    if (this.type === 'float16') return Array.from(data as Uint16Array, float16ToFloat32);
    if (this.type === 'bfloat16') {
      const words = Uint32Array.from(data as Uint16Array, (bits) => bits << 16);
      return Array.from(new Float32Array(words.buffer));
    }
    return Array.from(data as ArrayLike<number | bigint>, Number);
  }

  /** The same elements under other dimensions. */
  reshape(dims: readonly number[]): Tensor {
    return new Tensor(this.type, dims, this.bytes, this.strings ? { strings: this.strings } : {});
  }

  /**
   * Reads a message: raw data, typed data fields, or external data through `external`.
   * @throws TENSOR_INVALID when sizes, types or dimensions disagree; EXTERNAL_DATA_MISSING without a reader
   */
  static fromProto(proto: TensorProto, external?: ExternalReader): Tensor {
    const type = dataTypeOf(proto.dataType);
    if (!type) throw errors.badTensor(proto.name, `unknown element type number ${proto.dataType}`);
    const dims = readDims(proto);
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (!Number.isSafeInteger(size)) throw errors.badTensor(proto.name, `its dimensions [${dims.join(', ')}] overflow`);
    if (proto.segment) throw errors.badTensor(proto.name, 'segmented tensors are not supported by any runtime');
    if (type === 'string') {
      if (proto.stringData.length !== size)
        throw errors.badTensor(proto.name, `${proto.stringData.length} strings for dimensions [${dims.join(', ')}]`);
      return new Tensor(type, dims, new Uint8Array(0), { strings: proto.stringData, origin: proto });
    }
    const expected = Math.ceil((size * DATA_TYPES[type].bits) / 8);
    let bytes: Uint8Array;
    if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) bytes = readExternal(proto, expected, external);
    else if (proto.rawData.length > 0) bytes = proto.rawData;
    else bytes = packTyped(proto, type, size);
    if (bytes.length !== expected) {
      throw errors.badTensor(
        proto.name,
        `${bytes.length} bytes for ${type} [${dims.join(', ')}], which needs ${expected}`,
      );
    }
    return new Tensor(type, dims, bytes, { origin: proto });
  }

  /** The message of this tensor under a name, with its bytes inside. */
  toProto(name: string): TensorProto {
    const proto = this.header(name);
    if (this.strings) proto.stringData = [...this.strings];
    else proto.rawData = this.bytes;
    return proto;
  }

  /** The message of this tensor under a name, pointing at `location` instead of holding bytes. */
  toExternalProto(name: string, location: string, offset: number): TensorProto {
    const proto = this.header(name);
    proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
    const entry = (key: string, value: string) => ({ $typeName: 'onnx.StringStringEntryProto' as const, key, value });
    proto.externalData = [
      entry('location', location),
      entry('offset', String(offset)),
      entry('length', String(this.bytes.length)),
    ];
    return proto;
  }

  private header(name: string): TensorProto {
    const proto = create(TensorProtoSchema, {
      name,
      dataType: DATA_TYPES[this.type].code,
      dims: this.dims.map(BigInt),
    });
    if (this.origin) {
      if (this.origin.docString) proto.docString = this.origin.docString;
      proto.metadataProps = this.origin.metadataProps;
      if (this.origin.$unknown) proto.$unknown = this.origin.$unknown;
    }
    return proto;
  }
}

function readDims(proto: TensorProto): number[] {
  return proto.dims.map((dim) => {
    if (dim < 0n || dim > 0xffff_ffff_ffffn) throw errors.badTensor(proto.name, `dimension ${dim} is out of range`);
    return Number(dim);
  });
}

/**
 * Where the bytes of an external tensor lie.
 * @throws TENSOR_INVALID for keys that are not in the specification, given twice, or no whole numbers
 */
export function externalFacts(proto: TensorProto): { location: string; offset: number; length: number | undefined } {
  const facts = new Map<string, string>();
  for (const { key, value } of proto.externalData) {
    const shown = key.slice(0, 40);
    if (!EXTERNAL_KEYS.has(key))
      throw errors.badTensor(proto.name, `external-data key '${shown}' is not in the ONNX specification`);
    if (facts.has(key)) throw errors.badTensor(proto.name, `external-data key '${shown}' is given twice`);
    facts.set(key, value);
  }
  const location = facts.get('location');
  if (!location) throw errors.badTensor(proto.name, 'external data without a location');
  const whole = (key: string): number | undefined => {
    const text = facts.get(key);
    if (text === undefined) return undefined;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value))
      throw errors.badTensor(proto.name, `external-data ${key} '${text.slice(0, 40)}' is not a whole number`);
    return value;
  };
  return { location, offset: whole('offset') ?? 0, length: whole('length') };
}

function readExternal(proto: TensorProto, expected: number, external: ExternalReader | undefined): Uint8Array {
  const { location, offset, length } = externalFacts(proto);
  if (length !== undefined && length !== expected) {
    throw errors.badTensor(proto.name, `external-data length ${length} for dimensions that need ${expected} bytes`);
  }
  if (proto.rawData.length > 0) throw errors.badTensor(proto.name, 'it has bytes both inside the model and in a file');
  if (!external) throw errors.externalMissing(proto.name, location);
  if (expected === 0) return new Uint8Array(0);
  const bytes = external(location, offset, expected);
  if (bytes.length !== expected)
    throw errors.externalBeyond(proto.name, location, `bytes ${offset} to ${offset + expected} are not all there`);
  return bytes;
}

// onnx.proto, TensorProto.external_data. Python's helper also writes `basepath` in memory: never followed, so not accepted.
const EXTERNAL_KEYS = new Set(['location', 'offset', 'length', 'checksum']);

/** Typed data fields → little-endian bytes. int32_data also carries the narrow types and float16 bits. */
function packTyped(proto: TensorProto, type: DataType, size: number): Uint8Array {
  const bits = DATA_TYPES[type].bits;
  const view = (array: TensorData) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const per = (values: ArrayLike<unknown>, perElement = 1) => {
    if (values.length !== size * perElement) {
      throw errors.badTensor(proto.name, `${values.length} values for dimensions [${proto.dims.join(', ')}]`);
    }
  };
  switch (type) {
    case 'float32':
      per(proto.floatData);
      return view(Float32Array.from(proto.floatData));
    case 'complex64':
      per(proto.floatData, 2);
      return view(Float32Array.from(proto.floatData));
    case 'float64':
      per(proto.doubleData);
      return view(Float64Array.from(proto.doubleData));
    case 'complex128':
      per(proto.doubleData, 2);
      return view(Float64Array.from(proto.doubleData));
    case 'int64':
      per(proto.int64Data);
      return view(BigInt64Array.from(proto.int64Data));
    case 'uint64':
      per(proto.uint64Data);
      return view(BigUint64Array.from(proto.uint64Data));
    case 'uint32':
      per(proto.uint64Data);
      return view(Uint32Array.from(proto.uint64Data, Number));
    case 'int32':
      per(proto.int32Data);
      return view(Int32Array.from(proto.int32Data));
    default:
      if (bits === 16) {
        per(proto.int32Data);
        return view(Uint16Array.from(proto.int32Data, (value) => value & 0xffff));
      }
      // 8 bits: one element a value; 4 and 2 bits: one packed byte a value.
      return view(Uint8Array.from(proto.int32Data, (value) => value & 0xff));
  }
}
