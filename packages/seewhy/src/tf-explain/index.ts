/**
 * The explainers of tf-explain under their own names, for people who come from there: `explain(data, model, arguments)` gives a grid of
 * the whole batch, `explainRaw` the numbers behind it, `save` writes a PNG. docs/from-tf-explain.md says call by call what differs.
 */
export type { ExplainerOptions } from './batch-explainer.ts';
export { type ActivationArguments, ExtractActivations, type LayerValues } from './extract-activations.ts';
export { GradCAM, type GradCAMArguments } from './gradcam.ts';
export type { GradientArguments } from './gradient-explainer.ts';
export { GradientsInputs } from './gradients-inputs.ts';
export { IntegratedGradients, type IntegratedGradientsArguments } from './integrated-gradients.ts';
export { type OcclusionArguments, OcclusionSensitivity } from './occlusion-sensitivity.ts';
export type { ModelSource } from './opened-models.ts';
export type { Grid } from './picture-grid.ts';
export type { RawBatch, RawValues } from './raw-values.ts';
export type { SaveOptions } from './save-grid.ts';
export { SmoothGrad, type SmoothGradArguments } from './smoothgrad.ts';
export type { ClassIndex } from './target-of.ts';
export type { Images, NumberArray, ValidationData } from './validation-data.ts';
export { VanillaGradients } from './vanilla-gradients.ts';
