import type { Diagnosis } from './heatmap/diagnose.ts';
import type { ScoreKind } from './target.ts';

/** Version of seewhy, as results record it. */
export const VERSION = '0.1.0';

/** A raw map of floats, row by row. */
export interface RawMap {
  /** `[h, w]` for CAM-like methods, the input's own shape without the batch for pixel methods. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A class with its score. */
export interface Prediction {
  readonly index: number;
  readonly label: string;
  /** Value before the final softmax or sigmoid. */
  readonly logit: number;
  /** After it (or after a softmax over the logits, when the model ends in logits; `Model.output.activation` tells); NaN for a regression and for boxes. */
  readonly probability: number;
}

/** What was explained. */
export interface ExplainedTarget {
  /**
   * `class` (also a member of `top:k` and `all`), `contrast` (also against the runner-up), `sum`, `position` or `region` of a
   * segmentation, `similar` to a vector, `element` of a value, or `function`.
   */
  readonly kind: 'class' | 'contrast' | 'sum' | 'position' | 'region' | 'similar' | 'element' | 'function';
  /** As asked for: `top`, `282`, `tiger cat`, `282-285`. */
  readonly asked: string;
  /** Class index; for a contrast or a sum that of the first class; −1 where the target is not a class. */
  readonly index: number;
  /** Of that class; of a sum and of what is not a class: `text`. */
  readonly label: string;
  /** The whole target for people: `tabby against tiger cat`, `tabby + lynx`, `road at 120:88`, `similar to b.jpg`. */
  readonly text: string;
  /** Second class of a contrast. */
  readonly against?: { readonly index: number; readonly label: string };
  /** All classes of a sum. */
  readonly classes?: readonly { readonly index: number; readonly label: string }[];
  /** Which value of the class is explained; `value`: the number itself (a regression, an element, a similarity, a function). */
  readonly score: ScoreKind | 'value';
  /** The explained score itself. */
  readonly value: number;
  /** File-name part, of safe characters: the class index, or a slug (`282-285`, `7-at-120-88`). */
  readonly slug: string;
}

/** The inner value a map was made at. */
export interface ExplainedLayer {
  /** Name people know: the exporter's scope. */
  readonly name: string;
  /** Name of the value in the graph. */
  readonly value: string;
  /** `[C, h, w]`. */
  readonly shape: readonly [number, number, number];
  /** True when seewhy chose it. */
  readonly chosen: boolean;
}

/** One method's answer for one picture and one target. */
export interface Explanation {
  readonly method: string;
  readonly target: ExplainedTarget;
  /** Empty for pixel methods. */
  readonly layers: readonly ExplainedLayer[];
  /** Best classes first. */
  readonly predictions: readonly Prediction[];
  /** What the method itself computes, one a layer (pixel methods: one). */
  readonly raw: readonly RawMap[];
  /** The finished map on the model's input grid: `[height, width]`, all stages done. */
  readonly map: { readonly width: number; readonly height: number; readonly data: Float32Array };
  /** Raw values shown at the two ends of the legend (0 and 1, or −1 and 1). */
  readonly range: readonly [low: number, high: number];
  /** True when the finished map has two signs (diverging colours). */
  readonly signed: boolean;
  readonly diagnosis: Diagnosis;
  /** What was chosen automatically and why, in sentences. */
  readonly notes: readonly string[];
  /** Of sampling methods: what was sampled, and how far to trust it. */
  readonly sampling?: SamplingRecord;
  readonly provenance: Provenance;
}

/** How far a method that samples came, and how sure its map is. */
export interface SamplingRecord {
  readonly seed: number;
  /** Samples taken, of those a complete run takes. */
  readonly samples: number;
  readonly total: number;
  /** Samples of one run of the model. */
  readonly batch: number;
  /** Relative uncertainty: the difference of the halves (L2), or the gap of completeness. */
  readonly convergence?: { readonly value: number; readonly of: 'halves' | 'completeness' };
  readonly interrupted: boolean;
}

/** What a map was made with, as far as it is needed to make it again. */
export interface Provenance {
  readonly seewhy: string;
  readonly runtime: string;
  readonly preset: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** Milliseconds of the run that made this map (shared by all maps of that run). */
  readonly runMilliseconds: number;
}
