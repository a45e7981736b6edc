import { errors } from '../errors.ts';
import { cam } from './cam.ts';
import { gradcam } from './gradcam.ts';
import { gradientXInput } from './gradient-x-input.ts';
import { hirescam } from './hirescam.ts';
import { integratedGradients } from './integrated-gradients.ts';
import { layercam } from './layercam.ts';
import type { Method } from './method.ts';
import { saliency } from './saliency.ts';

/** Every method, in the order they are shown. */
export const METHODS: readonly Method[] = [
  gradcam,
  layercam,
  hirescam,
  cam,
  saliency,
  gradientXInput,
  integratedGradients,
];

/** A method by its name or a common spelling of it. @throws METHOD_UNKNOWN with the nearest names */
export function findMethod(name: string): Method {
  const wanted = name.trim().toLowerCase().replaceAll('_', '-');
  const method = METHODS.find((candidate) => candidate.name === wanted || candidate.aliases.includes(wanted));
  if (method) return method;
  throw errors.unknownMethod(
    name,
    METHODS.flatMap((candidate) => [candidate.name, ...candidate.aliases]),
  );
}
