import type { AuditRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';
import { byId } from '../by-id.ts';
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
  const sorted = byId(records);
  // One list for all pictures of a decision: a million of them would take a hundred megabytes.
  const lists = new Map<number, readonly number[]>();
  const shared = (predicted: readonly number[]): readonly number[] => {
    const [only] = predicted;
    if (only === undefined || predicted.length > 1) return predicted;
    const known = lists.get(only) ?? predicted;
    lists.set(only, known);
    return known;
  };
  const judged: Judged[] = [];
  for (const record of sorted) {
    const { scores, label } = record;
    const own = { scores, label };
    const predicted = predictedOf(own, run);
    const correct = isCorrect(own, run);
    if (predicted === undefined || correct === undefined) continue;
    judged.push({
      record,
      label: label!,
      predicted: shared(predicted),
      correct,
      confidence: confidenceOf(own, run, predicted),
    });
  }
  return { run, records: sorted, clusters, judged, nameOf: (index) => run.classes[index] ?? `class ${index}` };
}

function confidenceOf(record: Pick<AuditRecord, 'scores'>, run: AuditRun, predicted: readonly number[]): number {
  if (run.task === 'multilabel')
    return Math.min(...record.scores.map(([index, score]) => (predicted.includes(index) ? score : 1 - score)));
  const own = record.scores.find(([index]) => index === predicted[0])?.[1];
  return own ?? 1 - (record.scores[0]?.[1] ?? 0);
}

/** The first severity whose condition holds. */
export const severityOf = (high: boolean, medium: boolean): Severity => (high ? 'high' : medium ? 'medium' : 'low');

/** Whole percents; what is not none or all is not said to be. */
export function percent(share: number): string {
  const whole = Math.round(100 * share);
  if (whole === 0 && share > 0) return 'less than 1 %';
  if (whole === 100 && share < 1) return 'more than 99 %';
  return `${whole} %`;
}

/** The first letter as a capital. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A probability for people: two digits, and no smaller than a computation can mean. */
export const pText = (p: number): string => (p < 1e-6 ? 'p < 0.000001' : `p = ${Number(p.toPrecision(2))}`);

/** A count for people: `20,038`. */
export const number = (n: number): string => n.toLocaleString('en');

/** `1 picture`, `3 pictures`. */
export const counted = (n: number, noun: string, plural = `${noun}s`): string =>
  `${number(n)} ${n === 1 ? noun : plural}`;

/** A finding lists so many pictures at most. */
const MOST_IDS = 10_000;

/** The pictures of a finding, the clearest first; how many of them are not listed is said. */
export function pictures<T>(list: readonly T[], idOf: (one: T) => string): Pick<Finding, 'ids' | 'more'> {
  const more = list.length - MOST_IDS;
  return { ids: list.slice(0, MOST_IDS).map(idOf), ...(more > 0 && { more }) };
}
