import { errors } from '../errors.ts';
import { sobelEdges } from '../perturbation/controls.ts';
import { toFloat32 } from '../tensors.ts';
import type { SamplingMethod } from './method.ts';

/** map = |∇ of the picture's mean over channels|. */
export const sobel: SamplingMethod = {
  kind: 'sampling',
  name: 'sobel',
  title: 'Sobel edges',
  aliases: ['edges', 'sobel-edges', 'edge-detector', 'control-edges'],
  summary: "The picture's own edges: what a map looks like that knows the picture and not the model.",
  formula: '√(D_x² + D_y²) of the mean over channels, D the Sobel derivatives',
  paper:
    'Sobel and Feldman, 1968; as a control: Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018 (arXiv 1810.03292)',
  needs: 'picture',
  output: 'plane',
  cost: 'none',
  stages: { rectify: 'none' },
  caution: 'A control, not an explanation: it does not depend on the model.',
  open: ({ model }) => ({
    attribute: async ({ image }, { signal }) => {
      if (signal?.aborted) throw errors.aborted();
      const { height, width, layout } = model.image;
      const data = sobelEdges({ data: toFloat32(image), dims: image.dims }, layout);
      return { dims: [height, width], data, samples: 0, total: 0, batch: 1 };
    },
    release: async () => {},
  }),
};
