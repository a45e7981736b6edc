import { type DataType, dataTypeOf } from '../../data-type.ts';
import { float32ToFloat16 } from '../../float16.ts';
import type { TensorData } from '../../tensor.ts';
import { Constant, type Element, emptyArray, isReadable, MAX_PARTIAL } from './constant.ts';
import type { Kernel, KernelContext } from './kernel.ts';
import { broadcastDims, expandTo } from './movement.ts';

type Known = number | bigint;
/** One element of the result, or undefined where the runtime's answer is not certain (division by zero). */
type Scalar = (values: readonly Known[], type: DataType) => Known | undefined;

/** Types in which JavaScript's arithmetic, rounded on storing, is exactly the runtime's. */
const ARITHMETIC = new Set<DataType>(['float32', 'float64', 'int64', 'int32']);

// float32 sums, products, quotients and roots are the rounded float64 ones: 53 ≥ 2·24 + 2 bits (Figueroa 1995). int32 products need
// Math.imul. 64-bit integers are bigints and wrap when they are stored.
const add: Scalar = ([a, b]) => (a as number) + (b as number);
const subtract: Scalar = ([a, b]) => (a as number) - (b as number);
const multiply: Scalar = ([a, b], type) =>
  type === 'int32' ? Math.imul(a as number, b as number) : (a as number) * (b as number);
const divide: Scalar = ([a, b], type) => {
  if (type.startsWith('float')) return (a as number) / (b as number);
  if (Number(b) === 0) return undefined;
  return type === 'int32' ? Math.trunc((a as number) / (b as number)) : (a as bigint) / (b as bigint);
};
const modulo: Scalar = ([a, b], type) => {
  if (type.startsWith('float') || Number(b) === 0) return undefined;
  // Integer Mod has the sign of the divisor.
  if (typeof a === 'bigint') return ((a % (b as bigint)) + (b as bigint)) % (b as bigint);
  return (((a as number) % (b as number)) + (b as number)) % (b as number);
};

/** Kernels that compute each element from the elements at the same place, with broadcasting. */
export const ELEMENTWISE_KERNELS: Readonly<Record<string, Kernel>> = {
  Add: arithmetic(add),
  Sub: arithmetic(subtract),
  Mul: arithmetic(multiply),
  Div: arithmetic(divide),
  Mod: (node, inputs, context) =>
    node.attribute.int('fmod', 0) === 0 ? arithmetic(modulo)(node, inputs, context) : undefined,
  Neg: arithmetic(([a]) => -a!),
  Abs: arithmetic(([a]) => (a! < 0 || Object.is(a, -0) ? -a! : a)),
  Floor: arithmetic(([a]) => (typeof a === 'number' ? Math.floor(a) : undefined)),
  Ceil: arithmetic(([a]) => (typeof a === 'number' ? Math.ceil(a) : undefined)),
  Sqrt: arithmetic(([a]) => (typeof a === 'number' ? Math.sqrt(a) : undefined)),
  Reciprocal: arithmetic(([a]) => (typeof a === 'number' ? 1 / a : undefined)),
  Min: (node, inputs, context) => smaller(node, inputs, context),
  Max: (node, inputs, context) => larger(node, inputs, context),
  // Bounds are optional; one that is there but not constant leaves the result open. TensorFlow-style padding is computed with it.
  Clip: (node, [x, low, high], context) => {
    if (!x || (node.inputs[1] && !low) || (node.inputs[2] && !high)) return undefined;
    const raised = low ? larger(node, [x, low], context)?.[0] : x;
    return raised && (high ? smaller(node, [raised, high], context) : [raised]);
  },
  Equal: comparison((a, b) => a === b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  And: logic(([a, b]) => (a && b ? 1 : 0)),
  Or: logic(([a, b]) => (a || b ? 1 : 0)),
  Not: logic(([a]) => (a ? 0 : 1)),

  Where: (_, [condition, x, y], context) => {
    if (!condition || !x || !y || x.type !== y.type || !isReadable(x.type)) return undefined;
    const operands = alignedOperands([condition, x, y], context);
    if (!operands) return undefined;
    const { dims, lists, partial } = operands;
    const [choose, yes, no] = lists as [ArrayLike<Element>, ArrayLike<Element>, ArrayLike<Element>];
    return collect(x.type, dims, partial, (at) => {
      if (choose[at] !== null) return choose[at] ? yes[at]! : no[at]!;
      return yes[at] === no[at] ? yes[at]! : null;
    });
  },

  Cast: (node, [x], context) => {
    const type = dataTypeOf(node.attribute.int('to', 0));
    if (!x || !type || !isReadable(x.type) || !isReadable(type)) return undefined;
    if (type === x.type) return [x];
    return cast(x, type, context);
  },
};

const smaller = arithmetic((values) => extreme(values, (a, b) => a < b));
const larger = arithmetic((values) => extreme(values, (a, b) => a > b));

function extreme(values: readonly Known[], better: (a: Known, b: Known) => boolean): Known | undefined {
  // NaN and the order of zeros are left to the runtime.
  if (values.some((value) => typeof value === 'number' && (Number.isNaN(value) || value === 0))) {
    if (values.some((value) => Number.isNaN(Number(value)) || Object.is(value, -0))) return undefined;
  }
  return values.reduce((best, value) => (better(value, best) ? value : best));
}

function arithmetic(scalar: Scalar): Kernel {
  return (_, inputs, context) => {
    const type = inputs[0]?.type;
    return type && ARITHMETIC.has(type) ? combine(inputs, type, scalar, context) : undefined;
  };
}

function comparison(holds: (a: Known, b: Known) => boolean): Kernel {
  return (_, inputs, context) => {
    const type = inputs[0]?.type;
    if (!type || !isReadable(type) || type === 'float16' || type === 'bfloat16') return undefined;
    return combine(inputs, 'bool', ([a, b]) => (holds(a!, b!) ? 1 : 0), context);
  };
}

function logic(scalar: Scalar): Kernel {
  return (_, inputs, context) => (inputs[0]?.type === 'bool' ? combine(inputs, 'bool', scalar, context) : undefined);
}

function combine(
  inputs: readonly (Constant | undefined)[],
  type: DataType,
  scalar: Scalar,
  context: KernelContext,
): Constant[] | undefined {
  const known = inputs.filter((input) => input !== undefined);
  if (known.length !== inputs.length || known.some((input) => input.type !== known[0]!.type)) return undefined;
  const operands = alignedOperands(known, context);
  if (!operands) return undefined;
  let certain = true;
  const values = new Array<Known>(known.length);
  const result = collect(type, operands.dims, operands.partial, (at) => {
    for (let index = 0; index < operands.lists.length; index++) {
      const element = operands.lists[index]![at]!;
      if (element === null) return null;
      values[index] = element;
    }
    const element = scalar(values, type);
    if (element === undefined) certain = false;
    return element ?? null;
  });
  return certain ? result : undefined;
}

/** All operands broadcast to their common dimensions. */
function alignedOperands(operands: readonly Constant[], context: KernelContext) {
  let dims: readonly number[] | undefined = operands[0]!.dims;
  for (const operand of operands.slice(1)) dims = dims && broadcastDims(dims, operand.dims);
  if (!dims) return undefined;
  const partial = operands.some((operand) => !operand.tensor);
  const size = dims.reduce((product, dim) => product * dim, 1);
  const widest = Math.max(...operands.map((operand) => (operand.size > 0 ? operand.bytes / operand.size : 1)));
  if (partial ? size > MAX_PARTIAL : !context.allows(size * widest)) return undefined;
  const lists: ArrayLike<Element>[] = [];
  for (const operand of operands) {
    const [expanded] = expandTo(operand, dims, context) ?? [];
    if (!expanded) return undefined;
    lists.push(expanded.data);
  }
  return { dims, lists, partial };
}

function collect(
  type: DataType,
  dims: readonly number[],
  partial: boolean,
  element: (at: number) => Element,
): Constant[] | undefined {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (partial) {
    const list = Array.from({ length: size }, (_, at) => {
      const value = element(at);
      return typeof value === 'bigint' ? BigInt.asIntN(64, value) : value;
    });
    return [Constant.list(type, dims, list)];
  }
  const out = emptyArray(type, size);
  for (let at = 0; at < size; at++) {
    const value = element(at);
    if (value === null) return undefined;
    out[at] = value as never;
  }
  return [Constant.typed(type, dims, out)];
}

const INTEGER_RANGE: Partial<Record<DataType, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 2048],
  uint64: [0, 2 ** 64 - 4096],
};

