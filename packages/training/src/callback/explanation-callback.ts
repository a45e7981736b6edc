import type { RunTensor } from '@seewhy/core';
import type { ImportOptions } from '@seewhy/keras';
import { isSeewhyError } from '@seewhy/onnx';
import { Callback, type LayersModel, type Tensor } from '@tensorflow/tfjs';
import { errors } from '../errors.ts';
import { TrainingExplainer, type TrainingOptions } from '../training-explainer.ts';
import { LiveModel } from './live-model.ts';

/** What the callback explains, how often, and where the pictures go. */
export interface ExplanationCallbackOptions extends Omit<TrainingOptions, 'images' | 'inside'> {
  /** Pictures as the model takes them, `[N, height, width, channels]`: read when the callback is made, and not disposed. */
  readonly images: Tensor;
  /** `[N, height, width]` or `[N, height, width, 1]`: above 0 where a picture shows what is to be found. */
  readonly inside?: Tensor;
  /** When: after each epoch (default), or after so many batches. The step is the number of the epoch, or of the batch since the start. */
  readonly every?: 'epoch' | number;
  /** Custom layers and activations of the model, as for `importKeras`. */
  readonly keras?: Pick<ImportOptions, 'layers' | 'activations' | 'inputShape'>;
  /** Told each kind of failure once; default: a line on the console. */
  readonly onError?: (error: unknown, step: number) => void;
}

/**
 * Explains pictures while `model.fit` or `model.fitDataset` trains a `tf.LayersModel`:
 *
 * ```ts
 * await model.fit(x, y, { epochs: 10, callbacks: [new ExplanationCallback({ runtime, images, methods: ['gradcam'], to: [tensorboard('logs')] })] });
 * ```
 *
 * Nothing that goes wrong in an explanation stops the training: it is told once, and the next step is tried again.
 */
export class ExplanationCallback extends Callback {
  private readonly options: ExplanationCallbackOptions;
  private readonly explainer: TrainingExplainer;
  private readonly every: number | undefined;
  private readonly told = new Set<string>();
  private live: LiveModel | undefined;
  private batches = 0;

  /** @throws EVERY_INVALID, PICTURES_MISSING, PICTURES_SHAPE, PICTURE_NAMES, PICTURE_MASKS */
  constructor(options: ExplanationCallbackOptions) {
    super();
    const { every = 'epoch' } = options;
    if (every !== 'epoch' && !(Number.isInteger(every) && every > 0)) throw errors.every(every);
    this.options = options;
    this.every = every === 'epoch' ? undefined : every;
    const { images, inside, ...rest } = options;
    if (images.shape.length !== 4) throw errors.picturesShape(images.shape);
    this.explainer = new TrainingExplainer({
      ...rest,
      images: tensorsOf(images),
      ...(inside ? { inside: tensorsOf(inside).map(({ data }) => data as Float32Array) } : {}),
    });
  }

  override async onTrainBegin(): Promise<void> {
    this.live = undefined;
    this.batches = 0;
  }

  override async onBatchEnd(): Promise<void> {
    this.batches++;
    if (this.every !== undefined && this.batches % this.every === 0) await this.explain(this.batches);
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    if (this.every === undefined) await this.explain(epoch);
  }

  override async onTrainEnd(): Promise<void> {
    await this.guarded(this.batches, () => this.explainer.close());
  }

  private explain(step: number): Promise<void> {
    return this.guarded(step, async () => {
      this.live ??= new LiveModel(this.model as LayersModel, this.options.keras);
      await this.explainer.explain(await this.live.graph(), step);
    });
  }

  private async guarded(step: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const kind = isSeewhyError(error) ? error.code : String(error);
      if (this.told.has(kind)) return;
      this.told.add(kind);
      try {
        (this.options.onError ?? tell)(error, step);
      } catch (cause) {
        tell(cause, step);
      }
    }
  }
}

function tell(error: unknown, step: number): void {
  console.error(
    `The explanation at step ${step} failed, the training goes on: ${error instanceof Error ? error.message : String(error)}`,
  );
}

/** A stack as its items, each with a batch of 1. */
function tensorsOf(stack: Tensor): RunTensor[] {
  const [count, ...dims] = stack.shape as [number, ...number[]];
  const data = Float32Array.from(stack.dataSync());
  const size = data.length / Math.max(count, 1);
  return Array.from({ length: count }, (_, at) => ({
    type: 'float32',
    dims: [1, ...dims],
    data: data.subarray(at * size, (at + 1) * size),
  }));
}
