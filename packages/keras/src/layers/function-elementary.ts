import type { ValueName } from '@seewhy/onnx';
import { isLayerValue } from '../layer.ts';
import type { Emitter } from '../model/emitter.ts';
import type { LayerValue } from '../model/layer-value.ts';
import { angle } from './angle.ts';
import { compare, one, pair, two } from './function-arithmetic.ts';
import type { FunctionCall, FunctionImporter, FunctionTable } from './function-call.ts';
import { listed } from './function-shape.ts';
import { hasSizes, sizeQuotient } from './function-sizes.ts';
import { binary, type Pairing } from './merging.ts';

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

/** A function of two values element by element. */
const pairwise =
  (pairing: Pairing, type: LayerValue['type'] = 'float32'): FunctionImporter =>
  (call) => ({ ...pair(call, pairing, ...both(call)), type });

/** The larger (or smaller) of two; where one is no number, the other. */
const ofNumbers = (op: 'Max' | 'Min'): FunctionImporter =>
  pairwise((b, x, y) => b.op(op, [b.where(b.op('IsNaN', [x]), y, x), b.where(b.op('IsNaN', [y]), x, y)]));

/** log₂(2ᵃ + 2ᵇ) = max + softplus(−|a − b| ln 2)/ln 2. */
const logAddExp2: Pairing = (b, x, y) => {
  const away = b.mul(b.op('Abs', [b.sub(x, y)]), b.scalar(-Math.LN2));
  return b.add(b.op('Max', [x, y]), b.mul(b.op('Softplus', [away]), b.scalar(1 / Math.LN2)));
};

/** sin(πx)/(πx), and 1 at 0. */
const sinc = each((b, x) => {
  const none = b.equal(x, b.scalar(0));
  const turned = b.mul(b.where(none, b.scalar(1), x), b.scalar(Math.PI));
  return b.where(none, b.scalar(1), b.div(b.op('Sin', [turned]), turned));
});

/** 0 below 0, 1 above, and the second argument at 0. */
const heaviside: Pairing = (b, x, at) => {
  const zero = b.scalar(0);
  return b.where(b.equal(x, zero), at, b.where(b.greater(x, zero), b.scalar(1), zero));
};

const infinite =
  (sign: 1 | -1): FunctionImporter =>
  (call) => {
    const x = call.value(0, 'x');
    const attributes = { detect_positive: sign === 1 ? 1 : 0, detect_negative: sign === 1 ? 0 : 1 };
    return { ...x, type: 'bool', value: call.layer.b.op('IsInf', [x.value], attributes) };
  };

/** Neither infinite nor no number. */
function finite(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x');
  const { b } = call.layer;
  const none = b.op('Or', [b.op('IsNaN', [x.value]), b.op('IsInf', [x.value])]);
  return { ...x, type: 'bool', value: b.op('Not', [none]) };
}

/** |a − b| ≤ atol + rtol |b| */
function isClose(call: FunctionCall): LayerValue {
  const number = (position: number, name: string, fallback: number): number => {
    const given = call.arg(position, name);
    return typeof given === 'number' ? given : fallback;
  };
  if (call.flag(4, 'equal_nan')) throw call.layer.refuse('equal_nan');
  const [relative, absolute] = [number(2, 'rtol', 1e-5), number(3, 'atol', 1e-8)];
  const close: Pairing = (b, x, y) =>
    b.op('LessOrEqual', [
      b.op('Abs', [b.sub(x, y)]),
      b.add(b.mul(b.op('Abs', [y]), b.scalar(relative)), b.scalar(absolute)),
    ]);
  return { ...pair(call, close, call.arg(0, 'x1'), call.arg(1, 'x2')), type: 'bool' };
}

/** The largest number of float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** What is no number is 0 (or `nan`), what is infinite the largest number (or `posinf`, `neginf`). */
function nanToNum(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x');
  const { b } = call.layer;
  const [nan, positive, negative] = [
    call.arg(1, 'nan') ?? 0,
    call.arg(2, 'posinf') ?? LARGEST,
    call.arg(3, 'neginf') ?? -LARGEST,
  ];
  if (![nan, positive, negative].every((item) => typeof item === 'number'))
    throw call.layer.refuse('a computed filling');
  const filled = (value: ValueName, where: ValueName, by: unknown) => b.where(where, b.scalar(by as number), value);
  const numbers = filled(x.value, b.op('IsNaN', [x.value]), nan);
  const below = filled(numbers, b.op('IsInf', [x.value], { detect_positive: 0 }), negative);
  return { ...x, value: filled(below, b.op('IsInf', [x.value], { detect_negative: 0 }), positive) };
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
  arctan2: pairwise(angle),
  fmax: ofNumbers('Max'),
  fmin: ofNumbers('Min'),
  fmod: pairwise((b, x, y) => b.op('Mod', [x, y], { fmod: 1 })),
  ldexp: pairwise((b, x, y) => b.mul(x, b.op('Pow', [b.scalar(2), y]))),
  logaddexp2: pairwise(logAddExp2),
  heaviside: pairwise(heaviside),
  sinc,
  isfinite: finite,
  isclose: isClose,
  isposinf: infinite(1),
  isneginf: infinite(-1),
  nan_to_num: nanToNum,
  add_n: (call) => listed(call).reduce((sum, value) => binary(call.layer, 'Add', sum, value)),
};
