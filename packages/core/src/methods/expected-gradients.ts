import { Value } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { imageDims } from '../image-input.ts';
import { randomStream } from '../random/random-stream.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { Halves } from '../sampling/halves.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { appendMoments, HALF_INPUT, halfRows, inHalf } from '../wrappers/moments.ts';
import { noiseOf } from '../wrappers/noise.ts';
import { baselinesOf } from './baselines.ts';
import type { SamplingMethod } from './method.ts';
import type { MethodOptions } from './options.ts';
import { column } from './path.ts';
import { saliency } from './saliency.ts';

/** map = 1/n Σ (x̃ − b) ⊙ ∂y/∂x (b + α(x̃ − b)), x̃ = x + ε, α ~ U(0, 1), b one of the baselines. */
export const expectedGradients: SamplingMethod = {
  kind: 'sampling',
  name: 'expected-gradients',
  title: 'Expected gradients',
  aliases: ['gradientshap', 'gradient-shap', 'gradshap', 'eg', 'expectedgradients'],
  summary:
    'Integrated gradients averaged over random baselines and random places on their paths: Shapley values of a linear model, estimated.',
  formula: 'Σ_c 1/n Σ (x̃_c − b_c) · ∂y/∂x_c (b + α(x̃ − b)), x̃ = x + ε; its sum is y(x) − mean y(b) in expectation',
  paper:
    'Erion et al., Improving performance of deep learning models with axiomatic attribution priors and expected gradients, Nature Machine Intelligence 2021, eq. 3 (arXiv 1906.10670)',
  needs: 'input gradient',
  output: 'pixel',
  cost: 'samples × saliency',
  stages: { reduce: 'sum', rectify: 'none' },
  options: { samples: 50, baseline: 'zero', noise: 0, noiseAbsolute: 0, positions: 'random' },
  open: (context) => new ExpectedGradientsSampler(context),
};

const PLAIN = { method: saliency, options: {} as MethodOptions };

/** Where a sample lies: on the path from which baseline, and how far along. */
interface Place {
  readonly at: number;
  readonly baseline: number;
}

class ExpectedGradientsSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly noisy: boolean;
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(context: SamplerContext) {
    this.context = context;
    const { options } = context;
    this.noisy = typeof options.noise !== 'number' || options.noise > 0 || options.noiseAbsolute > 0;
    const dims = imageDims(context.model.image);
    this.evaluator = context.evaluator({
      inputs: [
        new Value('seewhy.picture', 'float32', dims),
        new Value('seewhy.baselines', 'float32', ['K', ...dims.slice(1)]),
        new Value('seewhy.choice', 'int64', ['B']),
        new Value('seewhy.position', 'float32', ['B', 1, 1, 1]),
        new Value('seewhy.noise', 'float32', ['B', ...dims.slice(1)]),
        new Value(HALF_INPUT, 'float32', [2, 'B']),
      ],
      source: (b) => {
        const picture = this.noisy ? b.add('seewhy.picture', 'seewhy.noise') : 'seewhy.picture';
        const baseline = b.gather('seewhy.baselines', 'seewhy.choice', 0);
        return b.add(baseline, b.mul('seewhy.position', b.sub(picture, baseline)));
      },
      results: ({ b, attribute }) => {
        const [gradient] = attribute(PLAIN, []);
        const picture = this.noisy ? b.add('seewhy.picture', 'seewhy.noise') : 'seewhy.picture';
        const way = b.sub(picture, b.gather('seewhy.baselines', 'seewhy.choice', 0));
        return appendMoments(b, b.mul(gradient!, way), 'mean');
      },
    });
    this.batch = context.batchSize(this.evaluator);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling } = this.context;
    const dims = imageDims(model.image);
    const picture = toFloat32(item.image);
    const baselines = baselinesOf(options.baseline, item.image, model);
    const noise = noiseOf(options, picture, dims, { seed: sampling.seed, item: item.item });
    const samples = samplesOf(options, noise.samples);
    const placeOf = places(options.positions, baselines.length, { samples, seed: sampling.seed, item: item.item });
    const stacked: RunTensor = { type: 'float32', dims: [baselines.length, ...dims.slice(1)], data: joined(baselines) };
    const halves = new Halves(picture.length);
    const taken = await sampleLoop({
      total: samples,
      batch: this.batch,
      control,
      until: sampling.until,
      convergence: () => halves.difference(),
      run: async (from, count) => {
        const places = Array.from({ length: count }, (_, i) => placeOf(from + i));
        const drawn: Record<string, RunTensor> = this.noisy
          ? {
              'seewhy.noise': { type: 'float32', dims: [count, ...dims.slice(1)], data: noise.take(from, count) },
            }
          : {};
        const outputs = await this.evaluator.run(
          {
            ...drawn,
            'seewhy.picture': { type: 'float32', dims, data: picture },
            'seewhy.baselines': stacked,
            'seewhy.choice': {
              type: 'int64',
              dims: [count],
              data: BigInt64Array.from(places, ({ baseline }) => BigInt(baseline)),
            },
            'seewhy.position': column(places.map(({ at }) => at)),
            [HALF_INPUT]: halfRows(from, count),
          },
          item.target,
          count,
        );
        const sums = toFloat32(outputs.sum!);
        for (const half of [0, 1] as const) {
          const row = sums.subarray(half * picture.length, (half + 1) * picture.length);
          const of = inHalf(half, from, count);
          if (of > 0) halves.addSum(half, row, of);
        }
      },
    });
    if (halves.count === 0) throw errors.aborted();
    const { convergence, interrupted } = taken;
    return {
      dims: dims.slice(1),
      data: halves.mean(),
      samples: taken.samples,
      total: samples,
      batch: this.batch.size,
      convergence: convergence === undefined ? undefined : { value: convergence, of: 'halves' },
      interrupted,
    };
  }

  async release(): Promise<void> {}
}

