import { Explainer, type ItemMap, type ItemResult, type ItemTarget } from './explainer.ts';
import {
  type ExplainedLayer,
  type Explanation,
  type Prediction,
  type RawMap,
  type SamplingRecord,
  VERSION,
} from './explanation.ts';
import { type Diagnosis, diagnose } from './heatmap/diagnose.ts';
import { type Finishing, reducerOf, stagesOf } from './heatmap/finishing.ts';
import type { HeatMap } from './heatmap/heatmap.ts';
import { type FinishedMap, findPreset, finishMap, type PostprocessName } from './heatmap/presets.ts';
import { type Fusion, type Reducer, reduceChannels } from './heatmap/stages.ts';
import type { Layer } from './layers.ts';
import { autoMethod } from './methods/auto.ts';
import { chooseMethods } from './methods/choose.ts';
import type { GraphMethod, Method, MethodInfo, SamplingMethod } from './methods/method.ts';
import type { MethodOptions } from './methods/options.ts';
import { findMethod } from './methods/registry.ts';
import type { Model } from './model.ts';
import { type ChosenMethod, methodFacts } from './program.ts';
import type { RunTensor } from './runtime/runtime.ts';
import type { RunControl, Sampled, SamplingOptions } from './sampling/sampler.ts';
import { openSamplers, type SampledMap, type Samplers } from './sampling/samplers.ts';
import { isRegression, labelOf, type ScoreKind, type Target, TOP } from './target.ts';
import { checkTarget } from './targets/check-target.ts';
import { explainedTarget } from './targets/explained-target.ts';
import { type WrapOptions, wrapMethods } from './wrappers/wrap.ts';

/** A target, or its text, which may stand for several (`top:3`). */
export type AskedTarget = Target | string;

export interface ExplainOptions extends Partial<MethodOptions>, WrapOptions {
  /** Method names; default `gradcam`; `auto` chooses. */
  readonly methods?: readonly string[];
  /** Targets, or their text (`top:3`, `282`, `tabby-Egyptian cat`); a list of lists: each picture's own. Default `top`. */
  readonly targets?: readonly AskedTarget[] | readonly (readonly AskedTarget[])[] | string;
  /** Layer names for layer methods; default: the model's default layer. */
  readonly layers?: readonly string[];
  /** What is differentiated: the value before the final softmax or sigmoid (default) or after it. */
  readonly score?: ScoreKind;
  /** Finishing stages of layer methods: `seewhy` (default) or those of a peer. */
  readonly preset?: string;
  /** How several layers become one map; default `max` (each layer's map divided by its maximum first). */
  readonly fusion?: Fusion;
  /** How the colour channels of a pixel map become one; default: the method's own. */
  readonly reduce?: Reducer;
  /** Predictions listed; default 5. */
  readonly top?: number;
  /** Seed of every random number of sampling methods; default 0. */
  readonly seed?: number;
  /** Samples of one run of a sampling method; default: measured. */
  readonly sampleBatch?: number;
  /** Stop sampling when the estimate's relative uncertainty is at most this; the method's own number of samples is then the most. */
  readonly until?: number;
}

/** Everything that an explanation was asked with, resolved: names to methods, layers and targets. */
export interface ResolvedOptions {
  readonly methods: readonly ChosenMethod[];
  /** What every picture is explained for; empty where each has its own. */
  readonly targets: readonly Target[];
  /** Targets of each picture of a run. */
  readonly ownTargets: readonly (readonly Target[])[] | undefined;
  readonly layers: readonly Layer[];
  readonly layersChosen: boolean;
  readonly score: ScoreKind;
  readonly preset: PostprocessName;
  readonly fusion: Fusion;
  readonly reduce: Reducer | undefined;
  readonly top: number;
  readonly sampling: SamplingOptions;
  /** Why `auto` chose the method it chose; undefined when it was not asked to. */
  readonly autoReason: string | undefined;
}

