import { heldAxis, heldShape } from '../model/layer-value.ts';
import { bare, isKnown, type Operand, productOf } from './operand.ts';
import { type Operation, type OperationTable, printed } from './operation.ts';

/** Reshape to a target that is known, or of which one element follows from the others, or that is computed while the graph runs. */
function reshape(op: Operation): Operand {
  const { x } = op;
  const target = op.input(1);
  const { known } = target;
  if (!known) {
    const rank = target.shape.length === 1 ? target.shape[0]! : null;
    if (rank === null) throw op.refuse('the number of dimensions of its target depends on the input');
    return dynamic(op, x, target, new Array<null>(rank).fill(null));
  }
  if (known.length > 8) throw op.misfit(`It has a target of ${known.length} dimensions`);
  if (known.some((dim) => dim !== null && (!Number.isSafeInteger(dim) || dim < -1 || dim === 0)))
    throw op.misfit(`Its target [${known.join(', ')}] is no shape`);
  const inside = productOf(x.shape.slice(1));
  const all = productOf(x.shape);
  const open = known.filter((dim) => dim === null || dim === -1).length;
  const rest = productOf(known.filter((dim) => dim !== null && dim !== -1)) ?? 0;
  if (all !== null) {
    const fits = open === 0 ? rest === all : all % rest === 0;
    if (!fits) throw op.misfit(`It makes ${printed(x.shape)} into [${known.map((dim) => dim ?? 'None').join(', ')}]`);
    if (open <= 1)
      return op.reshape(
        x,
        known.map((dim) => (dim === null || dim === -1 ? all / rest : dim)),
      );
  }
  const freed = op.around.freed && x.shape[0] === null;
  // `[1, …]` written for one item: the batch may lie there if the rest are the elements of one item.
  if (freed && known[0] === 1 && inside !== null) {
    const others = known.slice(1);
    const left = productOf(others.filter((dim) => dim !== -1 && dim !== null))!;
    const gaps = others.filter((dim) => dim === -1 || dim === null).length;
    if (gaps === 0 ? left === inside : gaps === 1 && inside % left === 0)
      return op.reshape(x, [null, ...others.map((dim) => (dim === null || dim === -1 ? inside / left : dim))]);
  }
  if (open === 0) {
    // Whether the elements suffice is seen when it runs.
    op.pin();
    return op.reshape(x, known as number[]);
  }
  if (open === 1) {
    if (inside !== null && (known[0] === null || known[0] === -1) && inside !== rest && inside % rest === 0) op.pin();
    if (known[0] !== null && known[0] !== -1) op.pin();
    return op.reshape(
      x,
      known.map((dim) => (dim === -1 ? null : dim)),
    );
  }
  const shape = known.map((dim) => (dim === -1 ? null : dim));
  // Two open dimensions of which the first is the batch: the other one follows.
  if (open === 2 && known[0] === null && x.shape[0] === null && inside !== null && inside % rest === 0) {
    const at = known.findIndex((dim, axis) => axis > 0 && (dim === null || dim === -1));
    shape[at] = inside / rest;
  }
  return dynamic(op, x, target, shape);
}

function dynamic(op: Operation, x: Operand, target: Operand, shape: readonly (number | null)[]): Operand {
  return op.result(op.b.reshape(op.plain(x).value, target.value), shape, x.type);
}

function squeeze(op: Operation): Operand {
  const { x } = op;
  const rank = x.shape.length;
  const name = op.attributes.has('squeeze_dims') ? 'squeeze_dims' : 'axis';
  const listed = op.attributes.ints(name, -rank).map((axis) => op.axis(axis, rank));
  const ones = x.shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  if (listed.length === 0 && op.around.freed && x.shape[0] === null) op.pin();
  const axes = listed.length > 0 ? listed : ones;
  for (const axis of axes) {
    if (x.shape[axis] === null && axis === 0) op.pin();
    if (x.shape[axis] !== null && x.shape[axis] !== 1)
      throw op.misfit(`It drops dimension ${axis} of ${printed(x.shape)}, which is not 1`);
  }
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  if (x.known || (x.layout === 'channels-first' && (shape.length < 3 || axes.includes(rank - 1) || axes.includes(0))))
    return axes.includes(0) || x.shape.slice(1).includes(null) || x.known
      ? { ...op.result(op.b.squeeze(op.plain(x).value, axes), shape, x.type), ...(x.known ? { known: x.known } : {}) }
      : op.reshape(x, shape);
  const value = op.b.squeeze(
    x.value,
    axes.map((axis) => heldAxis(x, axis)),
  );
  return { ...bare(x), value, shape };
}

