import { Tensor } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { isLayerValue } from '../layer.ts';
import type { Emitter } from './emitter.ts';
import type { LayerValue } from './layer-value.ts';

/** Where numbers stand: for the message, and the batch that the model fixes, if it does. */
interface Where {
  readonly label: string;
  readonly batch: number | undefined;
}

/** Numbers, in lists of equal length where there are several; undefined for anything else. */
export function numbersIn(item: unknown): Tensor | undefined {
  const dims: number[] = [];
  for (let inner: unknown = item; Array.isArray(inner) && dims.length < 8; inner = inner[0]) dims.push(inner.length);
  const flat: unknown[] = Array.isArray(item) ? item.flat(8) : [item];
  const whole = flat.length === dims.reduce((product, dim) => product * dim, 1);
  return whole && flat.every((one) => typeof one === 'number') ? Tensor.floats(flat as number[], dims) : undefined;
}

/**
 * Numbers for use beside values of `rank` dimensions. The batch of the graph is free: of numbers for each item of a fixed one, all alike,
 * one item is kept.
 * @throws LAYER_UNSUPPORTED where the items differ
 */
export function forEachItem(tensor: Tensor, rank: number, { label, batch }: Where): Tensor {
  const [items, ...rest] = tensor.dims;
  if (batch === undefined || batch === 1 || items !== batch || tensor.dims.length !== rank) return tensor;
  const numbers = Float32Array.from(tensor.numbers());
  const size = numbers.length / batch;
  if (!numbers.every((number, at) => number === numbers[at % size]))
    throw errors.unsupported(label, 'numbers of their own for each item of a fixed batch');
  return Tensor.floats(numbers.subarray(0, size), [1, ...rest]);
}

/** Arguments in which the arrays of numbers that stand in a list beside values of the model are values themselves. */
export function withConstants(args: readonly unknown[], b: Emitter, where: Where): readonly unknown[] {
  const values = args.filter(isLayerValue);
  const rank = Math.max(0, ...values.map(({ shape }) => shape.length));
  // Lists of sizes stay as they are.
  const plain = values.length > 0 && values.every(({ sizes }) => sizes === undefined);
  return args.map((item) => {
    if (!Array.isArray(item)) return item;
    const tensor = plain ? numbersIn(item) : undefined;
    if (!tensor) return withConstants(item, b, where);
    const kept = forEachItem(tensor, rank, where);
    const value: LayerValue = {
      value: b.constant(kept, 'constant'),
      shape: kept.dims,
      layout: 'keras',
      type: 'float32',
    };
    return value;
  });
}
