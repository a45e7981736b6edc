import { DATA_TYPES, type DataType, type Graph, GraphBuilder, Node, type Value, type ValueName } from '@seewhy/onnx';
import type { Layer } from '../layers.ts';
import type { GraphMethod } from '../methods/method.ts';
import type { Model } from '../model.ts';
import {
  appendGradientSums,
  appendMethods,
  asFloat32,
  type ChosenMethod,
  type ProgramBase,
  programBase,
  withNodes,
} from '../program.ts';
import { openFitted } from '../runtime/fitted-session.ts';
import type { RunTensor, Session } from '../runtime/runtime.ts';
import type { Seed } from '../seed.ts';
import type { ScoreKind, Target } from '../target.ts';
import { formOf, type TargetForm } from '../target-form.ts';
import type { TargetNodes } from '../targets/function-target.ts';
import { stack } from '../tensors.ts';
import { tidied } from '../tidied.ts';
import { withSizesOf } from '../with-sizes-of.ts';

/** A graph that is run for many samples: how its picture is made from its inputs, and what is wanted of it. */
export interface EvaluatorRequest {
  /** What is fed for every run, besides the target; `B` stands for the samples of a run. */
  readonly inputs: readonly Value[];
  /** Makes the picture tensor `[B, …]` (or, with `from`, the activation of that layer) as float32 from the inputs, which go by their names. */
  readonly source: (b: GraphBuilder) => ValueName;
  /** Start behind this layer: what lies before it is not run, unless something beside the layer needs the picture. */
  readonly from?: Layer;
  /** The score kind that the method is defined with, where it is not the one asked for. */
  readonly score?: ScoreKind;
  /** Names what is wanted, float32. */
  readonly results: (context: ResultContext) => Readonly<Record<string, ValueName>>;
}

/** What results can be made of. */
export interface ResultContext {
  readonly b: GraphBuilder;
  /** The explained score of each sample, `[B]`. */
  readonly score: ValueName;
  /** All class scores `[B, K]` before the activation. */
  readonly scores: ValueName;
  /** int64 `[B]`: the explained class; −1 where the target is none. */
  readonly index: ValueName;
  /** Whether the target is one of classes. */
  readonly ofClass: boolean;
  /** What `source` made. */
  readonly source: ValueName;
  /** Raw maps of a graph method on the samples, float32, one a layer (or one). */
  readonly attribute: (chosen: ChosenMethod<GraphMethod>, layers: readonly Layer[]) => ValueName[];
  /** Weighted sums of the samples' gradients with respect to the picture, `[R, …]`, float32; the matrix of the weights is `[R, B]`. */
  readonly gradientSums: (matrix: ValueName) => ValueName;
  /** A value of the model's graph, such as a layer's activation, as float32. */
  readonly value: (name: ValueName) => ValueName;
}

/**
 * A program for sampling methods, opened on the model's runtime when first run and kept: one session for all steps, one for each form
 * of target.
 */
export class Evaluator {
  private readonly model: Model;
  private readonly score: ScoreKind;
  private readonly request: EvaluatorRequest;
  /** Samples of every run, where that is known. */
  private readonly batch: number | undefined;
  private readonly opened = new Map<string, Promise<Session>>();

  constructor(model: Model, score: ScoreKind, request: EvaluatorRequest, batch: number | 'auto' = 'auto') {
    this.model = model;
    this.batch = model.batch === 'fixed' ? 1 : batch === 'auto' ? undefined : batch;
    this.score = request.score ?? score;
    this.request = request;
  }

  /** Samples that one run can take. */
  get mostSamples(): number {
    return this.model.batch === 'free' ? Number.POSITIVE_INFINITY : 1;
  }

  /**
   * Runs `count` samples, all for one resolved target.
   * @param feeds values of the request's inputs
   */
  async run(
    feeds: Readonly<Record<string, RunTensor>>,
    target: Target,
    count: number,
  ): Promise<Record<string, RunTensor>> {
    const form = formOf(target);
    let program = this.opened.get(form.key);
    if (!program) {
      program = this.open(form);
      this.opened.set(form.key, program);
    }
    const session = await program;
    const repeated = Object.entries(this.model.extras).map(([name, tensor]) => [
      name,
      tensor.dims.length === 0 ? tensor : stack(Array.from({ length: count }, () => tensor)),
    ]);
    const results = await session.run({
      ...Object.fromEntries(repeated),
      ...feeds,
      ...form.feeds(Array<Target>(count).fill(target), this.model),
    });
    return Object.fromEntries(Object.entries(results).map(([name, value]) => [name.slice(RESULT.length), value]));
  }

  private async open(form: TargetForm): Promise<Session> {
    const { model } = this;
    const nodes = await form.nodes?.(model);
    let differentiated = false;
    const build = (feeds?: Feeds): Graph => {
      const made = this.build(form, nodes, feeds);
      differentiated = made.differentiated;
      return made.graph;
    };
    return openFitted(model.runtime, {
      build,
      only: this.batch === 1,
      get faster() {
        return differentiated;
      },
    });
  }

