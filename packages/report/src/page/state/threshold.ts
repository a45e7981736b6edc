import { computed } from '@preact/signals';
import { type NumberRange, numberThirds } from '../../compare/number-thirds.ts';
import type { AuditRecord } from '../../index.ts';
import { here } from './place.ts';
import { records, run } from './report.ts';

/** A number of an address, when it is one. */
function numberIn(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || text.trim() === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** The threshold for all pictures that have none of their own. */
export const threshold = computed(() => numberIn(here.t.value) ?? run.threshold);

/** Thresholds of their own for values of one column. */
export const ownThresholds = computed(() => {
  const own = new Map<string, number>();
  for (const [value, text] of new URLSearchParams(here.ts.value)) {
    const number = numberIn(text);
    if (number !== undefined) own.set(value, number);
  }
  return own;
});

/** A column of more values is not looked at value by value. */
export const MOST_FACETS = 24;

/** Thirds of columns by name, as texts. */
const thirds = new Map<string, ReadonlyMap<string, NumberRange> | undefined>();

/** A column of many numbers falls into thirds: each as it is written, and its range; undefined for all other columns. */
export function thirdsOf(name: string): ReadonlyMap<string, NumberRange> | undefined {
  if (!thirds.has(name)) {
    const values = records.flatMap(({ columns }) => (Object.hasOwn(columns, name) ? [columns[name]] : []));
    const parts = new Set(values).size > MOST_FACETS ? numberThirds(values) : undefined;
    thirds.set(name, parts && new Map(parts.map((range) => [`${range.low} – ${range.high}`, range])));
  }
  return thirds.get(name);
}

/** The numbers that a value of a column stands for, where it is a third of them. */
export const rangeOf = (name: string, value: string): NumberRange | undefined => thirdsOf(name)?.get(value);

/** What a record has in a column, `(none)` where it has nothing; of many numbers the third; `group` and `split` are columns too. */
export function facetOf({ group, split, columns }: AuditRecord, name: string): string {
  if (name === 'group') return group ?? NOTHING;
  if (name === 'split') return split ?? NOTHING;
  if (!Object.hasOwn(columns, name)) return NOTHING;
  const value = columns[name]!;
  for (const [text, { low, high }] of thirdsOf(name) ?? [])
    if (Number(value) >= low && Number(value) <= high) return text;
  return String(value);
}
export const NOTHING = '(none)';

/** The threshold that holds for a value of the column that has thresholds of its own. */
export const thresholdAt = (value: string): number => ownThresholds.value.get(value) ?? threshold.value;

/** The threshold that holds for a picture. */
export function thresholdOf(record: AuditRecord): number {
  const name = here.by.value;
  return name ? thresholdAt(facetOf(record, name)) : threshold.value;
}

/** `ts` of an address with one value's threshold set (undefined: none of its own). */
export function withThreshold(value: string, number: number | undefined): string {
  const next = new URLSearchParams(here.ts.peek());
  if (number === undefined) next.delete(value);
  else next.set(value, String(number));
  return next.toString();
}
