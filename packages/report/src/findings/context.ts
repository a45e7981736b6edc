import type { AuditRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';
import type { Finding, MapCluster, Severity } from '../finding.ts';
import { isCorrect, predictedOf } from '../metrics/decision.ts';

/** What every kind of finding looks at. */
export interface Context {
  readonly run: AuditRun;
  /** By id. */
  readonly records: readonly AuditRecord[];
  readonly clusters: readonly MapCluster[];
  /** Records with a label and a usable score, with what was decided. */
  readonly judged: readonly Judged[];
  nameOf(index: number): string;
}

export interface Judged {
  readonly record: AuditRecord;
  readonly label: readonly number[];
  readonly predicted: readonly number[];
  readonly correct: boolean;
  /** Probability of what was decided: of the predicted class; of a multi-label head the least sure of its decisions. */
  readonly confidence: number;
}

/** Makes a kind's findings; none where there is nothing to say. */
export type FindingKind = (context: Context) => Finding[];

export function contextOf(run: AuditRun, records: readonly AuditRecord[], clusters: readonly MapCluster[]): Context {
  const sorted = records.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const judged = sorted.flatMap((record): Judged[] => {
    const predicted = predictedOf(record, run);
    const correct = isCorrect(record, run);
    if (predicted === undefined || correct === undefined) return [];
    return [{ record, label: record.label!, predicted, correct, confidence: confidenceOf(record, run, predicted) }];
  });
  return { run, records: sorted, clusters, judged, nameOf: (index) => run.classes[index] ?? `class ${index}` };
}

function confidenceOf(record: AuditRecord, run: AuditRun, predicted: readonly number[]): number {
  if (run.task === 'multilabel')
    return Math.min(...record.scores.map(([index, score]) => (predicted.includes(index) ? score : 1 - score)));
  const own = record.scores.find(([index]) => index === predicted[0])?.[1];
  return own ?? 1 - (record.scores[0]?.[1] ?? 0);
}

/** The first severity whose condition holds. */
export const severityOf = (high: boolean, medium: boolean): Severity => (high ? 'high' : medium ? 'medium' : 'low');

export const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** A probability for people: two digits, and no smaller than a computation can mean. */
export const pText = (p: number): string => (p < 1e-6 ? 'p < 0.000001' : `p = ${Number(p.toPrecision(2))}`);

/** `1 picture`, `3 pictures`. */
export const counted = (n: number, noun: string, plural = `${noun}s`): string => `${n} ${n === 1 ? noun : plural}`;
