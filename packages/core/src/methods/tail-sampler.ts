import { DATA_TYPES, type GraphBuilder, Tensor, Value, type ValueName } from '@seewhy/onnx';
import type { Grid } from '../grid.ts';
import type { BatchSize } from '../sampling/batch-size.ts';
import type { Evaluator } from '../sampling/evaluator.ts';
import { repeater } from '../sampling/repeater.ts';
import { type SampleLoopResult, sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, SampledItem, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { LayerReader, type ReadLayer } from './layer-reader.ts';

/** What is done to the layer's activation for one sample. */
export type TailMask = 'channel removed' | 'place kept' | 'place kept, spread';

/**
 * Runs what lies behind a layer, with the layer's activation changed for each sample inside the graph: a channel set to zero, or all but
 * one place. No gradients; what lies before the layer is run once.
 */
export class TailSampler {
  private readonly context: SamplerContext;
  private readonly reader: LayerReader;
  private readonly evaluator: Evaluator;
  private readonly batch: BatchSize;

  constructor(context: SamplerContext, mask: TailMask) {
    this.context = context;
    this.reader = new LayerReader(context);
    const { model } = context;
    const layer = context.layer!;
    const dims = model.shapes.get(layer.value)!.map((dim, axis) => (axis === 0 ? 1 : (dim as number)));
    this.evaluator = context.evaluator({
      from: layer,
      inputs: [new Value(ACTIVATION, 'float32', dims), new Value(NUMBER, 'int64', ['B'])],
      source: (b) => b.mul(ACTIVATION, maskOf(b, mask, layer.grid, layer.shape[0], dims)),
      results: ({ score }) => ({ score }),
    });
    this.batch = context.batchSize(this.evaluator);
  }

  /** The layer on the picture itself. */
  read(item: SampledItem): Promise<ReadLayer> {
    return this.reader.read(item);
  }

  /** Score with each of the given channels or places treated. */
  async scores(
    item: SampledItem,
    layer: ReadLayer,
    numbers: readonly number[],
    control: RunControl,
  ): Promise<SampleLoopResult & { readonly scores: Float64Array; readonly batch: number }> {
    const scores = new Float64Array(numbers.length);
    const { image } = this.context.model;
    const pictures = repeater(item.image);
    const result = await sampleLoop({
      total: numbers.length,
      batch: this.batch,
      control,
      run: async (from, count) => {
        const outputs = await this.evaluator.run(
          {
            [ACTIVATION]: layer.whole,
            [NUMBER]: {
              type: 'int64',
              dims: [count],
              data: BigInt64Array.from(numbers.slice(from, from + count), BigInt),
            },
            // Networks with a way around the layer need the picture too.
            [image.name]: pictures(count),
          },
          item.target,
          count,
        );
        scores.set(toFloat32(outputs.score!), from);
      },
    });
    return { ...result, scores, batch: this.batch.size };
  }
}

const ACTIVATION = 'seewhy.activation';
const NUMBER = 'seewhy.number';

/** Factors of the activation, `[B, …]` in its own layout. */
function maskOf(b: GraphBuilder, mask: TailMask, grid: Grid, channels: number, dims: readonly number[]): ValueName {
  const numbers = (count: number) =>
    b.constant(
      Tensor.int64(
        Array.from({ length: count }, (_, i) => i),
        [1, count],
      ),
      'numbers',
    );
  const hot = (count: number) => b.cast(b.equal(b.unsqueeze(NUMBER, [1]), numbers(count)), DATA_TYPES.float32.code);
  if (mask === 'channel removed') {
    const kept = b.sub(b.scalar(1), hot(channels));
    return b.reshape(
      kept,
      dims.map((_, axis) => (axis === 0 ? -1 : axis === grid.channelAxis ? channels : 1)),
    );
  }
  const { height, width, layout, prefix } = grid;
  const rows = b.gather(b.constant(places(grid, mask === 'place kept, spread'), 'places'), NUMBER, 0);
  if (layout === 'NCHW') return b.reshape(rows, [-1, 1, height, width]);
  if (layout === 'NHWC') return b.reshape(rows, [-1, height, width, 1]);
  // Class token and registers stay: they are not places of the picture.
  const cells = b.unsqueeze(rows, [2]);
  return prefix === 0 ? cells : b.pad(cells, [0, prefix, 0, 0, 0, 0], b.scalar(1));
}

/** Row p: 1 at place p, or the binomial 3 × 3 kernel around it (1/4 in the middle, 1/8 beside, 1/16 at the corners), `[h·w, h·w]`. */
function places({ height, width }: Grid, spread: boolean): Tensor {
  const size = height * width;
  const rows = new Float32Array(size * size);
  const kernel = [0.25, 0.5, 0.25];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = (y * width + x) * size;
      if (!spread) rows[row + y * width + x] = 1;
      else {
        for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
          for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++)
            rows[row + v * width + u] = kernel[v - y + 1]! * kernel[u - x + 1]!;
        }
      }
    }
  }
  return Tensor.floats(rows, [size, size]);
}
