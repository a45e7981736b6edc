import { Value } from '@seewhy/onnx';
import { imageDims } from '../image-input.ts';
import { integrationRule } from '../perturbation/integration-rule.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { baselinesOf } from './baselines.ts';
import type { SamplingMethod } from './method.ts';
import { column, type Path, walkPaths } from './path.ts';

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

/** Walks from each baseline to the picture, several steps a run: the steps are made and their gradients summed inside the graph. */
class PathSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly evaluator: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(context: SamplerContext) {
    this.context = context;
    const dims = imageDims(context.model.image);
    this.evaluator = context.evaluator({
      inputs: [
        new Value('seewhy.baseline', 'float32', dims),
        new Value('seewhy.way', 'float32', dims),
        new Value('seewhy.position', 'float32', ['B', 1, 1, 1]),
        new Value('seewhy.weight', 'float32', [1, 'B']),
      ],
      source: (b) => b.add('seewhy.baseline', b.mul('seewhy.position', 'seewhy.way')),
      results: ({ gradientSums, score }) => ({ sum: gradientSums('seewhy.weight'), score }),
    });
    this.batch = context.batchSize(this.evaluator);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling } = this.context;
    const dims = imageDims(model.image);
    const picture = toFloat32(item.image);
    const paths = baselinesOf(options.baseline, item.image, model).map((baseline): Path => {
      const way = difference(picture, baseline);
      return {
        way,
        run: async (positions, weights) => {
          const outputs = await this.evaluator.run(
            {
              'seewhy.baseline': { type: 'float32', dims, data: baseline },
              'seewhy.way': { type: 'float32', dims, data: way },
              'seewhy.position': column(positions),
              'seewhy.weight': { type: 'float32', dims: [1, weights.length], data: Float32Array.from(weights) },
            },
            item.target,
            positions.length,
          );
          return { sum: toFloat32(outputs.sum!), first: toFloat32(outputs.score!)[0]! };
        },
      };
    });
    const walked = await walkPaths(paths, picture.length, {
      value: item.value,
      steps: options.steps,
      ruleOf: (steps) => integrationRule(options.rule, steps),
      until: sampling.until,
      batch: this.batch,
      control,
    });
    return { dims: dims.slice(1), ...walked };
  }

  async release(): Promise<void> {}
}

function difference(picture: Float32Array, baseline: Float32Array): Float32Array {
  const way = new Float32Array(picture.length);
  for (let i = 0; i < way.length; i++) way[i] = picture[i]! - baseline[i]!;
  return way;
}
