export type { ClassOutput } from './class-output.ts';
export { findClassOutput } from './class-output.ts';
export { type CompileRequest, compileExplained } from './compile.ts';
export { type DefaultLayer, defaultLayer } from './default-layer.ts';
export { ExplainProgram, explain, type ProgramRun } from './explain.ts';
export { Explainer, type ExplainerRequest, type ItemMap, type ItemResult } from './explainer.ts';
export type {
  ExplainedLayer,
  ExplainedTarget,
  Explanation,
  Prediction,
  Provenance,
  RawMap,
  SamplingRecord,
} from './explanation.ts';
export { VERSION } from './explanation.ts';
export { COLORMAPS, type ColormapName, colormap, colourIndex, defaultColormap } from './heatmap/colormaps.ts';
export { type Diagnosis, diagnose } from './heatmap/diagnose.ts';
export { type Finishing, fusedStages, stagesOf } from './heatmap/finishing.ts';
export type { HeatMap } from './heatmap/heatmap.ts';
export {
  type FinishedMap,
  findPreset,
  finishMap,
  POSTPROCESS,
  type PostprocessName,
  type Stage,
} from './heatmap/presets.ts';
export { type MapResize, resizeMap } from './heatmap/resize.ts';
export { type Fusion, fuseMaps, normalise, REDUCERS, type Reducer, rectify, reduceChannels } from './heatmap/stages.ts';
export { type MapStatistics, mapStatistics } from './heatmap/statistics.ts';
export { assertTakesPictures, findImageInput, type ImageInput, imageDims, type Layout } from './image-input.ts';
export { knownSizes } from './known-sizes.ts';
export { findLayers, type Layer } from './layers.ts';
export { chooseMethods, graphMethods, hasOption } from './methods/choose.ts';
export type {
  GraphMethod,
  Method,
  MethodContext,
  MethodInfo,
  MethodStages,
  Need,
  SamplingMethod,
} from './methods/method.ts';
export {
  checkOption,
  flagOf,
  METHOD_OPTIONS,
  type MethodOptions,
  OPTION_NAMES,
  type OptionInfo,
  type OptionName,
  range,
} from './methods/options.ts';
export { findMethod, METHODS } from './methods/registry.ts';
export type { MethodSupport } from './methods/support.ts';
export { Model, type ModelOptions } from './model.ts';
export { decodeNpy, encodeNpy, type NpyArray, npyToFloat32 } from './npy.ts';
export { type Box, blankPicture, greyPicture, type Picture } from './picture/picture.ts';
export { pictureOfTensor } from './picture/picture-of-tensor.ts';
export { type Interpolation, resamplePicture } from './picture/resample.ts';
export { predictionsOf } from './predictions-of.ts';
export { type Preprocessed, preprocessPicture } from './preprocess/apply.ts';
export { type Geometry, geometryOf, placeMap, seenBox } from './preprocess/geometry.ts';
export { type ParsedPreprocess, parsePreprocess } from './preprocess/hugging-face.ts';
export { describePreprocess, type InputShape, type Preprocess } from './preprocess/preprocess.ts';
export { PREPROCESS_PRESETS, type PreprocessName, preprocessPreset } from './preprocess/presets.ts';
export { type Probe, probe } from './probe.ts';
export { type ChosenMethod, usesLayer } from './program.ts';
export { type RandomStream, randomStream } from './random/random-stream.ts';
export { type ChannelRanking, type RankedChannel, rankChannels } from './rank-channels.ts';
export {
  type AuditPanelRequest,
  type AuditPanelSection,
  auditPanel,
  auditPanelColumns,
} from './render/audit-panel.ts';
export type { AuditPanelItem, AuditPanelMap } from './render/audit-panel-item.ts';
export { type ChannelSheetRequest, channelSheet } from './render/channel-sheet.ts';
export { type ContactSheetItem, type ContactSheetOptions, contactSheet } from './render/contact-sheet.ts';
export { fitInside, scaleTo } from './render/fit.ts';
export { type HeatmapImageOptions, heatmapImage, transparentHeatmap } from './render/heatmap-image.ts';
export { type HeatmapSheetRequest, heatmapSheet } from './render/heatmap-sheet.ts';
export { OVERLAY_STYLES, type OverlayOptions, type OverlayStyle, opacities, overlay } from './render/overlay.ts';
export { type PanelRequest, panel } from './render/panel.ts';
export type { Raster } from './render/raster.ts';
export { isDrawable } from './render/text.ts';
export { type AskedTarget, type ExplainOptions, type ResolvedOptions, resolveOptions } from './resolve-options.ts';
export { type OrtModule, type OrtOptions, ortRuntime } from './runtime/ort.ts';
export type { RunTensor, Runtime, Session, SessionOptions } from './runtime/runtime.ts';
export { TELEMETRY_SWITCH } from './runtime/telemetry.ts';
export type { RunControl, Sampled, SampledItem, Sampler, SamplerContext, SamplingOptions } from './sampling/sampler.ts';
export { type Segmentation, segmentationOf } from './segmentation/segmentation.ts';
export { settleBranches } from './settle-branches.ts';
export { labelOf, type ScoreKind, type Target, type TargetOutputs, TOP } from './target.ts';
export { checkTarget } from './targets/check-target.ts';
export { slugOf } from './targets/explained-target.ts';
export { classIndex, parseTargets, splitTargets } from './targets/parse-targets.ts';
export { cellOfPixel, maskOnGrid } from './targets/place-on-grid.ts';
export { outputGrid } from './targets/region.ts';
export { similarTo } from './targets/similar-to.ts';
export { targetText } from './targets/target-text.ts';
export { fromFloat32, stack, toFloat32, zeros } from './tensors.ts';
export { noiseImage } from './verify/noise-image.ts';
export type { VerifyDirection, VerifyOptions, VerifyPlace, VerifyReport, VerifyStep } from './verify/report.ts';
export { verify } from './verify/verify.ts';
export type { WrapOptions } from './wrappers/wrap.ts';
