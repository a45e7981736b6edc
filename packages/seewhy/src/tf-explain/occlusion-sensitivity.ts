import {
  type Explanation,
  type HeatMap,
  type Model,
  resizeMap,
  type ScoreKind,
  colormap as tableOf,
} from '@seewhy/core';
import { BatchExplainer, type ExplainerOptions } from './batch-explainer.ts';
import { checkNumber } from './check-number.ts';
import { layOver, type OverlayArguments } from './lay-over.ts';
import type { ModelSource } from './opened-models.ts';
import type { Grid } from './picture-grid.ts';
import { type RawBatch, stacked } from './raw-values.ts';
import { type ClassIndex, scoreOfOutput, targetOf } from './target-of.ts';
import type { ValidationData } from './validation-data.ts';

/** What `OcclusionSensitivity.explain` takes beside data and model. */
export interface OcclusionArguments extends OverlayArguments {
  /** The column of the model's output, or a target such as a label or `top`. */
  readonly classIndex: ClassIndex;
  /** Side of the grey windows in pixels, and the distance between them. */
  readonly patchSize: number;
  /** What a window is filled with, in the units of the model's input; default: the middle grey of its range. tf-explain: 127.5. */
  readonly fill?: number;
  /** Default: what the model puts out. */
  readonly score?: ScoreKind;
  readonly signal?: AbortSignal;
}

/** 1 − the output with a window of the picture hidden, window by window: `occlusion`. */
export class OcclusionSensitivity extends BatchExplainer {
  constructor(options: ExplainerOptions = {}) {
    super(options, true);
  }

  /** The grid of a batch: each map on its picture, windows where they were. */
  async explain(data: ValidationData, model: ModelSource, args: OcclusionArguments): Promise<Grid> {
    const { imageWeight = 0.7, colormap = 'viridis' } = args;
    checkNumber('imageWeight', imageWeight, { least: 0, most: 1, whole: false });
    tableOf(colormap);
    const { maps, pictures } = await this.run(data, model, args);
    const placed = maps.map((map, at) => stretched(map, args.patchSize, pictures[at]!));
    return layOver(placed, pictures, args);
  }

  /** 1 − the output for each window, `[N, rows, columns]`. */
  async explainRaw(data: ValidationData, model: ModelSource, args: OcclusionArguments): Promise<RawBatch> {
    const { maps, explanations } = await this.run(data, model, args);
    const [{ height, width }] = maps as [HeatMap];
    return {
      ...stacked(
        maps.map((map) => map.data),
        [height, width],
      ),
      explanations,
    };
  }

  private async run(data: ValidationData, source: ModelSource, args: OcclusionArguments) {
    const { classIndex, patchSize, fill, signal } = args;
    checkNumber('patchSize', patchSize, { least: 1, whole: true });
    if (fill !== undefined && !Number.isFinite(fill)) checkNumber('fill', Number.NaN, { least: 0, whole: false });
    const { model, batch } = await this.ready(data, source);
    const options = {
      methods: ['occlusion'],
      window: patchSize,
      stride: patchSize,
      fill: fill === undefined ? batch.grey : [fill],
      variant: 'mean',
      score: args.score ?? scoreOfOutput(model),
    };
    const explanations = await this.explanations(model, batch, targetOf(classIndex, model), options, { signal });
    return {
      explanations,
      maps: explanations.map((one) => perWindow(one, model, patchSize)),
      pictures: batch.pictures,
    };
  }
}

/** The score's fall at each pixel, back to one value a window, as 1 − the score that is left. */
function perWindow({ raw: [fall], target }: Explanation, { image }: Model, side: number): HeatMap {
  const [rows, columns] = [Math.ceil(image.height / side), Math.ceil(image.width / side)];
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      data[row * columns + column] = 1 - (target.value - fall!.data[row * side * image.width + column * side]!);
  return { height: rows, width: columns, data };
}

/** Bilinear between the middles of whole windows; the part of the last ones beyond the picture is cut off. */
function stretched(map: HeatMap, side: number, { width, height }: { width: number; height: number }): HeatMap {
  const whole = resizeMap(map, map.width * side, map.height * side, 'bilinear');
  if (whole.width === width && whole.height === height) return whole;
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) data.set(whole.data.subarray(y * whole.width, y * whole.width + width), y * width);
  return { width, height, data };
}
