export type { AuditRecord, MapRecord } from './audit-record.ts';
export type { AuditMethod, AuditProblem, AuditRun, Task } from './audit-run.ts';
export type { ReportTotals } from './bundle/blocks.ts';
export { readReport } from './bundle/read-report.ts';
export { type ReportFileOptions, reportFile } from './bundle/report-file.ts';
export type { ReportReader } from './bundle/report-reader.ts';
export { clusterMaps } from './clusters/cluster-maps.ts';
export { comparedMetrics } from './compare/compared-metrics.ts';
export { comparedSubsets } from './compare/compared-subsets.ts';
export { holm } from './compare/holm.ts';
export { type PairedAuc, pairedAuc } from './compare/paired-auc.ts';
export { mcnemar, type Paired, pairedDifference } from './compare/paired-proportions.ts';
export type { RecordPair, RunPair } from './compare/record-pair.ts';
export type {
  ComparedMetric,
  ComparedPair,
  ComparedSubset,
  ComparisonData,
  Figure,
  Flip,
} from './comparison-data.ts';
export { type Completion, completeFilter } from './filter/complete-filter.ts';
export { type FilterContext, type FilterView, filterContext } from './filter/filter-context.ts';
export {
  allOf,
  anyOf,
  EVERYTHING,
  type FilterNode,
  type FilterOperator,
  type FilterTerm,
  type FilterValue,
} from './filter/filter-node.ts';
export { formatFilter } from './filter/format-filter.ts';
export { type Filter, parseFilter } from './filter/parse-filter.ts';
export type { FilterProblem } from './filter/syntax.ts';
export type { Finding, MapCluster, Severity } from './finding.ts';
export { counted } from './findings/context.ts';
export { findingsOf } from './findings/findings-of.ts';
export { boxAverage } from './map-statistics/box-average.ts';
export { describeMap } from './map-statistics/describe-map.ts';
export type { Mask } from './map-statistics/inside-mask.ts';
export { decodeGrid, encodeGrid, GRID } from './map-statistics/map-grid.ts';
export { type MapFields, mapRecordOf } from './map-statistics/map-record-of.ts';
export { whereOf } from './map-statistics/where-of.ts';
export { type BestThreshold, bestThreshold, type Criterion } from './metrics/best-threshold.ts';
export { BinaryCurve } from './metrics/binary-curve.ts';
export { type BinaryMetrics, binaryMetrics, type Counts } from './metrics/binary-metrics.ts';
export { type Calibration, type CalibrationBin, calibrationOf } from './metrics/calibration.ts';
export { curveOf } from './metrics/curve-of.ts';
export {
  binaryScoreOf,
  CELLS,
  type Cell,
  cellOf,
  type Deciding,
  isCorrect,
  positiveOf,
  predictedOf,
  scoreOf,
} from './metrics/decision.ts';
export type { Estimate } from './metrics/estimate.ts';
export { evaluate, GROUP_FIGURES, METRIC_ALIASES } from './metrics/evaluate.ts';
export {
  GROUP_RULES,
  type GroupDecision,
  type GroupDecisions,
  type GroupRule,
  groupCurve,
  groupDecisions,
} from './metrics/group-decisions.ts';
export {
  countsByOwnThreshold,
  Grouping,
  type GroupRow,
  type SubsetRow,
  subsetTable,
} from './metrics/grouping.ts';
export {
  type AverageRow,
  type Averages,
  averagesOf,
  type ClassRow,
  type ConfusionMatrix,
  classCurves,
  classTable,
  confusionMatrix,
  type MultiLabelMetrics,
  matrixCellOf,
  multiLabelMetrics,
  topK,
} from './metrics/multiclass.ts';
export { areaUnderRoc, averagePrecision, type CurvePoints, precisionRecallPoints, rocPoints } from './metrics/roc.ts';
export { wilson } from './metrics/wilson.ts';
export { colourOf } from './picture-statistics/colour.ts';
export { fingerprintOf } from './picture-statistics/fingerprint.ts';
export { patchAt } from './picture-statistics/patch.ts';
export { coverCells } from './probes/cover-cells.ts';
export { encodeThumb } from './probes/picture-thumb.ts';
export { coveredPictures, probePictures } from './probes/probe-pictures.ts';
export type { ReportData, ReportPart } from './report-data.ts';
