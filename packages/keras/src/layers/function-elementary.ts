import type { ValueName } from '@seewhy/onnx';
import { isLayerValue } from '../layer.ts';
import type { Emitter } from '../model/emitter.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { compare, one, pair, two } from './function-arithmetic.ts';
import type { FunctionCall, FunctionImporter, FunctionTable } from './function-call.ts';
import { listed } from './function-shape.ts';
import { hasSizes, sizeQuotient } from './function-sizes.ts';
import { binary } from './merging.ts';

/** A function of each element alone. */
const each =
  (make: (b: Emitter, x: ValueName) => ValueName): FunctionImporter =>
  (call) => {
    const x = call.value(0, 'x', 'input', 'features');
    return { ...x, value: make(call.layer.b, x.value) };
  };

const scaled = (factor: number) => each((b, x) => b.mul(x, b.scalar(factor)));
const logarithm = (base: number) => each((b, x) => b.mul(b.op('Log', [x]), b.scalar(1 / Math.log(base))));

/** The two arguments of a function. */
const both = (call: FunctionCall) =>
  [call.arg(0, 'x1', 'x', 'a', 'y'), call.arg(1, 'x2', 'y', 'b', 'x', 'value')] as const;

/** ⌊a/b⌋; of sizes a size. */
function floorDivide(call: FunctionCall): LayerValue {
  const [a, c] = both(call);
  if (hasSizes(a) || hasSizes(c)) return sizeQuotient(call, a, c);
  const quotient = pair(call, 'Div', a, c);
  return { ...quotient, value: call.layer.b.op('Floor', [quotient.value]) };
}

/** a − b⌊a/b⌋: the sign is that of b, as in Python. */
function modulo(call: FunctionCall): LayerValue {
  const [a, c] = both(call);
  return pair(call, 'Sub', a, pair(call, 'Mul', c, floorDivide(call)));
}

/** a/b, and 0 where b is. */
function divideNoNan(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const divisor = call.arg(1, 'x2', 'y');
  if (!isLayerValue(divisor)) return two('Div')(call) as LayerValue;
  const zero = b.op('Equal', [divisor.value, b.scalar(0)]);
  const safe = { ...divisor, value: b.where(zero, b.scalar(1), divisor.value) };
  // 1 where b counts, 0 where it is 0.
  const counts = { ...divisor, value: b.where(zero, b.scalar(0), b.scalar(1)) };
  return pair(call, 'Mul', pair(call, 'Div', call.arg(0, 'x1', 'x'), safe), counts);
}

/** log(eᵃ + eᵇ) = max + softplus(−|a − b|). */
function logAddExp(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const [a, c] = both(call);
  const away = pair(call, 'Sub', a, c);
  const rest = { ...away, value: b.op('Softplus', [b.neg(b.op('Abs', [away.value]))]) };
  return pair(call, 'Add', pair(call, 'Max', a, c), rest);
}

/** √(a² + b²) */
function hypot(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const [a, c] = both(call);
  const sum = pair(call, 'Add', pair(call, 'Mul', a, a), pair(call, 'Mul', c, c));
  return { ...sum, value: b.op('Sqrt', [sum.value]) };
}

const like: FunctionImporter = (call) => {
  const x = call.value(0, 'x', 'input');
  const number = call.arg(1, 'fill_value');
  if (typeof number !== 'number') throw call.layer.refuse('a computed fill_value');
  const { b } = call.layer;
  return { ...x, type: 'float32', value: b.expand(b.scalar(number), b.shape(x.value)) };
};

export const ELEMENTARY_FUNCTIONS: FunctionTable = {
  tan: one('Tan'),
  sinh: one('Sinh'),
  cosh: one('Cosh'),
  arcsin: one('Asin'),
  arccos: one('Acos'),
  arctan: one('Atan'),
  arcsinh: one('Asinh'),
  arccosh: one('Acosh'),
  arctanh: one('Atanh'),
  log1p: each((b, x) => b.op('Log', [b.add(x, b.scalar(1))])),
  expm1: each((b, x) => b.sub(b.op('Exp', [x]), b.scalar(1))),
  log2: logarithm(2),
  log10: logarithm(10),
  exp2: each((b, x) => b.op('Exp', [b.mul(x, b.scalar(Math.LN2))])),
  erfc: each((b, x) => b.sub(b.scalar(1), b.op('Erf', [x]))),
  cbrt: each((b, x) => b.mul(b.op('Sign', [x]), b.op('Pow', [b.op('Abs', [x]), b.scalar(1 / 3)]))),
  trunc: each((b, x) => b.mul(b.op('Sign', [x]), b.op('Floor', [b.op('Abs', [x])]))),
  deg2rad: scaled(Math.PI / 180),
  rad2deg: scaled(180 / Math.PI),
  isnan: (call) => ({ ...(one('IsNaN')(call) as LayerValue), type: 'bool' }),
  isinf: (call) => ({ ...(one('IsInf')(call) as LayerValue), type: 'bool' }),
  logical_xor: compare('Xor'),
  divide: (call) => pair(call, 'Div', ...both(call)),
  floor_divide: floorDivide,
  mod: modulo,
  divide_no_nan: divideNoNan,
  logaddexp: logAddExp,
  hypot,
  full_like: like,
  add_n: (call) => listed(call).reduce((sum, value) => binary(call.layer, 'Add', sum, value)),
};
