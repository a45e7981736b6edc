import type { Shape } from '@seewhy/autodiff';
import {
  type DataType,
  fold,
  type Graph,
  inferTypes,
  pairQuantised,
  prepare,
  removeDeadNodes,
  removeUnusedInputs,
  type Tensor,
} from '@seewhy/onnx';
import { type ClassOutput, findClassOutput } from './class-output.ts';
import { defaultLayer } from './default-layer.ts';
import { errors } from './errors.ts';
import { type ImageInput, imageDims } from './image-input.ts';
import { knownSizes } from './known-sizes.ts';
import { findLayers, type Layer, layerNamed } from './layers.ts';
import { type MethodSupport, methodSupport } from './methods/support.ts';
import { picturesFirst } from './pictures-first.ts';
import type { RunTensor, Runtime } from './runtime/runtime.ts';
import { settle } from './settle.ts';
import { stepsNotice } from './steps-notice.ts';
import type { Target } from './target.ts';
import { parseTargets } from './targets/parse-targets.ts';
import { stack } from './tensors.ts';

/** What a model is opened with: the runtime, and what the file does not say. */
export interface ModelOptions {
  runtime: Runtime;
  /** Class names by index. */
  labels?: readonly string[] | undefined;
  /** Image input by name, where several could be meant. */
  input?: string | undefined;
  /** Values of the model's other inputs, batch 1. */
  inputs?: Readonly<Record<string, RunTensor>> | undefined;
  /** `[height, width]` where the file leaves the size free; default 224. */
  size?: readonly [number, number] | undefined;
  /** Explained output by name. */
  output?: string | undefined;
  /** `one` (default): programs for one item a run; `free`: for any number, where the graph allows it. */
  batch?: 'one' | 'free' | undefined;
}

/**
 * A loaded model: its graph, brought to a form that nodes can be appended to, and what was found in it: image input, class output,
 * layers. Made by `Model.load`; never changed afterwards.
 */
export class Model {
  readonly runtime: Runtime;
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly types: ReadonlyMap<string, DataType>;
  readonly image: ImageInput;
  readonly output: ClassOutput;
  readonly labels: readonly string[] | undefined;
  /** Layers between image and output, in the order they are computed. */
  readonly layers: readonly Layer[];
  readonly defaultLayer: Layer | undefined;
  readonly defaultLayerReason: string;
  /** Values of the inputs besides the image, batch 1. */
  readonly extras: Readonly<Record<string, RunTensor>>;
  /** Whether programs take any number of items. */
  readonly batch: 'free' | 'fixed';
  /** Why the batch is fixed. */
  readonly batchReason: string;
  /** What was repaired, rewritten or chosen, in sentences. */
  readonly notices: readonly string[];

  private constructor(fields: Omit<Model, 'withWeights' | 'layer' | 'methods' | 'parseTargets' | 'feeds'>) {
    this.runtime = fields.runtime;
    this.graph = fields.graph;
    this.shapes = fields.shapes;
    this.types = fields.types;
    this.image = fields.image;
    this.output = fields.output;
    this.labels = fields.labels;
    this.layers = fields.layers;
    this.defaultLayer = fields.defaultLayer;
    this.defaultLayerReason = fields.defaultLayerReason;
    this.extras = fields.extras;
    this.batch = fields.batch;
    this.batchReason = fields.batchReason;
    this.notices = fields.notices;
  }

