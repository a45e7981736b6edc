import type { DataType, ValueName } from '@seewhy/onnx';

/** Dimensions as Keras has them, batch first; null where one is open. */
export type KerasShape = readonly (number | null)[];

/**
 * What flows between layers: a value of the graph and what it means in Keras. `channels-first` says that Keras's last axis lies
 * at axis 1 (`[N, H, W, C]` is held as `[N, C, H, W]`), because the next layers most likely want it there.
 */
export interface LayerValue {
  readonly value: ValueName;
  /** Shape in Keras, whatever the layout. */
  readonly shape: KerasShape;
  readonly layout: 'keras' | 'channels-first';
  readonly type: DataType;
  /** Of a sequence: the value, bool `[N, steps]`, that says which steps count. Without it all do. */
  readonly mask?: ValueName;
  /** Of a list of sizes (`tf.shape`): what they are, null where one is open. The value holds them as int64 `[n]`, one size too. */
  readonly sizes?: readonly (number | null)[];
}

/** Shape of the value as it lies in memory. */
export function heldShape({ shape, layout }: LayerValue): KerasShape {
  if (layout === 'keras') return shape;
  return [shape[0]!, shape[shape.length - 1]!, ...shape.slice(1, -1)];
}

/** Axis of the held value for an axis of Keras's shape. */
export function heldAxis({ shape, layout }: LayerValue, axis: number): number {
  const positive = axis < 0 ? axis + shape.length : axis;
  if (layout === 'keras' || positive === 0) return positive;
  return positive === shape.length - 1 ? 1 : positive + 1;
}

/** Permutation from Keras's layout to channels first, as Transpose wants it: 0, 3, 1, 2. */
export function toChannelsFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 1)];
}

/** The way back: 0, 2, 3, 1. */
export function fromChannelsFirst(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1];
}
