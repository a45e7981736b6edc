import {
  differentiate,
  gatesInBlocks,
  type ProfileName,
  type RuleTable,
  type Shape,
  selectEarly,
} from '@seewhy/autodiff';
import { DATA_TYPES, type DataType, type Graph, GraphBuilder, isFloat, type ValueName } from '@seewhy/onnx';
import type { ClassOutput } from './class-output.ts';
import { errors } from './errors.ts';
import type { ImageInput } from './image-input.ts';
import type { Layer } from './layers.ts';
import { headWeights, linearHead } from './linear-head.ts';
import { LayerView } from './methods/layer-view.ts';
import type { GraphMethod, Method, MethodFacts, MethodInfo } from './methods/method.ts';
import type { MethodOptions } from './methods/options.ts';
import { classScores, type Seed, type SeedFacts } from './seed.ts';
import type { ScoreKind } from './target.ts';
import { targetErrors } from './targets/errors.ts';
import type { TargetNodes } from './targets/function-target.ts';

/** The facts about a model that a program is built from. */
export interface ProgramModel {
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly types: ReadonlyMap<string, DataType>;
  readonly image: ImageInput;
  readonly output: ClassOutput;
}

/** A method with all its options. */
export interface ChosenMethod<M extends Method = Method> {
  readonly method: M;
  readonly options: MethodOptions;
}

export interface ProgramRequest {
  readonly methods: readonly ChosenMethod<GraphMethod>[];
  /** Layers of the methods that need one. */
  readonly layers: readonly Layer[];
  /** One a target, each with a backward pass of its own. */
  readonly seeds: readonly ((facts: SeedFacts) => Seed)[];
  readonly score: ScoreKind;
  readonly profile: ProfileName;
  /** Values that targets read besides the explained output: they stay as they are. */
  readonly reads?: readonly ValueName[];
}

/** One raw map that the program makes. */
export interface ProgramMap {
  readonly method: GraphMethod;
  /** Position in the request's targets. */
  readonly target: number;
  readonly layer: Layer | undefined;
  /** Value name of the raw map. */
  readonly value: ValueName;
}

export interface BuiltProgram {
  /** The builder, for outputs to be added before `build()`. */
  readonly builder: GraphBuilder;
  readonly maps: readonly ProgramMap[];
  /** int64 `[N]` class index of each target. */
  readonly indices: readonly ValueName[];
  /** `[N]` value of each target. */
  readonly values: readonly ValueName[];
  /** Class scores `[N, K]` before the activation. */
  readonly scores: ValueName;
}

/**
 * Appends the explanation to the model's graph:
 *
 * ```
 * image ─▶ model ─▶ logits ─▶ class ─▶ one-hot seed
 *             │                            │  backward nodes, only between layer (or image) and logits
 *             └─▶ activation ──────▶ method ◀┘──▶ raw map
 * ```
 *
 * All methods, layers and targets share the forward pass; all methods of a target share its backward pass, unless they begin with
 * another seed or walk by rules of their own.
 * @throws NO_GRADIENT_RULE, GRADIENT_REFUSED, HEAD_NOT_LINEAR, INPUT_NOT_DIFFERENTIABLE, NO_SPATIAL_LAYER
 */
export function buildProgram(model: ProgramModel, request: ProgramRequest): BuiltProgram {
  const base = programBase(narrowed(model, request), request.score, request.profile);
  const seeds = request.seeds.map((seedOf) => seedOf(base.facts));
  const maps = seeds.flatMap((seed, target) =>
    appendMethods(base, { methods: request.methods, layers: request.layers, seed }).map((map) => ({ ...map, target })),
  );
  return {
    builder: base.builder,
    maps,
    indices: seeds.map(({ index }) => index),
    values: seeds.map(({ score }) => score),
    scores: base.scores,
  };
}

/**
 * The model without what nothing in the program reads (the other tokens of a last block whose head reads one). All values that the
 * program itself names stay whole; a method that looks for values of its own gets the model as it is.
 */
function narrowed(model: ProgramModel, { methods, layers, reads = [] }: ProgramRequest): ProgramModel {
  if (methods.some(({ method }) => method.alsoWrt || method.reseed)) return model;
  const { image, output } = model;
  const explained = [output.logits, output.probability ?? output.logits, ...reads];
  const keep = [image.name, ...explained, ...layers.map(({ value }) => value)];
  return { ...model, ...selectEarly(model, new Set(keep)) };
}

/** The model with nodes that a target is computed by. */
export function withNodes<T extends Pick<ProgramModel, 'graph' | 'shapes' | 'types'>>(
  model: T,
  added: readonly TargetNodes[],
): T {
  if (added.length === 0) return model;
  const { graph, shapes, types } = model;
  return {
    ...model,
    graph: graph.with({
      nodes: [...graph.nodes, ...added.flatMap(({ nodes }) => nodes)],
      initializers: new Map([...graph.initializers, ...added.flatMap(({ initializers }) => [...initializers])]),
    }),
    shapes: new Map([...shapes, ...added.flatMap((one) => [...one.shapes])]),
    types: new Map([...types, ...added.flatMap((one) => [...one.types])]),
  };
}

