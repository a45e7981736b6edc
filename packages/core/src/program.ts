import { differentiate, type ProfileName, type Shape } from '@seewhy/autodiff';
import { DATA_TYPES, type DataType, type Graph, GraphBuilder, isFloat, type ValueName } from '@seewhy/onnx';
import type { ClassOutput } from './class-output.ts';
import { errors } from './errors.ts';
import type { ImageInput } from './image-input.ts';
import type { Layer } from './layers.ts';
import { headWeights, linearHead } from './linear-head.ts';
import { LayerView } from './methods/layer-view.ts';
import type { GraphMethod } from './methods/method.ts';
import { classScores, type Seed, type SeedFacts, seedOf } from './seed.ts';
import type { Target } from './target.ts';

/** The facts about a model that a program is built from. */
export interface ProgramModel {
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly types: ReadonlyMap<string, DataType>;
  readonly image: ImageInput;
  readonly output: ClassOutput;
}

export interface ProgramRequest {
  readonly methods: readonly GraphMethod[];
  /** Layers of the layer methods; pixel methods need none. */
  readonly layers: readonly Layer[];
  /** Targets, each with a backward pass of its own; `input`: class indices come in through an int64 `[N]` input. */
  readonly targets: readonly Target[] | { readonly input: string };
  readonly score: 'logit' | 'probability';
  readonly profile: ProfileName;
}

/** One raw map that the program makes. */
export interface ProgramMap {
  readonly method: GraphMethod;
  /** Position in the request's targets (0 for a target input). */
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
 * All methods, layers and targets share the forward pass; all methods of a target share its backward pass.
 * @throws NO_GRADIENT_RULE, GRADIENT_REFUSED, HEAD_NOT_LINEAR, INPUT_NOT_DIFFERENTIABLE, NO_SPATIAL_LAYER
 */
export function buildProgram(model: ProgramModel, request: ProgramRequest): BuiltProgram {
  const { graph, shapes, types, output, builder } = withScore(model, request.score);
  const of = request.score === 'probability' ? output.probability! : output.logits;
  const facts: SeedFacts = {
    b: builder,
    output,
    of,
    shape: shapes.get(of)!,
    type: types.get(of) ?? 'float32',
    logits: output.logits,
  };
  const seeds: Seed[] =
    'input' in request.targets
      ? [seedOf(facts, request.targets.input)]
      : request.targets.map((target) => seedOf(facts, target));
  const image = request.methods.some((method) => method.needs === 'input gradient')
    ? differentiableImage(model)
    : undefined;
  const layers = request.methods.some((method) => method.output === 'layer') ? request.layers : [];
  const wrt = [
    ...(image === undefined ? [] : [image]),
    ...(request.methods.some((method) => method.needs === 'layer gradient') ? layers.map((layer) => layer.value) : []),
  ];
  const maps: ProgramMap[] = [];
  seeds.forEach(({ seed, index, hot }, target) => {
    const gradients =
      wrt.length === 0
        ? new Map<string, string>()
        : differentiate(builder, graph, {
            of,
            seed,
            hot: hot ? index : undefined,
            wrt: [...new Set(wrt)],
            shapes,
            types,
            profile: request.profile,
          });
    for (const method of request.methods) {
      if (method.output === 'pixel') {
        const raw = method.build({
          b: builder,
          gradient: gradients.get(image!)!,
          wrt: image!,
          view: undefined,
          headWeights: undefined,
        });
        maps.push({ method, target, layer: undefined, value: raw });
        continue;
      }
      if (layers.length === 0) throw errors.noLayer(method.name);
      for (const layer of layers) {
        const weights =
          method.needs === 'linear head'
            ? headWeights(builder, linearHead(graph, shapes, layer, output.logits), seed, output.classes)
            : undefined;
        const raw = method.build({
          b: builder,
          gradient: gradients.get(layer.value) ?? '',
          wrt: layer.value,
          view: new LayerView(builder, layer.grid),
          headWeights: weights,
        });
        maps.push({ method, target, layer, value: raw });
      }
    }
  });
  return {
    builder,
    maps,
    indices: seeds.map(({ index }) => index),
    scores: classScores({ ...facts, of: output.logits, shape: shapes.get(output.logits)! }),
  };
}

/** The probability as a value of the graph: appended as a softmax where the model ends in logits. */
function withScore(model: ProgramModel, score: 'logit' | 'probability') {
  const { graph, shapes, types, output } = model;
  if (score === 'logit' || output.probability !== undefined) return { ...model, builder: new GraphBuilder(graph) };
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

/** Casts a value to float32 where it has another element type: what leaves a program is float32. */
export function asFloat32(b: GraphBuilder, value: ValueName, type: DataType | undefined): ValueName {
  return type === undefined || type === 'float32' ? value : b.cast(value, DATA_TYPES.float32.code);
}
