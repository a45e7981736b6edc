import { errors } from '../errors.ts';
import { channelsBySpread, weightedPlanes } from './layer-reader.ts';
import type { SamplingMethod } from './method.ts';
import { TailSampler } from './tail-sampler.ts';

/** w_k = (y − y_k) / y, y_k the score without channel k; map = Σ_k w_k A_k. */
export const ablationcam: SamplingMethod = {
  kind: 'sampling',
  name: 'ablationcam',
  title: 'Ablation-CAM',
  aliases: ['ablation-cam', 'ablation_cam'],
  summary: 'Channels of a layer, weighted by how much the score drops without them. No gradients.',
  formula: 'ReLU(Σ_k w_k A_k), w_k = (y − y_k) / |y|, y_k the score with channel k set to 0',
  paper:
    'Ramaswamy and Desai, Ablation-CAM: Visual Explanations for Deep Convolutional Network via Gradient-free Localization, WACV 2020, eq. 3-4',
  needs: 'layer',
  output: 'layer',
  cost: 'one run of what lies behind the layer for each channel',
  stages: { rectify: 'relu' },
  options: { channels: 0 },
  variants: {
    slope: 'divided by |y|: a channel that speaks for the class weighs positively whatever the sign of y',
    'pytorch-grad-cam': 'divided by y itself, as the paper writes it: signs turn where y is negative',
  },
  variantOf: { 'pytorch-grad-cam': 'pytorch-grad-cam' },
  open(context) {
    const tail = new TailSampler(context, 'channel removed');
    return {
      async attribute(item, control) {
        const layer = await tail.read(item);
        const channels = channelsBySpread(layer, context.options.channels);
        const { scores, samples, interrupted, batch } = await tail.scores(item, layer, channels, control);
        if (samples === 0) throw errors.aborted();
        const y = item.value;
        const size = context.options.variant === 'slope' ? Math.abs(y) : y;
        const weights = new Float64Array(layer.channels);
        for (let i = 0; i < samples; i++) weights[channels[i]!] = size === 0 ? 0 : (y - scores[i]!) / size;
        return {
          dims: [layer.height, layer.width],
          data: weightedPlanes(layer, weights),
          samples,
          total: channels.length,
          batch,
          interrupted,
          notes: size === 0 ? ['The score is 0: relative drops are not defined, and the map is empty.'] : [],
        };
      },
      release: async () => {},
    };
  },
};
