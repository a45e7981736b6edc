import type { AuditRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';

/** One picture in both runs. Where the runs disagree on its label, it has none in both. */
export interface RecordPair {
  readonly a: AuditRecord;
  readonly b: AuditRecord;
}

/** Both runs. */
export interface RunPair {
  readonly a: AuditRun;
  /** With A's class list. */
  readonly b: AuditRun;
}
