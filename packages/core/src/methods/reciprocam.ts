import { errors } from '../errors.ts';
import type { SamplingMethod } from './method.ts';
import { TailSampler } from './tail-sampler.ts';

/** map(p) = y with the layer's activation kept at place p only. */
export const reciprocam: SamplingMethod = {
  kind: 'sampling',
  name: 'reciprocam',
  title: 'Recipro-CAM',
  aliases: ['recipro-cam', 'recipro_cam'],
  summary:
    'The score when only one place of a layer is left, place by place. No gradients: works on any model that runs.',
  formula: 'map(i, j) = y(A ⊙ M_ij), M_ij a 3 × 3 binomial kernel at (i, j), 0 elsewhere',
  paper:
    'Byun and Lee, Recipro-CAM: Fast gradient-free visual explanations for convolutional neural networks, 2022, eq. 1-3 (arXiv 2209.14074)',
  needs: 'layer',
  output: 'layer',
  cost: 'one run of what lies behind the layer for each place',
  stages: { rectify: 'none' },
  variants: {
    gaussian: "the paper's: a place and, weaker, its eight neighbours",
    pixel: 'the place alone',
  },
  open(context) {
    const tail = new TailSampler(context, context.options.variant === 'pixel' ? 'place kept' : 'place kept, spread');
    return {
      async attribute(item, control) {
        const layer = await tail.read(item);
        const total = layer.height * layer.width;
        const places = Array.from({ length: total }, (_, place) => place);
        const { scores, samples, interrupted, batch } = await tail.scores(item, layer, places, control);
        if (samples === 0) throw errors.aborted();
        // Places not reached count as the mean of the others, so that they do not stand out.
        const mean = scores.subarray(0, samples).reduce((sum, score) => sum + score, 0) / samples;
        return {
          dims: [layer.height, layer.width],
          data: Float32Array.from(scores, (score, place) => (place < samples ? score : mean)),
          samples,
          total,
          batch,
          interrupted,
        };
      },
      release: async () => {},
    };
  },
};
