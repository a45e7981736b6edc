import { DATA_TYPES } from '@seewhy/onnx';
import { isLayerValue } from '../layer.ts';
import { forEachItem, numbersIn } from '../model/constants.ts';
import { heldAxis, type LayerValue } from '../model/layer-value.ts';
import type { FunctionCall, FunctionImporter, FunctionTable } from './function-call.ts';
import { hasSizes, joinedSizes, sizeArithmetic } from './function-sizes.ts';
import { binary, inOneLayout, joined, type Pairing } from './merging.ts';
import { transposed } from './reshaping.ts';

/** A number or a list of numbers as a value beside `other`, or a value of the model as it is. */
export function operand(call: FunctionCall, item: unknown, other: LayerValue | undefined): LayerValue {
  if (isLayerValue(item)) return item;
  const { layer } = call;
  const type = 'float32';
  if (typeof item === 'number') return { value: layer.b.scalar(item), shape: [], layout: 'keras', type };
  const tensor = Array.isArray(item) ? numbersIn(item) : undefined;
  if (!tensor || tensor.size === 0) throw layer.misfit('An argument is neither a value of the model nor numbers');
  const { dims } = tensor;
  // One number a channel fits pictures in either layout.
  if (dims.length === 1 && other?.layout === 'channels-first') {
    const rank = other.shape.length;
    const shape = new Array<number>(rank).fill(1);
    shape[rank - 1] = dims[0]!;
    return {
      value: layer.b.constant(tensor.reshape([dims[0]!, ...new Array<number>(rank - 2).fill(1)]), 'constant'),
      shape,
      layout: 'channels-first',
      type,
    };
  }
  const kept = forEachItem(tensor, other?.shape.length ?? 0, layer);
  return { value: layer.b.constant(kept, 'constant'), shape: kept.dims, layout: 'keras', type };
}

export function pair(call: FunctionCall, op: Pairing, one: unknown, other: unknown): LayerValue {
  if (hasSizes(one) || hasSizes(other)) {
    if (typeof op !== 'string') throw call.layer.refuse('such a function of sizes');
    return sizeArithmetic(call, op, one, other);
  }
  const a = operand(call, one, isLayerValue(other) ? other : undefined);
  const c = operand(call, other, isLayerValue(one) ? one : undefined);
  if (c.shape.length === 0) return { ...a, value: joined(call.layer.b, op, a.value, c.value) };
  if (a.shape.length === 0) return { ...c, value: joined(call.layer.b, op, a.value, c.value) };
  return binary(call.layer, op, a, c);
}

export const two =
  (op: string): FunctionImporter =>
  (call) =>
    pair(call, op, call.arg(0, 'x1', 'x', 'a'), call.arg(1, 'x2', 'y', 'b', 'bias', 'value'));

export const compare =
  (op: string): FunctionImporter =>
  (call) => ({ ...(two(op)(call) as LayerValue), type: 'bool' });

export const one =
  (op: string): FunctionImporter =>
  (call) => {
    const x = call.value(0, 'x', 'input', 'a', 'features');
    return { ...x, value: call.layer.b.op(op, [x.value]) };
  };

/** Reduces along axes of Keras's shape, in whatever layout is held. */
export function reduced(call: FunctionCall, make: (x: LayerValue, axes: readonly number[]) => string): LayerValue {
  const x = call.value(0, 'x', 'input_tensor', 'input');
  const { b } = call.layer;
  const axes = call.axes(x.shape.length, 1, 'axis', 'axes');
  if (axes.includes(0)) throw call.layer.refuse('a reduction over the batch');
  const value = make(
    x,
    axes.map((axis) => heldAxis(x, axis)),
  );
  const kept = { ...x, value, shape: x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)) };
  if (call.flag(2, 'keepdims')) return kept;
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  // All positions reduced: what is left lies the same in both layouts.
  if (axes.length === x.shape.length - 2 && x.layout === 'channels-first' && !axes.includes(x.shape.length - 1))
    return {
      ...x,
      layout: 'keras',
      shape,
      value: b.squeeze(
        value,
        axes.map((axis) => heldAxis(x, axis)),
      ),
    };
  const plain = b.inKerasLayout(kept);
  return { ...plain, shape, value: b.squeeze(plain.value, axes) };
}

