import type { ExplainerOptions } from './batch-explainer.ts';
import { type GradientArguments, type GradientCall, GradientExplainer } from './gradient-explainer.ts';

/** Gradient times pixel value: `gradient-x-input`. Default score: `logit`. */
export class GradientsInputs extends GradientExplainer<GradientArguments> {
  constructor(options: ExplainerOptions = {}) {
    super(options, false);
  }

  protected call(): GradientCall {
    return { options: { methods: ['gradient-x-input'] }, score: 'logit' };
  }
}