/** Given numbers say how many samples there are. @throws POSITIONS_INVALID when noise and positions are of different numbers */
function samplesOf({ positions, noise }: MethodOptions, samples: number): number {
  if (typeof positions === 'string') return samples;
  const given = positions.dims[0]!;
  if (typeof noise !== 'number' && given !== samples)
    throw errors.positionsInvalid(`there are ${given} of them and noise for ${samples} samples`, 1);
  return given;
}

/** The place of each sample: given, or from the sample's own random numbers. @throws POSITIONS_INVALID */
function places(
  positions: MethodOptions['positions'],
  baselines: number,
  { samples, seed, item }: { samples: number; seed: number; item: number },
): (sample: number) => Place {
  if (typeof positions === 'string') {
    const part = positions === 'stratified' ? randomStream(seed, 'part', item).permutation(samples) : undefined;
    return (sample) => {
      const stream = randomStream(seed, 'place', item, sample);
      const at = stream.uniform();
      const baseline = stream.uniformInt(baselines);
      // In equal parts the baselines take turns, so that each has as many of the samples as any other.
      return part ? { at: (part[sample]! + at) / samples, baseline: sample % baselines } : { at, baseline };
    };
  }
  const { dims } = positions;
  if (dims.length !== 2 || dims[1] !== 2 || !(dims[0]! > 0))
    throw errors.positionsInvalid(`their shape is [${dims.join(', ')}]`, baselines);
  const given = toFloat32(positions);
  for (let i = 0; i < dims[0]!; i++) {
    const [at, baseline] = [given[2 * i]!, given[2 * i + 1]!];
    if (!(at >= 0 && at <= 1)) throw errors.positionsInvalid(`a place is ${at}`, baselines);
    if (!(Number.isInteger(baseline) && baseline >= 0 && baseline < baselines))
      throw errors.positionsInvalid(`a baseline is ${baseline}`, baselines);
  }
  return (sample) => ({ at: given[2 * sample]!, baseline: given[2 * sample + 1]! });
}

function joined(pictures: readonly Float32Array[]): Float32Array {
  const [first] = pictures;
  if (pictures.length === 1) return first!;
  const all = new Float32Array(pictures.length * first!.length);
  for (const [at, picture] of pictures.entries()) all.set(picture, at * picture.length);
  return all;
}