function expandDims(op: Operation): Operand {
  const x = op.plain(op.x);
  const axis = op.axis(op.int(1, 'its axis'), x.shape.length + 1);
  const shape = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
  return op.result(op.b.unsqueeze(x.value, [axis]), shape, x.type, x.known);
}

/** A permutation is a matter of naming where it turns one layout into the other. */
function transpose(op: Operation): Operand {
  const { x } = op;
  const rank = x.shape.length;
  const perm = op.ints(1, 'its permutation').map((axis) => op.axis(axis, rank));
  if (perm.length !== rank || new Set(perm).size !== rank)
    throw op.misfit(`Its permutation [${perm.join(', ')}] is none of ${rank} dimensions`);
  const shape = perm.map((axis) => x.shape[axis]!);
  const axes = shape.map((_, axis) => axis);
  const held = perm.map((axis) => heldAxis(x, axis));
  if (held.every((axis, at) => axis === at)) return op.result(x.value, shape, x.type);
  const result: Operand = { value: x.value, shape, layout: 'channels-first', type: x.type };
  if (rank > 2 && axes.every((axis) => heldAxis(result, axis) === held[axis])) return result;
  if (perm[0] !== 0) op.pin();
  if (x.layout === 'keras' && x.constant?.type === 'float32') return op.result(op.moved(x, perm, 'transposed'), shape);
  return op.result(op.b.transpose(x.value, held), shape, x.type);
}

/** Joined along an axis, in the layout that one of them has already. */
function concat(op: Operation, values: readonly Operand[], axisValue: number): Operand {
  const [first] = values;
  if (!first) throw op.misfit('It joins nothing');
  const rank = first.shape.length;
  const axis = op.axis(axisValue, rank);
  if (axis === 0 && rank > 1) op.pin();
  const shape = first.shape.map((dim, at) => {
    let size = dim;
    for (const { shape: other } of values.slice(1)) {
      if (other.length !== rank) throw op.misfit(`It joins ${printed(first.shape)} and ${printed(other)}`);
      const more = other[at]!;
      if (at === axis) size = size === null || more === null ? null : size + more;
      else if (size !== null && more !== null && size !== more)
        throw op.misfit(`It joins ${printed(first.shape)} and ${printed(other)} along axis ${axis}`);
      else size ??= more;
    }
    return size;
  });
  const channelsFirst = rank > 2 && values.some(({ layout }) => layout === 'channels-first');
  const held = values.map((value) => (channelsFirst ? op.channelsFirst(value) : op.plain(value)));
  // A batch of 1 among constants cannot be joined to a free one.
  const alike = held.map((value, index) =>
    values[index]!.constant && shape[0] === null && axis !== 0 ? repeated(op, value, held) : value.value,
  );
  return { ...bare(held[0]!), shape, value: op.b.concat(alike, heldAxis(held[0]!, axis)) };
}

/** A constant of one item, once for each item of the others. */
function repeated(op: Operation, constant: Operand, all: readonly Operand[]): string {
  const other = all.find(({ shape }) => shape[0] === null);
  if (!other || constant.shape[0] !== 1) return constant.value;
  const { b } = op;
  const batch = b.slice(b.shape(other.value), [0], [1], [0]);
  const rank = heldShape(constant).length;
  return b.expand(constant.value, b.concat([batch, b.ints(new Array<number>(rank - 1).fill(1))], 0));
}

function split(op: Operation, x: Operand, axisValue: number, sizes: readonly number[]): Operand[] {
  const rank = x.shape.length;
  const axis = op.axis(axisValue, rank);
  if (axis === 0 && rank > 1) op.pin();
  if (sizes.length === 1) return [x];
  const values = op.b.split(x.value, sizes, heldAxis(x, axis));
  return values.map((value, index) => ({
    ...bare(x),
    value,
    shape: x.shape.map((dim, at) => (at === axis ? sizes[index]! : dim)),
  }));
}

