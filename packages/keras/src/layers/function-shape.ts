import { valuesIn } from '../layer.ts';
import { heldAxis, type LayerValue } from '../model/layer-value.ts';
import type { FunctionCall, FunctionTable } from './function-call.ts';
import { hasSizes, joinedSizes, sizeItem, sizesIn, sizeTensor } from './function-sizes.ts';
import { getItem } from './get-item.ts';
import { broadcast, concatenated } from './merging.ts';
import { reshapedTo, transposed } from './reshaping.ts';

function reshapeFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x', 'tensor');
  const target = call.ints(1, 'newshape', 'shape');
  const [first, ...rest] = target as [number, ...number[]];
  if (rest.some((dim) => dim === 0)) throw call.layer.misfit(`Its shape is [${target.join(', ')}]`);
  const parts = partsOfItem(call, x, first, rest);
  if (parts) {
    call.layer.b.cutsItems = true;
    return call.layer.reshape(x, [null, ...parts]);
  }
  if (first !== -1 && first !== x.shape[0] && first !== 1 && first !== call.layer.batch)
    throw call.layer.refuse('a reshape of the batch');
  // How many entries an item has by now is not known: the open size cannot be told.
  if (call.layer.b.cutsItems && rest.includes(-1))
    throw call.layer.refuse('a reshape to an open size behind one that cut the items of the batch');
  return reshapedTo(call.layer, x, rest);
}

/**
 * Where a reshape cuts each item of the batch into several, one behind the other (the windows of a Swin transformer), or joins them
 * again: the shape of each. Undefined where the batch stays.
 * @param first what is asked of the first axis: −1, or a number where the model's batch is fixed
 */
function partsOfItem(
  call: FunctionCall,
  x: LayerValue,
  first: number,
  rest: readonly number[],
): readonly number[] | undefined {
  const { batch, b } = call.layer;
  const sizes = x.shape.slice(1);
  if (x.shape[0] !== null || sizes.includes(null)) return undefined;
  const item = product(sizes as number[]);
  const known = product(rest.filter((dim) => dim !== -1));
  if (rest.includes(-1)) {
    // [64, -1, 8] of a batch of 4 cuts each item into 16.
    if (batch === undefined || b.cutsItems || first <= batch || first % batch !== 0) return undefined;
    const open = (item * batch) / (first * known);
    return Number.isSafeInteger(open) ? rest.map((dim) => (dim === -1 ? open : dim)) : undefined;
  }
  const allowed = first === -1 || (batch !== undefined && first % batch === 0);
  return allowed && known !== item && (item % known === 0 || known % item === 0) ? rest : undefined;
}

const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);

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

export function listed(call: FunctionCall): LayerValue[] {
  const first = call.arg(0, 'xs', 'values', 'x');
  const values = valuesIn(first);
  if (values.length === 0) throw call.layer.misfit('It joins no values');
  return values;
}

/** @param evenly whether a number of parts has to divide the axis; else the first ones are larger by one, as in NumPy's array_split */
function splitFunction(call: FunctionCall, evenly = true, along?: number): LayerValue[] {
  const x = call.value(0, 'x', 'value');
  const [axis] = along === undefined ? (call.axes(x.shape.length, 2, 'axis') as [number]) : [along];
  if (axis >= x.shape.length) throw call.layer.misfit(`It has no axis ${axis}`);
  const size = call.layer.known(x.shape[axis], 'the size of the axis it splits');
  const parts = call.arg(1, 'indices_or_sections', 'num_or_size_splits');
  let sizes: number[];
  if (typeof parts === 'number') {
    if (parts < 1 || parts > size || (evenly && size % parts !== 0))
      throw call.layer.misfit(`${size} is no multiple of ${parts}`);
    const larger = size % parts;
    sizes = Array.from(
      { length: call.layer.parts(parts) },
      (_, at) => Math.floor(size / parts) + (at < larger ? 1 : 0),
    );
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

function tileFunction(call: FunctionCall): LayerValue {
  const x = call.layer.b.inKerasLayout(call.numbersOrValue(0, 'x', 'input'));
  const repeats = call.ints(1, 'repeats', 'multiples');
  const asked = call.arg(1, 'repeats', 'multiples');
  // A constant for each item of the batch.
  if (x.shape[0] === 1 && repeats[0] === -1 && repeats.length === x.shape.length && Array.isArray(asked))
    return {
      ...x,
      shape: x.shape.map((dim, axis) => (axis === 0 ? null : dim! * repeats[axis]!)),
      value: call.layer.b.op('Tile', [x.value, sizeTensor(call, asked)]),
    };
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
  return flipped(call, x, call.axes(x.shape.length, 1, 'axis'));
}

function flipped(call: FunctionCall, x: LayerValue, axes: readonly number[]): LayerValue {
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

/** Quarter turns of a plane, from its first axis towards its second. */
function turnFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'array', 'x', 'm');
  const rank = x.shape.length;
  const quarters = call.arg(1, 'k') === undefined ? 1 : ((call.int(1, 'k') % 4) + 4) % 4;
  const [from, to] = call.arg(2, 'axes') === undefined ? [0, 1] : (call.axes(rank, 2, 'axes') as [number, number]);
  if (from === to || to === undefined) throw call.layer.misfit('It turns a plane of one axis');
  if (from === 0 || to === 0) throw call.layer.refuse('a turn of the batch');
  if (quarters === 0) return x;
  if (quarters === 2) return flipped(call, x, [from, to]);
  const perm = x.shape.map((_, axis) => (axis === from ? to : axis === to ? from : axis));
  return quarters === 1
    ? permuteFunction(call, perm, flipped(call, x, [to]))
    : flipped(call, permuteFunction(call, perm, x), [to]);
}

/** A part of each axis but the batch: TensorFlow's `slice(x, begin, size)`, Keras's `slice(x, start_indices, shape)`. */
function sliceFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'input_', 'inputs', 'x');
  const starts = call.ints(1, 'begin', 'start_indices');
  const sizes = call.ints(2, 'size', 'shape');
  if (starts.length !== x.shape.length || sizes.length !== x.shape.length || starts.some((start) => start < 0))
    throw call.layer.misfit(`It takes [${sizes.join(', ')}] from [${starts.join(', ')}] on`);
  if (starts[0] !== 0 || (sizes[0] !== -1 && sizes[0] !== call.layer.batch))
    throw call.layer.refuse('a part of the batch');
  const outside = x.shape.some(
    (dim, axis) => axis > 0 && dim !== null && starts[axis]! + Math.max(sizes[axis]!, 0) > dim,
  );
  if (outside)
    throw call.layer.misfit(`It takes [${sizes.join(', ')}] from [${starts.join(', ')}] of [${x.shape.join(', ')}]`);
  const ranges = starts.map((start, axis) =>
    axis === 0 ? {} : { start, stop: sizes[axis] === -1 ? null : start + sizes[axis]!, step: 1 },
  );
  return getItem(call.layer, x, ranges);
}

