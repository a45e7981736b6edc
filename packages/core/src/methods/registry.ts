import { errors } from '../errors.ts';
import { ablationcam } from './ablationcam.ts';
import { cam } from './cam.ts';
import { deconvnet } from './deconvnet.ts';
import { eigencam } from './eigencam.ts';
import { eigengradcam } from './eigengradcam.ts';
import { expectedGradients } from './expected-gradients.ts';
import { featureAblation } from './feature-ablation.ts';
import { fem } from './fem.ts';
import { finerCam } from './finer-cam.ts';
import { fullgrad } from './fullgrad.ts';
import { gradcam } from './gradcam.ts';
import { gradcamElementwise } from './gradcam-elementwise.ts';
import { gradcamPlusPlus } from './gradcam-plus-plus.ts';
import { gradientXInput } from './gradient-x-input.ts';
import { guidedBackprop } from './guided-backprop.ts';
import { guidedGradcam } from './guided-gradcam.ts';
import { hirescam } from './hirescam.ts';
import { integratedGradients } from './integrated-gradients.ts';
import { isCam } from './is-cam.ts';
import { kernelshap } from './kernelshap.ts';
import { layerActivation } from './layer-activation.ts';
import { layerIntegratedGradients } from './layer-integrated-gradients.ts';
import { layercam } from './layercam.ts';
import { lime } from './lime.ts';
import type { Method } from './method.ts';
import { occlusion } from './occlusion.ts';
import { random } from './random.ts';
import { reciprocam } from './reciprocam.ts';
import { rise } from './rise.ts';
import { saliency } from './saliency.ts';
import { scorecam } from './scorecam.ts';
import { shapleySampling } from './shapley-sampling.ts';
import { smoothGradcamPlusPlus } from './smooth-gradcam-plus-plus.ts';
import { smoothgrad } from './smoothgrad.ts';
import { smoothgradSquared } from './smoothgrad-squared.ts';
import { sobel } from './sobel.ts';
import { ssCam } from './ss-cam.ts';
import { vargrad } from './vargrad.ts';
import { xgradcam } from './xgradcam.ts';

/** Every method, in the order they are shown. */
export const METHODS: readonly Method[] = [
  gradcam,
  gradcamPlusPlus,
  smoothGradcamPlusPlus,
  xgradcam,
  layercam,
  hirescam,
  gradcamElementwise,
  finerCam,
  cam,
  eigencam,
  eigengradcam,
  fem,
  fullgrad,
  scorecam,
  ssCam,
  isCam,
  ablationcam,
  reciprocam,
  saliency,
  gradientXInput,
  smoothgrad,
  smoothgradSquared,
  vargrad,
  integratedGradients,
  layerIntegratedGradients,
  expectedGradients,
  guidedBackprop,
  deconvnet,
  guidedGradcam,
  occlusion,
  rise,
  lime,
  kernelshap,
  featureAblation,
  shapleySampling,
  layerActivation,
  random,
  sobel,
];

/** A method by its name or a common spelling of it. @throws METHOD_UNKNOWN with the nearest names */
export function findMethod(name: string): Method {
  const wanted = name.trim().toLowerCase().replaceAll('_', '-');
  const method = METHODS.find((candidate) => candidate.name === wanted || candidate.aliases.includes(wanted));
  if (method) return method;
  throw errors.unknownMethod(
    name,
    METHODS.flatMap(({ name, aliases }) => [name, ...aliases.filter((alias) => letters(alias) !== letters(name))]),
  );
}

/** Spellings that differ in their hyphens only are offered once. */
const letters = (name: string) => name.replaceAll(/[-_]/g, '');