/** Repeated along each axis; how often may depend on the batch (class tokens of a transformer). */
function tile(op: Operation): Operand {
  const { x } = op;
  const rank = x.shape.length;
  const { known, value } = op.input(1);
  if (
    known &&
    (known.length !== rank ||
      known.some((times) => times !== null && !(Number.isSafeInteger(times) && times >= 1 && times < 2 ** 24)))
  )
    throw op.misfit(`It repeats ${printed(x.shape)} [${known.slice(0, 8).join(', ')}] times`);
  if (!isKnown(known)) {
    const shape = x.shape.map((dim, axis) => {
      const times = known?.[axis] ?? null;
      return dim === null || times === null ? null : dim * times;
    });
    return op.result(op.b.op('Tile', [op.plain(x).value, value]), shape, x.type);
  }
  if (known[0] !== 1 && rank > 1) op.pin();
  if (known.every((times) => times === 1)) return x;
  const held = new Array<number>(rank).fill(1);
  known.forEach((times, axis) => {
    held[heldAxis(x, axis)] = times;
  });
  const shape = x.shape.map((dim, axis) => (dim === null ? null : dim * known[axis]!));
  return { ...bare(x), shape, value: op.b.op('Tile', [x.value, op.ints64(held)]) };
}

export const RESHAPING_OPERATIONS: OperationTable = {
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: transpose,
  ConcatV2: (op) => concat(op, op.inputs.slice(0, -1), op.int(op.inputs.length - 1, 'its axis')),
  Concat: (op) => concat(op, op.inputs.slice(1), op.int(0, 'its axis')),
  Split: (op) => {
    const [axis, x] = [op.int(0, 'its axis'), op.input(1)];
    const parts = op.attributes.int('num_split', 1);
    const size = op.known(x.shape[op.axis(axis, x.shape.length)], 'the size of what it splits');
    if (parts < 1 || size % parts !== 0) throw op.misfit(`It splits ${size} into ${parts} equal parts`);
    return split(op, x, axis, new Array<number>(parts).fill(size / parts));
  },
  SplitV: (op) => {
    const { x } = op;
    const axis = op.int(2, 'its axis');
    const size = x.shape[op.axis(axis, x.shape.length)];
    const listed = op.ints(1, 'its sizes');
    const left = listed.filter((part) => part >= 0).reduce((sum, part) => sum + part, 0);
    const sizes = listed.map((part) => (part === -1 ? op.known(size, 'the size of what it splits') - left : part));
    const total = sizes.reduce((sum, part) => sum + part, 0);
    if (sizes.some((part) => part < 0) || (typeof size === 'number' && total !== size))
      throw op.misfit(`It splits ${size} into [${listed.slice(0, 8).join(', ')}]`);
    return split(op, x, axis, sizes);
  },
  Pack: (op) => {
    const rank = op.x.shape.length + 1;
    const axis = op.axis(op.attributes.int('axis', 0), rank);
    const parts = op.inputs.map((input) => {
      const x = op.plain(input);
      const shape = [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)];
      return op.result(op.b.unsqueeze(x.value, [axis]), shape, x.type);
    });
    return concat(op, parts, axis);
  },
  Unpack: (op) => {
    const x = op.plain(op.x);
    const axis = op.axis(op.attributes.int('axis', 0), x.shape.length);
    if (axis === 0 && x.shape.length > 1) op.pin();
    const count = op.known(x.shape[axis], 'the number of its parts');
    if (count > 1024) throw op.refuse(`it takes a value apart into ${count}`);
    const shape = x.shape.filter((_, at) => at !== axis);
    return Array.from({ length: count }, (_, index) =>
      op.result(op.b.gather(x.value, op.b.int(index), axis), shape, x.type),
    );
  },
  Tile: tile,
  BroadcastTo: (op) => {
    const target = op.input(1);
    const shape = isKnown(target.known)
      ? op.broadcast([op.x.shape, target.known])
      : op.broadcast([op.x.shape, target.known ?? new Array<null>(op.known(target.shape[0], 'its rank')).fill(null)]);
    return op.result(op.b.expand(op.plain(op.x).value, target.value), shape, op.x.type);
  },
  Shape: (op) => {
    const x = op.plain(op.x);
    return op.result(op.b.shape(x.value), [x.shape.length], 'int64', x.shape);
  },
  ShapeN: (op) =>
    op.inputs.map((input) => {
      const x = op.plain(input);
      return op.result(op.b.shape(x.value), [x.shape.length], 'int64', x.shape);
    }),
  Size: (op) => op.result(op.b.op('Size', [op.x.value]), [], 'int64', [productOf(op.x.shape)]),
  Rank: (op) => op.result(op.b.int(op.x.shape.length), [], 'int64', [op.x.shape.length]),
};
