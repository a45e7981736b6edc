import { throwIfAborted } from '../aborted.ts';
import type { ItemResult } from '../explainer.ts';
import type { Layer } from '../layers.ts';
import type { SamplingMethod } from '../methods/method.ts';
import type { Model } from '../model.ts';
import { type ChosenMethod, usesLayer } from '../program.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { ScoreKind } from '../target.ts';
import { nth } from '../tensors.ts';
import { pictureNumber } from './picture-number.ts';
import { type RunControl, type Sampled, type Sampler, SamplerContext, type SamplingOptions } from './sampler.ts';

/** A sampled raw map and what it is of. */
export interface SampledMap {
  readonly method: SamplingMethod;
  readonly layer: Layer | undefined;
  /** Position in the request's targets. */
  readonly target: number;
  readonly dims: readonly number[];
  readonly data: Float32Array;
  readonly milliseconds: number;
  readonly sampled: Sampled;
}

/** The sampling methods of one call, on one model. */
export interface Samplers {
  /** All targets and methods for one picture, whose prediction is known. */
  run(of: {
    readonly images: readonly RunTensor[];
    readonly position: number;
    readonly result: ItemResult;
    readonly control: RunControl;
  }): Promise<SampledMap[]>;
  release(): Promise<void>;
}

interface Opened {
  readonly method: SamplingMethod;
  readonly layer: Layer | undefined;
  readonly context: SamplerContext;
  readonly sampler: Sampler;
}

/** Opens a sampler for each method and, where it needs one, each layer. Programs are built when first run. */
export function openSamplers(
  model: Model,
  request: {
    readonly layers: readonly Layer[];
    readonly score: ScoreKind;
    readonly sampling: SamplingOptions;
  },
  methods: readonly ChosenMethod<SamplingMethod>[],
): Samplers {
  const { score, sampling } = request;
  const opened = methods.flatMap(({ method, options }) =>
    (usesLayer(method) ? request.layers : [undefined]).map((layer): Opened => {
      const context = new SamplerContext({ model, method, score, layer, options, sampling });
      return { method, layer, context, sampler: method.open(context) };
    }),
  );
  return {
    async run({ images, position, result, control }) {
      if (opened.length === 0) return [];
      const maps: SampledMap[] = [];
      const image = nth(images, position);
      const number = pictureNumber(image);
      for (const [at, { resolved, value }] of result.targets.entries()) {
        for (const { method, layer, sampler } of opened) {
          if (control.signal?.aborted) {
            // What is finished or begun of this picture is given; without any of it there is nothing to give.
            if (maps.length === 0) throwIfAborted(control.signal);
            return maps;
          }
          const start = performance.now();
          const sampled = await sampler.attribute(
            { image, target: resolved, value, scores: result.scores, item: number },
            control,
          );
          const { dims, data } = sampled;
          maps.push({ method, layer, target: at, dims, data, milliseconds: performance.now() - start, sampled });
        }
      }
      return maps;
    },
    async release() {
      for (const { sampler, context } of opened) {
        await sampler.release();
        await context.release();
      }
    },
  };
}
