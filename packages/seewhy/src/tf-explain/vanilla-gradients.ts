import type { ExplainerOptions } from './batch-explainer.ts';
import { type GradientArguments, type GradientCall, GradientExplainer } from './gradient-explainer.ts';

/** The gradient of a class score at each pixel: `saliency`. Default score: `logit`, whether or not the softmax is a layer of its own. */
export class VanillaGradients extends GradientExplainer<GradientArguments> {
  constructor(options: ExplainerOptions = {}) {
    super(options, false);
  }

  protected call(): GradientCall {
    return { options: { methods: ['saliency'] }, score: 'logit' };
  }
}
