import { isObject } from '../archive/json.ts';
import { errors } from '../errors.ts';
import {
  isLayerValue,
  type LayerContext,
  type LayerImporter,
  LayerOptions,
  type LayerTable,
  valuesIn,
} from '../layer.ts';
import type { LayerConfig } from '../model/config.ts';
import { heldAxis, type LayerValue } from '../model/layer-value.ts';
import { ACTIVATIONS } from './activation.ts';
import { getItem } from './get-item.ts';
import { binary, concatenated, inOneLayout } from './merging.ts';
import { place, planes } from './planes.ts';
import { resize } from './resample.ts';
import { reshapedTo, transposed } from './reshaping.ts';

/** A call of a function in the middle of a Functional model: Keras 3's `keras.ops`, Keras 2's `tf.*`. */
export class FunctionCall {
  readonly layer: LayerContext;
  private readonly named: Readonly<Record<string, unknown>>;

  constructor(layer: LayerContext) {
    this.layer = layer;
    // Keras 3 keeps in the config what was given when the operation was made.
    this.named = { ...layer.options.config, ...layer.kwargs };
  }

  /** An argument by position (-1: by name only) or by one of its names; undefined where it is left out. */
  arg(position: number, ...names: string[]): unknown {
    if (position >= 0 && position < this.layer.args.length) return this.layer.args[position];
    for (const name of names) if (Object.hasOwn(this.named, name) && this.named[name] !== null) return this.named[name];
    return undefined;
  }

  /** The named arguments as options, for what is shared with layers. */
  get options(): LayerOptions {
    return new LayerOptions(this.named, this.layer.label, this.layer.options.dialect);
  }

  value(position: number, ...names: string[]): LayerValue {
    const found = this.arg(position, ...names);
    if (!isLayerValue(found)) throw this.layer.misfit(`Its argument '${names[0]}' is no value of the model`);
    return found;
  }

  flag(position: number, ...names: string[]): boolean {
    return this.arg(position, ...names) === true;
  }

  int(position: number, ...names: string[]): number {
    const found = this.arg(position, ...names);
    if (!Number.isSafeInteger(found) || Math.abs(found as number) > 2 ** 31)
      throw errors.badOption(this.layer.label, names[0]!, found, 'a whole number');
    return found as number;
  }

  ints(position: number, ...names: string[]): number[] {
    const found = this.arg(position, ...names);
    const list = Array.isArray(found) ? found : [found];
    if (!list.every((item) => Number.isSafeInteger(item) && Math.abs(item) < 2 ** 31))
      throw errors.badOption(this.layer.label, names[0]!, found, 'whole numbers');
    return list as number[];
  }

  /** Axes from the front; all of them where none is given. */
  axes(rank: number, position: number, ...names: string[]): number[] {
    if (this.arg(position, ...names) === undefined) return Array.from({ length: rank }, (_, axis) => axis);
    return this.ints(position, ...names).map((axis) => {
      if (axis < -rank || axis >= rank)
        throw errors.badOption(this.layer.label, names[0]!, axis, `an axis of ${rank} dimensions`);
      return axis < 0 ? axis + rank : axis;
    });
  }
}

type FunctionImporter = (call: FunctionCall) => LayerValue | readonly LayerValue[];