const reduction =
  (op: string): FunctionImporter =>
  (call) =>
    reduced(call, (x, axes) => call.layer.b.reduce(op, x.value, axes));

/** Whether some (or all) of the values hold. */
const quantified =
  (op: 'ReduceMax' | 'ReduceMin'): FunctionImporter =>
  (call) => {
    const found = reduced(call, (x, axes) => {
      const { b } = call.layer;
      const values =
        x.type === 'bool' ? b.cast(x.value, DATA_TYPES.float32.code) : b.op('Abs', [b.op('Sign', [x.value])]);
      return b.op('Greater', [b.reduce(op, values, axes), b.scalar(0.5)]);
    });
    return { ...found, type: 'bool' };
  };

/** How many of the numbers are not 0, as float32. */
function countFunction(call: FunctionCall): LayerValue {
  const count = reduced(call, (x, axes) => {
    const { b } = call.layer;
    const values =
      x.type === 'bool' ? b.cast(x.value, DATA_TYPES.float32.code) : b.op('Abs', [b.op('Sign', [x.value])]);
    return b.reduceSum(values, axes);
  });
  return { ...count, type: 'float32' };
}

/** A value of the same shape that holds one number everywhere. */
const filled =
  (number: 0 | 1): FunctionImporter =>
  (call) => {
    const x = call.value(0, 'x', 'input');
    const { b } = call.layer;
    const value = b.expand(b.scalar(number), b.shape(x.value));
    const bool = call.arg(1, 'dtype') === 'bool' || (call.arg(1, 'dtype') === undefined && x.type === 'bool');
    return bool ? { ...x, type: 'bool', value: b.cast(value, 9) } : { ...x, type: 'float32', value };
  };

const variance =
  (root: boolean): FunctionImporter =>
  (call) =>
    reduced(call, (x, axes) => {
      const { b } = call.layer;
      const centred = b.sub(x.value, b.reduceMean(x.value, axes));
      const mean = b.reduceMean(b.mul(centred, centred), axes);
      return root ? b.op('Sqrt', [mean]) : mean;
    });

/** x/√max(Σx², ε²). */
const normalized = (call: FunctionCall): LayerValue => {
  const x = call.value(0, 'x');
  const { b } = call.layer;
  if ((call.arg(2, 'order') ?? 2) !== 2 && typeof call.arg(-1, 'order') === 'number')
    throw call.layer.refuse('a norm other than the Euclidean');
  const given = call.arg(3, 'epsilon');
  const least = typeof given === 'number' ? (call.layer.options.dialect === 3 ? given ** 2 : given) : 1e-12;
  const axes = (call.arg(1, 'axis') === undefined ? [x.shape.length - 1] : call.axes(x.shape.length, 1, 'axis')).map(
    (axis) => heldAxis(x, axis),
  );
  const squares = b.reduceSum(b.mul(x.value, x.value), axes);
  return { ...x, value: b.div(x.value, b.op('Sqrt', [b.op('Max', [squares, b.scalar(least)])])) };
};

function matmulFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const swapped = (x: LayerValue, swap: boolean): LayerValue => {
    const rank = x.shape.length;
    if (!swap) return b.inKerasLayout(x);
    return transposed(call.layer, x, [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2]);
  };
  const left = swapped(call.numbersOrValue(0, 'x1', 'a'), call.flag(-1, 'transpose_a'));
  const right = swapped(call.numbersOrValue(1, 'x2', 'b'), call.flag(-1, 'transpose_b'));
  if (left.shape.length < 2 || right.shape.length < 2) throw call.layer.refuse('a product with a single vector');
  const lead = left.shape.length >= right.shape.length ? left.shape.slice(0, -2) : right.shape.slice(0, -2);
  return {
    ...left,
    shape: [...lead, left.shape[left.shape.length - 2]!, right.shape[right.shape.length - 1]!],
    value: b.matmul(left.value, right.value),
  };
}

