import type { ValueName } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { LayerContext, LayerImporter, LayerTable } from '../layer.ts';
import type { Emitter } from '../model/emitter.ts';
import { heldAxis, type KerasShape, type LayerValue } from '../model/layer-value.ts';
import { transposed } from './reshaping.ts';

/** Shape of an elementwise result, aligned at the last axis. */
export function broadcast(label: string, one: KerasShape, other: KerasShape): (number | null)[] {
  const rank = Math.max(one.length, other.length);
  return Array.from({ length: rank }, (_, at) => {
    const a = at < rank - one.length ? 1 : one[at - rank + one.length]!;
    const c = at < rank - other.length ? 1 : other[at - rank + other.length]!;
    if (a === 1) return c;
    if (c === 1 || a === c) return a;
    if (a === null || c === null) return a ?? c;
    throw errors.badShape(label, `Shapes [${one.join(', ')}] and [${other.join(', ')}] do not fit together`);
  });
}

/** Values in one layout: channels first when one of them is held so and all have the same number of dimensions. */
export function inOneLayout({ b }: LayerContext, values: readonly LayerValue[]): LayerValue[] {
  const rank = values[0]!.shape.length;
  const same = values.every(({ shape }) => shape.length === rank);
  const first = same && values.some(({ layout }) => layout === 'channels-first');
  return values.map((value) => (first ? b.channelsFirst(value) : b.inKerasLayout(value)));
}

/** What is made of two values element by element: the ONNX operator of that meaning, or several nodes. */
export type Pairing = string | ((b: Emitter, one: ValueName, other: ValueName) => ValueName);

/** The nodes of a pairing. */
export const joined = (b: Emitter, pairing: Pairing, one: ValueName, other: ValueName): ValueName =>
  typeof pairing === 'string' ? b.op(pairing, [one, other]) : pairing(b, one, other);

/** Two values element by element, NumPy's broadcasting. */
export function binary(layer: LayerContext, pairing: Pairing, one: LayerValue, other: LayerValue): LayerValue {
  const [a, c] = inOneLayout(layer, [one, other]) as [LayerValue, LayerValue];
  return { ...a, shape: broadcast(layer.label, a.shape, c.shape), value: joined(layer.b, pairing, a.value, c.value) };
}

function merged(layer: LayerContext): LayerValue[] {
  const values = [...layer.inputs];
  if (values.length < 1) throw layer.misfit('It merges no values');
  const rank = Math.max(...values.map(({ shape }) => shape.length));
  // Keras puts missing dimensions behind the batch.
  return values.map((value) => {
    if (value.shape.length === rank) return value;
    const plain = layer.b.inKerasLayout(value);
    const missing = rank - plain.shape.length;
    const axes = Array.from({ length: missing }, (_, at) => at + 1);
    const shape = [plain.shape[0]!, ...new Array<number>(missing).fill(1), ...plain.shape.slice(1)];
    return { ...plain, shape, value: layer.b.unsqueeze(plain.value, axes) };
  });
}

function elementwise(
  op: string,
  end: (layer: LayerContext, value: ValueName, count: number) => ValueName = (_, value) => value,
): LayerImporter {
  return {
    build(layer) {
      const values = merged(layer);
      const total = values.slice(1).reduce((sum, value) => binary(layer, op, sum, value), values[0]!);
      return { ...total, value: end(layer, total.value, values.length) };
    },
  };
}

/** Values that are the same for all items of the batch, beside others of which each item has its own: once an item. */
function eachItem({ b }: LayerContext, values: readonly LayerValue[]): readonly LayerValue[] {
  const items = values.find(({ shape }) => shape[0] === null);
  if (!items || values.every(({ shape }) => shape[0] !== 1)) return values;
  const batch = b.slice(b.shape(items.value), [0], [1], [0]);
  return values.map((value) => {
    if (value.shape[0] !== 1) return value;
    const once = new Array<number>(value.shape.length - 1).fill(1);
    return {
      ...value,
      shape: [null, ...value.shape.slice(1)],
      value: b.expand(value.value, b.concat([batch, b.ints(once)], 0)),
    };
  });
}

