import { computed } from '@preact/signals';
import type { AuditRecord } from '../../index.ts';
import { place } from './place.ts';
import { run } from './report.ts';

/** A number of an address, when it is one. */
function numberIn(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The threshold for all pictures that have none of their own. */
export const threshold = computed(() => numberIn(place.value.t) ?? run.threshold);

const by = computed(() => place.value.by);
const given = computed(() => place.value.ts);

/** Thresholds by the values of one column. */
export const thresholdsBy = computed(() => {
  const name = by.value;
  const own = new Map<string, number>();
  for (const [value, text] of new URLSearchParams(given.value)) {
    const number = numberIn(text);
    if (number !== undefined) own.set(value, number);
  }
  const valueIn = (record: AuditRecord) => facetValue(record, name) ?? '(none)';
  return { name, own, valueIn };
});

/** What a record has in a column; `group` and `split` are columns too. */
export function facetValue(record: AuditRecord, name: string): string | undefined {
  if (name === 'group') return record.group;
  if (name === 'split') return record.split;
  return Object.hasOwn(record.columns, name) ? String(record.columns[name]) : undefined;
}

/** The threshold that holds for a picture. */
export function thresholdOf(record: AuditRecord): number {
  const { name, own, valueIn } = thresholdsBy.value;
  return (name ? own.get(valueIn(record)) : undefined) ?? threshold.value;
}

/** `ts` of an address with one value's threshold set (undefined: none of its own). */
export function withThreshold(value: string, number: number | undefined): string {
  const next = new URLSearchParams(given.peek());
  if (number === undefined) next.delete(value);
  else next.set(value, String(number));
  return next.toString();
}