function einsumFunction(call: FunctionCall): LayerValue {
  const { layer } = call;
  const given = String(call.arg(-1, 'subscripts', 'equation') ?? '').replaceAll(' ', '');
  const [first] = layer.args;
  const items = layer.args.length === 1 && Array.isArray(first) && first.some(isLayerValue) ? first : layer.args;
  // Keras 2 keeps the equation but not what it is of.
  const values = items.every((item) => typeof item !== 'string')
    ? items.map((item) => layer.b.inKerasLayout(call.asValue(item, 'operand')))
    : [];
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !given.includes(letter));
  const written = given
    .split(/,|->/)
    .map((term, at) => (values[at]?.shape.length ?? 0) - term.replace('...', '').length);
  const dots = free.slice(0, Math.max(0, ...written.slice(0, values.length))).join('');
  const equation = given.replaceAll('...', dots);
  const match = /^([A-Za-z]+(?:,[A-Za-z]+)*)->([A-Za-z]+)$/.exec(equation);
  const terms = match?.[1]?.split(',') ?? [];
  if (!match || terms.length !== values.length || terms.some((term, at) => term.length !== values[at]!.shape.length))
    throw layer.misfit(`The equation '${given}' does not fit its inputs`);
  const sizes = new Map<string, number | null>();
  for (const [at, term] of terms.entries())
    for (const [axis, letter] of [...term].entries()) sizes.set(letter, values[at]!.shape[axis] ?? null);
  const shape = [...match[2]!].map((letter) => sizes.get(letter) ?? null);
  return {
    ...values[0]!,
    shape,
    value: layer.b.op(
      'Einsum',
      values.map(({ value }) => value),
      { equation },
    ),
  };
}

function whereFunction(call: FunctionCall): LayerValue {
  const condition = call.value(0, 'condition');
  const others = [call.arg(1, 'x1', 'x'), call.arg(2, 'x2', 'y')].map((item) => operand(call, item, condition));
  const all = [condition, ...others];
  const full = all.filter(({ shape }) => shape.length > 0);
  const held = inOneLayout(call.layer, full);
  const at = (item: LayerValue) => (item.shape.length === 0 ? item : held[full.indexOf(item)]!);
  const [c, x, y] = all.map(at) as [LayerValue, LayerValue, LayerValue];
  const rank = Math.max(...full.map(({ shape }) => shape.length));
  const widest = held.find(({ shape }) => shape.length === rank)!;
  const shape = widest.shape.map((dim, axis) =>
    held.reduce<number | null>(
      (size, value) => (value.shape.length === rank && size === 1 ? value.shape[axis]! : size),
      dim,
    ),
  );
  return { ...widest, type: others[0]!.type, shape, value: call.layer.b.where(c.value, x.value, y.value) };
}

/** Numbers stay float32, whole ones too; what is behind the point is cut off for them. */
function castFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x');
  const { b } = call.layer;
  const dtype = String(call.arg(1, 'dtype'));
  if (x.sizes) {
    if (/int/.test(dtype)) return x;
    const { sizes, ...plain } = x;
    const value = b.cast(x.value, DATA_TYPES.float32.code);
    return { ...plain, type: 'float32', value: x.shape.length === 0 ? b.reshape(value, []) : value };
  }
  if (dtype === 'bool') return x.type === 'bool' ? x : { ...x, type: 'bool', value: b.cast(x.value, BOOL) };
  if (x.type !== 'float32') return { ...x, type: 'float32', value: b.cast(x.value, DATA_TYPES.float32.code) };
  if (/float/.test(dtype)) return x;
  if (/int/.test(dtype))
    return { ...x, value: b.cast(b.cast(x.value, DATA_TYPES.int64.code), DATA_TYPES.float32.code) };
  throw call.layer.refuse(`a cast to ${dtype}`);
}

