import { isObject } from '../archive/json.ts';
import type { LayerContext } from '../layer.ts';
import { heldAxis, type LayerValue } from '../model/layer-value.ts';

interface Range {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const FAR = 2 ** 31 - 1;

/** Python's indexing `x[:, 1:-1, ::2, 0, None, ...]`: one Slice, then Squeeze and Unsqueeze. */
export function getItem(layer: LayerContext, x: LayerValue, key: unknown): LayerValue {
  const rank = x.shape.length;
  const items = Array.isArray(key) ? key : [key];
  const counted = items.filter((item) => item !== null && !isEllipsis(item)).length;
  if (counted > rank || items.filter(isEllipsis).length > 1)
    throw layer.misfit(`It indexes ${counted} axes of ${rank}`);
  const ranges: Range[] = [];
  const dropped: number[] = [];
  const added: number[] = [];
  const sizes: (number | null)[] = [];
  let axis = 0;
  for (const item of items) {
    if (item === null || isNewAxis(item)) {
      added.push(sizes.length);
      sizes.push(1);
    } else if (isEllipsis(item)) {
      for (let left = rank - counted; left > 0; left--) sizes.push(x.shape[axis++]!);
    } else if (typeof item === 'number') {
      if (axis === 0) throw layer.refuse('an index into the batch');
      ranges.push({ axis, start: item, end: item === -1 ? FAR : item + 1, step: 1 });
      dropped.push(axis++);
    } else {
      const range = rangeOf(layer, item, axis);
      if (range) {
        if (axis === 0) throw layer.refuse('a part of the batch');
        ranges.push(range);
      }
      sizes.push(range ? length(range, x.shape[axis]!) : x.shape[axis]!);
      axis++;
    }
  }
  while (axis < rank) sizes.push(x.shape[axis++]!);
  const held = dropped.length + added.length === 0 ? x : layer.b.inKerasLayout(x);
  let { value } = held;
  if (ranges.length > 0) {
    const steps = ranges.map(({ step }) => step);
    value = layer.b.slice(
      value,
      ranges.map(({ start }) => start),
      ranges.map(({ end }) => end),
      ranges.map((range) => heldAxis(held, range.axis)),
      steps.every((step) => step === 1) ? undefined : steps,
    );
  }
  value = layer.b.unsqueeze(layer.b.squeeze(value, dropped), added);
  return { ...held, shape: sizes, value };
}

const isEllipsis = (item: unknown) => isObject(item) && item.class_name === '__ellipsis__';
const isNewAxis = (item: unknown) => isObject(item) && item.class_name === '__newaxis__';

/** A slice with its bounds as ONNX wants them; undefined where it takes everything. */
function rangeOf(layer: LayerContext, item: unknown, axis: number): Range | undefined {
  const config = isObject(item) && isObject(item.config) ? item.config : item;
  if (!isObject(config)) throw layer.refuse('an index that is neither number nor slice');
  const { start, stop, step } = config;
  const whole = (value: unknown) => value === null || value === undefined || Number.isSafeInteger(value);
  if (![start, stop, step].every(whole) || step === 0) throw layer.refuse('a slice between computed places');
  const by = (step as number | null | undefined) ?? 1;
  if (
    (start === null || start === undefined || (start === 0 && by > 0)) &&
    (stop === null || stop === undefined) &&
    by === 1
  )
    return undefined;
  return {
    axis,
    start: (start as number | null | undefined) ?? (by > 0 ? 0 : FAR),
    end: (stop as number | null | undefined) ?? (by > 0 ? FAR : -FAR),
    step: by,
  };
}

/** How many elements Python's slice takes of `size`. */
function length({ start, end, step }: Range, size: number | null): number | null {
  if (size === null) return null;
  const bound = (value: number) => {
    const at = value < 0 ? value + size : value;
    return step > 0 ? Math.min(Math.max(at, 0), size) : Math.min(Math.max(at, -1), size - 1);
  };
  return Math.max(0, Math.ceil((bound(end) - bound(start)) / step));
}
