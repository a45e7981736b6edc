import { Value } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { imageDims } from '../image-input.ts';
import { integrationRule } from '../perturbation/integration-rule.ts';
import { randomStream } from '../random/random-stream.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { sampleLoop } from '../sampling/sample-loop.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { baselinesOf } from './baselines.ts';
import type { SamplingMethod } from './method.ts';
import type { MethodOptions } from './options.ts';
import { saliency } from './saliency.ts';

/** map = (x − x′) ⊙ ∫₀¹ ∂y/∂x (x′ + α(x − x′)) dα. */
export const integratedGradients: SamplingMethod = {
  kind: 'sampling',
  name: 'integrated-gradients',
  title: 'Integrated gradients',
  aliases: ['ig', 'integrated-gradient', 'intgrad', 'integratedgradients'],
  summary: 'The share of each pixel in the difference of the score between a baseline and the picture.',
  formula: 'Σ_c (x_c − x′_c) · ∫₀¹ ∂y/∂x_c (x′ + α(x − x′)) dα; its sum is y(x) − y(x′)',
  paper: 'Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017, eq. 1 and 3 (arXiv 1703.01365)',
  needs: 'input gradient',
  output: 'pixel',
  cost: 'steps × saliency',
  stages: { reduce: 'sum', rectify: 'none' },
  options: { steps: 50, rule: 'gauss-legendre', baseline: 'zero' },
  open: (context) => new PathSampler(context),
};

const PLAIN = { method: saliency, options: {} as MethodOptions };

/** Fewest steps tried when they are chosen by the gap of completeness. */
const FIRST_STEPS = 8;

/**
 * Walks from each baseline to the picture, several steps a run: the steps are made and their gradients summed inside the graph. How far
 * Σ map is from y(x) − y(x′) tells how good the integral is.
 */
class PathSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(context: SamplerContext) {
    this.context = context;
    const dims = imageDims(context.model.image);
    this.evaluator = context.evaluator({
      inputs: [
        new Value('seewhy.picture', 'float32', dims),
        new Value('seewhy.baseline', 'float32', dims),
        new Value('seewhy.position', 'float32', ['B', 1, 1, 1]),
        new Value('seewhy.weight', 'float32', ['B', 1, 1, 1]),
      ],
      source: (b) => {
        const way = b.sub('seewhy.picture', 'seewhy.baseline');
        return b.add('seewhy.baseline', b.mul('seewhy.position', way));
      },
      results: ({ b, attribute, score }) => {
        const [gradient] = attribute(PLAIN, []);
        return { sum: b.reduceSum(b.mul(gradient!, 'seewhy.weight'), [0], false), score };
      },
    });
    this.batch = context.batchSize(this.evaluator);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling } = this.context;
    const baselines = baselinesOf(options.baseline, item.image, model);
    let steps = sampling.until === undefined ? options.steps : Math.min(FIRST_STEPS, options.steps);
    let before = 0;
    for (;;) {
      const walked = await this.walk(item, baselines, steps, before, control);
      const enough =
        sampling.until === undefined || (walked.convergence?.value ?? 0) <= sampling.until || steps >= options.steps;
      if (walked.interrupted || enough) return walked;
      before = walked.samples;
      steps = Math.min(2 * steps, options.steps);
    }
  }

  /** All baselines with so many steps. */
  private async walk(
    item: SampledItem,
    baselines: readonly Float32Array[],
    steps: number,
    before: number,
    control: RunControl,
  ): Promise<Sampled> {
    const { options, model } = this.context;
    const dims = imageDims(model.image);
    const picture = toFloat32(item.image);
    const { nodes, weights } = integrationRule(options.rule, steps);
    // In a mixed order, so that a walk cut short has seen the whole path; the baseline itself first, for its score.
    const order = [-1, ...randomStream(0, 'path', steps).permutation(steps)];
    const each = order.length;
    const total = before + each * baselines.length;
    const map = new Float64Array(picture.length);
    let [samples, difference, interrupted] = [before, 0, false];
    let done = 0;
    for (const baseline of baselines) {
      const sum = new Float64Array(picture.length);
      let [walked, start] = [0, 0];
      const result = await sampleLoop({
        total: each,
        batch: this.batch,
        control: { signal: control.signal, progress: (at) => control.progress?.(samples + at, total) },
        run: async (from, count) => {
          const part = order.slice(from, from + count);
          const weight = part.map((step) => (step < 0 ? 0 : weights[step]!));
          const outputs = await this.evaluator.run(
            {
              'seewhy.picture': { type: 'float32', dims, data: picture },
              'seewhy.baseline': { type: 'float32', dims, data: baseline },
              'seewhy.position': column(part.map((step) => (step < 0 ? 0 : nodes[step]!))),
              'seewhy.weight': column(weight),
            },
            item.target,
            count,
          );
          const gradients = toFloat32(outputs.sum!);
          for (let i = 0; i < sum.length; i++) sum[i]! += gradients[i]!;
          walked += weight.reduce((all, one) => all + one, 0);
          if (from === 0) start = toFloat32(outputs.score!)[0]!;
        },
      });
      samples += result.samples;
      interrupted = result.interrupted;
      if (walked === 0) break;
      for (let i = 0; i < sum.length; i++) map[i]! += ((picture[i]! - baseline[i]!) * sum[i]!) / walked;
      difference += item.value - start;
      done++;
      if (interrupted) break;
    }
    if (done === 0) throw errors.aborted();
    const gap = Math.abs(map.reduce((all, one) => all + one, 0) - difference);
    const relative = gap / Math.max(Math.abs(difference), 1e-12);
    return {
      dims: dims.slice(1),
      data: Float32Array.from(map, (value) => value / done),
      samples,
      total,
      batch: this.batch.size,
      convergence: { value: relative, of: 'completeness' },
      interrupted,
      notes: interrupted || relative <= WIDE_GAP ? [] : [wideGap(relative, difference / done)],
    };
  }

  async release(): Promise<void> {}
}

/** A gap of completeness above which the map is not to be taken for exact shares. */
const WIDE_GAP = 0.05;

const wideGap = (relative: number, difference: number) =>
  `The map's sum misses the difference of the scores (${difference.toPrecision(3)}) by ${Math.round(relative * 100)} %: take more --steps.`;

/** One number a sample, `[B, 1, 1, 1]`. */
const column = (values: readonly number[]): RunTensor => ({
  type: 'float32',
  dims: [values.length, 1, 1, 1],
  data: Float32Array.from(values),
});
