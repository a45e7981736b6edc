import { errors } from '../errors.ts';
import type { Model } from '../model.ts';
import type { Method } from './method.ts';
import type { MethodSupport } from './support.ts';

/** What `--method auto` stands for on a model, and why. */
export interface AutoMethod {
  readonly method: Method;
  readonly reason: string;
}

/** Best first: what is class-specific, cheap and faithful at a layer; then at the pixels; then without gradients. */
const PREFERENCE: readonly { readonly name: string; readonly because: string }[] = [
  { name: 'gradcam', because: 'the model has a spatial layer and gradients reach it: one run, class-specific' },
  { name: 'saliency', because: 'no spatial layer can be explained, but gradients reach the picture' },
  {
    name: 'reciprocam',
    because: 'it needs no gradients: the layer is masked place by place and the rest of the model run',
  },
  { name: 'rise', because: 'it needs nothing but that the model runs: the picture is masked at random' },
];

/** The best method that a model supports. Methods without gradients are chosen last, and the reason says what stood in the way. */
export function autoMethod(model: Pick<Model, 'methods'>): AutoMethod {
  const support = new Map(model.methods().map((entry): [string, MethodSupport] => [entry.method.name, entry]));
  const refused: string[] = [];
  for (const { name, because } of PREFERENCE) {
    const entry = support.get(name);
    if (!entry) continue;
    if (entry.supported)
      return { method: entry.method, reason: [`auto: ${name}, because ${because}`, ...refused].join('; ') };
    refused.push(`${name} is not possible (${entry.reason})`);
  }
  throw errors.noMethod(refused);
}
