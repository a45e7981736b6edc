import { type HeatMap, type ScoreKind, colormap as tableOf } from '@seewhy/core';
import { BatchExplainer, type ExplainerOptions } from './batch-explainer.ts';
import { checkNumber } from './check-number.ts';
import { layOver, type OverlayArguments } from './lay-over.ts';
import type { ModelSource } from './opened-models.ts';
import type { Grid } from './picture-grid.ts';
import { layerMaps, type RawBatch } from './raw-values.ts';
import { type ClassIndex, scoreOfOutput, targetOf } from './target-of.ts';
import type { ValidationData } from './validation-data.ts';

/** What `GradCAM.explain` takes beside data and model. */
export interface GradCAMArguments extends OverlayArguments {
  /** The column of the model's output, or a target such as a label or `top`. */
  readonly classIndex: ClassIndex;
  /** Default: the last spatial feature map before the head. */
  readonly layerName?: string;
  /**
   * Default true, as in tf-explain: the gradient counts only where it and the activation are above 0. That is not guided
   * backpropagation, and it makes the maps of classes alike; false is Grad-CAM as published.
   */
  readonly useGuidedGrads?: boolean;
  /** Default: what the model puts out (a softmax has little gradient where it is sure; `logit` has not that trouble). */
  readonly score?: ScoreKind;
  readonly signal?: AbortSignal;
}

/** Channels of a layer, weighted by their mean gradients: `gradcam`. Like tf-explain's, the sum is not rectified. */
export class GradCAM extends BatchExplainer {
  constructor(options: ExplainerOptions = {}) {
    super(options, false);
  }

  /** The grid of a batch: each map on its picture. */
  async explain(data: ValidationData, model: ModelSource, args: GradCAMArguments): Promise<Grid> {
    const { imageWeight = 0.7, colormap = 'viridis' } = args;
    checkNumber('imageWeight', imageWeight, { least: 0, most: 1, whole: false });
    tableOf(colormap);
    const { explanations, pictures } = await this.run(data, model, args);
    const maps = explanations.map(({ raw: [map] }): HeatMap => {
      const [height, width] = map!.dims as [number, number];
      return { height, width, data: map!.data };
    });
    return layOver(maps, pictures, args);
  }

  /** Σ_k w_k A_k of each picture, `[N, h, w]`. */
  async explainRaw(data: ValidationData, model: ModelSource, args: GradCAMArguments): Promise<RawBatch> {
    return layerMaps((await this.run(data, model, args)).explanations);
  }

  private async run(data: ValidationData, source: ModelSource, args: GradCAMArguments) {
    const { classIndex, useGuidedGrads = true, signal } = args;
    const { model, batch, layerName } = await this.ready(data, source);
    const options = {
      methods: ['gradcam'],
      preset: 'tf-explain',
      variant: useGuidedGrads ? 'gated' : 'standard',
      score: args.score ?? scoreOfOutput(model),
      ...(args.layerName === undefined ? {} : { layers: [layerName(args.layerName)] }),
    };
    const explanations = await this.explanations(model, batch, targetOf(classIndex, model), options, { signal });
    return { explanations, pictures: batch.pictures };
  }
}
