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
import { type FinishedMap, findPreset, finishMap } from './heatmap/presets.ts';
import { reduceChannels } from './heatmap/stages.ts';
import type { GraphMethod, Method, MethodInfo, SamplingMethod } from './methods/method.ts';
import type { MethodOptions } from './methods/options.ts';
import type { Model } from './model.ts';
import { predictionsOf } from './predictions-of.ts';
import { type ChosenMethod, methodFacts } from './program.ts';
import { type ExplainOptions, type ResolvedOptions, resolveOptions } from './resolve-options.ts';
import type { RunTensor } from './runtime/runtime.ts';
import type { RunControl, Sampled, SamplingOptions } from './sampling/sampler.ts';
import { openSamplers, type SampledMap, type Samplers } from './sampling/samplers.ts';
import { isRegression, type Target } from './target.ts';
import { checkTarget } from './targets/check-target.ts';
import { explainedTarget } from './targets/explained-target.ts';

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
