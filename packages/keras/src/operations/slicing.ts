import { Tensor } from '@seewhy/onnx';
import { heldAxis } from '../model/layer-value.ts';
import { bare, isKnown, MOST_KNOWN, type Operand, productOf } from './operand.ts';
import { type Operation, type OperationImporter, type OperationTable, printed } from './operation.ts';

/** Beyond every dimension, in either direction. */
const FAR = 2 ** 31 - 1;

interface Cut {
  axis: number;
  start: number;
  end: number;
  step: number;
}

/** Elements that a cut leaves of `size`. */
function lengthOf({ start, end, step }: Cut, size: number | null): number | null {
  if (size === null) return null;
  const clamp = (at: number) => {
    const place = at < 0 ? at + size : at;
    return step > 0 ? Math.min(Math.max(place, 0), size) : Math.min(Math.max(place, -1), size - 1);
  };
  const to = step < 0 && end <= -FAR ? -1 : clamp(end);
  return Math.max(0, Math.ceil((to - clamp(start)) / step));
}

/** Cuts along axes of TensorFlow's shape. */
function cut(op: Operation, x: Operand, cuts: readonly Cut[]): Operand {
  const real = cuts.filter(({ start, end, step }) => !(start === 0 && end >= FAR && step === 1));
  if (real.some(({ axis }) => axis === 0) && x.shape.length > 1) {
    const [first] = real.filter(({ axis }) => axis === 0);
    // `x[0:1]` of a batch that was 1 is the whole of it.
    if (op.around.freed && x.shape[0] === null && first!.start === 0 && first!.end === 1 && first!.step === 1)
      return cut(
        op,
        x,
        real.filter(({ axis }) => axis !== 0),
      );
    op.pin();
  }
  if (real.length === 0) return x;
  const shape = [...x.shape];
  for (const one of real) {
    shape[one.axis] = lengthOf(one, x.shape[one.axis]!);
    if (shape[one.axis] === 0) throw op.misfit(`It cuts nothing out of ${printed(x.shape)}`);
  }
  const value = op.b.slice(
    x.value,
    real.map(({ start }) => start),
    real.map(({ end }) => end),
    real.map(({ axis }) => heldAxis(x, axis)),
    real.every(({ step }) => step === 1) ? undefined : real.map(({ step }) => step),
  );
  return { ...bare(x), value, shape };
}

/** x[begin:end:stride, …] with TensorFlow's five masks, one bit an entry. */
function stridedSlice(op: Operation): Operand {
  const begins = op.ints(1, 'where it begins');
  const ends = op.ints(2, 'where it ends');
  const steps = op.ints(3, 'its steps');
  const count = begins.length;
  if (ends.length !== count || steps.length !== count || steps.includes(0) || count > 16)
    throw op.misfit('Its begins, ends and steps do not fit together');
  const bit = (name: string) => {
    const mask = op.attributes.int(name, 0);
    return (at: number) => ((mask >> at) & 1) === 1;
  };
  const [noBegin, noEnd, ellipsis] = [bit('begin_mask'), bit('end_mask'), bit('ellipsis_mask')];
  const [newAxis, shrink] = [bit('new_axis_mask'), bit('shrink_axis_mask')];
  const { x } = op;
  const rank = x.shape.length;
  const entries = begins.map((_, at) => at);
  const news = entries.filter((at) => newAxis(at) && !ellipsis(at)).length;
  const dots = entries.filter((at) => ellipsis(at));
  if (dots.length > 1) throw op.misfit('It has more than one ellipsis');
  const covered = rank - (count - news - dots.length);
  if (covered < 0) throw op.misfit(`It names ${count - news} dimensions of ${printed(x.shape)}`);
  const cuts: Cut[] = [];
  const dropped: number[] = [];
  /** Axes of the result where a 1 is put in, and how many of the source lie before. */
  const added: number[] = [];
  let axis = 0;
  let made = 0;
  for (const at of entries) {
    if (ellipsis(at)) {
      axis += covered;
      made += covered;
    } else if (newAxis(at)) added.push(made++);
    else {
      const step = steps[at]!;
      if (shrink(at)) {
        const start = begins[at]!;
        const size = x.shape[axis];
        if (typeof size === 'number' && (start < -size || start >= size))
          throw op.misfit(`It takes element ${start} of dimension ${axis} of ${printed(x.shape)}`);
        cuts.push({ axis, start, end: start === -1 ? FAR : start + 1, step: 1 });
        dropped.push(axis);
      } else {
        const start = noBegin(at) ? (step > 0 ? 0 : FAR) : begins[at]!;
        const end = noEnd(at) ? (step > 0 ? FAR : -FAR) : ends[at]!;
        const size = x.shape[axis];
        const whole = start === 0 && step === 1 && typeof size === 'number' && end >= size;
        cuts.push({ axis, start, end: whole ? FAR : end, step });
        made++;
      }
      axis++;
    }
  }
  const held = dropped.length > 0 || added.length > 0 ? op.plain(x) : x;
  const part = cut(op, held, cuts);
  if (dropped.length === 0 && added.length === 0) return part;
  if (dropped.includes(0) && rank > 1) op.pin();
  const left = part.shape.filter((_, at) => !dropped.includes(at));
  const squeezed = op.b.squeeze(part.value, dropped);
  const shape = [...left];
  for (const at of added) shape.splice(at, 0, 1);
  return op.result(op.b.unsqueeze(squeezed, added), shape, x.type);
}

