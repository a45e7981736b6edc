import { DATA_TYPES, type ValueName } from '@seewhy/onnx';
import { isLayerValue } from '../layer.ts';
import { heldAxis, type LayerValue } from '../model/layer-value.ts';
import type { FunctionCall, FunctionTable } from './function-call.ts';

/** One axis of Keras's shape, never the batch. */
function axisOf(call: FunctionCall, x: LayerValue, position: number, fallback?: number): number {
  const rank = x.shape.length;
  const given = call.arg(position, 'axis', 'dimension');
  if (given === undefined && fallback === undefined) throw call.layer.refuse('a function over all axes at once');
  const axis = given === undefined ? fallback! : call.int(position, 'axis', 'dimension');
  if (axis < -rank || axis >= rank) throw call.layer.misfit(`It has no axis ${axis}`);
  if ((axis + rank) % rank === 0) throw call.layer.refuse('a function over the batch');
  return (axis + rank) % rank;
}

/** Elements at some places of an axis; one place drops it. */
function takeFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const x = b.inKerasLayout(call.value(0, 'x', 'params'));
  const axis = axisOf(call, x, 2, call.layer.options.dialect === 2 ? 0 : undefined);
  const asked = call.arg(1, 'indices');
  if (isLayerValue(asked)) throw call.layer.refuse('an indexing by computed places');
  const places = call.ints(1, 'indices');
  const size = x.shape[axis];
  if (places.some((place) => size !== null && size !== undefined && (place >= size || place < -size)))
    throw call.layer.misfit(`It takes the places [${places.join(', ')}] of ${size}`);
  const indices = Array.isArray(asked) ? b.ints(places) : b.int(places[0]!);
  const shape = Array.isArray(asked)
    ? x.shape.map((dim, at) => (at === axis ? places.length : dim))
    : x.shape.filter((_, at) => at !== axis);
  return { ...x, shape, value: b.gather(x.value, indices, axis) };
}

/** Every place of an axis as a value of its own. */
function unstackFunction(call: FunctionCall): LayerValue[] {
  const { b } = call.layer;
  const x = b.inKerasLayout(call.value(0, 'x', 'value'));
  const axis = axisOf(call, x, 2, call.layer.options.dialect === 2 ? 0 : undefined);
  const size = call.layer.parts(call.layer.known(x.shape[axis], 'the size of the axis it takes apart'));
  const shape = x.shape.filter((_, at) => at !== axis);
  const pieces = size === 1 ? [x.value] : b.split(x.value, new Array<number>(size).fill(1), axis);
  return pieces.map((value) => ({ ...x, shape, value: b.squeeze(value, [axis]) }));
}

/** The k largest of the last axis, and their places. */
function topFunction(call: FunctionCall): LayerValue[] {
  const { b } = call.layer;
  const x = b.inKerasLayout(call.value(0, 'x', 'input'));
  const rank = x.shape.length;
  const count = call.int(1, 'k');
  const size = x.shape[rank - 1];
  if (rank < 2 || count < 1 || (size !== null && size !== undefined && count > size))
    throw call.layer.misfit(`It takes the ${count} largest of ${size}`);
  const [values, places] = b.multi(
    'TopK',
    [x.value, b.ints([count])],
    { axis: rank - 1, largest: 1, sorted: 1 },
    2,
  ) as [ValueName, ValueName];
  const shape = [...x.shape.slice(0, -1), count];
  return [
    { ...x, shape, value: values },
    { ...x, shape, value: b.cast(places, DATA_TYPES.float32.code) },
  ];
}

/** Ascending along an axis. */
function sortFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x', 'values');
  const axis = axisOf(call, x, 1, -1);
  const size = call.layer.known(x.shape[axis], 'the size of the axis it sorts');
  const largest = String(call.arg(2, 'direction') ?? 'ASCENDING') === 'DESCENDING' ? 1 : 0;
  const attributes = { axis: heldAxis(x, axis), largest, sorted: 1 };
  const [value] = call.layer.b.multi('TopK', [x.value, call.layer.b.ints([size])], attributes, 2) as [ValueName];
  return { ...x, value };
}

