import { Value, type ValueName } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { imageDims } from '../image-input.ts';
import type { GraphMethod, Method, MethodStages, SamplingMethod } from '../methods/method.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { infoOf } from './info-of.ts';
import { layersOf, MapMaker, mapDims } from './map-maker.ts';
import { appendMoments, fewestRows, HALF_INPUT, Moments, type Smoothing } from './moments.ts';
import { NOISE_OPTIONS, noiseOf } from './noise.ts';

/**
 * A method's maps of noisy pictures x + ε, ε ~ N(0, σ²), as one: their mean, the mean of their squares, or their variance (Smilkov et
 * al., 2017; Adebayo et al., 2018; captum's NoiseTunnel).
 * @throws SMOOTH_TWICE for methods that draw samples with noise themselves
 */
export function smoothed(method: Method, how: Smoothing): SamplingMethod {
  if (method.options && ('samples' in method.options || 'noise' in method.options))
    throw errors.smoothTwice(method.name);
  return {
    ...infoOf(method),
    kind: 'sampling',
    title: `${method.title}, smoothed`,
    formula: `${FORMULAS[how]} of the maps M(x + ε), ε ~ N(0, σ²), where M is ${method.formula}`,
    cost: `samples × ${method.name}`,
    stages: stagesOf(method, how),
    options: { ...method.options, ...NOISE_OPTIONS },
    wrappers: { ...method.wrappers, smooth: how },
    open: (context) => smoothSampler(method, how, context),
  };
}

const FORMULAS: Readonly<Record<Smoothing, string>> = {
  mean: '1/n Σ',
  square: '1/n Σ of squares',
  variance: 'variance (÷ n)',
  'unbiased-variance': 'variance (÷ (n − 1))',
};

/** Squares and variances have one sign, and so has their sum over channels. */
function stagesOf({ stages, output }: Method, how: Smoothing): MethodStages {
  if (how === 'mean') return stages;
  return output === 'pixel'
    ? { reduce: stages.reduce === 'max-abs' ? 'max-abs' : 'sum-abs', rectify: 'none' }
    : { rectify: 'none' };
}

/** The sampler of {@link smoothed}. */
export function smoothSampler(method: Method, how: Smoothing, context: SamplerContext): Sampler {
  return method.kind === 'graph' ? new GraphSmoother(method, how, context) : new HostSmoother(method, how, context);
}

/** Graph methods: pictures are made noisy, and their maps reduced, inside the graph. */
class GraphSmoother implements Sampler {
  private readonly how: Smoothing;
  private readonly context: SamplerContext;
  private readonly dims: readonly number[];
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(method: GraphMethod, how: Smoothing, context: SamplerContext) {
    this.how = how;
    this.context = context;
    this.dims = mapDims(method, context);
    const dims = imageDims(context.model.image);
    this.evaluator = context.evaluator({
      inputs: [
        new Value('seewhy.picture', 'float32', dims),
        new Value('seewhy.noise', 'float32', ['B', ...dims.slice(1)]),
        new Value(HALF_INPUT, 'float32', ['R', 'B']),
      ],
      source: (b) => b.add('seewhy.picture', 'seewhy.noise'),
      results: ({ b, attribute, gradientSums }): Record<string, ValueName> =>
        // The mean of gradients is one weighted sum of them.
        method.isGradient && how === 'mean'
          ? { sum: gradientSums(HALF_INPUT) }
          : appendMoments(b, attribute({ method, options: context.options }, layersOf(context, method))[0]!, how),
    });
    this.batch = context.batchSize(this.evaluator);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling } = this.context;
    const dims = imageDims(model.image);
    const picture = toFloat32(item.image);
    const noise = noiseOf(options, picture, dims, { seed: sampling.seed, item: item.item });
    const moments = new Moments(
      this.dims.reduce((product, dim) => product * dim, 1),
      this.how,
    );
    const taken = await sampleLoop({
      total: noise.samples,
      batch: this.batch,
      control,
      until: sampling.until,
      convergence: () => moments.difference(),
      run: async (from, count) => {
        const outputs = await this.evaluator.run(
          {
            'seewhy.picture': { type: 'float32', dims, data: picture },
            'seewhy.noise': { type: 'float32', dims: [count, ...dims.slice(1)], data: noise.take(from, count) },
            [HALF_INPUT]: fewestRows(from, count),
          },
          item.target,
          count,
        );
        moments.addRun(outputs, from, count);
      },
    });
    return sampledMap(this.dims, moments, noise.samples, taken, this.batch.size);
  }

  async release(): Promise<void> {}
}

/** Sampling methods: each noisy picture is a sampling of its own. */
class HostSmoother implements Sampler {
  private readonly how: Smoothing;
  private readonly context: SamplerContext;
  private readonly maker: MapMaker;

  constructor(method: SamplingMethod, how: Smoothing, context: SamplerContext) {
    this.how = how;
    this.context = context;
    this.maker = new MapMaker(method, context);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling } = this.context;
    const picture = toFloat32(item.image);
    const noise = noiseOf(options, picture, imageDims(model.image), { seed: sampling.seed, item: item.item });
    let moments: Moments | undefined;
    let dims: readonly number[] = [];
    let [each, begun] = [1, 0];
    const taken = await sampleLoop({
      total: noise.samples,
      batch: this.maker.batch,
      control,
      until: sampling.until,
      convergence: () => moments?.difference(),
      run: async (from) => {
        const drawn = noise.take(from, 1);
        const noisy = picture.map((value, i) => value + drawn[i]!);
        const [map] = await this.maker.maps([{ data: noisy, item: item.item * noise.samples + from }], item, control);
        [dims, each] = [map!.dims, Math.max(map!.samples, 1)];
        // One cut short says less than the others: it counts only where it is the only one.
        if (map!.interrupted && begun > 0) return;
        begun++;
        moments ??= new Moments(map!.data.length, this.how);
        moments.add(from, map!.data);
      },
    });
    if (!moments) throw errors.aborted();
    const made = sampledMap(dims, moments, noise.samples, taken, 1);
    return { ...made, samples: made.samples * each, total: made.total * each };
  }

  release(): Promise<void> {
    return this.maker.release();
  }
}

/** What was sampled, as the result has it. @throws ABORTED when nothing was */
function sampledMap(
  dims: readonly number[],
  moments: Moments,
  total: number,
  { samples, interrupted, convergence }: Awaited<ReturnType<typeof sampleLoop>>,
  batch: number,
): Sampled {
  if (moments.count === 0) throw errors.aborted();
  return {
    dims,
    data: moments.result(),
    samples,
    total,
    batch,
    convergence: convergence === undefined ? undefined : { value: convergence, of: 'halves' },
    interrupted,
  };
}