/** A number or a list of numbers as a value beside `other`, or a value of the model as it is. */
function operand(call: FunctionCall, item: unknown, other: LayerValue | undefined): LayerValue {
  if (isLayerValue(item)) return item;
  const { layer } = call;
  const type = 'float32';
  if (typeof item === 'number') return { value: layer.b.scalar(item), shape: [], layout: 'keras', type };
  const dims: number[] = [];
  for (let inner: unknown = item; Array.isArray(inner); inner = inner[0]) dims.push(inner.length);
  const flat = Array.isArray(item) ? item.flat(8) : [];
  if (
    flat.length === 0 ||
    !flat.every((number) => typeof number === 'number') ||
    flat.length !== dims.reduce((product, dim) => product * dim, 1)
  )
    throw layer.misfit('An argument is neither a value of the model nor numbers');
  // One number a channel fits pictures in either layout.
  if (dims.length === 1 && other?.layout === 'channels-first') {
    const rank = other.shape.length;
    const shape = new Array<number>(rank).fill(1);
    shape[rank - 1] = dims[0]!;
    return {
      value: layer.numbers(flat as number[], [dims[0]!, ...new Array<number>(rank - 2).fill(1)]),
      shape,
      layout: 'channels-first',
      type,
    };
  }
  return { value: layer.numbers(flat as number[], dims), shape: dims, layout: 'keras', type };
}

function pair(call: FunctionCall, op: string, one: unknown, other: unknown): LayerValue {
  const a = operand(call, one, isLayerValue(other) ? other : undefined);
  const c = operand(call, other, isLayerValue(one) ? one : undefined);
  if (c.shape.length === 0) return { ...a, value: call.layer.b.op(op, [a.value, c.value]) };
  if (a.shape.length === 0) return { ...c, value: call.layer.b.op(op, [a.value, c.value]) };
  return binary(call.layer, op, a, c);
}

const two =
  (op: string): FunctionImporter =>
  (call) =>
    pair(call, op, call.arg(0, 'x1', 'x', 'a'), call.arg(1, 'x2', 'y', 'b', 'bias', 'value'));
const compare =
  (op: string): FunctionImporter =>
  (call) => ({ ...(two(op)(call) as LayerValue), type: 'bool' });

const one =
  (op: string): FunctionImporter =>
  (call) => {
    const x = call.value(0, 'x', 'input', 'a', 'features');
    return { ...x, value: call.layer.b.op(op, [x.value]) };
  };

/** Reduces along axes of Keras's shape, in whatever layout is held. */
function reduced(call: FunctionCall, make: (x: LayerValue, axes: readonly number[]) => string): LayerValue {
  const x = call.value(0, 'x', 'input_tensor', 'input');
  const { b } = call.layer;
  const axes = call.axes(x.shape.length, 1, 'axis');
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
      const values = x.type === 'bool' ? b.cast(x.value, 1) : b.op('Abs', [b.op('Sign', [x.value])]);
      return b.op('Greater', [b.reduce(op, values, axes), b.scalar(0.5)]);
    });
    return { ...found, type: 'bool' };
  };

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

function reshapeFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x', 'tensor');
  const target = call.ints(1, 'newshape', 'shape');
  const [batch, ...rest] = target;
  if (batch !== -1 && batch !== x.shape[0] && batch !== 1) throw call.layer.refuse('a reshape of the batch');
  if (rest.some((dim) => dim === 0)) throw call.layer.misfit(`Its shape is [${target.join(', ')}]`);
  return reshapedTo(call.layer, x, rest);
}

function permuteFunction(call: FunctionCall, perm: readonly number[], x: LayerValue): LayerValue {
  const rank = x.shape.length;
  const axes = perm.map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes.length !== rank || new Set(axes).size !== rank || axes.some((axis) => axis < 0 || axis >= rank))
    throw call.layer.misfit(`[${perm.join(', ')}] is no permutation`);
  return transposed(call.layer, x, axes);
}

function withoutAxes(call: FunctionCall, x: LayerValue, axes: readonly number[]): LayerValue {
  const plain = call.layer.b.inKerasLayout(x);
  return {
    ...plain,
    shape: plain.shape.filter((_, axis) => !axes.includes(axis)),
    value: call.layer.b.squeeze(plain.value, [...axes]),
  };
}

