import { signal } from '@preact/signals';
import { ReportReader } from '../../bundle/report-reader.ts';
import type { AuditRecord, AuditRun, ComparisonData, ReportData } from '../../index.ts';

/** The report that is open: set once, before anything is drawn. */
export let report!: ReportData;
export let run!: AuditRun;
export let records!: readonly AuditRecord[];
/** Place of a picture in `records`, by id. */
export const placeOf = new Map<string, number>();

export const reader = new ReportReader<ReportData | ComparisonData>();

/** Grows while pictures are still arriving: who misses one reads it and is drawn again. */
export const arrived = signal(0);
/** All of the file has been read. */
export const complete = signal(false);

export function openReport(data: ReportData): void {
  report = data;
  run = data.run;
  records = data.records;
  data.records.forEach(({ id }, i) => {
    if (!placeOf.has(id)) placeOf.set(id, i);
  });
}

export const recordOf = (id: string): AuditRecord | undefined => {
  const place = placeOf.get(id);
  return place === undefined ? undefined : records[place];
};
