import { Explainer } from './explainer.ts';
import type { HeatMap } from './heatmap/heatmap.ts';
import type { Layer } from './layers.ts';
import { floatCells } from './methods/float-cells.ts';
import { gradcam } from './methods/gradcam.ts';
import type { GraphMethod } from './methods/method.ts';
import type { MethodOptions } from './methods/options.ts';
import type { Model } from './model.ts';
import type { RunTensor } from './runtime/runtime.ts';
import type { ScoreKind, Target } from './target.ts';
import { parseTargets } from './targets/parse-targets.ts';

/** A channel of a layer, and what it says for a target. */
export interface RankedChannel {
  readonly channel: number;
  /** Its weight in Grad-CAM: the mean of ∂y/∂A_k over the cells. */
  readonly weight: number;
  /** weight · Σ_ij A_kij: its part of the sum of the Grad-CAM map. */
  readonly share: number;
  /** Its activation A_k, `[h, w]` of the layer. */
  readonly map: HeatMap;
}

/** All channels of a layer, those that speak most for the target first. */
export interface ChannelRanking {
  readonly layer: Layer;
  readonly target: Target;
  /** The explained score. */
  readonly score: number;
  /** By falling share; equal shares by number. */
  readonly channels: readonly RankedChannel[];
}

/** Σ of the shares is the sum of the Grad-CAM map. */
const weights: GraphMethod = {
  ...gradcam,
  name: 'channel-weights',
  build: (context) => {
    const { b, view } = context;
    return b.squeeze(view!.meanSpace(floatCells(context, context.gradient)), view!.spatialAxes);
  },
};

const activations: GraphMethod = {
  ...gradcam,
  name: 'channel-activations',
  needs: 'layer',
  build: (context) => context.b.transpose(context.view!.rows(floatCells(context)), [0, 2, 1]),
};

/**
 * Ranks the channels of a layer by what they add to the Grad-CAM map of a target on one picture: weight · activation, summed over the
 * cells. What a network looks for, one detector at a time.
 * @param image `[1, …]`, as the model takes it
 * @param layer or its name, scope, value or node
 * @param target or its text; default the class with the highest score
 * @throws LAYER_UNKNOWN, LAYER_NOT_SPATIAL, TARGET_…, INPUT_SHAPE, NO_GRADIENT_RULE
 */
export async function rankChannels(
  model: Model,
  image: RunTensor,
  layer: Layer | string,
  target: Target | string = 'top',
  score: ScoreKind = 'logit',
): Promise<ChannelRanking> {
  const at = typeof layer === 'string' ? model.layer(layer) : layer;
  const [wanted] = typeof target === 'string' ? parseTargets(target, model.output, model.labels) : [target];
  const options = {} as MethodOptions;
  const explainer = await Explainer.open(model, {
    methods: [weights, activations].map((method) => ({ method, options })),
    layers: [at],
    targets: [wanted!],
    score,
  });
  try {
    const [item] = await explainer.run([image]);
    const { maps, targets } = item!;
    const [, height, width] = at.shape;
    const cells = height * width;
    const [weight, activation] = [maps[0]!.data, maps[1]!.data];
    const channels = Array.from(weight, (value, channel): RankedChannel => {
      const data = activation.slice(channel * cells, (channel + 1) * cells);
      const share = value * data.reduce((sum, one) => sum + one, 0);
      return { channel, weight: value, share, map: { height, width, data } };
    });
    channels.sort((a, b) => b.share - a.share || a.channel - b.channel);
    return { layer: at, target: targets[0]!.resolved, score: targets[0]!.value, channels };
  } finally {
    await explainer.release();
  }
}
