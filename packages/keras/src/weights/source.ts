import type { DataType } from '@seewhy/onnx';

/** A stored array: its shape is known before its bytes are fetched. */
export interface RawWeight {
  readonly type: DataType;
  readonly dims: readonly number[];
  /** Little-endian elements in C order. */
  read(): Uint8Array;
}

/** A weight that a layer wants, in the order in which Keras makes them. */
export interface WeightSpec {
  /** Keras's own name: `kernel`, `moving_mean`. */
  readonly name: string;
  /** Null leaves a dimension to the file. */
  readonly shape: readonly (number | null)[];
  /** The inner layer that owns it (`query_dense`, `forward_layer/cell`), as its attribute is called in Keras 3. */
  readonly owner?: string;
  /** The same owner by its layer name, as older files have it in weight names (`query`, `forward_lstm/lstm_cell`). */
  readonly ownerName?: string;
  /** False for what is not trained (moving statistics); default true. */
  readonly trainable?: boolean;
  /**
   * Where Keras may store it in 8 bits: for each of its axes the axis of the stored scale (`NAME_scale`) that goes with it, counted from that
   * one's end (−1 is the last); null where all elements along an axis share a scale.
   */
  readonly scaleAxes?: readonly (number | null)[];
}

/** Where a layer stands in the model: the models around it and the layer itself, outermost first. */
export interface LayerPlace {
  /** Names: `['backbone', 'conv1']`. */
  readonly names: readonly string[];
  /** Folder of the layer in a Keras 3 weights file: `layers/functional/layers/conv2d`. */
  readonly folder: string;
  /** For messages. */
  readonly label: string;
}

/** Gives a layer its stored weights, in the order of its specifications. */
export interface WeightSource {
  find(place: LayerPlace, specs: readonly WeightSpec[]): RawWeight[];
  /** A weight that only some files have beside the others, found by its name alone. */
  beside?(place: LayerPlace, spec: WeightSpec): RawWeight | undefined;
}
