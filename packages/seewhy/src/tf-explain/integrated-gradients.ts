import type { MethodOptions } from '@seewhy/core';
import type { ExplainerOptions } from './batch-explainer.ts';
import { checkNumber } from './check-number.ts';
import { type GradientArguments, type GradientCall, GradientExplainer } from './gradient-explainer.ts';

/** What `IntegratedGradients.explain` takes beside data and model. */
export interface IntegratedGradientsArguments extends GradientArguments {
  /** Steps on the path from zeros to the picture; default 10. */
  readonly nSteps?: number;
  /** Quadrature; default `mean`, tf-explain's: both ends, all steps of equal weight. `gauss-legendre` is far nearer to the integral. */
  readonly rule?: MethodOptions['rule'];
}

/**
 * (x − x′) times the mean gradient on the path from x′ = 0: `integrated-gradients`. Default score: what the model puts out.
 */
export class IntegratedGradients extends GradientExplainer<IntegratedGradientsArguments> {
  constructor(options: ExplainerOptions = {}) {
    super(options, true);
  }

  protected call({ nSteps = 10, rule = 'mean' }: IntegratedGradientsArguments): GradientCall {
    checkNumber('nSteps', nSteps, {
      least: rule === 'mean' || rule === 'trapezoid' ? 2 : 1,
      most: 100_000,
      whole: true,
    });
    return {
      options: { methods: ['integrated-gradients'], steps: nSteps, rule, baseline: 'zero' },
      score: 'output',
    };
  }
}
