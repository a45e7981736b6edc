import { Value } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { imageDims } from '../image-input.ts';
import type { Layer } from '../layers.ts';
import { Halves } from '../sampling/halves.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { HALF_INPUT, halfRows, inHalf } from '../wrappers/moments.ts';
import { NOISE_OPTIONS, type Noise, noiseOf } from '../wrappers/noise.ts';
import { layerGradient } from './layer-gradient.ts';
import { LayerView } from './layer-view.ts';
import type { SamplingMethod } from './method.ts';
import type { MethodOptions } from './options.ts';

/** Grad-CAM++ with its derivatives averaged over noisy pictures. */
export const smoothGradcamPlusPlus: SamplingMethod = {
  kind: 'sampling',
  name: 'smooth-gradcam++',
  title: 'Smooth Grad-CAM++',
  aliases: ['smoothgradcam++', 'smooth-gradcampp', 'smoothgradcampp', 'smooth-grad-cam++', 'smooth-gradcam-plus-plus'],
  summary:
    'Channels of a layer, weighted as in Grad-CAM++ by derivatives that are averaged over noisy copies of the picture.',
  formula: 'ReLU(Σ_k w_k A_k), w_k = Σ_ij α_kij ReLU(ḡ_kij), α = E[g²] / (2 E[g²] + Σ_ab A_kab · E[g³]), ḡ = E[g]',
  paper:
    'Omeiza et al., Smooth Grad-CAM++: An Enhanced Inference Level Visualization Technique for Deep Convolutional Neural Network Models, 2019, eq. 5-8 (arXiv 1908.01224)',
  needs: 'layer gradient',
  output: 'layer',
  cost: 'samples × gradcam',
  stages: { rectify: 'relu' },
  options: NOISE_OPTIONS,
  variants: {
    averaged: 'all derivatives averaged, the activation that of the picture itself, as in the paper',
    'torch-cam':
      'the sum of the product A · E[g³] in the denominator; first derivative and activation are those of the last noisy picture',
  },
  variantOf: { 'torch-cam': 'torch-cam' },
  open: (context) => new SmoothPlusPlusSampler(context),
};

const WHOLE = { method: layerGradient, options: {} as MethodOptions };

/** Keeps the denominator apart from 0. */
const EPSILON = 1e-8;

/** The first three moments of the gradient, in the order in which the graph gives them. */
const POWERS = ['g1', 'g2', 'g3'] as const;

class SmoothPlusPlusSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly layer: Layer;
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(context: SamplerContext) {
    const { layer, model } = context;
    if (!layer) throw errors.noLayer(smoothGradcamPlusPlus.name, model.graph);
    this.context = context;
    this.layer = layer;
    const dims = imageDims(model.image);
    this.evaluator = context.evaluator({
      inputs: [
        new Value('seewhy.picture', 'float32', dims),
        new Value('seewhy.noise', 'float32', ['B', ...dims.slice(1)]),
        new Value(HALF_INPUT, 'float32', [2, 'B']),
      ],
      source: (b) => b.add('seewhy.picture', 'seewhy.noise'),
      results: ({ b, attribute, value }) => {
        const view = new LayerView(b, layer.grid);
        const channelsFirst = (cells: string) =>
          layer.grid.layout === 'NHWC'
            ? b.transpose(cells, [0, 3, 1, 2])
            : layer.grid.layout === 'tokens'
              ? b.transpose(cells, [0, 2, 1])
              : cells;
        // [B, C, h·w], whatever the layer's layout.
        const flat = (whole: string) => b.reshape(channelsFirst(view.cells(whole)), [0, layer.shape[0], -1]);
        const gradient = flat(attribute(WHOLE, [layer])[0]!);
        const activation = flat(value(layer.value));
        const square = b.mul(gradient, gradient);
        const powers = [gradient, square, b.mul(square, gradient)];
        const [first, last] = [
          [0, 1],
          [-1, Number.MAX_SAFE_INTEGER],
        ] as const;
        return {
          ...Object.fromEntries(
            powers.map((power, at) => [POWERS[at]!, b.matmul(HALF_INPUT, b.reshape(power, [0, -1]))]),
          ),
          firstActivation: b.slice(activation, [first[0]], [first[1]], [0]),
          lastActivation: b.slice(activation, [last[0]], [last[1]], [0]),
          lastGradient: b.slice(gradient, [last[0]], [last[1]], [0]),
        };
      },
    });
    this.batch = context.batchSize(this.evaluator);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling } = this.context;
    const dims = imageDims(model.image);
    const picture = toFloat32(item.image);
    const noise = noiseOf(options, picture, dims, { seed: sampling.seed, item: item.item });
    const [channels, height, width] = this.layer.shape;
    const length = channels * height * width;
    const moments = POWERS.map(() => new Halves(length));
    let clean: Float32Array | undefined;
    let last: { readonly activation: Float32Array; readonly gradient: Float32Array } | undefined;
    const mapOf = (averages: readonly Float32Array[]) =>
      combine(averages, { clean: clean!, last: options.variant === 'torch-cam' ? last : undefined }, this.layer.shape);
    const taken = await sampleLoop({
      // The picture itself comes first, for its activation.
      total: noise.samples + 1,
      batch: this.batch,
      control,
      until: sampling.until,
      convergence: () => difference(moments, mapOf),
      run: async (from, count) => {
        const own = from === 0 ? 1 : 0;
        const drawn = own ? withoutFirst(noise, count, picture.length) : noise.take(from - 1, count);
        const halves = halfRows(from + 1, count);
        if (own) (halves.data as Float32Array)[0] = (halves.data as Float32Array)[count] = 0;
        const outputs = await this.evaluator.run(
          {
            'seewhy.picture': { type: 'float32', dims, data: picture },
            'seewhy.noise': { type: 'float32', dims: [count, ...dims.slice(1)], data: drawn },
            [HALF_INPUT]: halves,
          },
          item.target,
          count,
        );
        if (own) clean = toFloat32(outputs.firstActivation!).slice();
        if (count > own) {
          last = {
            activation: toFloat32(outputs.lastActivation!).slice(),
            gradient: toFloat32(outputs.lastGradient!).slice(),
          };
        }
        for (const [power, name] of POWERS.entries()) {
          const sums = toFloat32(outputs[name]!);
          for (const half of [0, 1] as const) {
            const of = inHalf(half, from + own + 1, count - own);
            if (of > 0) moments[power]!.addSum(half, sums.subarray(half * length, (half + 1) * length), of);
          }
        }
      },
    });
    if (moments[0]!.count === 0) throw errors.aborted();
    const { convergence, interrupted } = taken;
    return {
      dims: [height, width],
      data: mapOf(moments.map((moment) => moment.mean())),
      samples: taken.samples,
      total: noise.samples + 1,
      batch: this.batch.size,
      convergence: convergence === undefined ? undefined : { value: convergence, of: 'halves' },
      interrupted,
    };
  }

  async release(): Promise<void> {}
}

/** No noise, then that of the first samples. */
function withoutFirst(noise: Noise, count: number, length: number): Float32Array {
  const drawn = new Float32Array(count * length);
  if (count > 1) drawn.set(noise.take(0, count - 1), length);
  return drawn;
}

/** The map from averaged powers of the gradient, each `[C, h·w]`. */
function combine(
  [first, second, third]: readonly Float32Array[],
  {
    clean,
    last,
  }: {
    readonly clean: Float32Array;
    readonly last: { readonly activation: Float32Array; readonly gradient: Float32Array } | undefined;
  },
  [channels, height, width]: readonly [number, number, number],
): Float32Array {
  const cells = height * width;
  const map = new Float64Array(cells);
  const shown = last?.activation ?? clean;
  const slope = last?.gradient ?? first!;
  for (let c = 0; c < channels; c++) {
    const start = c * cells;
    let [sum, product] = [0, 0];
    for (let i = start; i < start + cells; i++) {
      sum += clean[i]!;
      product += clean[i]! * third![i]!;
    }
    let weight = 0;
    for (let i = start; i < start + cells; i++) {
      const below = 2 * second![i]! + (last ? product : sum * third![i]!) + EPSILON;
      weight += below === 0 ? 0 : (second![i]! / below) * Math.max(slope[i]!, 0);
    }
    for (let i = 0; i < cells; i++) map[i]! += weight * shown[start + i]!;
  }
  return Float32Array.from(map);
}

/** ‖m₀ − m₁‖ / ‖m₀ + m₁‖ of the maps of both halves. */
function difference(
  moments: readonly Halves[],
  mapOf: (averages: readonly Float32Array[]) => Float32Array,
): number | undefined {
  const maps = ([0, 1] as const).map((half) => {
    const means = moments.map((moment) => moment.meanOf(half));
    return means.every((mean) => mean !== undefined) ? mapOf(means as Float32Array[]) : undefined;
  });
  const [even, odd] = maps;
  if (!even || !odd) return undefined;
  const halves = new Halves(even.length);
  halves.addSum(0, even, 1);
  halves.addSum(1, odd, 1);
  return halves.difference();
}