function withAxis(call: FunctionCall, x: LayerValue, axis: number): LayerValue {
  const rank = x.shape.length + 1;
  const at = axis < 0 ? axis + rank : axis;
  const plain = call.layer.b.inKerasLayout(x);
  if (at < 1 || at >= rank) throw call.layer.misfit(`It adds the axis ${axis} to ${rank - 1}`);
  return {
    ...plain,
    shape: [...plain.shape.slice(0, at), 1, ...plain.shape.slice(at)],
    value: call.layer.b.unsqueeze(plain.value, [at]),
  };
}

function listed(call: FunctionCall): LayerValue[] {
  const first = call.arg(0, 'xs', 'values', 'x');
  const values = valuesIn(first);
  if (values.length === 0) throw call.layer.misfit('It joins no values');
  return values;
}

function splitFunction(call: FunctionCall): LayerValue[] {
  const x = call.value(0, 'x', 'value');
  const [axis] = call.axes(x.shape.length, 2, 'axis') as [number];
  const size = call.layer.known(x.shape[axis], 'the size of the axis it splits');
  const parts = call.arg(1, 'indices_or_sections', 'num_or_size_splits');
  let sizes: number[];
  if (typeof parts === 'number') {
    if (parts < 1 || size % parts !== 0) throw call.layer.misfit(`${size} is no multiple of ${parts}`);
    sizes = new Array<number>(parts).fill(size / parts);
  } else {
    const list = call.ints(1, 'indices_or_sections', 'num_or_size_splits');
    // Keras 3 gives the places of the cuts, TensorFlow the sizes.
    sizes =
      call.layer.options.dialect === 3 ? [...list, size].map((end, at) => end - (at === 0 ? 0 : list[at - 1]!)) : list;
  }
  if (sizes.some((part) => part < 0) || sizes.reduce((sum, part) => sum + part, 0) !== size)
    throw call.layer.misfit(`[${sizes.join(', ')}] does not make up ${size}`);
  return call.layer.b.split(x.value, sizes, heldAxis(x, axis)).map((value, at) => ({
    ...x,
    value,
    shape: x.shape.map((dim, i) => (i === axis ? sizes[at]! : dim)),
  }));
}

const PAD_MODES: Readonly<Record<string, string>> = {
  constant: 'constant',
  reflect: 'reflect',
  symmetric: '',
  edge: 'edge',
};

function padFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x', 'tensor');
  const widths = call.arg(1, 'pad_width', 'paddings');
  const rank = x.shape.length;
  const list = Array.isArray(widths) && widths.length === rank ? (widths as unknown[]) : undefined;
  if (
    !list?.every(
      (item) =>
        Array.isArray(item) &&
        item.length === 2 &&
        item.every((pad) => Number.isSafeInteger(pad) && pad >= 0 && pad < 2 ** 24),
    )
  )
    throw call.layer.misfit('Its pad widths are no pairs of whole numbers');
  const mode = PAD_MODES[String(call.arg(2, 'mode') ?? 'constant').toLowerCase()];
  if (!mode) throw call.layer.refuse(`the padding mode '${String(call.arg(2, 'mode'))}'`);
  const begins = new Array<number>(rank).fill(0);
  const ends = new Array<number>(rank).fill(0);
  const shape = x.shape.map((dim, axis) => {
    const [before, behind] = list[axis] as [number, number];
    begins[heldAxis(x, axis)] = before;
    ends[heldAxis(x, axis)] = behind;
    return dim === null ? null : dim + before + behind;
  });
  const fill = call.arg(3, 'constant_values');
  const { b } = call.layer;
  const value = b.op(
    'Pad',
    [
      x.value,
      b.ints([...begins, ...ends]),
      mode === 'constant' ? b.scalar(typeof fill === 'number' ? fill : 0) : undefined,
    ],
    { mode },
  );
  return { ...x, shape, value };
}

