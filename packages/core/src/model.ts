import type { Shape } from '@seewhy/autodiff';
import {
  type DataType,
  fold,
  freeBatch,
  type Graph,
  inferTypes,
  pairQuantised,
  prepare,
  removeDeadNodes,
  removeUnusedInputs,
  type Tensor,
  type Value,
} from '@seewhy/onnx';
import { type ClassOutput, findClassOutput } from './class-output.ts';
import { defaultLayer } from './default-layer.ts';
import { errors } from './errors.ts';
import { findImageInput, type ImageInput, imageDims } from './image-input.ts';
import { knownSizes } from './known-sizes.ts';
import { findLayers, type Layer, layerNamed } from './layers.ts';
import { type MethodSupport, methodSupport } from './methods/support.ts';
import { type Probe, probe } from './probe.ts';
import type { RunTensor, Runtime } from './runtime/runtime.ts';
import { settleBranches } from './settle-branches.ts';
import type { Target } from './target.ts';
import { parseTargets } from './targets/parse-targets.ts';
import { stack, toFloat32, zeros } from './tensors.ts';
import { withSizesOf } from './with-sizes-of.ts';

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
   * @throws MODEL_INVALID …, NO_IMAGE_INPUT, INPUT_NOT_A_PICTURE, INPUT_NEEDED, NO_CLASS_OUTPUT, RUNTIME_REFUSED
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
    let graph = cleaned.graph;
    const image = findImageInput(graph, { input: options.input, size: options.size });
    const extras = otherInputs(graph, image, options.inputs ?? {}, notices);
    if (image.sizeIsFree)
      notices.push(`The file leaves the picture's size free; ${image.height} × ${image.width} is used.`);
    const one = { ...extras, [image.name]: imageProbe(image) };
    const several = options.batch === 'free' && image.declaredBatch === 'free';
    graph = await settleBranches(runtime, graph, one, several ? twoItems(image, one).two : undefined);
    let shapes: ReadonlyMap<string, Shape>;
    let batch: 'free' | 'fixed' = 'fixed';
    let batchReason = 'the model was prepared for one picture a run';
    if (options.batch === 'free') {
      const freed = await tryFreeBatch(runtime, graph, image, one);
      ({ graph, shapes, batch, batchReason } = freed);
      if (freed.notice) notices.push(freed.notice);
    } else {
      ({ shapes } = await probe(runtime, graph, one));
    }
    if (batch === 'fixed') {
      const declared = declaredBatch(graph, image);
      if (declared !== undefined && declared !== 1)
        notices.push(`The file declares a batch of ${declared}; it is run for one picture at a time.`);
      graph = withSizesOf(graph, one);
    }
    graph = removeDeadNodes(fold(graph, { shapes: knownSizes(shapes) }));
    const types = inferTypes(graph);
    const output = findClassOutput(graph, shapes, types, options.output, image);
    const search = { graph, shapes, types, image, of: output.logits };
    const layers = findLayers(search);
    const chosen = defaultLayer(search, featuresOf(layers, output));
    return new Model({
      runtime,
      graph,
      shapes,
      types,
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

/** The batch that a graph declares for its image; undefined: any. */
function declaredBatch(graph: Graph, image: ImageInput): number | undefined {
  const batch = graph.inputs.find(({ name }) => name === image.name)?.shape?.[0];
  return typeof batch === 'number' ? batch : undefined;
}

const PROBE_PERIOD = 997;

/**
 * A picture for probing: not constant, so that no normalisation divides by zero. Another phase has another range: what is scaled by the range
 * of a whole batch then gives itself away.
 */
function imageProbe(image: ImageInput, phase = 0): RunTensor {
  const tensor = zeros(image.type, imageDims(image));
  const { data } = tensor;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    // A prime number of values, again and again: no two lines of a picture are alike, and few sines are to be computed.
    const first = Math.min(PROBE_PERIOD, data.length);
    for (let index = 0; index < first; index++) data[index] = (Math.sin(index * 12.9898 + phase) * 0.5) / (1 + phase);
    for (let filled = first; filled < data.length; filled *= 2) data.copyWithin(filled, 0, filled);
  }
  return tensor;
}

function otherInputs(
  graph: Graph,
  image: ImageInput,
  given: Readonly<Record<string, RunTensor>>,
  notices: string[],
): Record<string, RunTensor> {
  const others = graph.feeds.filter((value) => value.name !== image.name);
  for (const name of Object.keys(given)) {
    if (!others.some((value) => value.name === name))
      throw errors.unknownInput(
        name,
        others.map((value) => value.name),
      );
  }
  const missing: string[] = [];
  const result: Record<string, RunTensor> = {};
  for (const value of others) {
    const tensor = given[value.name] ?? trainingFlag(value, notices);
    if (tensor) result[value.name] = tensor;
    else missing.push(value.name);
  }
  if (missing.length > 0) throw errors.inputNeeded(missing);
  return result;
}

/** A scalar bool input called `training` or `is_training` is false: explaining is inference. */
function trainingFlag(value: Value, notices: string[]): RunTensor | undefined {
  if (value.type !== 'bool' || !/training|learning_phase/i.test(value.name)) return undefined;
  notices.push(`The input '${value.name}' is set to false.`);
  return zeros('bool', []);
}

/** Feeds of another item, and of both together. */
function twoItems(image: ImageInput, one: Readonly<Record<string, RunTensor>>) {
  // Two different pictures: a graph that mixes items would pass with two equal ones.
  const other = { ...one, [image.name]: imageProbe(image, 1) };
  const two = Object.fromEntries(
    Object.entries(one).map(([name, tensor]) => [
      name,
      tensor.dims.length > 0 ? stack([tensor, other[name]!]) : tensor,
    ]),
  );
  return { other, two };
}

/** Probes at one and two items; a graph with a fixed batch of 1 is rewritten first, and used only if it then gives the same outputs. */
async function tryFreeBatch(
  runtime: Runtime,
  graph: Graph,
  image: ImageInput,
  one: Readonly<Record<string, RunTensor>>,
) {
  const { other, two } = twoItems(image, one);
  const fixed = (single: Probe, batchReason: string) => ({
    graph,
    shapes: single.shapes,
    batch: 'fixed' as const,
    batchReason,
    notice: undefined,
  });
  if (image.declaredBatch === 'free') {
    const direct = await probe(runtime, graph, one, two);
    if (direct.batch === 'free' && (await sameTogether(runtime, graph, one, other, two)))
      return { graph, shapes: direct.shapes, batch: 'free' as const, batchReason: '', notice: undefined };
    if (direct.batch === 'free')
      return fixed(
        await probe(runtime, graph, one),
        "run together, pictures change each other's outputs (dynamic quantisation shares one scale among them)",
      );
  }
  const single = await probe(runtime, graph, one);
  const freed = freeBatch(graph, {
    shapes: single.shapes as ReadonlyMap<string, readonly number[]>,
    inputs: Object.keys(one),
  });
  if (!freed.freed) return fixed(single, freed.reason ?? 'the graph does not allow another batch');
  const probed = await probe(runtime, freed.graph, one, two).catch(() => undefined);
  if (probed?.batch !== 'free' || !(await sameTogether(runtime, freed.graph, one, other, two)))
    return fixed(single, 'rewritten for a free batch, the graph gave other outputs, so it was left as it is');
  return {
    graph: freed.graph,
    shapes: probed.shapes,
    batch: 'free' as const,
    batchReason: '',
    notice: `Rewrote the fixed batch of ${declaredBatch(graph, image) ?? 1} to a free one; outputs for one and two pictures agree.`,
  };
}

/** Whether two items together give the outputs of each alone. */
async function sameTogether(
  runtime: Runtime,
  graph: Graph,
  one: Readonly<Record<string, RunTensor>>,
  other: Readonly<Record<string, RunTensor>>,
  two: Readonly<Record<string, RunTensor>>,
): Promise<boolean> {
  const session = await runtime.open(graph);
  try {
    const a = await session.run(one);
    const b = await session.run(other);
    const together = await session.run(two);
    return graph.outputs.every(({ name }) => {
      const alone = [...toFloat32(a[name]!), ...toFloat32(b[name]!)];
      const both = toFloat32(together[name]!);
      if (both.length !== alone.length) return false;
      const scale = alone.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
      return both.every((value, index) => Math.abs(value - alone[index]!) <= 1e-3 * scale);
    });
  } catch {
    return false;
  } finally {
    await session.release();
  }
}