  /**
   * Prepares a graph (opset 13 at least, constants folded, functions and constant branches inlined), asks the runtime for all shapes and
   * finds image input, class output and layers.
   * @throws MODEL_INVALID …, NO_IMAGE_INPUT, INPUT_NOT_A_PICTURE, INPUT_NEEDED, NO_CLASS_OUTPUT, SIZE_DOES_NOT_FIT, RUNTIME_REFUSED
   */
  static async load(source: Graph, options: ModelOptions): Promise<Model> {
    const { runtime } = options;
    const notices: string[] = [];
    const cleaned = removeUnusedInputs(pairQuantised(prepare(source)));
    if (cleaned.dropped.length > 0) {
      notices.push(
        `Dropped ${cleaned.dropped.length} input${cleaned.dropped.length === 1 ? '' : 's'} that no node uses and that the runtime would insist on: ${cleaned.dropped.join(', ')}.`,
      );
    }
    if (source.opset < cleaned.graph.opset)
      notices.push(`Upgraded the graph from opset ${source.opset} to ${cleaned.graph.opset}.`);
    const settled = await settle(cleaned.graph, options);
    const { image, extras, batch, batchReason } = settled;
    notices.push(...settled.notices);
    const tidy = removeDeadNodes(fold(settled.graph, { shapes: knownSizes(settled.shapes) }));
    const types = inferTypes(tidy);
    const { graph, shapes, output, ...found } = picturesFirst({
      graph: tidy,
      shapes: settled.shapes,
      types,
      output: findClassOutput(tidy, settled.shapes, types, options.output, image),
    });
    const steps = stepsNotice(output, shapes);
    if (steps) notices.push(steps);
    const search = { graph, shapes, types: found.types, image, of: output.logits };
    const layers = findLayers(search);
    const chosen = defaultLayer(search, featuresOf(layers, output));
    return new Model({
      runtime,
      graph,
      shapes,
      types: found.types,
      image,
      output,
      labels: options.labels,
      layers,
      defaultLayer: chosen?.layer,
      defaultLayerReason: chosen?.reason ?? 'the model has no layer with spatial extent between image and output',
      extras,
      batch,
      batchReason,
      notices,
    });
  }

  /** The same model with other weights, of the same types and dimensions. */
  withWeights(weights: ReadonlyMap<string, Tensor>): Model {
    const graph = this.graph.with({ initializers: new Map([...this.graph.initializers, ...weights]) });
    return new Model({ ...this, graph });
  }

  /** A layer by name, scope, value or node. @throws LAYER_UNKNOWN, LAYER_NOT_SPATIAL */
  layer(name: string): Layer {
    return layerNamed(name, this.layers, this.graph, this.shapes);
  }

  /** Targets as people write them: `top`, `top:3`, `all`, `282`, a label, `A-B`, `A+B`, `runner-up`, `OUTPUT[3]`. @throws TARGET_UNKNOWN … */
  parseTargets(text: string): Target[] {
    return parseTargets(text, this.output, this.labels, this);
  }

  /** Every method, and whether it works on this model. */
  methods(): MethodSupport[] {
    return methodSupport(this);
  }

  /**
   * Feeds for image tensors (each with its batch first), stacked; further inputs are repeated for every item.
   * @throws INPUT_SHAPE, INPUT_TYPE, BATCH_FIXED
   */
  feeds(images: readonly RunTensor[]): Record<string, RunTensor> {
    for (const tensor of images) this.assertImage(tensor);
    const batch = stack(images);
    const count = batch.dims[0]!;
    if (count !== 1 && this.batch === 'fixed') throw errors.batchFixed(count, this.batchReason);
    const extras = Object.fromEntries(
      Object.entries(this.extras).map(([name, tensor]) => [name, stack(Array.from({ length: count }, () => tensor))]),
    );
    return { ...extras, [this.image.name]: batch };
  }

  private assertImage(tensor: RunTensor): void {
    const expected = imageDims(this.image);
    const fits = tensor.dims.length === 4 && tensor.dims.slice(1).every((dim, axis) => dim === expected[axis + 1]);
    if (!fits) throw errors.inputShape(this.image.name, tensor.dims, `[N, ${expected.slice(1).join(', ')}]`);
    if (tensor.type !== this.image.type) throw errors.inputType(this.image.name, tensor.type, this.image.type);
  }
}

/**
 * Layers less those that are an answer, not features that lead to it: the class maps of a segmentation network, and the class scores of
 * every token that an auxiliary head makes at the end. (Of as many channels as classes are, too, all layers of a network that gives features.)
 */
function featuresOf(layers: readonly Layer[], { classes, positions }: ClassOutput): readonly Layer[] {
  const others = layers.filter((layer) => layer.shape[0] !== classes);
  if (positions > 1) return others;
  const tail = layers.slice(others.length);
  const scores = tail.every((layer) => layer.shape[0] === classes && layer.grid.layout === 'tokens');
  return scores && others.length > 0 ? others : layers;
}
