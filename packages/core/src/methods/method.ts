import type { RuleTable, Shape } from '@seewhy/autodiff';
import type { DataType, Graph, GraphBuilder, ValueName } from '@seewhy/onnx';
import type { ClassOutput } from '../class-output.ts';
import type { Stage } from '../heatmap/presets.ts';
import type { ImageInput } from '../image-input.ts';
import type { Layer } from '../layers.ts';
import type { Sampler, SamplerContext } from '../sampling/sampler.ts';
import type { LayerView } from './layer-view.ts';
import type { MethodOptions } from './options.ts';

/** What a method needs of a model. */
export type Need =
  /** A layer with spatial extent, and gradients from the target back to it. */
  | 'layer gradient'
  /** Gradients from the target back to the picture. */
  | 'input gradient'
  /** Both. */
  | 'layer and input gradient'
  /** Global pooling and one linear layer behind the layer. */
  | 'linear head'
  /** A layer with spatial extent; no gradients. */
  | 'layer'
  /** Any model that runs. */
  | 'runs'
  /** The picture alone. */
  | 'picture';

/** The finishing stages a method's raw map goes through unless a preset or option says otherwise. */
export interface MethodStages {
  /** Over colour channels of a pixel map. */
  readonly reduce?: 'max-abs' | 'sum-abs' | 'sum';
  readonly rectify: 'relu' | 'none';
  /** A map with two signs whose zero means something is scaled about zero; default: what `reduce` makes. */
  readonly signed?: boolean;
  /** Stages of its own, whatever the preset says. */
  readonly finish?: readonly Stage[];
}

/** What is known and said about a method, of whatever kind. */
export interface MethodInfo {
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
  /** `layer`: raw map `[h, w]` of the layer; `pixel`: of the input's shape; `plane`: `[H, W]` of the input. */
  readonly output: 'layer' | 'pixel' | 'plane';
  /** Cost in plain predictions, as measured in bench/ on large networks. */
  readonly cost: string;
  readonly stages: MethodStages;
  /** The options it has, with their defaults. */
  readonly options?: Partial<MethodOptions>;
  /** The forms that `variant` can name, the default first, with what each is. */
  readonly variants?: Readonly<Record<string, string>>;
  /** Variant meant by a post-processing preset, where it differs from the default. */
  readonly variantOf?: Readonly<Record<string, string>>;
  /** What a reader must know to believe the map: dependence on weights, known failures. */
  readonly caution?: string;
  /** What is done to the method besides (smoothing, augmentation, random weights), as a record keeps it. */
  readonly wrappers?: Readonly<Record<string, string | boolean>>;
  /** Said with every explanation. */
  readonly remarks?: readonly string[];
}

/** What a graph method builds its raw map from. */
export interface MethodContext {
  readonly b: GraphBuilder;
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly types: ReadonlyMap<string, DataType>;
  readonly output: ClassOutput;
  /** The value that the target is read from: logits, probabilities, or another value of the graph. */
  readonly of: ValueName;
  /** The image input: its size and layout. */
  readonly input: ImageInput;
  /** Gradient of the target with respect to `wrt`: the layer's activation, or the image input. */
  readonly gradient: ValueName;
  /** The value differentiated with respect to, or (CAM) the layer itself. */
  readonly wrt: ValueName;
  /** The layer; undefined for pixel methods without one. */
  readonly layer: Layer | undefined;
  /** The layer's axes. */
  readonly view: LayerView | undefined;
  /** Exact head weights `[N, C]` of the target (CAM). */
  readonly headWeights: ValueName | undefined;
  /** The image as floats, and its axes; `imageGradient` for methods that need the input gradient too. */
  readonly image: ValueName;
  readonly imageGradient: ValueName | undefined;
  /** The explained score of each item, `[N]`. */
  readonly score: ValueName;
  /** int64 `[N]`: the explained class. */
  readonly index: ValueName;
  /** Gradient of a value named by `alsoWrt`. */
  readonly gradientOf: (value: ValueName) => ValueName;
  /** All options of the method, defaults filled in. */
  readonly options: MethodOptions;
}

/** What a method may look at when it says what else is to be differentiated. */
export type MethodFacts = Pick<MethodContext, 'graph' | 'shapes' | 'types' | 'output' | 'of' | 'input' | 'options'> & {
  readonly image: ValueName;
};

/** A method whose whole explanation is a graph: one run gives prediction and raw map. */
export interface GraphMethod extends MethodInfo {
  readonly kind: 'graph';
  /** Backward rules of its own (guided backpropagation, DeconvNet) for the gradient with respect to the picture. */
  readonly imageRules?: RuleTable;
  /** Its map is the gradient with respect to the picture and nothing more: weighted sums of its maps are taken as sums of gradients. */
  readonly isGradient?: boolean;
  /** Further values it needs the gradient of. */
  readonly alsoWrt?: (facts: MethodFacts) => readonly ValueName[];
  /** Another seed (gradient to begin with) than the target's own, of the same shape. */
  readonly reseed?: (context: ReseedContext) => ValueName;
  /** What a reader of its maps must know about this model, in sentences. */
  readonly notes?: (facts: MethodFacts) => readonly string[];
  /** Appends the nodes of the raw map: `[N, h, w]` (layer), the input's shape (pixel) or `[N, H, W]` (plane). */
  build(context: MethodContext): ValueName;
}

export interface ReseedContext extends MethodFacts {
  readonly b: GraphBuilder;
  /** The target's own seed, of the shape of the explained value. */
  readonly seed: ValueName;
  /** int64 `[N]`: the explained class. */
  readonly index: ValueName;
  /** Class scores `[N, K]` before the activation. */
  readonly scores: ValueName;
  /** The explained values of the classes `[N, K]`: the scores, or the probabilities. */
  readonly explained: ValueName;
}

/** A method that runs programs many times on the host, with a seed, batches, progress and interruption. */
export interface SamplingMethod extends MethodInfo {
  readonly kind: 'sampling';
  /** Makes what runs for every picture: programs are built when first needed and kept. */
  open(context: SamplerContext): Sampler;
}

/** A method: one that is a graph, run once, or one that runs the model many times. */
export type Method = GraphMethod | SamplingMethod;
