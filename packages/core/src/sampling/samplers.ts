import { throwIfAborted } from '../aborted.ts';
import type { ItemResult } from '../explainer.ts';
import type { Layer } from '../layers.ts';
import type { SamplingMethod } from '../methods/method.ts';
import type { Model } from '../model.ts';
import { type ChosenMethod, usesLayer } from '../program.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { ScoreKind, Target } from '../target.ts';
import { resolveTarget } from '../target-form.ts';
import { item } from '../tensors.ts';
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
    readonly targets: readonly Target[];
    readonly score: ScoreKind;
    readonly sampling: SamplingOptions;
  },
  methods: readonly ChosenMethod<SamplingMethod>[],
): Samplers {
  const { score, sampling, targets } = request;
  const opened = methods.flatMap(({ method, options }) =>
    (usesLayer(method) ? request.layers : [undefined]).map((layer): Opened => {
      const context = new SamplerContext({ model, method, score, layer, options, sampling });
      return { method, layer, context, sampler: method.open(context) };
    }),
  );
  let pictures = 0;
  return {
    async run({ images, position, result, control }) {
      if (opened.length === 0) return [];
      const maps: SampledMap[] = [];
      const image = nth(images, position);
      const number = pictures++;
      for (const [at, target] of targets.entries()) {
        const resolved = resolveTarget(target, result.scores, model.output);
        for (const { method, layer, sampler } of opened) {
          if (control.signal?.aborted) {
            // What is finished or begun of this picture is given; without any of it there is nothing to give.
            if (maps.length === 0) throwIfAborted(control.signal);
            return maps;
          }
          const start = performance.now();
          const sampled = await sampler.attribute(
            { image, target: resolved, value: result.targets[at]!.value, scores: result.scores, item: number },
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

/** Item number `position` of image tensors that may hold several each, with its batch of 1. */
function nth(images: readonly RunTensor[], position: number): RunTensor {
  let before = 0;
  for (const tensor of images) {
    const count = tensor.dims[0]!;
    if (position < before + count) {
      const one = item(tensor, position - before);
      return { ...one, dims: [1, ...one.dims] };
    }
    before += count;
  }
  throw new RangeError(`item ${position} of ${before}`);
}