  /** The program for any batch, or for the sizes of these feeds. Results are outputs of their own names in either. */
  private build(form: TargetForm, nodes: TargetNodes | undefined, feeds: Feeds | undefined) {
    const { model, request } = this;
    const { graph, source } = sourced(model, request, form);
    const { shapes, types, image, output } = model;
    const base = programBase(
      withNodes(
        { graph: feeds ? withSizesOf(onlyFed(graph, feeds), feeds) : graph, shapes, types, image, output },
        nodes ? [nodes] : [],
      ),
      this.score,
      model.runtime.profile,
    );
    const context = resultContext(base, form.seed(base.facts, nodes), source);
    const b = base.builder;
    for (const [name, value] of Object.entries(request.results(context))) {
      b.append(Node.make('Identity', [value], [RESULT + name], {}, { name: RESULT + name }));
      b.output(RESULT + name);
    }
    return { graph: removeUnused(tidied(b.build())), differentiated: context.differentiated };
  }

  async release(): Promise<void> {
    const opened = [...this.opened.values()];
    this.opened.clear();
    for (const program of opened) await (await program.catch(() => undefined))?.release();
  }
}

type Feeds = Readonly<Record<string, RunTensor>>;

/** Begins the names of a program's outputs. */
const RESULT = 'seewhy.result.';

/** The graph without the inputs that are not fed, which nothing reads then: their free sizes would count. */
const onlyFed = (graph: Graph, feeds: Feeds): Graph =>
  graph.with({ inputs: graph.inputs.filter(({ name }) => feeds[name] !== undefined) });

/** @returns with `differentiated`: whether a graph method has been asked for */
function resultContext(base: ProgramBase, seed: Seed, source: ValueName): ResultContext & { differentiated: boolean } {
  const { builder: b, types, facts } = base;
  const context = {
    b,
    differentiated: false,
    score: asFloat32(b, seed.score, types.get(seed.of)),
    scores: asFloat32(b, base.scores, types.get(facts.logits)),
    index: seed.index,
    ofClass: seed.ofClass,
    source,
    attribute: (chosen: ChosenMethod<GraphMethod>, layers: readonly Layer[]) => {
      context.differentiated = true;
      return appendMethods(base, { methods: [chosen], layers, seed }).map(({ value, layer }) =>
        asFloat32(b, value, layer ? types.get(layer.value) : gradientType(base.model.image.type)),
      );
    },
    gradientSums: (matrix: ValueName) => {
      context.differentiated = true;
      return appendGradientSums(base, seed, matrix);
    },
    value: (name: ValueName) => asFloat32(b, name, types.get(name)),
  };
  return context;
}

const gradientType = (type: DataType): DataType => (type === 'float16' || type === 'float64' ? type : 'float32');

/** The model's graph with the picture (or a layer's activation) made from other inputs. */
function sourced(model: Model, { inputs, source, from }: EvaluatorRequest, form: TargetForm) {
  const { graph, image } = model;
  const at = from?.value ?? image.name;
  const before = new GraphBuilder(
    graph.with({ inputs: [], outputs: [], nodes: [], initializers: new Map(), values: new Map() }),
    { prefix: 'seewhy/source' },
  );
  const made = source(before);
  const value = toType(before, made, from ? (model.types.get(at) ?? 'float32') : image.type);
  const pre = before.build();
  // The value keeps its name, whoever makes it.
  const nodes = graph.nodes.map((node) =>
    node.outputs.includes(at)
      ? node.with({ outputs: node.outputs.map((name) => (name === at ? `${at}/replaced` : name)) })
      : node,
  );
  return {
    source: made,
    graph: graph.with({
      inputs: [...graph.inputs.filter((input) => input.name !== at), ...inputs, ...form.inputs],
      outputs: [],
      nodes: [...pre.nodes, Node.make('Identity', [value], [at], {}, { name: `${at}/source` }), ...nodes],
      initializers: new Map([...graph.initializers, ...pre.initializers]),
    }),
  };
}

/** Float32 in the element type the model takes; integers are rounded and kept within the type's range. */
function toType(b: GraphBuilder, value: ValueName, type: DataType): ValueName {
  if (type === 'float32') return value;
  if (type === 'float16' || type === 'float64') return b.cast(value, DATA_TYPES[type].code);
  const bounds: Partial<Record<DataType, readonly [number, number]>> = { uint8: [0, 255], int8: [-128, 127] };
  const rounded = b.op('Round', [value]);
  const within = bounds[type];
  return b.cast(within ? b.clip(rounded, b.scalar(within[0]), b.scalar(within[1])) : rounded, DATA_TYPES[type].code);
}

/** Inputs that nothing reads are not fed. */
function removeUnused(graph: Graph): Graph {
  const used = new Set(graph.nodes.flatMap((node) => [...node.uses]));
  for (const output of graph.outputs) used.add(output.name);
  return graph.with({ inputs: graph.inputs.filter((input) => used.has(input.name)) });
}
