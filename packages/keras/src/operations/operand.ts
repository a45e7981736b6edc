import type { Tensor } from '@seewhy/onnx';
import type { LayerValue } from '../model/layer-value.ts';

/** Elements of a small value in row-major order, as far as they are known while the graph is read: null where one depends on the input. */
export type Known = readonly (number | null)[];

/** Shapes, axes and what is computed from them stay below it. */
export const MOST_KNOWN = 4096;

/** What flows between TensorFlow's operations: a value of the graph, and what is known of its content. */
export interface Operand extends LayerValue {
  /** The content of a constant; such an operand is always in TensorFlow's own layout. */
  readonly constant?: Tensor;
  readonly known?: Known;
}

/** True when every element is known. */
export function isKnown(known: Known | undefined): known is readonly number[] {
  return known !== undefined && !known.includes(null);
}

/** The value without what is known of its content: for results that hold something else. */
export function bare({ value, shape, layout, type }: Operand): Operand {
  return { value, shape, layout, type };
}

export function productOf(dims: readonly (number | null)[]): number | null {
  return dims.reduce<number | null>((product, dim) => (product === null || dim === null ? null : product * dim), 1);
}