/** A model's graph with the explained value, ready for nodes to be appended. */
export interface ProgramBase {
  readonly model: ProgramModel;
  readonly builder: GraphBuilder;
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly types: ReadonlyMap<string, DataType>;
  readonly facts: SeedFacts;
  /** Class scores `[N, K]` before the activation. */
  readonly scores: ValueName;
  readonly profile: ProfileName;
}

export function programBase(given: ProgramModel, score: ScoreKind, profile: ProfileName): ProgramBase {
  const model = { ...given, ...gatesInBlocks(given, profile) };
  const { graph, shapes, types, output, builder } = withScore(model, score);
  const of = score === 'probability' ? output.probability! : output.logits;
  const facts: SeedFacts = {
    b: builder,
    output,
    of,
    shape: shapes.get(of)!,
    type: types.get(of) ?? 'float32',
    logits: output.logits,
    score,
    shapes,
    types,
  };
  const scores = classScores({ ...facts, shape: shapes.get(output.logits)! });
  return { model, builder, graph, shapes, types, facts, scores, profile };
}

/** Whether a method explains at a layer. */
export const usesLayer = ({ needs }: Pick<MethodInfo, 'needs'>): boolean =>
  needs === 'layer gradient' || needs === 'layer' || needs === 'linear head' || needs === 'layer and input gradient';

const usesImageGradient = ({ needs }: MethodInfo) => needs === 'input gradient' || needs === 'layer and input gradient';
const usesLayerGradient = ({ needs }: MethodInfo) => needs === 'layer gradient' || needs === 'layer and input gradient';

/** Appends the raw maps of methods for one target; those that need no layer come once, the others once a layer. */
export function appendMethods(
  base: ProgramBase,
  request: { methods: readonly ChosenMethod<GraphMethod>[]; layers: readonly Layer[]; seed: Seed },
): Omit<ProgramMap, 'target'>[] {
  const { builder: b, graph, shapes, types, facts, model } = base;
  const { seed, layers } = request;
  for (const { method } of request.methods)
    if ((!seed.ofClass && method.reseed) || (seed.of !== facts.of && method.needs === 'linear head'))
      throw targetErrors.targetNoClass(method.name);
  const image = request.methods.some(({ method }) => usesImageGradient(method))
    ? differentiableImage(model)
    : model.image.name;
  const common = { b, graph, shapes, types, output: facts.output, of: seed.of, input: model.image, image };
  const walks = request.methods.map(({ method, options }): Walk => {
    const own = method.reseed?.({
      ...common,
      options,
      seed: seed.seed,
      index: seed.index,
      scores: base.scores,
      explained: classScores({ ...facts, logits: facts.of }),
    });
    const layered = usesLayerGradient(method) ? layers.map((layer) => layer.value) : [];
    return {
      seed: own ?? seed.seed,
      plain: [
        ...layered,
        ...(usesImageGradient(method) && !method.imageRules ? [image] : []),
        ...(method.alsoWrt?.({ ...common, options }) ?? []),
      ],
      rectified:
        usesImageGradient(method) && method.imageRules ? { wrt: [image], rules: method.imageRules } : undefined,
    };
  });
  const walk = (from: ValueName, wrt: readonly ValueName[], rules?: RuleTable) =>
    differentiate(b, graph, {
      of: seed.of,
      seed: from,
      hot: seed.hot && from === seed.seed ? seed.index : undefined,
      wrt: [...new Set(wrt)],
      shapes,
      types,
      profile: base.profile,
      ...(rules ? { rules } : {}),
    });
  const plain = new Map<ValueName, Map<ValueName, ValueName>>();
  for (const from of new Set(walks.map((one) => one.seed))) {
    const wrt = walks.filter((one) => one.seed === from).flatMap((one) => one.plain);
    plain.set(from, wrt.length === 0 ? new Map() : walk(from, wrt));
  }
  const rectified = new Map<RuleTable, Map<ValueName, Map<ValueName, ValueName>>>();
  return request.methods.flatMap(({ method, options }, position): Omit<ProgramMap, 'target'>[] => {
    const one = walks[position]!;
    const gradients = plain.get(one.seed)!;
    let imageGradient = gradients.get(image);
    if (one.rectified) {
      const { wrt, rules } = one.rectified;
      const bySeed = rectified.get(rules) ?? new Map<ValueName, Map<ValueName, ValueName>>();
      rectified.set(rules, bySeed);
      if (!bySeed.has(one.seed)) bySeed.set(one.seed, walk(one.seed, wrt, rules));
      imageGradient = bySeed.get(one.seed)!.get(image);
    }
    const context = {
      ...common,
      options,
      imageGradient,
      score: seed.score,
      index: seed.index,
      gradientOf: (value: ValueName) => gradients.get(value)!,
    };
    if (!usesLayer(method)) {
      const value = method.build({
        ...context,
        gradient: imageGradient ?? '',
        wrt: image,
        layer: undefined,
        view: undefined,
        headWeights: undefined,
      });
      return [{ method, layer: undefined, value }];
    }
    if (layers.length === 0) throw errors.noLayer(method.name, graph);
    return layers.map((layer) => {
      const head =
        method.needs === 'linear head'
          ? // One sigmoid output has one column for two classes.
            headWeights(
              b,
              linearHead(graph, shapes, layer, facts.output.logits),
              seed.seed,
              facts.output.binary ? 1 : facts.output.classes,
            )
          : undefined;
      const value = method.build({
        ...context,
        gradient: gradients.get(layer.value) ?? '',
        wrt: layer.value,
        layer,
        view: new LayerView(b, layer.grid),
        headWeights: head,
      });
      return { method, layer, value };
    });
  });
}