/** TensorFlow's `strided_slice(x, begin, end, strides)`; a bit of `begin_mask` or `end_mask` leaves the bound of that axis open. */
function stridedSlice(call: FunctionCall): LayerValue {
  const x = call.value(0, 'input_');
  const mask = (name: string) => (call.arg(-1, name) === undefined ? 0 : call.int(-1, name));
  for (const name of ['ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'])
    if (mask(name) !== 0) throw call.layer.refuse(`a slice with ${name}`);
  const [starts, ends] = [call.ints(1, 'begin'), call.ints(2, 'end')];
  const steps = call.arg(3, 'strides') === undefined ? starts.map(() => 1) : call.ints(3, 'strides');
  const bound = (list: readonly number[], open: number, axis: number) => ((open >> axis) & 1 ? null : list[axis]);
  const ranges = starts.map((_, axis) => ({
    start: bound(starts, mask('begin_mask'), axis),
    stop: bound(ends, mask('end_mask'), axis),
    step: steps[axis],
  }));
  return getItem(call.layer, x, ranges);
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

function broadcastFunction(call: FunctionCall): LayerValue {
  const x = call.layer.b.inKerasLayout(call.numbersOrValue(0, 'x', 'input'));
  const [, ...rest] = call.ints(1, 'shape');
  if (rest.length !== x.shape.length - 1) throw call.layer.refuse('a broadcast to more dimensions');
  const { b } = call.layer;
  const asked = call.arg(1, 'shape');
  if (hasSizes(asked)) {
    const shape = broadcast(call.layer.label, x.shape, sizesIn(asked)!);
    return { ...x, shape, value: b.expand(x.value, sizeTensor(call, asked)) };
  }
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

export const SHAPE_FUNCTIONS: FunctionTable = {
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
  expand_dims: (call) => {
    const x = call.value(0, 'x', 'input');
    const axes = call.ints(1, 'axis');
    // Several are counted in the result.
    const rank = x.shape.length + axes.length;
    return axes.length === 1
      ? withAxis(call, x, axes[0]!)
      : axes
          .map((axis) => (axis < 0 ? axis + rank : axis))
          .sort((a, b) => a - b)
          .reduce((value, axis) => withAxis(call, value, axis), x);
  },
  squeeze: (call) => {
    const x = call.value(0, 'x', 'input');
    const all = x.shape.flatMap((dim, axis) => (dim === 1 && axis > 0 ? [axis] : []));
    return withoutAxes(call, x, call.arg(1, 'axis') === undefined ? all : call.axes(x.shape.length, 1, 'axis'));
  },
  concatenate: (call) => {
    if (hasSizes(call.arg(0, 'xs', 'values', 'x'))) return joinedSizes(call, call.arg(0, 'xs', 'values', 'x'));
    return concatenated(
      call.layer,
      listed(call),
      call.arg(1, 'axis') === undefined ? (call.layer.options.dialect === 3 ? -1 : 0) : call.int(1, 'axis'),
    );
  },
  stack: (call) => {
    if (hasSizes(call.arg(0, 'xs', 'values', 'x'))) return joinedSizes(call, call.arg(0, 'xs', 'values', 'x'));
    const axis = call.int(1, 'axis');
    const values = listed(call).map((value) => withAxis(call, value, axis));
    return concatenated(call.layer, values, axis < 0 ? axis + values[0]!.shape.length : axis);
  },
  hstack: (call) => concatenated(call.layer, listed(call), 1),
  dstack: (call) =>
    concatenated(
      call.layer,
      listed(call).map((value) => (value.shape.length === 2 ? withAxis(call, value, 2) : value)),
      2,
    ),
  split: (call) => splitFunction(call),
  hsplit: (call) => splitFunction(call, true, 1),
  dsplit: (call) => splitFunction(call, true, 2),
  array_split: (call) => splitFunction(call, false),
  slice: sliceFunction,
  strided_slice: stridedSlice,
  rot90: turnFunction,
  pad: padFunction,
  tile: tileFunction,
  repeat: repeatFunction,
  flip: flipFunction,
  roll: rollFunction,
  broadcast_to: broadcastFunction,
  get_item: (call) => {
    const x = call.value(0, 'x', 'tensor');
    const key = call.arg(1, 'key', 'slice_spec');
    return x.sizes ? sizeItem(call, x, key) : getItem(call.layer, x, key);
  },
};
