import { Value } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { imageDims } from '../image-input.ts';
import type { Layer } from '../layers.ts';
import { integrationRule } from '../perturbation/integration-rule.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { repeater } from '../sampling/repeater.ts';
import type { RunControl, Sampled, SampledItem, Sampler, SamplerContext } from '../sampling/sampler.ts';
import { item as nth, toFloat32 } from '../tensors.ts';
import { baselinesOf } from './baselines.ts';
import { layerGradient } from './layer-gradient.ts';
import { LayerView } from './layer-view.ts';
import type { SamplingMethod } from './method.ts';
import type { MethodOptions } from './options.ts';
import { column, type Path, walkPaths } from './path.ts';

/** map = Σ_k (A − A′)_k ⊙ ∫₀¹ ∂y/∂A_k (A′ + α(A − A′)) dα. */
export const layerIntegratedGradients: SamplingMethod = {
  kind: 'sampling',
  name: 'layer-integrated-gradients',
  title: 'Layer integrated gradients',
  aliases: ['layer-ig', 'lig', 'layerintegratedgradients', 'layer-integrated-gradient'],
  summary:
    "The share of each place of a layer in the difference of the score between a baseline's activation and the picture's.",
  formula: 'Σ_k (A_k − A′_k) · ∫₀¹ ∂y/∂A_k (A′ + α(A − A′)) dα; its sum is y(A) − y(A′)',
  paper:
    'Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017, eq. 1, of an inner value; the straight path between activations as captum has it (arXiv 1703.01365)',
  needs: 'layer gradient',
  output: 'layer',
  cost: 'steps × gradcam, without what lies before the layer',
  stages: { rectify: 'none', signed: true },
  options: { steps: 50, rule: 'gauss-legendre', baseline: 'zero' },
  open: (context) => new LayerPathSampler(context),
};

const WHOLE = { method: layerGradient, options: {} as MethodOptions };

/** Walks between the activations of baseline and picture; only what lies behind the layer runs for each step. */
class LayerPathSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly layer: Layer;
  private readonly before: ReturnType<SamplerContext['evaluator']>;
  private readonly behind: ReturnType<SamplerContext['evaluator']>;
  private readonly batch: ReturnType<SamplerContext['batchSize']>;

  constructor(context: SamplerContext) {
    const { layer, model } = context;
    if (!layer) throw errors.noLayer(layerIntegratedGradients.name, model.graph);
    this.context = context;
    this.layer = layer;
    const dims = imageDims(model.image);
    this.before = context.evaluator({
      inputs: [new Value('seewhy.picture', 'float32', dims)],
      source: () => 'seewhy.picture',
      results: ({ value }) => ({ activation: value(layer.value) }),
    });
    const free = (model.shapes.get(layer.value) ?? []).map(() => null);
    this.behind = context.evaluator({
      inputs: [
        new Value('seewhy.end', 'float32', free),
        new Value('seewhy.start', 'float32', free),
        new Value(
          'seewhy.position',
          'float32',
          free.map((_, axis) => (axis === 0 ? 'B' : 1)),
        ),
        new Value(
          'seewhy.weight',
          'float32',
          free.map((_, axis) => (axis === 0 ? 'B' : 1)),
        ),
      ],
      from: layer,
      source: (b) => b.add('seewhy.start', b.mul('seewhy.position', b.sub('seewhy.end', 'seewhy.start'))),
      results: ({ b, attribute, score }) => {
        const [gradient] = attribute(WHOLE, [layer]);
        const view = new LayerView(b, layer.grid);
        const summed = b.reduceSum(b.mul(gradient!, 'seewhy.weight'), [0], true);
        const shares = b.mul(view.cells(summed), view.cells(b.sub('seewhy.end', 'seewhy.start')));
        return { sum: view.sumChannels(shares), score };
      },
    });
    this.batch = context.batchSize(this.behind);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    const { options, model, sampling } = this.context;
    const { image } = model;
    if (control.signal?.aborted) throw errors.aborted();
    const picture = toFloat32(item.image);
    const end = await this.activation(picture, item);
    const { height, width } = this.layer.grid;
    const pictures = repeater(item.image);
    const paths: Path[] = [];
    for (const baseline of baselinesOf(options.baseline, item.image, model)) {
      const start = await this.activation(baseline, item);
      paths.push({
        run: async (positions, weights) => {
          const count = positions.length;
          const rank = end.dims.length;
          const outputs = await this.behind.run(
            {
              // What goes around the layer sees the picture itself.
              [image.name]: pictures(count),
              'seewhy.end': end,
              'seewhy.start': start,
              'seewhy.position': column(positions, rank),
              'seewhy.weight': column(weights, rank),
            },
            item.target,
            count,
          );
          return { sum: toFloat32(outputs.sum!), first: toFloat32(outputs.score!)[0]! };
        },
      });
    }
    const walked = await walkPaths(paths, height * width, {
      value: item.value,
      steps: options.steps,
      ruleOf: (steps) => integrationRule(options.rule, steps),
      until: sampling.until,
      batch: this.batch,
      control,
    });
    return { dims: [height, width], ...walked };
  }

  /** What the layer holds for a picture, batch 1. */
  private async activation(picture: Float32Array, item: SampledItem): Promise<RunTensor> {
    const dims = imageDims(this.context.model.image);
    const { activation } = await this.before.run(
      { 'seewhy.picture': { type: 'float32', dims, data: picture } },
      item.target,
      1,
    );
    return { ...activation!, data: toFloat32(nth(activation!, 0)).slice() };
  }

  async release(): Promise<void> {}
}
