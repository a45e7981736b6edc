export type { AuditRecord, MapRecord } from './audit-record.ts';
export type { AuditMethod, AuditProblem, AuditRun, Task } from './audit-run.ts';
export type { Finding, MapCluster, Severity } from './finding.ts';
export type { ReportData, ReportPart } from './report-data.ts';
