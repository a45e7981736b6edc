import type { GraphBuilder, ValueName } from '@seewhy/onnx';
import type { LayerView } from './layer-view.ts';

/** What a graph method builds its raw map from. */
export interface MethodContext {
  readonly b: GraphBuilder;
  /** Gradient of the target with respect to `wrt`: the layer's activation, or the image input. */
  readonly gradient: ValueName;
  /** The value differentiated with respect to, or (CAM) the layer itself. */
  readonly wrt: ValueName;
  /** The layer's axes; undefined for pixel methods. */
  readonly view: LayerView | undefined;
  /** Exact head weights `[N, C]` of the target (CAM). */
  readonly headWeights: ValueName | undefined;
}

/** What a method needs of a model. */
export type Need = 'layer gradient' | 'input gradient' | 'linear head';

/** The finishing stages a method's raw map goes through unless a preset or option says otherwise. */
export interface MethodStages {
  /** Over colour channels of a pixel map. */
  readonly reduce?: 'max-abs' | 'sum-abs' | 'sum';
  readonly rectify: 'relu' | 'none';
}

/** A method whose whole explanation is a graph: one run gives prediction and raw map. */
export interface GraphMethod {
  /** Lower case, the field's own. */
  readonly name: string;
  readonly title: string;
  /** Other spellings that are accepted. */
  readonly aliases: readonly string[];
  /** What it shows, in a sentence. */
  readonly summary: string;
  readonly formula: string;
  readonly paper: string;
  readonly needs: Need;
  /** `layer`: raw map `[h, w]`; `pixel`: raw map of the input's shape. */
  readonly output: 'layer' | 'pixel';
  /** Cost in plain predictions, as measured in bench/ on large networks. */
  readonly cost: string;
  readonly stages: MethodStages;
  /** Appends the nodes of the raw map: `[N, h, w]` (layer) or the input's shape (pixel). */
  build(context: MethodContext): ValueName;
}
