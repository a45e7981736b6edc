export type { AuditRecord, MapRecord } from './audit-record.ts';
export type { AuditMethod, AuditProblem, AuditRun, Task } from './audit-run.ts';
export type { ReportTotals } from './bundle/blocks.ts';
export { type ReportFileOptions, reportFile } from './bundle/report-file.ts';
export { clusterMaps } from './clusters/cluster-maps.ts';
export type { Finding, MapCluster, Severity } from './finding.ts';
export { boxAverage } from './map-statistics/box-average.ts';
export { describeMap } from './map-statistics/describe-map.ts';
export type { Mask } from './map-statistics/inside-mask.ts';
export { decodeGrid, encodeGrid, GRID } from './map-statistics/map-grid.ts';
export { type MapFields, mapRecordOf } from './map-statistics/map-record-of.ts';
export { whereOf } from './map-statistics/where-of.ts';
export {
  binaryScoreOf,
  CELLS,
  type Cell,
  cellOf,
  isCorrect,
  positiveOf,
  predictedOf,
  scoreOf,
} from './metrics/decision.ts';
export { colourOf } from './picture-statistics/colour.ts';
export { fingerprintOf } from './picture-statistics/fingerprint.ts';
export { patchAt } from './picture-statistics/patch.ts';
export { coverCells } from './probes/cover-cells.ts';
export { encodeThumb } from './probes/picture-thumb.ts';
export { coveredPictures, probePictures } from './probes/probe-pictures.ts';
export type { ReportData, ReportPart } from './report-data.ts';
