import { errors } from '../errors.ts';
import { accumulateOcclusion, occlusionWindows, windowCoverage } from '../perturbation/occlusion.ts';
import type { Box } from '../picture/picture.ts';
import { randomStream } from '../random/random-stream.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { fillOf } from './fill-of.ts';
import type { SamplingMethod } from './method.ts';
import type { MethodOptions } from './options.ts';
import { WindowedPicture, windowedInput } from './windowed-picture.ts';

/** map = mean over the windows that cover a pixel of y(x) − y(x with the window filled). */
export const occlusion: SamplingMethod = {
  kind: 'sampling',
  name: 'occlusion',
  title: 'Occlusion',
  aliases: ['occlusion-sensitivity', 'sliding-window', 'occlusion-map'],
  summary: 'How much the score falls when a window over the place is filled: no gradients, any model.',
  formula: 'mean over windows w that cover the pixel of y(x) − y(x with w filled)',
  paper:
    'Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, sec. 4.2 (arXiv 1311.2901)',
  needs: 'runs',
  output: 'plane',
  cost: 'one prediction a window: 169 with the default window and stride on 224 × 224',
  stages: { rectify: 'none', signed: true },
  options: { window: 0, stride: 0, fill: 'mean' },
  variants: {
    mean: 'the mean over the windows that cover a pixel; windows at the right and bottom edge are cut off there',
    sum: 'the sum over them, whole windows only, as xplique and PAIR saliency have it: a rest at the edge stays 0',
  },
  variantOf: { xplique: 'sum', saliency: 'sum' },
  caution:
    'A filled window is a picture that the model was never trained on: a score may fall because of the edge of the window. Compare two fills.',
  open: (context) => new OcclusionSampler(context),
};

/** The default window, in parts of the shorter side: 32 pixels of 224. */
const WINDOW_SHARE = 1 / 7;

class OcclusionSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly windows: readonly Box[];
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(context: SamplerContext) {
    this.context = context;
    this.windows = windowsOf(context.options, context.model.image);
    const input = windowedInput(context.model.image);
    this.evaluator = context.evaluator({
      inputs: [input],
      source: () => input.name,
      results: ({ score }) => ({ score }),
    });
    this.batch = context.batchSize(this.evaluator);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling } = this.context;
    const { height, width } = model.image;
    const fill = fillOf(options.fill, item, model.image, sampling.seed);
    const pictures = new WindowedPicture(model.image, toFloat32(item.image), fill);
    // In random order: an interrupted run has seen the whole picture, coarsely.
    const order = randomStream(sampling.seed, 'occlusion', item.item).permutation(this.windows.length);
    const windows = Array.from(order, (number) => this.windows[number]!);
    const falls = new Float64Array(windows.length);
    const { samples, interrupted } = await sampleLoop({
      total: windows.length,
      batch: this.batch,
      control,
      run: async (from, count) => {
        const feeds = pictures.feeds(windows.slice(from, from + count));
        const outputs = await this.evaluator.run(feeds, item.target, count);
        const scores = toFloat32(outputs.score!);
        for (let i = 0; i < count; i++) falls[from + i] = item.value - scores[i]!;
      },
    });
    if (samples === 0) throw errors.aborted();
    const seen = windows.slice(0, samples);
    const map = accumulateOcclusion(height, width, seen, falls.subarray(0, samples));
    if (options.variant === 'sum') {
      const coverage = windowCoverage(height, width, seen);
      for (let i = 0; i < map.length; i++) map[i]! *= coverage[i]!;
    }
    const [{ x0, y0, x1, y1 }] = this.windows as [Box];
    return {
      dims: [height, width],
      data: Float32Array.from(map),
      samples,
      total: windows.length,
      batch: this.batch.size,
      interrupted,
      notes: [`${windows.length} windows of ${x1 - x0} × ${y1 - y0} pixels.`],
    };
  }

  async release(): Promise<void> {}
}

/** @throws NUMBER_INVALID for a stride that leaves pixels out */
function windowsOf(
  { window, stride, variant }: Pick<MethodOptions, 'window' | 'stride' | 'variant'>,
  { height, width }: { readonly height: number; readonly width: number },
): Box[] {
  const whole = Math.max(1, Math.round(WINDOW_SHARE * Math.min(height, width)));
  const [high, wide] = pair(window).map((side) => side || whole) as [number, number];
  const half = (step: number, side: number) => step || Math.max(1, Math.round(side / 2));
  const [down, across] = pair(stride);
  const boxes = occlusionWindows(height, width, {
    window: [high, wide],
    stride: [half(down, high), half(across, wide)],
  });
  if (variant !== 'sum') return boxes;
  const isWhole = ({ x0, x1, y0, y1 }: Box) => y1 - y0 === Math.min(high, height) && x1 - x0 === Math.min(wide, width);
  return boxes.filter(isWhole);
}

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;
