import { Value, type ValueName } from '@seewhy/onnx';
import { imageDims } from '../image-input.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { Evaluator } from '../sampling/evaluator.ts';
import type { SampledItem, SamplerContext } from '../sampling/sampler.ts';
import { fromFloat32, toFloat32 } from '../tensors.ts';
import { LayerView } from './layer-view.ts';

/** A layer's activation on one picture. */
export interface ReadLayer {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Channel by channel, row by row: `[C, h·w]`. */
  readonly planes: Float32Array;
  /** As the graph holds it, float32, with its batch of 1 and any prefix tokens: what the rest of the model is fed. */
  readonly whole: RunTensor;
}

/** Runs a model up to a layer. */
export class LayerReader {
  private readonly context: SamplerContext;
  private readonly evaluator: Evaluator;

  constructor(context: SamplerContext) {
    this.context = context;
    const { model } = context;
    const layer = context.layer!;
    this.evaluator = context.evaluator({
      inputs: [new Value(PICTURE, 'float32', imageDims(model.image))],
      source: () => PICTURE,
      results: ({ b, value }) => {
        const whole = value(layer.value);
        const view = new LayerView(b, layer.grid);
        // [1, h·w, C] → [C, h·w]
        const planes: ValueName = b.squeeze(b.transpose(view.rows(view.cells(whole)), [0, 2, 1]), [0]);
        return { whole, planes };
      },
    });
  }

  async read(item: SampledItem): Promise<ReadLayer> {
    const { model } = this.context;
    const { grid, shape } = this.context.layer!;
    const picture = fromFloat32(toFloat32(item.image), 'float32', imageDims(model.image));
    const { whole, planes } = await this.evaluator.run({ [PICTURE]: picture }, item.target, 1);
    return {
      channels: shape[0],
      height: grid.height,
      width: grid.width,
      planes: toFloat32(planes!),
      whole: { ...whole!, data: toFloat32(whole!) },
    };
  }
}

const PICTURE = 'seewhy.picture';

/** Σ_k w_k A_k, `[h·w]`, summed in float64. */
export function weightedPlanes(
  { channels, height, width, planes }: ReadLayer,
  weights: ArrayLike<number>,
): Float32Array {
  const size = height * width;
  const sum = new Float64Array(size);
  for (let k = 0; k < channels; k++) {
    const weight = weights[k]!;
    if (weight !== 0) for (let i = 0, at = k * size; i < size; i++, at++) sum[i]! += weight * planes[at]!;
  }
  return Float32Array.from(sum);
}

/** The channels of largest spread (standard deviation over space), largest first; `count` 0: all, in their own order. */
export function channelsBySpread({ channels, height, width, planes }: ReadLayer, count: number): number[] {
  const all = Array.from({ length: channels }, (_, k) => k);
  if (count === 0 || count >= channels) return all;
  const size = height * width;
  const spread = all.map((k) => {
    let [mean, squares] = [0, 0];
    for (let i = k * size; i < (k + 1) * size; i++) mean += planes[i]! / size;
    for (let i = k * size; i < (k + 1) * size; i++) squares += (planes[i]! - mean) ** 2;
    return squares;
  });
  return all.sort((a, b) => spread[b]! - spread[a]! || a - b).slice(0, count);
}