function poolFunction(op: 'MaxPool' | 'AveragePool'): FunctionImporter {
  return (call) => {
    const x = call.value(0, 'inputs', 'x', 'input', 'value');
    const rank = x.shape.length - 2;
    const spread = (list: number[]) =>
      list.length === 1 ? new Array<number>(rank).fill(list[0]!) : list.length === rank + 2 ? list.slice(1, -1) : list;
    const kernel = spread(call.ints(1, 'pool_size', 'ksize'));
    const strides = call.arg(2, 'strides') === undefined ? kernel : spread(call.ints(2, 'strides'));
    const format = String(call.arg(4, 'data_format') ?? 'channels_last');
    const held = planes(call.layer, x, rank, format === 'channels_first' || format.startsWith('NC'));
    const padding = String(call.arg(3, 'padding') ?? 'valid').toLowerCase() === 'same' ? 'same' : 'valid';
    const { attributes, spatial } = place(call.layer, held.spatial, {
      kernel,
      strides,
      dilations: new Array<number>(rank).fill(1),
      padding,
    });
    return held.wrap(
      call.layer.b.op(op, [held.value], { kernel_shape: kernel, strides, ...attributes }),
      held.channels,
      spatial,
    );
  };
}

function matmulFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const swapped = (x: LayerValue, swap: boolean): LayerValue => {
    const rank = x.shape.length;
    if (!swap) return b.inKerasLayout(x);
    return transposed(call.layer, x, [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2]);
  };
  const left = swapped(call.value(0, 'x1', 'a'), call.flag(-1, 'transpose_a'));
  const right = swapped(call.value(1, 'x2', 'b'), call.flag(-1, 'transpose_b'));
  const lead = left.shape.length >= right.shape.length ? left.shape.slice(0, -2) : right.shape.slice(0, -2);
  return {
    ...left,
    shape: [...lead, left.shape[left.shape.length - 2]!, right.shape[right.shape.length - 1]!],
    value: b.matmul(left.value, right.value),
  };
}

function einsumFunction(call: FunctionCall): LayerValue {
  const { layer } = call;
  const equation = String(call.arg(-1, 'subscripts', 'equation') ?? '').replaceAll(' ', '');
  const match = /^([A-Za-z]+(?:,[A-Za-z]+)*)->([A-Za-z]+)$/.exec(equation);
  const values = layer.inputs.map((value) => layer.b.inKerasLayout(value));
  const sizes = new Map<string, number | null>();
  const terms = match?.[1]?.split(',') ?? [];
  if (terms.length !== values.length || terms.some((term, at) => term.length !== values[at]!.shape.length))
    throw layer.misfit(`The equation '${equation}' does not fit its inputs`);
  for (const [at, term] of terms.entries())
    for (const [axis, letter] of [...term].entries()) sizes.set(letter, values[at]!.shape[axis] ?? null);
  const shape = [...match![2]!].map((letter) => sizes.get(letter) ?? null);
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

function tileFunction(call: FunctionCall): LayerValue {
  const x = call.layer.b.inKerasLayout(call.value(0, 'x', 'input'));
  const repeats = call.ints(1, 'repeats', 'multiples');
  if (repeats.length !== x.shape.length || repeats[0] !== 1 || repeats.some((count) => count < 1))
    throw call.layer.refuse(`a repetition of [${repeats.join(', ')}]`);
  return {
    ...x,
    shape: x.shape.map((dim, axis) => (dim === null ? null : dim * repeats[axis]!)),
    value: call.layer.b.op('Tile', [x.value, call.layer.b.ints(repeats)]),
  };
}

/** Each element several times: a new axis, a Tile, and a Reshape. */
function repeatFunction(call: FunctionCall): LayerValue {
  const x = call.layer.b.inKerasLayout(call.value(0, 'x', 'input'));
  const [axis] = call.axes(x.shape.length, 2, 'axis') as [number];
  const count = call.int(1, 'repeats');
  const size = call.layer.known(x.shape[axis], 'the size of the axis it repeats');
  if (call.arg(2, 'axis') === undefined || axis === 0 || count < 1)
    throw call.layer.refuse('a repetition of the batch');
  const { b } = call.layer;
  const tiled = b.op('Tile', [
    b.unsqueeze(x.value, [axis + 1]),
    b.ints(Array.from({ length: x.shape.length + 1 }, (_, at) => (at === axis + 1 ? count : 1))),
  ]);
  const shape = x.shape.map((dim, at) => (at === axis ? size * count : dim));
  const target = shape.map((dim, at) => (at < axis ? 0 : (dim ?? -1)));
  return { ...x, shape, value: b.reshape(tiled, target) };
}

function flipFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x', 'tensor');
  const axes = call.axes(x.shape.length, 1, 'axis');
  if (axes.includes(0)) throw call.layer.refuse('a reversal of the batch');
  const all = axes.map(() => -1);
  return {
    ...x,
    value: call.layer.b.slice(
      x.value,
      all,
      axes.map(() => -(2 ** 31)),
      axes.map((axis) => heldAxis(x, axis)),
      all,
    ),
  };
}

function rollFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x', 'input');
  const { b } = call.layer;
  if (call.arg(2, 'axis') === undefined) throw call.layer.refuse('a roll of the batch');
  const axes = call.axes(x.shape.length, 2, 'axis');
  const shifts = call.ints(1, 'shift');
  let { value } = x;
  axes.forEach((axis, at) => {
    const size = call.layer.known(x.shape[axis], 'the size of the axis it rolls');
    const shift = (((shifts[at] ?? shifts[0]!) % size) + size) % size;
    if (axis === 0) throw call.layer.refuse('a roll of the batch');
    if (shift === 0) return;
    const held = heldAxis(x, axis);
    const behind = b.slice(value, [size - shift], [size], [held]);
    value = b.concat([behind, b.slice(value, [0], [size - shift], [held])], held);
  });
  return { ...x, value };
}

function resizeFunction(call: FunctionCall): LayerValue {
  const size = call.ints(1, 'size');
  if (size.length !== 2) throw call.layer.misfit('Its size is no pair');
  const { options } = call;
  for (const name of ['crop_to_aspect_ratio', 'pad_to_aspect_ratio', 'preserve_aspect_ratio'])
    if (options.flag(name, false)) throw call.layer.refuse(`a resize with ${name}`);
  const method = call.arg(2, 'interpolation', 'method') ?? 'bilinear';
  const format = call.arg(-1, 'data_format') === 'channels_first';
  return resize(
    call.layer,
    call.value(0, 'images', 'x'),
    size as [number, number],
    method,
    format,
    call.flag(-1, 'antialias'),
  );
}

function broadcastFunction(call: FunctionCall): LayerValue {
  const x = call.layer.b.inKerasLayout(call.value(0, 'x', 'input'));
  const [, ...rest] = call.ints(1, 'shape');
  if (rest.length !== x.shape.length - 1) throw call.layer.refuse('a broadcast to more dimensions');
  const { b } = call.layer;
  return { ...x, shape: [x.shape[0]!, ...rest], value: b.expand(x.value, b.ints([1, ...rest])) };
}

const swapAxes = (call: FunctionCall): LayerValue => {
  const x = call.value(0, 'x');
  const perm = x.shape.map((_, axis) => axis);
  const [first] = call.axes(perm.length, 1, 'axis1') as [number];
  const [second] = call.axes(perm.length, 2, 'axis2') as [number];
  [perm[first], perm[second]] = [perm[second]!, perm[first]!];
  return permuteFunction(call, perm, x);
};

const moveAxis = (call: FunctionCall): LayerValue => {
  const x = call.value(0, 'x');
  const sources = call.axes(x.shape.length, 1, 'source');
  const targets = call.axes(x.shape.length, 2, 'destination');
  const perm: number[] = [];
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !sources.includes(axis));
  for (let at = 0; at < x.shape.length; at++) {
    const found = targets.indexOf(at);
    perm.push(found >= 0 ? sources[found]! : rest.shift()!);
  }
  return permuteFunction(call, perm, x);
};

