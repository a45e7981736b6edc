import type { ExplainOptions, Explanation, Model, ScoreKind, Target } from '@seewhy/core';
import { BatchExplainer } from './batch-explainer.ts';
import type { ImageBatch } from './image-batch.ts';
import type { ModelSource } from './opened-models.ts';
import { type Grid, greyRaster, pictureGrid } from './picture-grid.ts';
import { pixelMaps, type RawBatch } from './raw-values.ts';
import { type ClassIndex, scoreOfOutput, targetOf } from './target-of.ts';
import type { ValidationData } from './validation-data.ts';

/** What `VanillaGradients.explain` and `GradientsInputs.explain` take beside data and model; the basis of the other gradient methods. */
export interface GradientArguments {
  /** The column of the model's output, or a target such as a label or `top`. */
  readonly classIndex: ClassIndex;
  /** What of the class is differentiated; each explainer says its default. */
  readonly score?: ScoreKind;
  readonly signal?: AbortSignal;
}

/** What distinguishes one call. */
export interface GradientCall {
  readonly options: ExplainOptions;
  /** `logit`: before the final softmax or sigmoid; `output`: what the model itself puts out. */
  readonly score: 'logit' | 'output';
  /** Whether random numbers are drawn. */
  readonly draws?: boolean;
}

/**
 * Explainers of pixels. Raw values are `[N, height, width, channels]`; in the grid each pixel is the sum of magnitudes over its channels,
 * black where it is smallest and white from the 99th percentile of its own picture on.
 */
export abstract class GradientExplainer<A extends GradientArguments> extends BatchExplainer {
  /** The grid of a batch, grey. */
  async explain(data: ValidationData, model: ModelSource, args: A): Promise<Grid> {
    const { explanations } = await this.run(data, model, args);
    return pictureGrid(explanations.map(({ map }) => greyRaster(map.data, map.width, map.height)));
  }

  /** The values themselves, with their signs. */
  async explainRaw(data: ValidationData, model: ModelSource, args: A): Promise<RawBatch> {
    const found = await this.run(data, model, args);
    return pixelMaps(found.explanations, found.model);
  }

  protected abstract call(args: A, model: Model): GradientCall;

  private async run(
    data: ValidationData,
    source: ModelSource,
    args: A,
  ): Promise<{ model: Model; explanations: Explanation[] }> {
    const { model, batch }: { model: Model; batch: ImageBatch } = await this.ready(data, source);
    const target: Target = targetOf(args.classIndex, model);
    const { options, score, draws } = this.call(args, model);
    const chosen = { score: args.score ?? (score === 'output' ? scoreOfOutput(model) : 'logit'), ...options };
    const explanations = await this.explanations(
      model,
      batch,
      target,
      { ...chosen, reduce: 'sum-abs' },
      { signal: args.signal, once: draws },
    );
    return { model, explanations };
  }
}