/** Resolves and checks options against a model without running anything. @throws METHOD_UNKNOWN, LAYER_UNKNOWN, TARGET_…, POST_PROCESSING_PRESET_UNKNOWN */
export function resolveOptions(model: Model, options: ExplainOptions = {}): ResolvedOptions {
  let autoReason: string | undefined;
  const named = (options.methods ?? ['gradcam']).map((name) => {
    if (name.trim().toLowerCase() !== 'auto') return findMethod(name);
    const { method, reason } = autoMethod(model);
    autoReason = reason;
    return method;
  });
  const score = options.score ?? 'logit';
  const wanted = typeof options.targets === 'string' ? [options.targets] : (options.targets ?? [TOP]);
  const read = (asked: readonly AskedTarget[]) =>
    asked.flatMap((one) => (typeof one === 'string' ? model.parseTargets(one) : [one]));
  const own = wanted.length > 0 && wanted.every(isList) ? wanted.map(read) : undefined;
  const targets = own ? [] : read(wanted as readonly AskedTarget[]);
  for (const target of own?.flat() ?? targets) checkTarget(target, model, score);
  const asked = options.layers?.map((name) => model.layer(name));
  const layers = asked ?? (model.defaultLayer ? [model.defaultLayer] : []);
  const preset = options.preset ?? 'seewhy';
  findPreset(preset);
  const peer = preset === 'torchcam' ? 'torch-cam' : preset;
  return {
    methods: chooseMethods(wrapMethods([...new Set(named)], options, peer), options, peer),
    targets,
    ownTargets: own,
    layers: [...new Set(layers)],
    layersChosen: asked === undefined,
    score,
    preset: peer as PostprocessName,
    fusion: options.fusion ?? 'max',
    reduce: options.reduce,
    top: options.top ?? 5,
    sampling: { seed: options.seed ?? 0, batch: options.sampleBatch ?? 'auto', until: options.until },
    autoReason,
  };
}

const isList = (one: AskedTarget | readonly AskedTarget[]): one is readonly AskedTarget[] => Array.isArray(one);

/** How one run of a program goes on. */
export interface ProgramRun extends RunControl {
  /** Targets of each picture, in place of those the program was opened with. */
  readonly targets?: readonly (readonly Target[])[] | undefined;
}

/** An opened explanation program with the finishing of its maps: made once, run for many pictures, then released. */
export class ExplainProgram {
  readonly model: Model;
  readonly options: ResolvedOptions;
  private readonly explainer: Explainer;
  private readonly samplers: Samplers;
  private readonly said = new Map<Method, readonly string[]>();

  private constructor(model: Model, options: ResolvedOptions, explainer: Explainer, samplers: Samplers) {
    this.model = model;
    this.options = options;
    this.explainer = explainer;
    this.samplers = samplers;
  }

  /** Builds the program of these options and opens it on the model's runtime. */
  static async open(model: Model, options: ExplainOptions = {}): Promise<ExplainProgram> {
    const resolved = resolveOptions(model, options);
    const graph = resolved.methods.filter((one): one is ChosenMethod<GraphMethod> => one.method.kind === 'graph');
    const sampling = resolved.methods.filter(
      (one): one is ChosenMethod<SamplingMethod> => one.method.kind === 'sampling',
    );
    const explainer = await Explainer.open(model, { ...resolved, methods: graph });
    return new ExplainProgram(model, resolved, explainer, openSamplers(model, resolved, sampling));
  }

  /**
   * Explains image tensors, each with its batch first: graph methods in one run, then sampling methods picture by picture.
   * @param control a signal, or with it what is told about the samples. Interrupted while it samples, it returns what there is: the
   * explanation at hand says so and those not begun are missing. `targets`: of each picture.
   * @returns a list of explanations for each item: targets in order, methods within them
   */
  async run(images: readonly RunTensor[], control?: AbortSignal | ProgramRun): Promise<Explanation[][]> {
    const steering: ProgramRun = control && 'aborted' in control ? { signal: control } : (control ?? {});
    const own = steering.targets ?? this.options.ownTargets;
    for (const target of steering.targets?.flat() ?? []) checkTarget(target, this.model, this.options.score);
    const items = await this.explainer.run(images, steering.signal, own);
    const results: Explanation[][] = [];
    for (const [position, one] of items.entries()) {
      const sampled = await this.samplers.run({ images, position, result: one, control: steering });
      results.push(this.finish(one, sampled, own?.[position] ?? this.options.targets));
    }
    return results;
  }

  async release(): Promise<void> {
    await this.explainer.release();
    await this.samplers.release();
  }