/** The functions by one name each: Keras 3's, in snake case. */
const FUNCTIONS: Readonly<Record<string, FunctionImporter>> = {
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
  clip: (call) => {
    const x = call.value(0, 'x', 't');
    const bound = (item: unknown) => (typeof item === 'number' ? call.layer.b.scalar(item) : undefined);
    return {
      ...x,
      value: call.layer.b.clip(
        x.value,
        bound(call.arg(1, 'x_min', 'clip_value_min')),
        bound(call.arg(2, 'x_max', 'clip_value_max')),
      ),
    };
  },
  mean: reduction('ReduceMean'),
  sum: reduction('ReduceSum'),
  max: reduction('ReduceMax'),
  min: reduction('ReduceMin'),
  prod: reduction('ReduceProd'),
  zeros_like: filled(0),
  ones_like: filled(1),
  any: quantified('ReduceMax'),
  all: quantified('ReduceMin'),
  logsumexp: reduction('ReduceLogSumExp'),
  var: variance(false),
  std: variance(true),
  normalize: normalized,
  l2_normalize: normalized,
  reshape: reshapeFunction,
  transpose: (call) => {
    const x = call.value(0, 'x', 'a');
    const reversed = x.shape.map((_, axis) => x.shape.length - 1 - axis);
    return permuteFunction(
      call,
      call.arg(1, 'axes', 'perm') === undefined ? reversed : call.ints(1, 'axes', 'perm'),
      x,
    );
  },
  swapaxes: swapAxes,
  moveaxis: moveAxis,
  expand_dims: (call) => withAxis(call, call.value(0, 'x', 'input'), call.int(1, 'axis')),
  squeeze: (call) => {
    const x = call.value(0, 'x', 'input');
    const all = x.shape.flatMap((dim, axis) => (dim === 1 && axis > 0 ? [axis] : []));
    return withoutAxes(call, x, call.arg(1, 'axis') === undefined ? all : call.axes(x.shape.length, 1, 'axis'));
  },
  concatenate: (call) =>
    concatenated(
      call.layer,
      listed(call),
      call.arg(1, 'axis') === undefined ? (call.layer.options.dialect === 3 ? -1 : 0) : call.int(1, 'axis'),
    ),
  stack: (call) => {
    const axis = call.int(1, 'axis');
    const values = listed(call).map((value) => withAxis(call, value, axis));
    return concatenated(call.layer, values, axis < 0 ? axis + values[0]!.shape.length : axis);
  },
  split: splitFunction,
  pad: padFunction,
  tile: tileFunction,
  repeat: repeatFunction,
  flip: flipFunction,
  roll: rollFunction,
  where: whereFunction,
  matmul: matmulFunction,
  einsum: einsumFunction,
  resize: resizeFunction,
  broadcast_to: broadcastFunction,
  max_pool: poolFunction('MaxPool'),
  average_pool: poolFunction('AveragePool'),
  depth_to_space: (call) => {
    const size = call.int(1, 'block_size');
    const x = planes(call.layer, call.value(0, 'x', 'input'), 2, false);
    const channels = call.layer.known(x.channels, 'the number of channels');
    return x.wrap(
      call.layer.b.op('DepthToSpace', [x.value], { blocksize: size, mode: 'DCR' }),
      channels / size ** 2,
      x.spatial.map((dim) => (dim === null ? null : dim * size)),
    );
  },
  space_to_depth: (call) => {
    const size = call.int(1, 'block_size');
    const x = planes(call.layer, call.value(0, 'x', 'input'), 2, false);
    const channels = call.layer.known(x.channels, 'the number of channels');
    return x.wrap(
      call.layer.b.op('SpaceToDepth', [x.value], { blocksize: size }),
      channels * size ** 2,
      x.spatial.map((dim) => (dim === null ? null : dim / size)),
    );
  },
  get_item: (call) => getItem(call.layer, call.value(0, 'x', 'tensor'), call.arg(1, 'key', 'slice_spec')),
  cast: (call) => {
    const x = call.value(0, 'x');
    const dtype = String(call.arg(1, 'dtype'));
    if (x.type === 'bool') return { ...x, type: 'float32', value: call.layer.b.cast(x.value, 1) };
    if (/float/.test(dtype)) return x;
    throw call.layer.refuse(`a cast to ${dtype}`);
  },
  identity: (call) => call.value(0, 'x', 'input'),
  convert_to_tensor: (call) => call.value(0, 'x', 'value'),
  stop_gradient: (call) => call.value(0, 'variable', 'input', 'x'),
};