/** Begins and sizes; −1 is the rest. */
function slice(op: Operation): Operand {
  const { x } = op;
  const begins = op.ints(1, 'where it begins');
  const sizes = op.ints(2, 'its sizes');
  if (begins.length !== x.shape.length || sizes.length !== begins.length || begins.some((begin) => begin < 0))
    throw op.misfit(`Its begins and sizes do not fit ${printed(x.shape)}`);
  return cut(
    op,
    x,
    begins.map((start, axis) => {
      const [length, size] = [sizes[axis]!, x.shape[axis]!];
      if (length < -1 || (size !== null && start + Math.max(length, 0) > size))
        throw op.misfit(`It takes ${length} from ${start} on of dimension ${axis} of ${printed(x.shape)}`);
      return { axis, start, end: length === -1 || start + length === size ? FAR : start + length, step: 1 };
    }),
  );
}

function gather(op: Operation, axisValue: number): Operand {
  const x = op.plain(op.x);
  const indices = op.plain(op.input(1));
  const axis = op.axis(axisValue, x.shape.length);
  if (op.attributes.int('batch_dims', 0) !== 0) throw op.refuse('it gathers within items (batch_dims)');
  if (axis === 0 && x.shape.length > 1 && !x.constant) op.pin();
  const size = x.shape[axis];
  if (typeof size === 'number' && indices.known?.some((at) => at !== null && (at < 0 || at >= size)))
    throw op.misfit(`It takes elements beyond the ${size} of axis ${axis}`);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return op.result(op.b.gather(x.value, op.cast(indices, 'int64').value, axis), shape, x.type);
}

/** Pairs of begin and end an axis. */
function padsOf(op: Operation, rank: number): [number, number][] {
  const list = op.ints(1, 'its padding');
  if (list.length !== 2 * rank || list.some((pad) => pad < 0 || pad > 2 ** 20))
    throw op.misfit(`Its padding [${list.slice(0, 10).join(', ')}] does not fit ${rank} dimensions`);
  return Array.from({ length: rank }, (_, axis) => [list[2 * axis]!, list[2 * axis + 1]!]);
}

/** Begins, then ends, in the order in which the value is held. */
export function padded(
  op: Operation,
  x: Operand,
  pads: readonly (readonly [number, number])[],
  mode: string,
  value?: string,
): Operand {
  if (pads[0]![0] !== 0 || pads[0]![1] !== 0) op.pin();
  const held = new Array<number>(2 * pads.length).fill(0);
  pads.forEach(([before, behind], axis) => {
    const at = heldAxis(x, axis);
    held[at] = before;
    held[at + pads.length] = behind;
  });
  const shape = x.shape.map((dim, axis) => (dim === null ? null : dim + pads[axis]![0] + pads[axis]![1]));
  if (held.every((pad) => pad === 0)) return x;
  const made = op.b.op('Pad', [x.value, op.ints64(held), value], mode === 'constant' ? {} : { mode });
  return { ...bare(x), shape, value: made };
}

const constantPad: OperationImporter = (op) => {
  const { x } = op;
  const pads = padsOf(op, x.shape.length);
  const value = op.inputs[2];
  if (value) op.wantSize(value, 1, 'The padding value');
  const scalar = value && (value.shape.length === 0 ? value.value : op.b.reshape(value.value, []));
  return padded(op, x, pads, 'constant', scalar);
};

/** Mirrored at the edge: without the edge (REFLECT, as ONNX has it) or with it (SYMMETRIC, gathered). */
const mirrorPad: OperationImporter = (op) => {
  const { x } = op;
  const pads = padsOf(op, x.shape.length);
  const symmetric = op.attributes.choice('mode', ['REFLECT', 'SYMMETRIC'], 'REFLECT') === 'SYMMETRIC';
  pads.forEach(([before, behind], axis) => {
    const size = x.shape[axis];
    if (typeof size === 'number' && Math.max(before, behind) > (symmetric ? size : size - 1))
      throw op.misfit(`It mirrors ${Math.max(before, behind)} of ${size} elements`);
  });
  if (!symmetric) return padded(op, x, pads, 'reflect');
  if (pads[0]![0] + pads[0]![1] > 0) op.pin();
  let result = x;
  pads.forEach(([before, behind], axis) => {
    if (before + behind === 0) return;
    const size = op.known(x.shape[axis], 'the size of what it mirrors');
    const places = Array.from({ length: before + size + behind }, (_, at) => {
      const place = at - before;
      return place < 0 ? -1 - place : place >= size ? 2 * size - 1 - place : place;
    });
    const shape = result.shape.map((dim, at) => (at === axis ? places.length : dim));
    result = { ...bare(result), shape, value: op.b.gather(result.value, op.ints64(places), heldAxis(result, axis)) };
  });
  return result;
};

