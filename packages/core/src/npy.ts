import { float16ToFloat32 } from '@seewhy/onnx';
import { errors } from './errors.ts';

type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** An array as NumPy stores it, always in C order here. */
export interface NpyArray {
  type:
    | 'bool'
    | 'int8'
    | 'uint8'
    | 'int16'
    | 'uint16'
    | 'int32'
    | 'uint32'
    | 'int64'
    | 'uint64'
    | 'float16'
    | 'float32'
    | 'float64';
  dims: number[];
  /** Row by row (C order). float16 stays as its 16-bit patterns, bool as 0 and 1. */
  data: NpyData;
}

type Maker = (buffer: ArrayBuffer) => NpyData;

const TYPES: Record<string, { type: NpyArray['type']; bytes: number; make: Maker }> = {
  b1: { type: 'bool', bytes: 1, make: (b) => new Uint8Array(b) },
  i1: { type: 'int8', bytes: 1, make: (b) => new Int8Array(b) },
  u1: { type: 'uint8', bytes: 1, make: (b) => new Uint8Array(b) },
  i2: { type: 'int16', bytes: 2, make: (b) => new Int16Array(b) },
  u2: { type: 'uint16', bytes: 2, make: (b) => new Uint16Array(b) },
  i4: { type: 'int32', bytes: 4, make: (b) => new Int32Array(b) },
  u4: { type: 'uint32', bytes: 4, make: (b) => new Uint32Array(b) },
  i8: { type: 'int64', bytes: 8, make: (b) => new BigInt64Array(b) },
  u8: { type: 'uint64', bytes: 8, make: (b) => new BigUint64Array(b) },
  f2: { type: 'float16', bytes: 2, make: (b) => new Uint16Array(b) },
  f4: { type: 'float32', bytes: 4, make: (b) => new Float32Array(b) },
  f8: { type: 'float64', bytes: 8, make: (b) => new Float64Array(b) },
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/**
 * Writes an array as a `.npy` file of version 1.0: little endian, C order, header padded to 64 bytes.
 * @param array a typed array with its shape; `type` is taken from the array's class where it is not given
 */
export function encodeNpy(array: { dims: readonly number[]; data: NpyData; type?: NpyArray['type'] }): Uint8Array {
  const descr = descriptor(array.data, array.type);
  const count = array.dims.reduce((product, dim) => product * dim, 1);
  if (count !== array.data.length)
    throw errors.npyInvalid(`shape (${array.dims.join(', ')}) holds ${count} values, not ${array.data.length}`);
  const shape = array.dims.length === 1 ? `(${array.dims[0]},)` : `(${array.dims.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const headerLength = Math.ceil((10 + text.length + 1) / 64) * 64;
  const file = new Uint8Array(headerLength + array.data.byteLength);
  file.set([...MAGIC, 1, 0, (headerLength - 10) & 0xff, (headerLength - 10) >> 8]);
  file.set(new TextEncoder().encode(`${text.padEnd(headerLength - 11)}\n`), 10);
  file.set(new Uint8Array(array.data.buffer, array.data.byteOffset, array.data.byteLength), headerLength);
  return file;
}

/**
 * Reads a `.npy` file, versions 1 to 3, C or Fortran order, little or big endian. What it returns is in C order.
 * @param where what to call the file in errors
 * @throws SeewhyError `NPY_INVALID` (not a .npy file, damaged header, too few bytes), `NPY_TYPE_UNSUPPORTED`
 */
export function decodeNpy(file: Uint8Array, where?: string): NpyArray {
  if (file.length < 10 || MAGIC.some((byte, i) => file[i] !== byte))
    throw errors.npyInvalid('it does not begin as one', where);
  const version = file[6]!;
  if (version < 1 || version > 3) throw errors.npyInvalid(`its version is ${version}, known are 1 to 3`, where);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const lengthBytes = version === 1 ? 2 : 4;
  if (file.length < 8 + lengthBytes) throw errors.npyInvalid('its header is cut off', where);
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const begin = 8 + lengthBytes + headerLength;
  if (begin > file.length) throw errors.npyInvalid('its header is cut off', where);
  const header = parseHeader(new TextDecoder().decode(file.subarray(8 + lengthBytes, begin)), where);

  const kind = TYPES[header.descr.slice(1)];
  if (!kind || !'<>|='.includes(header.descr[0]!)) throw errors.npyType(header.descr, where);
  const count = header.shape.reduce((product, dim) => product * dim, 1);
  const needed = count * kind.bytes;
  if (!Number.isSafeInteger(needed) || begin + needed > file.length) {
    const shape = `(${header.shape.join(', ')})`;
    throw errors.npyInvalid(`shape ${shape} needs ${needed} bytes, ${file.length - begin} are there`, where);
  }
  // A copy of its own (Buffer.slice would not be one), so that it can be viewed as wider values.
  const bytes = new Uint8Array(file.subarray(begin, begin + needed));
  if (header.descr[0] === '>') swapBytes(bytes, kind.bytes);
  const ordered = header.fortran ? fortranToC(bytes, header.shape, kind.bytes) : bytes;
  return { type: kind.type, dims: header.shape, data: kind.make(ordered.buffer as ArrayBuffer) };
}

/** The values of an array as float32, whatever its type. */
export function npyToFloat32(array: NpyArray): Float32Array {
  if (array.data instanceof Float32Array) return array.data;
  const out = new Float32Array(array.data.length);
  for (let i = 0; i < out.length; i++) {
    const value = Number(array.data[i]);
    out[i] = array.type === 'float16' ? float16ToFloat32(value) : value;
  }
  return out;
}

function descriptor(data: NpyData, type: NpyArray['type'] | undefined): string {
  if (data instanceof Uint8Array) return type === 'bool' ? '|b1' : '|u1';
  if (data instanceof Int8Array) return '|i1';
  if (data instanceof Uint16Array) return type === 'float16' ? '<f2' : '<u2';
  if (data instanceof Int16Array) return '<i2';
  if (data instanceof Uint32Array) return '<u4';
  if (data instanceof Int32Array) return '<i4';
  if (data instanceof BigInt64Array) return '<i8';
  if (data instanceof BigUint64Array) return '<u8';
  return data instanceof Float32Array ? '<f4' : '<f8';
}

/** The header is a Python dict literal with three known keys, in any order. */
function parseHeader(text: string, where?: string): { descr: string; fortran: boolean; shape: number[] } {
  const descr = /['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[))/.exec(text);
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  const shape = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(text);
  if (!descr || !fortran || !shape) throw errors.npyInvalid('its header lacks descr, fortran_order or shape', where);
  if (descr[2] || !descr[1]) throw errors.npyType('structured', where);
  const parts = shape[1]!.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (parts.some((part) => !/^\d+L?$/.test(part))) throw errors.npyInvalid(`its shape is (${shape[1]})`, where);
  return { descr: descr[1], fortran: fortran[1] === 'True', shape: parts.map((part) => Number.parseInt(part, 10)) };
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let i = 0; i < bytes.length; i += size) bytes.subarray(i, i + size).reverse();
}

function fortranToC(bytes: Uint8Array, shape: number[], size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const index = new Array<number>(shape.length).fill(0);
  const strides: number[] = [];
  let stride = size;
  for (const dim of shape) {
    strides.push(stride);
    stride *= dim;
  }
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let b = 0; b < size; b++) out[to + b] = bytes[from + b]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
