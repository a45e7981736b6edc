import { findPreset, type PostprocessName } from './heatmap/presets.ts';
import type { Fusion, Reducer } from './heatmap/stages.ts';
import type { Layer } from './layers.ts';
import { autoMethod } from './methods/auto.ts';
import { chooseMethods } from './methods/choose.ts';
import type { MethodOptions } from './methods/options.ts';
import { findMethod } from './methods/registry.ts';
import type { Model } from './model.ts';
import type { ChosenMethod } from './program.ts';
import type { SamplingOptions } from './sampling/sampler.ts';
import { type ScoreKind, type Target, TOP } from './target.ts';
import { checkTarget } from './targets/check-target.ts';
import { type WrapOptions, wrapMethods } from './wrappers/wrap.ts';

/** A target, or its text, which may stand for several (`top:3`). */
export type AskedTarget = Target | string;

/** What to explain and how: methods, targets, layers, the score, and the options of the methods. */
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