  private finish(one: ItemResult, sampled: readonly SampledMap[], targets: readonly Target[]): Explanation[] {
    const predictions = predictionsOf(this.model, one.scores);
    const best = predictions.slice(0, this.options.top);
    return targets.flatMap((target, position) =>
      this.options.methods.flatMap((chosen) => {
        const { method } = chosen;
        const of = { target, alone: targets.length === 1, ...one.targets[position]! };
        if (method.kind === 'graph') {
          const maps = one.maps.filter((map) => map.target === position && map.method === method);
          return [this.explanation(chosen, of, maps, best, one.milliseconds)];
        }
        const maps = sampled.filter((map) => map.target === position && map.method === method);
        if (maps.length === 0) return [];
        const milliseconds = maps.reduce((sum, map) => sum + map.milliseconds, 0);
        return [
          this.explanation(
            chosen,
            of,
            maps,
            best,
            milliseconds,
            maps.map((map) => map.sampled),
          ),
        ];
      }),
    );
  }

  private explanation(
    chosen: ChosenMethod,
    { target, alone, ...meant }: { target: Target; alone: boolean } & ItemTarget,
    maps: readonly MadeMap[],
    predictions: readonly Prediction[],
    milliseconds: number,
    sampled: readonly Sampled[] = [],
  ): Explanation {
    const { method } = chosen;
    const { model, options } = this;
    const { image } = model;
    const notes: string[] = [];
    const explained = explainedTarget(model, target, meant, options.score);
    const planes = maps.map((map) => plane(map, method, image, options));
    const rectified = method.stages.rectify === 'relu';
    const finished = this.finished(method, planes, notes);
    const layers = maps.flatMap((map): ExplainedLayer[] =>
      map.layer
        ? [{ name: map.layer.name, value: map.layer.value, shape: map.layer.shape, chosen: options.layersChosen }]
        : [],
    );
    if (options.autoReason !== undefined) notes.push(`${options.autoReason}.`);
    notes.push(...(method.remarks ?? []));
    if (target.kind === 'top' && alone && !isRegression(model.output))
      notes.push(`Explained the class with the highest score, ${explained.index} ${explained.label}.`);
    if (target.kind === 'runner-up' && alone) notes.push(`Explained ${explained.text}.`);
    if (layers.length > 0 && options.layersChosen) notes.push(`Layer ${layers[0]!.name}: ${model.defaultLayerReason}.`);
    notes.push(...this.methodNotes(chosen), ...sampled.flatMap((one) => one.notes ?? []));
    if (layers.length > 1)
      notes.push(`${layers.length} layers fused: each divided by its maximum, then ${options.fusion}.`);
    return {
      method: method.name,
      target: explained,
      layers,
      predictions,
      raw: maps.map((map): RawMap => ({ dims: map.dims, data: map.data })),
      map: finished.map,
      range: finished.range,
      signed: finished.signed,
      diagnosis: worst(planes.map((one) => diagnose(one, rectified))),
      notes: [...new Set(notes)],
      ...(sampled.length > 0 ? { sampling: samplingOf(sampled, options.sampling) } : {}),
      provenance: {
        seewhy: VERSION,
        runtime: model.runtime.name,
        preset: options.preset,
        options: {
          score: options.score,
          ...written(chosen.options),
          ...method.wrappers,
          ...(layers.length > 1 ? { fusion: options.fusion } : {}),
          ...(method.output === 'pixel' ? { reduce: reducerOf(method, options) } : {}),
        },
        runMilliseconds: milliseconds,
      },
    };
  }

  /** What a method has to say about this model, found once. */
  private methodNotes({ method, options }: ChosenMethod): readonly string[] {
    if (method.kind !== 'graph' || !method.notes) return [];
    let notes = this.said.get(method);
    if (!notes) {
      notes = method.notes(methodFacts(this.model, options));
      this.said.set(method, notes);
    }
    return notes;
  }

  private finished(method: MethodInfo, planes: readonly HeatMap[], notes: string[]): FinishedMap {
    const { preset } = this.options;
    const size = { width: this.model.image.width, height: this.model.image.height };
    if (method.output === 'pixel' && preset !== 'seewhy' && !findPreset(preset).pixel)
      notes.push(`The preset ${preset} finishes maps of layers; ${method.name} is finished in seewhy's own way.`);
    return finishMap(planes, stagesOf(method, this.options, planes.length), size);
  }
}