/**
 * Weighted sums of the gradients with respect to the picture over a batch, Σₙ m[r, n] · ∂y/∂xₙ, float32 `[R, …]`.
 * @param matrix float32 `[R, N]`
 */
export function appendGradientSums(base: ProgramBase, seed: Seed, matrix: ValueName): ValueName {
  const { builder: b, graph, shapes, types, model, profile } = base;
  const image = differentiableImage(model);
  const type = types.get(image) ?? 'float32';
  const [rows, items] = graph.inputs.find(({ name }) => name === matrix)?.shape ?? [];
  const fewer = typeof rows !== 'number' || typeof items !== 'number' || rows < items;
  // Sums of half precision would lose digits; no fewer sums than items spare no work.
  const early = type === 'float32' && fewer;
  const gradients = differentiate(b, graph, {
    of: seed.of,
    seed: seed.seed,
    hot: seed.hot ? seed.index : undefined,
    wrt: [image],
    shapes,
    types,
    profile,
    combine: early ? matrix : undefined,
  });
  const gradient = gradients.get(image)!;
  if (early) return gradient;
  const sizes = shapes.get(image)!.slice(1) as number[];
  const flat = b.reshape(asFloat32(b, gradient, type), [0, -1]);
  return b.reshape(b.matmul(matrix, flat), [-1, ...sizes]);
}

/** What one method differentiates. */
interface Walk {
  readonly seed: ValueName;
  readonly plain: readonly ValueName[];
  readonly rectified: { readonly wrt: readonly ValueName[]; readonly rules: RuleTable } | undefined;
}

/** The probability as a value of the graph: appended as a softmax where the model ends in logits. */
function withScore(model: ProgramModel, score: ScoreKind) {
  const { graph, shapes, types, output } = model;
  if (score !== 'probability' || output.probability !== undefined)
    return { ...model, builder: new GraphBuilder(graph) };
  const before = new GraphBuilder(graph);
  const probability = before.op('Softmax', [output.logits], { axis: output.axis }, 'probability');
  const extended = before.build();
  return {
    graph: extended,
    shapes: new Map([...shapes, [probability, shapes.get(output.logits)!]]),
    types: new Map([...types, [probability, types.get(output.logits) ?? ('float32' as DataType)]]),
    output: { ...output, probability },
    builder: new GraphBuilder(extended, { prefix: 'seewhy/explain' }),
  };
}

/** The image as floats: the input itself, or what its first Cast makes of integer pixels. @throws INPUT_NOT_DIFFERENTIABLE */
export function differentiableImage(model: Pick<ProgramModel, 'graph' | 'image' | 'types'>): ValueName {
  const { graph, image, types } = model;
  if (isFloat(image.type)) return image.name;
  for (const node of graph.consumers.get(image.name) ?? []) {
    const value = node.outputs[0]!;
    if ((node.op === 'Cast' || node.op === 'DequantizeLinear') && isFloat(types.get(value))) return value;
  }
  throw errors.notDifferentiable(image.name);
}

/** What a method may look at in a model; the image as floats is looked for when it asks for it. */
export function methodFacts(model: ProgramModel, options: MethodOptions): MethodFacts {
  const { graph, shapes, types, output, image } = model;
  return {
    graph,
    shapes,
    types,
    output,
    of: output.logits,
    input: image,
    options,
    get image() {
      return differentiableImage(model);
    },
  };
}

/** Casts a value to float32 where it has another element type: what leaves a program is float32. */
export function asFloat32(b: GraphBuilder, value: ValueName, type: DataType | undefined): ValueName {
  return type === undefined || type === 'float32' ? value : b.cast(value, DATA_TYPES.float32.code);
}