/** The place of the largest (or least) along an axis, as float32. */
const placeOf =
  (op: 'ArgMax' | 'ArgMin') =>
  (call: FunctionCall): LayerValue => {
    const { b } = call.layer;
    const x = b.inKerasLayout(call.value(0, 'x', 'input'));
    const axis = axisOf(call, x, 1);
    const keepdims = call.flag(2, 'keepdims');
    const place = b.op(op, [x.value], { axis, keepdims: keepdims ? 1 : 0 });
    const shape = keepdims ? x.shape.map((dim, at) => (at === axis ? 1 : dim)) : x.shape.filter((_, at) => at !== axis);
    return { ...x, shape, value: b.cast(place, DATA_TYPES.float32.code) };
  };

/** 1 at the place that a number names, on a new last axis. */
function oneHotFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const x = b.inKerasLayout(call.value(0, 'x', 'indices'));
  const count = call.layer.parts(call.int(1, 'num_classes', 'depth'));
  const rank = x.shape.length;
  if (![-1, rank].includes((call.arg(2, 'axis') as number | undefined) ?? -1))
    throw call.layer.refuse('a one_hot along another axis than the last');
  const places = layerRange(call, count);
  const same = b.op('Equal', [b.unsqueeze(x.value, [rank]), places]);
  return { ...x, type: 'float32', shape: [...x.shape, count], value: b.cast(same, DATA_TYPES.float32.code) };
}

const layerRange = (call: FunctionCall, count: number): ValueName =>
  call.layer.numbers(
    Array.from({ length: count }, (_, at) => at),
    [count],
    'places',
  );

/** Running sums along an axis. */
function cumsumFunction(call: FunctionCall): LayerValue {
  const x = call.value(0, 'x');
  const axis = heldAxis(x, axisOf(call, x, 1, call.layer.options.dialect === 2 ? 0 : undefined));
  const exclusive = call.flag(2, 'exclusive') ? 1 : 0;
  const reverse = call.flag(3, 'reverse') ? 1 : 0;
  return { ...x, value: call.layer.b.op('CumSum', [x.value, call.layer.b.int(axis)], { exclusive, reverse }) };
}

/** What lies on one side of a diagonal of the last two axes; 0 elsewhere. */
const triangle =
  (upper: boolean) =>
  (call: FunctionCall): LayerValue => {
    const { b } = call.layer;
    const x = b.inKerasLayout(call.value(0, 'x'));
    const offset = call.arg(1, 'k') === undefined ? 0 : call.int(1, 'k');
    return { ...x, value: b.op('Trilu', [x.value, b.int(offset)], { upper: upper ? 1 : 0 }) };
  };

/** Differences of neighbours along an axis. */
function diffFunction(call: FunctionCall): LayerValue {
  const { b } = call.layer;
  const x = call.value(0, 'a', 'x');
  const axis = axisOf(call, x, 2, -1);
  const times = call.arg(1, 'n') === undefined ? 1 : call.int(1, 'n');
  let size = call.layer.known(x.shape[axis], 'the size of its axis');
  if (times < 1 || times >= size) throw call.layer.refuse(`${times} differences of ${size}`);
  const held = [heldAxis(x, axis)];
  let { value } = x;
  for (let done = 0; done < times; done++, size--)
    value = b.sub(b.slice(value, [1], [size], held), b.slice(value, [0], [size - 1], held));
  return { ...x, value, shape: x.shape.map((dim, at) => (at === axis ? size : dim)) };
}

export const INDEXING_FUNCTIONS: FunctionTable = {
  take: takeFunction,
  unstack: unstackFunction,
  top_k: topFunction,
  sort: sortFunction,
  argmax: placeOf('ArgMax'),
  argmin: placeOf('ArgMin'),
  one_hot: oneHotFunction,
  cumsum: cumsumFunction,
  tril: triangle(false),
  triu: triangle(true),
  diff: diffFunction,
};
