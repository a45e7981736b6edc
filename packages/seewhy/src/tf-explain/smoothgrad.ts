import type { Model, RunTensor } from '@seewhy/core';
import type { ExplainerOptions } from './batch-explainer.ts';
import { checkNumber } from './check-number.ts';
import { type GradientArguments, type GradientCall, GradientExplainer } from './gradient-explainer.ts';
import { nhwc } from './nhwc.ts';

/** What `SmoothGrad.explain` takes beside data and model. */
export interface SmoothGradArguments extends GradientArguments {
  /** Noisy copies of each picture; default 5. */
  readonly numSamples?: number;
  /**
   * Standard deviation in the units of the model's input; default 1.0, as in tf-explain, which is much for pictures in 0…1. Or the noise
   * itself, `[samples, height, width, channels]`, the same for each picture; `numSamples` is then its first dimension.
   */
  readonly noise?: number | RunTensor;
  /** Equal seeds give equal grids; default 0. */
  readonly seed?: number;
}

/** The gradient of the class score, averaged over noisy copies: `smoothgrad`. Default score: `logit`. */
export class SmoothGrad extends GradientExplainer<SmoothGradArguments> {
  constructor(options: ExplainerOptions = {}) {
    super(options, true);
  }

  protected call({ numSamples = 5, noise = 1, seed = 0 }: SmoothGradArguments, model: Model): GradientCall {
    checkNumber('numSamples', numSamples, { least: 1, most: 1_000_000, whole: true });
    checkNumber('seed', seed, { least: 0, whole: true });
    if (typeof noise !== 'object') checkNumber('noise', noise, { least: 0, whole: false });
    const given =
      typeof noise === 'object'
        ? { noise: laidOut(noise, model) }
        : { samples: numSamples, noise: 0, noiseAbsolute: noise };
    return { options: { methods: ['smoothgrad'], seed, ...given }, score: 'logit', draws: true };
  }
}

/** Noise in the layout of the model; of another shape it is for the method to refuse. */
function laidOut(noise: RunTensor, { image }: Model): RunTensor {
  const { layout, height, width, channels } = image;
  const data =
    noise.data instanceof Float32Array ? noise.data : Float32Array.from(noise.data as ArrayLike<number>, Number);
  const [count, ...own] = noise.dims;
  if (layout === 'NHWC' || own.join() !== [height, width, channels].join()) return { ...noise, type: 'float32', data };
  const size = height * width * channels;
  const turned = new Float32Array(data.length);
  for (let n = 0; n < count!; n++)
    turned.set(nhwc(data.subarray(n * size, (n + 1) * size), [height, width, channels], 'to NCHW'), n * size);
  return { type: 'float32', dims: [count!, channels, height, width], data: turned };
}
