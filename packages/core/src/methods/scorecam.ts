import { errors } from '../errors.ts';
import { type ChannelMask, ChannelScores, softmaxWeights } from './channel-scores.ts';
import { channelsBySpread, type ReadLayer, weightedPlanes } from './layer-reader.ts';
import type { SamplingMethod } from './method.ts';

/** The forms of Score-CAM that people run under this one name. */
const FORMS = {
  original: { scaled: 'after', epsilon: 0, corners: 'bilinear', score: 'probability', softmax: false },
  'pytorch-grad-cam': { scaled: 'after', epsilon: 1e-8, corners: 'align-corners', score: 'logit', softmax: true },
  'torch-cam': { scaled: 'before', epsilon: 1e-8, corners: 'bilinear', score: 'logit', softmax: true },
  'tf-keras-vis': {
    scaled: 'after',
    epsilon: 1e-7,
    corners: 'align-corners',
    score: 'softmax of output',
    softmax: false,
  },
} as const satisfies Record<string, ChannelMask & { softmax: boolean }>;

/** w_k = score of the picture seen through channel k; map = Σ_k w_k A_k. */
export const scorecam: SamplingMethod = {
  kind: 'sampling',
  name: 'scorecam',
  title: 'Score-CAM',
  aliases: ['score-cam', 'score_cam', 'faster-scorecam'],
  summary: 'Channels of a layer, weighted by the score of the picture seen through each of them. No gradients.',
  formula: 'ReLU(Σ_k w_k A_k), w_k = y(x ⊙ H_k), H_k = channel k enlarged to the picture and scaled to 0…1',
  paper:
    'Wang et al., Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks, CVPR workshop 2020, eq. 5-6 (arXiv 1910.01279)',
  needs: 'layer',
  output: 'layer',
  cost: 'one prediction for each channel',
  stages: { rectify: 'relu' },
  options: { channels: 0 },
  variants: {
    original: 'weights are probabilities of the class; flat channels weigh nothing',
    'pytorch-grad-cam': 'corners aligned; softmax over the channels of their scores',
    'torch-cam': 'scaled before it is enlarged; softmax over the channels of their scores',
    'tf-keras-vis': 'corners aligned; weights are a softmax over the classes of what the model puts out',
  },
  variantOf: {
    'pytorch-grad-cam': 'pytorch-grad-cam',
    'torch-cam': 'torch-cam',
    'tf-keras-vis': 'tf-keras-vis',
  },
  open(context) {
    const form = FORMS[context.options.variant as keyof typeof FORMS];
    const masked = new ChannelScores(context, form);
    return {
      async attribute(item, control) {
        const layer = await masked.read(item);
        const flat = form.softmax ? [] : flatChannels(layer);
        const channels = channelsBySpread(layer, context.options.channels).filter((k) => !flat.includes(k));
        const tried = channels.map((channel) => ({ channel, factor: 1 }));
        const { scores, samples, interrupted, batch } = await masked.scores(item, layer, tried, control);
        if (samples === 0 && channels.length > 0) throw errors.aborted();
        const done = channels.slice(0, samples);
        const weights = form.softmax
          ? softmaxWeights(layer.channels, done, scores)
          : plainWeights(layer.channels, done, scores);
        return {
          dims: [layer.height, layer.width],
          data: weightedPlanes(layer, weights),
          samples,
          total: channels.length,
          batch,
          interrupted,
          notes: flat.length === 0 ? [] : [`${flat.length} of ${layer.channels} channels are flat and weigh nothing.`],
        };
      },
      release: async () => {},
    };
  },
};

function plainWeights(count: number, channels: readonly number[], scores: ArrayLike<number>): Float64Array {
  const weights = new Float64Array(count);
  channels.forEach((channel, i) => {
    weights[channel] = scores[i]!;
  });
  return weights;
}

/** Channels of one value everywhere: their mask would be empty. */
function flatChannels({ channels, height, width, planes }: ReadLayer): number[] {
  const size = height * width;
  return Array.from({ length: channels }, (_, k) => k).filter((k) => {
    const first = planes[k * size]!;
    for (let i = k * size; i < (k + 1) * size; i++) if (planes[i] !== first) return false;
    return true;
  });
}
