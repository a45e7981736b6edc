import { SeewhyError } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { linearHead } from '../linear-head.ts';
import type { Model } from '../model.ts';
import { appendMethods, type ProgramModel, programBase, usesLayer } from '../program.ts';
import { seedOf } from '../seed.ts';
import { TOP } from '../target.ts';
import { chooseMethods, graphMethods } from './choose.ts';
import { gradcam } from './gradcam.ts';
import type { GraphMethod, Method, MethodInfo, Need } from './method.ts';
import { METHODS } from './registry.ts';
import { saliency } from './saliency.ts';

/** Whether a method works on a model. */
export interface MethodSupport {
  readonly method: Method;
  readonly supported: boolean;
  /** Why not. */
  readonly reason?: string;
}

/** Every method, and whether it works on a model: found by building the backward passes, not by running them. */
export function methodSupport(model: Model): MethodSupport[] {
  const reasons = new Map<Need, string | undefined>();
  return METHODS.map((method) => {
    if (!reasons.has(method.needs)) reasons.set(method.needs, missing(model, method));
    const reason = reasons.get(method.needs) ?? (walksItself(method) ? refusal(() => build(model, method)) : undefined);
    return reason === undefined ? { method, supported: true } : { method, supported: false, reason };
  });
}

/** Whether a method walks back by rules of its own, from another seed or to further values: its needs do not tell all, so it is tried. */
const walksItself = (method: Method): method is GraphMethod =>
  method.kind === 'graph' && (method.imageRules ?? method.alsoWrt ?? method.reseed) !== undefined;

/** Why a need is not met; undefined when it is. */
function missing(model: Model, method: MethodInfo): string | undefined {
  return refusal(() => {
    if (usesLayer(method) && !model.defaultLayer) throw errors.noLayer(method.name, model.graph);
    const { needs } = method;
    if (needs === 'linear head') linearHead(model.graph, model.shapes, model.defaultLayer!, model.output.logits);
    if (needs === 'layer gradient' || needs === 'layer and input gradient') build(model, gradcam);
    if (needs === 'input gradient' || needs === 'layer and input gradient') build(model, saliency);
  });
}

function refusal(attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof SeewhyError) return error.message;
    throw error;
  }
}

function build(model: Model, method: GraphMethod): void {
  const { graph, shapes, types, image, output } = model;
  const facts: ProgramModel = { graph, shapes, types, image, output };
  const base = programBase(facts, 'logit', model.runtime.profile);
  appendMethods(base, {
    methods: graphMethods(chooseMethods([method])),
    layers: model.defaultLayer ? [model.defaultLayer] : [],
    seed: seedOf(base.facts, TOP),
  });
}