/** TensorFlow's names, and a few of Keras's own, for the same. */
const ALIASES: Readonly<Record<string, string>> = {
  __add__: 'add',
  add_v2: 'add',
  bias_add: 'add',
  sub: 'subtract',
  mul: 'multiply',
  divide: 'true_divide',
  div: 'true_divide',
  truediv: 'true_divide',
  realdiv: 'true_divide',
  pow: 'power',
  neg: 'negative',
  abs: 'absolute',
  reduce_mean: 'mean',
  reduce_sum: 'sum',
  reduce_max: 'max',
  reduce_min: 'min',
  reduce_prod: 'prod',
  reduce_variance: 'var',
  reduce_std: 'std',
  reduce_logsumexp: 'logsumexp',
  reduce_any: 'any',
  reduce_all: 'all',
  clip_by_value: 'clip',
  concat: 'concatenate',
  getitem: 'get_item',
  reverse: 'flip',
  mirror_pad: 'pad',
  max_pool2d: 'max_pool',
  avg_pool: 'average_pool',
  avg_pool2d: 'average_pool',
  resize_images: 'resize',
  amax: 'max',
  amin: 'min',
};

/** An importer for layers that stand for one call of a function; undefined for real layers. */
export function functionImporter(layer: LayerConfig, label: string, custom: LayerTable): LayerImporter | undefined {
  const name = functionName(layer);
  if (name === undefined) return undefined;
  if (Object.hasOwn(custom, name)) return custom[name]!;
  const plain = name.slice(name.lastIndexOf('.') + 1);
  if (Object.hasOwn(custom, plain)) return custom[plain]!;
  const snake = plain.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  const key = Object.hasOwn(ALIASES, snake) ? ALIASES[snake]! : snake;
  if (Object.hasOwn(FUNCTIONS, key)) return { build: (context) => FUNCTIONS[key]!(new FunctionCall(context)) };
  const activation = key === 're_lu' ? 'relu' : key === 'swish' ? 'silu' : key;
  if (Object.hasOwn(ACTIVATIONS, activation)) {
    return {
      build: (context) => {
        const call = new FunctionCall(context);
        return ACTIVATIONS[activation]!(context, call.value(0, 'x', 'features', 'logits', 'input'), call.options);
      },
    };
  }
  throw errors.unknownFunction(label, name, [...Object.keys(FUNCTIONS), ...Object.keys(ACTIVATIONS)]);
}

/** `Add` of keras.src.ops.numpy, `math.multiply` of a TFOpLambda. */
function functionName(layer: LayerConfig): string | undefined {
  const { className, module, config } = layer;
  if (className === 'TFOpLambda' || className === 'SlicingOpLambda')
    return typeof config.function === 'string' ? config.function : className;
  if (className === 'TensorFlowOpLayer')
    return isObject(config.node_def) && typeof config.node_def.op === 'string' ? config.node_def.op : className;
  if (/(^|\.)ops(\.|$)/.test(module) || /(^|\.)activations\.activations$/.test(module)) return className;
  return undefined;
}
