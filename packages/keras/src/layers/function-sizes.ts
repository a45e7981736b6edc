import type { ValueName } from '@seewhy/onnx';
import { isObject } from '../archive/json.ts';
import { isLayerValue } from '../layer.ts';
import type { LayerValue } from '../model/layer-value.ts';
import type { FunctionCall, FunctionTable } from './function-call.ts';

/** The sizes that an argument stands for: a whole number, a value with sizes, or a list of such; null where a size is open. */
export function sizesIn(item: unknown): (number | null)[] | undefined {
  if (Number.isSafeInteger(item)) return [item as number];
  if (isLayerValue(item)) return item.sizes && [...item.sizes];
  if (!Array.isArray(item)) return undefined;
  const parts = item.map(sizesIn);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/** True where an argument holds a value with sizes, alone or in a list. */
export const hasSizes = (item: unknown): boolean =>
  isLayerValue(item) ? item.sizes !== undefined : Array.isArray(item) && item.some(hasSizes);

/** Sizes as int64 `[n]`, those that are open taken from the graph. */
export function sizeTensor(call: FunctionCall, item: unknown): ValueName {
  const { b } = call.layer;
  const sizes = sizesIn(item);
  if (!sizes) throw call.layer.misfit('Its shape is no list of sizes');
  if (!sizes.includes(null)) return b.ints(sizes as number[]);
  if (isLayerValue(item)) return item.value;
  return b.concat(
    (item as unknown[]).map((part) => sizeTensor(call, part)),
    0,
  );
}

/** A list of sizes (or, with an empty shape, one of them) as a value. */
function sized(value: ValueName, sizes: readonly (number | null)[], shape: readonly number[]): LayerValue {
  return { value, shape, sizes, layout: 'keras', type: 'int64' };
}

/** Sizes of lists, one behind the other. */
export function joinedSizes(call: FunctionCall, item: unknown): LayerValue {
  const sizes = sizesIn(item);
  if (!sizes) throw call.layer.misfit('It joins sizes and other values');
  return sized(sizeTensor(call, item), sizes, [sizes.length]);
}

const WHOLE: Readonly<Record<string, (one: number, other: number) => number>> = {
  Add: (one, other) => one + other,
  Sub: (one, other) => one - other,
  Mul: (one, other) => one * other,
  Max: Math.max,
  Min: Math.min,
};

/** Whole-number arithmetic of sizes, one by one. */
export function sizeArithmetic(call: FunctionCall, op: string, one: unknown, other: unknown): LayerValue {
  const { b } = call.layer;
  const [a, c] = [sizesIn(one), sizesIn(other)];
  const count = Math.max(a?.length ?? 0, c?.length ?? 0);
  const at = (list: readonly (number | null)[], index: number) => list[list.length === 1 ? 0 : index]!;
  const compute = Object.hasOwn(WHOLE, op) ? WHOLE[op]! : undefined;
  if (!a || !c || !compute) throw call.layer.refuse('arithmetic of sizes with other values');
  const sizes = Array.from({ length: count }, (_, index) => {
    const [left, right] = [at(a, index), at(c, index)];
    return left === null || right === null ? null : compute(left, right);
  });
  const shape = isLayerValue(one) && one.shape.length === 0 && count === 1 ? [] : [count];
  return sized(b.op(op, [sizeTensor(call, one), sizeTensor(call, other)]), sizes, shape);
}

/** Sizes divided and rounded down. */
export function sizeQuotient(call: FunctionCall, one: unknown, other: unknown): LayerValue {
  const [a, c] = [sizesIn(one), sizesIn(other)];
  if (a?.length !== 1 || c?.length !== 1 || c[0] === 0 || a[0] === null || c[0] === null)
    throw call.layer.open('a division of it needs it');
  const quotient = Math.floor(a[0]! / c[0]!);
  return sized(call.layer.b.ints([quotient]), [quotient], []);
}

/** Python's indexing of a list of sizes. */
export function sizeItem(call: FunctionCall, x: LayerValue, key: unknown): LayerValue {
  const { b } = call.layer;
  const item = Array.isArray(key) && key.length === 1 ? key[0] : key;
  const sizes = x.sizes!;
  if (Number.isSafeInteger(item)) {
    const at = (item as number) < 0 ? (item as number) + sizes.length : (item as number);
    if (at < 0 || at >= sizes.length) throw call.layer.misfit(`It has no size ${String(item)}`);
    return sized(b.slice(x.value, [at], [at + 1], [0]), [sizes[at]!], []);
  }
  const { start, stop, step } = isObject(item) ? item : {};
  const bound = (value: unknown) => value === null || value === undefined || Number.isSafeInteger(value);
  if (!isObject(item) || ![start, stop].every(bound) || (step ?? 1) !== 1)
    throw call.layer.refuse('sizes that are picked otherwise than one by one or in a row');
  const kept = sizes.map((_, at) => at).slice((start as number | null) ?? 0, (stop as number | null) ?? undefined);
  if (kept.length === 0) throw call.layer.misfit('It takes none of the sizes');
  const value = b.slice(x.value, [kept[0]!], [kept.at(-1)! + 1], [0]);
  return sized(
    value,
    kept.map((at) => sizes[at]!),
    [kept.length],
  );
}

/** A value of one number everywhere, its shape a list of sizes. */
function filledWith(call: FunctionCall, number: unknown): LayerValue {
  const { b } = call.layer;
  const dims = call.arg(0, 'shape', 'dims');
  const shape = sizesIn(dims);
  if (!shape || typeof number !== 'number') throw call.layer.misfit('Its shape is no list of sizes');
  return { value: b.expand(b.scalar(number), sizeTensor(call, dims)), shape, layout: 'keras', type: 'float32' };
}

export const SIZE_FUNCTIONS: FunctionTable = {
  shape: (call) => {
    const x = call.layer.b.inKerasLayout(call.value(0, 'input', 'x'));
    return sized(call.layer.b.shape(x.value), x.shape, [x.shape.length]);
  },
  zeros: (call) => filledWith(call, 0),
  ones: (call) => filledWith(call, 1),
  fill: (call) => filledWith(call, call.arg(1, 'value')),
};
