import { ChannelScores, mapOfRounds } from './channel-scores.ts';
import { channelsBySpread } from './layer-reader.ts';
import type { SamplingMethod } from './method.ts';

/** Score-CAM with masks from faint to full: w = softmax over channels of the mean score. */
export const isCam: SamplingMethod = {
  kind: 'sampling',
  name: 'is-cam',
  title: 'IS-CAM',
  aliases: ['iscam', 'is_cam', 'integrated-score-cam'],
  summary: 'Score-CAM whose masks grow from faint to full, the scores averaged on the way. No gradients.',
  formula: 'ReLU(Σ_k w_k A_k), w = softmax_k( mean_i y(c_i · x ⊙ H_k) ), c_i = i / n, i = 1 … n',
  paper:
    'Naidu et al., IS-CAM: Integrated Score-CAM for axiomatic-based explanations, 2020, eq. 5-7 (arXiv 2010.03023)',
  needs: 'layer',
  output: 'layer',
  cost: 'samples predictions for each channel',
  stages: { rectify: 'relu' },
  options: { channels: 0, samples: 10 },
  variants: {
    even: 'masks of i/n, up to the full picture',
    'torch-cam': 'coefficients add up (1/n, 3/n, 6/n …), so the input is amplified to (n + 1)/2 times itself',
  },
  variantOf: { 'torch-cam': 'torch-cam' },
  open(context) {
    const mask = { scaled: 'before', epsilon: 1e-8, corners: 'bilinear', score: 'logit' } as const;
    const masked = new ChannelScores(context, mask);
    return {
      async attribute(item, control) {
        const layer = await masked.read(item);
        const { samples: rounds, variant } = context.options;
        const channels = channelsBySpread(layer, context.options.channels);
        const factor = (i: number) => (variant === 'torch-cam' ? (i * (i + 1)) / 2 / rounds : i / rounds);
        // The full masks first: cut short, what is there is Score-CAM or more.
        const tried = Array.from({ length: rounds }, (_, i) =>
          channels.map((channel) => ({ channel, factor: factor(rounds - i) })),
        ).flat();
        return mapOfRounds(layer, channels, tried.length, await masked.scores(item, layer, tried, control));
      },
      release: async () => {},
    };
  },
};