/** Values one behind the other along an axis. */
export function concatenated(layer: LayerContext, given: readonly LayerValue[], axis: number): LayerValue {
  const values = inOneLayout(layer, eachItem(layer, given));
  const [first] = values as [LayerValue];
  const rank = first.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  const fits = values.every(
    ({ shape }) =>
      shape.length === rank &&
      shape.every(
        (dim, i) => i === at || dim === first.shape[i] || (i > 0 && (dim === null || first.shape[i] === null)),
      ),
  );
  if (!fits || at < 0 || at >= rank)
    throw layer.misfit(
      `${values.map(({ shape }) => `[${shape.map((dim) => dim ?? 'None').join(', ')}]`).join(', ')} cannot be joined along axis ${axis}`,
    );
  const size = values.reduce<number | null>(
    (sum, { shape }) => (sum === null || shape[at] === null ? null : sum + shape[at]!),
    0,
  );
  const shape = first.shape.map((dim, i) => (i === at ? size : dim));
  return {
    ...first,
    shape,
    value: layer.b.concat(
      values.map(({ value }) => value),
      heldAxis(first, at),
    ),
  };
}

/** Products of two lists of vectors along one axis each: matrix products a batch item. */
const dot: LayerImporter = {
  build(layer) {
    const { b, options } = layer;
    const [first, second] = layer.inputs.map((value) => b.inKerasLayout(value)) as [LayerValue, LayerValue | undefined];
    if (!second || layer.inputs.length !== 2) throw layer.misfit('It takes two values');
    const raw = options.raw('axes');
    const [a, c] = (Array.isArray(raw) ? raw : [raw, raw]) as [unknown, unknown];
    const axis = (value: unknown, rank: number) => {
      if (!Number.isSafeInteger(value) || (value as number) < -rank || (value as number) >= rank)
        throw errors.badOption(layer.label, 'axes', raw, 'one axis or two');
      return ((value as number) + rank) % rank;
    };
    let x = first;
    let y = second;
    let xAxis = axis(a, x.shape.length);
    let yAxis = axis(c, y.shape.length);
    if (options.flag('normalize', false)) {
      x = unit(layer, x, xAxis);
      y = unit(layer, y, yAxis);
    }
    const flatX = x.shape.length === 2;
    const flatY = y.shape.length === 2;
    if (x.shape.length > 3 || y.shape.length > 3) throw layer.refuse('a Dot of values with more than three dimensions');
    if (flatX) {
      x = { ...x, shape: [x.shape[0]!, 1, x.shape[1]!], value: b.unsqueeze(x.value, [1]) };
      xAxis += 1;
    }
    if (flatY) y = { ...y, shape: [...y.shape, 1], value: b.unsqueeze(y.value, [2]) };
    if (xAxis !== 2) x = transposed(layer, x, [0, 2, 1]);
    if (yAxis !== 1) {
      y = transposed(layer, y, [0, 2, 1]);
      yAxis = 1;
    }
    const shape = [x.shape[0]!, x.shape[1]!, y.shape[2]!];
    let result: LayerValue = { ...x, shape, value: b.matmul(x.value, y.value) };
    if (flatX) result = { ...result, shape: [shape[0]!, shape[2]!], value: b.squeeze(result.value, [1]) };
    else if (flatY) result = { ...result, shape: [shape[0]!, shape[1]!], value: b.squeeze(result.value, [2]) };
    return flatX && flatY ? { ...result, shape: [shape[0]!, 1] } : result;
  },
};

/** x/√max(Σx², 1e-12). */
function unit({ b }: LayerContext, x: LayerValue, axis: number): LayerValue {
  const squares = b.reduceSum(b.mul(x.value, x.value), [axis]);
  return { ...x, value: b.div(x.value, b.op('Sqrt', [b.op('Max', [squares, b.scalar(1e-12)])])) };
}

export const MERGING_LAYERS: LayerTable = {
  Add: elementwise('Add'),
  Subtract: elementwise('Sub'),
  Multiply: elementwise('Mul'),
  Maximum: elementwise('Max'),
  Minimum: elementwise('Min'),
  Average: elementwise('Add', ({ b }, sum, count) => b.mul(sum, b.scalar(1 / count))),
  Concatenate: {
    build(layer) {
      const [axis] = layer.options.axes('axis', layer.x.shape.length, -1) as [number];
      return concatenated(layer, layer.inputs, axis);
    },
  },
  Dot: dot,
  // Part of keras.applications.inception_resnet_v2: x + scale · y.
  CustomScaleLayer: {
    build(layer) {
      const [x, y] = layer.inputs as [LayerValue, LayerValue];
      return binary(layer, 'Add', x, {
        ...y,
        value: layer.b.mul(y.value, layer.b.scalar(layer.options.number('scale'))),
      });
    },
  },
};
