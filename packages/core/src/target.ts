import type { GraphBuilder, ValueName } from '@seewhy/onnx';
import type { ClassOutput } from './class-output.ts';
import type { HeatMap } from './heatmap/heatmap.ts';

/** Names of the model's outputs, by themselves: what a target of one's own is built from. */
export type TargetOutputs = Readonly<Record<string, ValueName>>;

/** What is to be explained: one number of each picture. `asked` is how it was written. */
export type Target =
  /** The k-th best class of each picture (rank 0 = best), found inside the graph. */
  | { readonly kind: 'top'; readonly rank: number; readonly asked: string }
  | { readonly kind: 'class'; readonly index: number; readonly asked: string }
  /** Score of `index` less that of `against`. */
  | { readonly kind: 'contrast'; readonly index: number; readonly against: number; readonly asked: string }
  /** A class (default: the best of each picture) against the best of all others. */
  | { readonly kind: 'runner-up'; readonly index?: number; readonly asked: string }
  /** Several labels at once: the sum of their scores. */
  | { readonly kind: 'sum'; readonly indices: readonly number[]; readonly asked: string }
  /** Segmentation: a class at one cell `[y, x]` of the output's grid. `text`: the place as people know it. */
  | {
      readonly kind: 'position';
      readonly index: number;
      readonly at: readonly [y: number, x: number];
      readonly asked: string;
      readonly text?: string;
    }
  /** Segmentation: a class over a part of the output's grid: mean of its scores, weighted by the mask (0 or more each). */
  | {
      readonly kind: 'region';
      readonly index: number;
      readonly mask: HeatMap;
      readonly asked: string;
      readonly text?: string;
    }
  /** Cosine similarity of the explained output to a vector, such as that of a second picture (`similarTo` makes one). */
  | { readonly kind: 'similar'; readonly vector: Float32Array; readonly name: string; readonly asked: string }
  /** One number of any value of the graph, an output or an inner one: `at` counts without the batch axis. */
  | {
      readonly kind: 'element';
      readonly value: ValueName;
      readonly at: readonly number[];
      readonly name: string;
      readonly asked: string;
    }
  /** Any function of the model's values: `build` appends standard operators and returns a float value `[N]`. */
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly build: (b: GraphBuilder, outputs: TargetOutputs) => ValueName;
      readonly asked?: string;
    };

/**
 * Which value of a class is explained: before the final softmax or sigmoid, after it, or its log-odds `log p / (1 − p)`: for a softmax
 * `z_c − log Σ_{j≠c} exp z_j`, for a sigmoid the logit itself.
 */
export type ScoreKind = 'logit' | 'probability' | 'log-odds';

/** The class the model itself puts first. */
export const TOP: Target = { kind: 'top', rank: 0, asked: 'top' };

/** Whether the output is one value without an activation: a regression. */
export const isRegression = ({ classes, activation }: Pick<ClassOutput, 'classes' | 'activation'>): boolean =>
  classes === 1 && activation === undefined;

/** Label of a class, or `class 7` where labels are not known; a regression's one value is called like its output, boxes have no classes. */
export function labelOf(index: number, labels: readonly string[] | undefined, output?: ClassOutput): string {
  if (output?.boxes !== undefined) return `number ${index} of the boxes`;
  return labels?.[index] ?? (output && isRegression(output) ? output.name : `class ${index}`);
}