const FILL_TYPES = { float32: 'float32', int64: 'int64', bool: 'bool' } as const;

/** A value in every place of a shape. */
const fill: OperationImporter = (op) => {
  const target = op.input(0);
  const value = op.input(1);
  const type = FILL_TYPES[value.type as keyof typeof FILL_TYPES];
  const count = target.shape.length === 1 ? target.shape[0]! : null;
  if (count === null || !type) throw op.refuse('the number of dimensions of its result depends on the input');
  const shape = target.known ?? new Array<null>(count).fill(null);
  const size = productOf(shape);
  if (shape.some((dim) => dim !== null && dim < 0) || (size !== null && size > 2 ** 28))
    throw op.misfit(`It fills a shape of [${shape.map((dim) => dim ?? 'None').join(', ')}]`);
  const known = size !== null && size <= MOST_KNOWN && value.known ? new Array(size).fill(value.known[0]) : undefined;
  return op.result(op.b.expand(value.value, target.value), shape, type, known);
};

const range: OperationImporter = (op) => {
  const [from, to, step] = [op.input(0), op.input(1), op.input(2)];
  const known = [from, to, step].map(({ known }) => known?.[0] ?? null);
  let size: number | null = null;
  if (isKnown(known)) {
    if (known[2] === 0) throw op.misfit('It counts in steps of 0');
    size = Math.max(0, Math.ceil((known[1]! - known[0]!) / known[2]!));
    if (size > 2 ** 24) throw op.misfit(`It counts ${size} numbers`);
  }
  const content =
    size !== null && size <= MOST_KNOWN
      ? Array.from({ length: size }, (_, at) => known[0]! + at * known[2]!)
      : undefined;
  const value = op.b.op('Range', [from.value, to.value, step.value]);
  return op.result(value, [size], from.type, content);
};

/** A list with values at some places: what shapes are put together from. */
const sparseToDense: OperationImporter = (op) => {
  const [size, ...more] = op.ints(1, 'the shape of its result');
  if (size === undefined || size < 0 || size > MOST_KNOWN || more.length > 0)
    throw op.refuse('scattered values in more than a short list');
  const places = op.ints(0, 'the places of its values');
  const { known: values, type } = op.input(2);
  const { known: rest } = op.input(3);
  if (!isKnown(values) || !isKnown(rest)) throw op.refuse('scattered values that depend on the input');
  const list = new Array<number>(size).fill(rest[0] ?? 0);
  for (const [at, place] of places.entries()) {
    if (place < 0 || place >= size) throw op.misfit(`It puts a value at ${place} of ${size}`);
    list[place] = values[values.length === 1 ? 0 : at] ?? 0;
  }
  return op.result(type === 'float32' ? op.numbers(list) : op.ints64(list), [size], type, list);
};

export const SLICING_OPERATIONS: OperationTable = {
  Slice: slice,
  StridedSlice: stridedSlice,
  Gather: (op) => gather(op, 0),
  GatherV2: (op) => gather(op, op.inputs.length > 2 ? op.int(2, 'its axis') : 0),
  GatherNd: (op) => {
    const [x, indices] = [op.plain(op.x), op.plain(op.input(1))];
    const depth = op.known(indices.shape.at(-1), 'the number of its indices');
    if (depth > x.shape.length) throw op.misfit(`It takes ${depth} indices into ${printed(x.shape)}`);
    if (depth > 0 && x.shape.length > 1) op.pin();
    const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
    return op.result(op.b.op('GatherND', [x.value, op.cast(indices, 'int64').value]), shape, x.type);
  },
  Pad: constantPad,
  PadV2: constantPad,
  MirrorPad: mirrorPad,
  Fill: fill,
  Range: range,
  SparseToDense: sparseToDense,
  /** Turned round along axes. */
  ReverseV2: (op) =>
    cut(
      op,
      op.x,
      op
        .ints(1, 'its axes')
        .map((axis) => ({ axis: op.axis(axis, op.x.shape.length), start: FAR, end: -FAR, step: -1 })),
    ),
  OneHot: (op) => {
    const depth = op.int(1, 'its depth');
    const indices = op.plain(op.x);
    const given = op.attributes.int('axis', -1);
    const axis = op.axis(given, indices.shape.length + 1);
    const values = op.b.concat(
      [op.input(3), op.input(2)].map((value) => op.b.reshape(value.value, [1])),
      0,
    );
    const shape = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)];
    const value = op.b.op('OneHot', [indices.value, op.b.constant(Tensor.int64([depth], [])), values], { axis });
    return op.result(value, shape, op.input(2).type);
  },
};