/** Between two bounds: of numbers one node; a bound for each channel, or a computed one, is a maximum or a minimum. */
function clipFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x', 't');
  const low = call.arg(1, 'x_min', 'clip_value_min');
  const high = call.arg(2, 'x_max', 'clip_value_max');
  const plain = (bound: unknown) => bound === undefined || typeof bound === 'number';
  if (plain(low) && plain(high)) {
    const bound = (item: unknown) => (typeof item === 'number' ? call.layer.b.scalar(item) : undefined);
    return { ...x, value: call.layer.b.clip(x.value, bound(low), bound(high)) };
  }
  const above = low === undefined ? x : pair(call, 'Max', x, low);
  return high === undefined ? above : pair(call, 'Min', above, high);
}

const BOOL = 9;

export const ARITHMETIC_FUNCTIONS: FunctionTable = {
  add: two('Add'),
  subtract: two('Sub'),
  multiply: two('Mul'),
  true_divide: two('Div'),
  maximum: two('Max'),
  minimum: two('Min'),
  power: two('Pow'),
  greater: compare('Greater'),
  greater_equal: compare('GreaterOrEqual'),
  less: compare('Less'),
  less_equal: compare('LessOrEqual'),
  equal: compare('Equal'),
  not_equal: (call) => {
    const same = two('Equal')(call) as LayerValue;
    return { ...same, type: 'bool', value: call.layer.b.op('Not', [same.value]) };
  },
  logical_and: compare('And'),
  logical_or: compare('Or'),
  logical_not: (call) => ({ ...(one('Not')(call) as LayerValue), type: 'bool' }),
  negative: one('Neg'),
  absolute: one('Abs'),
  exp: one('Exp'),
  log: one('Log'),
  sqrt: one('Sqrt'),
  reciprocal: one('Reciprocal'),
  floor: one('Floor'),
  ceil: one('Ceil'),
  round: one('Round'),
  sign: one('Sign'),
  sin: one('Sin'),
  cos: one('Cos'),
  erf: one('Erf'),
  square: (call) => {
    const x = call.value(0, 'x');
    return { ...x, value: call.layer.b.mul(x.value, x.value) };
  },
  rsqrt: (call) => {
    const x = call.value(0, 'x');
    return { ...x, value: call.layer.b.op('Reciprocal', [call.layer.b.op('Sqrt', [x.value])]) };
  },
  squared_difference: (call) => {
    const difference = two('Sub')(call) as LayerValue;
    return { ...difference, value: call.layer.b.mul(difference.value, difference.value) };
  },
  clip: clipFunction,
  mean: reduction('ReduceMean'),
  sum: reduction('ReduceSum'),
  max: reduction('ReduceMax'),
  min: reduction('ReduceMin'),
  prod: reduction('ReduceProd'),
  zeros_like: filled(0),
  ones_like: filled(1),
  ptp: (call) =>
    reduced(call, (x, axes) => {
      const { b } = call.layer;
      return b.sub(b.reduce('ReduceMax', x.value, axes), b.reduce('ReduceMin', x.value, axes));
    }),
  count_nonzero: countFunction,
  any: quantified('ReduceMax'),
  all: quantified('ReduceMin'),
  logsumexp: reduction('ReduceLogSumExp'),
  var: variance(false),
  std: variance(true),
  normalize: normalized,
  l2_normalize: normalized,
  where: whereFunction,
  matmul: matmulFunction,
  einsum: einsumFunction,
  cast: castFunction,
  identity: (call) => call.value(0, 'x', 'input'),
  convert_to_tensor: (call) =>
    hasSizes(call.arg(0, 'x', 'value')) ? joinedSizes(call, call.arg(0, 'x', 'value')) : call.value(0, 'x', 'value'),
  stop_gradient: (call) => call.value(0, 'variable', 'input', 'x'),
};
