import { errors } from '../errors.ts';
import { randomMap } from '../perturbation/controls.ts';
import { randomStream } from '../random/random-stream.ts';
import type { SamplingMethod } from './method.ts';

/** map ~ U[0, 1), pixel by pixel. */
export const random: SamplingMethod = {
  kind: 'sampling',
  name: 'random',
  title: 'Random map',
  aliases: ['random-map', 'noise-map', 'control-random'],
  summary: 'Uniform noise: what a map looks like that explains nothing.',
  formula: 'U[0, 1) at every pixel',
  paper: 'a control; as in Hooker et al., A Benchmark for Interpretability Methods, NeurIPS 2019 (arXiv 1806.10758)',
  needs: 'picture',
  output: 'plane',
  cost: 'none',
  stages: { rectify: 'none' },
  caution: 'A control, not an explanation: it knows neither model nor picture.',
  open: ({ model, sampling }) => ({
    attribute: async ({ item }, { signal }) => {
      if (signal?.aborted) throw errors.aborted();
      const { height, width } = model.image;
      const data = randomMap(randomStream(sampling.seed, 'random', item), height, width);
      return { dims: [height, width], data, samples: 0, total: 0, batch: 1 };
    },
    release: async () => {},
  }),
};