function cast(x: Constant, type: DataType, context: KernelContext): Constant[] | undefined {
  const wide = type === 'int64' || type === 'uint64';
  const room = emptyArray(type, 0).BYTES_PER_ELEMENT * x.size;
  if (type === 'bfloat16' || (x.tensor ? !context.allows(room) : x.size > MAX_PARTIAL)) return undefined;
  const range = INTEGER_RANGE[type];
  let certain = true;
  const convert = (value: number | bigint): number | bigint => {
    if (type === 'bool') return Number(value) !== 0 || Number.isNaN(Number(value)) ? 1 : 0;
    const number = Number(value);
    if (typeof value === 'bigint' && (number > 2 ** 53 || number < -(2 ** 53))) {
      // Rounding a large integer twice could end elsewhere; between 64-bit integers nothing is rounded.
      if (!wide) certain = false;
      return wide ? value : 0;
    }
    if (!range) return type === 'float16' ? float32ToFloat16(number) : number;
    // Beyond the range the result depends on the processor.
    if (!(number > range[0] - 1 && number < range[1] + 1)) certain = false;
    if (!certain) return wide ? 0n : 0;
    return wide ? BigInt(Math.trunc(number)) : Math.trunc(number);
  };
  const numbers = decoded(x);
  const result = collect(type, x.dims, x.tensor === undefined, (at) => {
    const value = numbers[at]!;
    return value === null ? null : convert(value);
  });
  return certain ? result : undefined;
}

/** Elements as numbers or bigints: 16-bit floats decoded. */
function decoded(x: Constant): ArrayLike<Element> {
  const { data, type } = x;
  if (type === 'float16') return decodeFloat16(data as Uint16Array);
  if (type === 'bfloat16') return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  return data as TensorData;
}

let halves: Float32Array | undefined;

/** All 65,536 halves are looked up: weights come by the million. */
function decodeFloat16(bits: Uint16Array): Float32Array {
  if (!halves) {
    halves = new Float32Array(65536);
    for (let code = 0; code < 65536; code++) {
      const sign = code & 0x8000 ? -1 : 1;
      const exponent = (code >>> 10) & 0x1f;
      const fraction = code & 0x3ff;
      if (exponent === 0) halves[code] = sign * fraction * 2 ** -24;
      else if (exponent === 31) halves[code] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
      else halves[code] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
    }
  }
  const out = new Float32Array(bits.length);
  for (let at = 0; at < bits.length; at++) out[at] = halves[bits[at]!]!;
  return out;
}
