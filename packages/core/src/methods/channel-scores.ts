import { type GraphBuilder, Value, type ValueName } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { imageDims } from '../image-input.ts';
import { resizeInGraph } from '../resize-in-graph.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { BatchSize } from '../sampling/batch-size.ts';
import type { Evaluator } from '../sampling/evaluator.ts';
import { type SampleLoopResult, sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, SamplerContext } from '../sampling/sampler.ts';
import { isRegression, type ScoreKind } from '../target.ts';
import { targetErrors } from '../targets/errors.ts';
import { toFloat32 } from '../tensors.ts';
import { LayerReader, type ReadLayer, weightedPlanes } from './layer-reader.ts';

/** How a channel's map becomes a mask of the picture, and what is read then: where the Score-CAMs differ. */
export interface ChannelMask {
  /** Min-max before the map is enlarged, or after. */
  readonly scaled: 'before' | 'after';
  /** Added to max − min. */
  readonly epsilon: number;
  /** Whether the outer cells' centres lie on the picture's edge, or half a cell inside. */
  readonly corners: 'align-corners' | 'bilinear';
  /** `logit`: the explained score; `probability`: after the softmax; `softmax of output`: a softmax over whatever the model puts out. */
  readonly score: 'logit' | 'probability' | 'softmax of output';
}

/** One sample: a channel, what its mask is multiplied with, and the noise that is added to it. */
export interface ChannelSample {
  readonly channel: number;
  readonly factor: number;
}

/** Writes the noise `[H, W]` of sample `at`. */
export type MaskNoise = (at: number, into: Float32Array) => void;

/**
 * Scores of the picture under masks made of a layer's channels. The mask is enlarged, scaled, applied and read inside the graph: a run
 * is fed the layer once and the numbers of its channels.
 */
export class ChannelScores {
  private readonly context: SamplerContext;
  private readonly reader: LayerReader;
  private readonly evaluator: Evaluator;
  private readonly batch: BatchSize;
  private readonly noisy: boolean;

  constructor(context: SamplerContext, mask: ChannelMask, noisy = false) {
    this.context = context;
    this.noisy = noisy;
    this.reader = new LayerReader(context);
    const { model } = context;
    const { image, output } = model;
    const { grid, shape } = context.layer!;
    const score = scoreOf(mask, context);
    this.evaluator = context.evaluator({
      ...(score ? { score } : {}),
      inputs: [
        new Value(PICTURE, 'float32', imageDims(image)),
        new Value(PLANES, 'float32', [shape[0], grid.height, grid.width]),
        new Value(CHANNEL, 'int64', ['B']),
        new Value(FACTOR, 'float32', ['B', 1, 1]),
        ...(noisy ? [new Value(NOISE, 'float32', ['B', image.height, image.width])] : []),
      ],
      source: (b) => {
        const picked = b.gather(PLANES, CHANNEL, 0);
        const before = mask.scaled === 'before' ? minmax(b, picked, mask.epsilon) : picked;
        const { height, width } = grid;
        const { value: large } = resizeInGraph(b, { value: before, height, width }, image, mask.corners);
        const scaled = mask.scaled === 'after' ? minmax(b, large, mask.epsilon) : large;
        const moved = noisy ? b.add(scaled, NOISE) : scaled;
        const factors = b.mul(moved, FACTOR);
        const fits = b.unsqueeze(factors, [image.layout === 'NCHW' ? 1 : 3]);
        return b.mul(PICTURE, fits);
      },
      results: ({ b, score: explained, scores, index, ofClass }) => {
        if (mask.score !== 'softmax of output') return { score: explained };
        if (!ofClass) throw targetErrors.targetNoClass(context.method.name);
        const out = output.activation === 'softmax' ? b.op('Softmax', [scores], { axis: -1 }) : scores;
        const again = b.op('Softmax', [out], { axis: -1 });
        return { score: b.squeeze(b.op('GatherElements', [again, b.unsqueeze(index, [1])], { axis: 1 }), [1]) };
      },
    });
    this.batch = context.batchSize(this.evaluator);
  }

  read(item: SampledItem): Promise<ReadLayer> {
    return this.reader.read(item);
  }

