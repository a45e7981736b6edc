import type { Layer } from '../layers.ts';
import type { MethodInfo } from '../methods/method.ts';
import type { MethodOptions } from '../methods/options.ts';
import type { Model } from '../model.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { ScoreKind, Target } from '../target.ts';
import { BatchSize } from './batch-size.ts';
import { Evaluator, type EvaluatorRequest } from './evaluator.ts';
import { mostSamplesInMemory } from './memory.ts';

/** How samples are taken, whatever the method. */
export interface SamplingOptions {
  /** Equal seeds give equal maps. */
  readonly seed: number;
  /** Samples of one run; `auto`: measured. */
  readonly batch: number | 'auto';
  /** Stop when the difference of the halves (relative L2) is at most this; the method's number of samples is then the most. */
  readonly until: number | undefined;
}

/** What a sampling method is opened with. */
export class SamplerContext {
  readonly model: Model;
  readonly method: MethodInfo;
  readonly score: ScoreKind;
  /** Of methods that need one. */
  readonly layer: Layer | undefined;
  /** All options of the method, defaults filled in. */
  readonly options: MethodOptions;
  readonly sampling: SamplingOptions;
  private readonly evaluators: Evaluator[] = [];

  constructor(fields: Pick<SamplerContext, 'model' | 'method' | 'score' | 'layer' | 'options' | 'sampling'>) {
    this.model = fields.model;
    this.method = fields.method;
    this.score = fields.score;
    this.layer = fields.layer;
    this.options = fields.options;
    this.sampling = fields.sampling;
  }

  /** A program for many runs; released with the context. */
  evaluator(request: EvaluatorRequest): Evaluator {
    const evaluator = new Evaluator(this.model, this.score, request, this.sampling.batch);
    this.evaluators.push(evaluator);
    return evaluator;
  }

  /** The batch size of one program, learned over its runs. */
  batchSize(evaluator: Evaluator): BatchSize {
    return new BatchSize(this.sampling.batch, Math.min(evaluator.mostSamples, mostSamplesInMemory(this.model)));
  }

  async release(): Promise<void> {
    for (const evaluator of this.evaluators.splice(0)) await evaluator.release();
  }
}

/** One picture and one resolved target. */
export interface SampledItem {
  /** `[1, …]`, as the model takes it. */
  readonly image: RunTensor;
  readonly target: Target;
  /** The target's score on the picture itself. */
  readonly value: number;
  /** Class scores of the picture before the activation. */
  readonly scores: Float32Array;
  /** A number of the picture's own values: part of the random path, so that pictures do not share their noise and places do not matter. */
  readonly item: number;
}

/** How a long run is watched and stopped. */
export interface RunControl {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

/** A sampled raw map. */
export interface Sampled {
  /** As the method's `output` says: `[h, w]`, the input's own without the batch, or `[H, W]`. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
  /** Runs of the model, counted in samples. */
  readonly samples: number;
  /** Samples that a complete run takes. */
  readonly total: number;
  /** Samples of one run. */
  readonly batch: number;
  /** Relative uncertainty, and what it is: the difference of the halves, or the gap of completeness. */
  readonly convergence?: { readonly value: number; readonly of: 'halves' | 'completeness' } | undefined;
  /** Interrupted: an estimate from the samples that were taken. */
  readonly interrupted?: boolean;
  readonly notes?: readonly string[];
}

/** A sampling method on a model, with its programs: made once, used for every picture, then released. */
export interface Sampler {
  /** @throws ABORTED when interrupted before anything can be said */
  attribute(item: SampledItem, control: RunControl): Promise<Sampled>;
  release(): Promise<void>;
}
