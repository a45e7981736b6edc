import { TensorProto_DataType as T } from './proto/onnx-ml_pb.ts';

/** Element types, named as in ONNX Runtime's JavaScript API; `bits` an element; how it is held in JavaScript. */
export type DataType =
  | 'float32'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'string'
  | 'bool'
  | 'float16'
  | 'float64'
  | 'uint32'
  | 'uint64'
  | 'complex64'
  | 'complex128'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'uint4'
  | 'int4'
  | 'float4e2m1'
  | 'float8e8m0'
  | 'uint2'
  | 'int2'
  | 'float6e2m3'
  | 'float6e3m2';

interface DataTypeFacts {
  readonly code: T;
  /** Bits an element takes in raw data; 0 for strings. */
  readonly bits: number;
}

/** ONNX number and width of each element type. */
export const DATA_TYPES: Readonly<Record<DataType, DataTypeFacts>> = {
  float32: { code: T.FLOAT, bits: 32 },
  uint8: { code: T.UINT8, bits: 8 },
  int8: { code: T.INT8, bits: 8 },
  uint16: { code: T.UINT16, bits: 16 },
  int16: { code: T.INT16, bits: 16 },
  int32: { code: T.INT32, bits: 32 },
  int64: { code: T.INT64, bits: 64 },
  string: { code: T.STRING, bits: 0 },
  bool: { code: T.BOOL, bits: 8 },
  float16: { code: T.FLOAT16, bits: 16 },
  float64: { code: T.DOUBLE, bits: 64 },
  uint32: { code: T.UINT32, bits: 32 },
  uint64: { code: T.UINT64, bits: 64 },
  complex64: { code: T.COMPLEX64, bits: 64 },
  complex128: { code: T.COMPLEX128, bits: 128 },
  bfloat16: { code: T.BFLOAT16, bits: 16 },
  float8e4m3fn: { code: T.FLOAT8E4M3FN, bits: 8 },
  float8e4m3fnuz: { code: T.FLOAT8E4M3FNUZ, bits: 8 },
  float8e5m2: { code: T.FLOAT8E5M2, bits: 8 },
  float8e5m2fnuz: { code: T.FLOAT8E5M2FNUZ, bits: 8 },
  uint4: { code: T.UINT4, bits: 4 },
  int4: { code: T.INT4, bits: 4 },
  float4e2m1: { code: T.FLOAT4E2M1, bits: 4 },
  float8e8m0: { code: T.FLOAT8E8M0, bits: 8 },
  uint2: { code: T.UINT2, bits: 2 },
  int2: { code: T.INT2, bits: 2 },
  float6e2m3: { code: T.FLOAT6E2M3, bits: 6 },
  float6e3m2: { code: T.FLOAT6E3M2, bits: 6 },
};

const byCode = new Map<number, DataType>(
  Object.entries(DATA_TYPES).map(([name, facts]) => [facts.code, name as DataType]),
);

/** The name of an ONNX element type number, or undefined for a number that the standard does not know. */
export function dataTypeOf(code: number): DataType | undefined {
  return byCode.get(code);
}

/** Element types that gradients flow through. */
export function isFloat(type: DataType | undefined): boolean {
  return type === 'float32' || type === 'float16' || type === 'float64' || type === 'bfloat16';
}