  /** The score of each sample. */
  async scores(
    item: SampledItem,
    layer: ReadLayer,
    samples: readonly ChannelSample[],
    control: RunControl,
    noise?: MaskNoise,
  ): Promise<SampleLoopResult & { readonly scores: Float64Array; readonly batch: number }> {
    const { image } = this.context.model;
    const scores = new Float64Array(samples.length);
    const picture: RunTensor = { type: 'float32', dims: imageDims(image), data: toFloat32(item.image) };
    const planes: RunTensor = {
      type: 'float32',
      dims: [layer.channels, layer.height, layer.width],
      data: layer.planes,
    };
    const size = image.height * image.width;
    const result = await sampleLoop({
      total: samples.length,
      batch: this.batch,
      control,
      run: async (from, count) => {
        const part = samples.slice(from, from + count);
        const feeds: Record<string, RunTensor> = {
          [PICTURE]: picture,
          [PLANES]: planes,
          [CHANNEL]: {
            type: 'int64',
            dims: [count],
            data: BigInt64Array.from(part, ({ channel }) => BigInt(channel)),
          },
          [FACTOR]: { type: 'float32', dims: [count, 1, 1], data: Float32Array.from(part, ({ factor }) => factor) },
        };
        if (this.noisy) {
          const data = new Float32Array(count * size);
          for (let i = 0; i < count; i++) noise!(from + i, data.subarray(i * size, (i + 1) * size));
          feeds[NOISE] = { type: 'float32', dims: [count, image.height, image.width], data };
        }
        const outputs = await this.evaluator.run(feeds, item.target, count);
        scores.set(toFloat32(outputs.score!), from);
      },
    });
    return { ...result, scores, batch: this.batch.size };
  }
}

const PICTURE = 'seewhy.picture';
const PLANES = 'seewhy.planes';
const CHANNEL = 'seewhy.channel';
const FACTOR = 'seewhy.factor';
const NOISE = 'seewhy.noise';

/** The score a mask's form is defined with; undefined: the one asked for. */
function scoreOf({ score }: ChannelMask, { model, score: asked }: SamplerContext): ScoreKind | undefined {
  return score === 'probability' && asked === 'logit' && !isRegression(model.output) ? 'probability' : undefined;
}

/** (x − min) / (max − min + ε) of each map; a map without extent becomes 0. */
function minmax(b: GraphBuilder, maps: ValueName, epsilon: number): ValueName {
  const low = b.reduce('ReduceMin', maps, [1, 2]);
  const range = b.sub(b.reduceMax(maps, [1, 2]), low);
  // With ε = 0 a flat map must not divide by zero: its numerator is 0 anyway.
  const divisor = epsilon > 0 ? b.add(range, b.scalar(epsilon)) : b.op('Max', [range, b.scalar(1e-30)]);
  return b.div(b.sub(maps, low), divisor);
}

/** Softmax over the values of the given channels; 0 elsewhere. */
export function softmaxWeights(count: number, channels: readonly number[], scores: ArrayLike<number>): Float64Array {
  const weights = new Float64Array(count);
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < channels.length; i++) most = Math.max(most, scores[i]!);
  let sum = 0;
  for (let i = 0; i < channels.length; i++) sum += Math.exp(scores[i]! - most);
  channels.forEach((channel, i) => {
    weights[channel] = Math.exp(scores[i]! - most) / sum;
  });
  return weights;
}

/** The scores of samples that went round by round over all channels. */
type Scored = SampleLoopResult & { readonly scores: ArrayLike<number>; readonly batch: number };

/**
 * Σ_k w_k A_k, w = softmax over the channels of each one's mean score over the rounds that are whole.
 * @param total samples of a complete run
 * @throws ABORTED when not even one round is whole
 */
export function mapOfRounds(layer: ReadLayer, channels: readonly number[], total: number, scored: Scored): Sampled {
  const { scores, samples, interrupted, batch } = scored;
  const whole = Math.floor(samples / channels.length);
  if (whole === 0) throw errors.aborted();
  const means = channels.map((_, i) => {
    let sum = 0;
    for (let round = 0; round < whole; round++) sum += scores[round * channels.length + i]!;
    return sum / whole;
  });
  return {
    dims: [layer.height, layer.width],
    data: weightedPlanes(layer, softmaxWeights(layer.channels, channels, means)),
    samples,
    total,
    batch,
    interrupted,
  };
}