/** Explains image tensors with a program made for this call alone. */
export async function explain(
  model: Model,
  images: readonly RunTensor[],
  options: ExplainOptions = {},
  signal?: AbortSignal,
): Promise<Explanation[][]> {
  const program = await ExplainProgram.open(model, options);
  try {
    return await program.run(images, signal);
  } finally {
    await program.release();
  }
}

/** A raw map, whoever made it. */
type MadeMap = Pick<ItemMap, 'layer' | 'dims' | 'data'>;

/** What was sampled, over all layers. */
function samplingOf(sampled: readonly Sampled[], { seed }: SamplingOptions): SamplingRecord {
  const convergence = sampled.flatMap((one) => (one.convergence ? [one.convergence] : []));
  return {
    seed,
    samples: sampled.reduce((sum, one) => sum + one.samples, 0),
    total: sampled.reduce((sum, one) => sum + one.total, 0),
    batch: Math.max(...sampled.map((one) => one.batch)),
    ...(convergence.length > 0
      ? { convergence: convergence.reduce((worst, one) => (one.value > worst.value ? one : worst)) }
      : {}),
    interrupted: sampled.some((one) => one.interrupted === true),
  };
}

/** Options as a record keeps them: what is not a word or a number is told by its kind. */
function written(options: MethodOptions): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      typeof value === 'string' || typeof value === 'number'
        ? value
        : Array.isArray(value)
          ? typeof value[0] === 'number'
            ? value.join(', ')
            : `${value.length} pictures`
          : 'given',
    ]),
  );
}

function plane(map: MadeMap, method: MethodInfo, image: Model['image'], finishing: Finishing): HeatMap {
  if (method.output !== 'pixel') return { height: map.dims[0]!, width: map.dims[1]!, data: map.data };
  const { channels, height, width, layout } = image;
  return reduceChannels(map.data, { channels, height, width, layout }, reducerOf(method, finishing));
}

/** The diagnosis of several layers is that of the one with most to say. */
function worst(diagnoses: readonly Diagnosis[]): Diagnosis {
  return diagnoses.reduce((a, b) => (b.warnings.length > a.warnings.length ? b : a));
}

/** All classes, best first, with probabilities: the model's own activation, or a softmax where it ends in logits; a regression has none. */
export function predictionsOf(model: Pick<Model, 'output' | 'labels'>, scores: Float32Array): Prediction[] {
  const { output, labels } = model;
  if (output.binary) {
    const logit = scores[0]!;
    const p = sigmoid(logit);
    const sides = [
      { index: 0, label: labelOf(0, labels), logit: -logit, probability: 1 - p },
      { index: 1, label: labelOf(1, labels), logit, probability: p },
    ];
    return logit > 0 ? sides.reverse() : sides;
  }
  const probabilities =
    isRegression(output) || output.boxes !== undefined
      ? new Float64Array(scores.length).fill(Number.NaN)
      : output.activation === 'sigmoid'
        ? Float64Array.from(scores, sigmoid)
        : softmax(scores);
  const list: Prediction[] = [];
  for (const index of bestFirst(scores))
    list.push({
      index,
      label: labelOf(index, labels, output),
      logit: scores[index]!,
      probability: probabilities[index]!,
    });
  return list;
}

/**
 * Indices by falling score, equal scores in their own order, NaN at an end. The bits of a float, with those of the negative ones turned
 * round, order as it does: with the index behind them they are whole numbers, which sort ten times faster than by a comparison.
 */
function bestFirst(scores: Float32Array): Float64Array {
  const count = scores.length;
  // -0 becomes 0.
  const bits = new Int32Array(scores.map((score) => score + 0).buffer);
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const rising = bits[i]! < 0 ? bits[i]! ^ 0x7fffffff : bits[i]!;
    keys[i] = (0x7fffffff - rising) * count + i;
  }
  keys.sort();
  for (let i = 0; i < count; i++) keys[i]! %= count;
  return keys;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function softmax(scores: Float32Array): Float64Array {
  let most = Number.NEGATIVE_INFINITY;
  for (const score of scores) most = Math.max(most, score);
  const powers = new Float64Array(scores.length);
  let sum = 0;
  for (let i = 0; i < powers.length; i++) {
    powers[i] = Math.exp(scores[i]! - most);
    sum += powers[i]!;
  }
  for (let i = 0; i < powers.length; i++) powers[i]! /= sum;
  return powers;
}
