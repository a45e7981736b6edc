import { randomStream } from '../random/random-stream.ts';
import { toFloat32 } from '../tensors.ts';
import { ChannelScores, type MaskNoise, mapOfRounds } from './channel-scores.ts';
import { channelsBySpread } from './layer-reader.ts';
import type { SamplingMethod } from './method.ts';

/** Score-CAM with noise on the masks: w = softmax over channels of the mean score. */
export const ssCam: SamplingMethod = {
  kind: 'sampling',
  name: 'ss-cam',
  title: 'SS-CAM',
  aliases: ['sscam', 'ss_cam', 'smoothed-score-cam'],
  summary: 'Score-CAM whose masks are blurred by noise, several times each. No gradients.',
  formula:
    'ReLU(Σ_k w_k A_k), w = softmax_k( mean_n y(x ⊙ (H_k + δ_n)) ), δ ~ N(0, σ²) at each pixel, σ in parts of the mask (0…1)',
  paper:
    'Wang et al., SS-CAM: Smoothed Score-CAM for Sharper Visual Feature Localization, 2020, eq. 6-8 (arXiv 2006.14255)',
  needs: 'layer',
  output: 'layer',
  cost: 'samples predictions for each channel',
  stages: { rectify: 'relu' },
  options: { channels: 0, samples: 35, noise: 2 },
  open(context) {
    const mask = { scaled: 'before', epsilon: 1e-8, corners: 'bilinear', score: 'logit' } as const;
    const masked = new ChannelScores(context, mask, true);
    return {
      async attribute(item, control) {
        const layer = await masked.read(item);
        // Masks go from 0 to 1: parts of their range are their own units.
        const { samples: rounds, noise } = context.options;
        const channels = channelsBySpread(layer, context.options.channels);
        // Round by round over all channels: cut short, every channel has had as many.
        const tried = Array.from({ length: rounds }, () => channels.map((channel) => ({ channel, factor: 1 }))).flat();
        const drawn: MaskNoise =
          typeof noise === 'object'
            ? (at, into) => {
                const size = into.length;
                into.set(toFloat32(noise).subarray(at * size, (at + 1) * size));
              }
            : (at, into) => {
                randomStream(context.sampling.seed, 'ss-cam', item.item, at).fillNormal(into, 0, noise);
              };
        return mapOfRounds(layer, channels, tried.length, await masked.scores(item, layer, tried, control, drawn));
      },
      release: async () => {},
    };
  },
};
