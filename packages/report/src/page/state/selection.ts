import { computed } from '@preact/signals';
import type { NumberRange } from '../../compare/number-thirds.ts';
import { columnField } from '../../filter/fields.ts';
import { type FilterContext, type FilterView, filterContext } from '../../filter/filter-context.ts';
import { formatFilter } from '../../filter/format-filter.ts';
import { parseFilter } from '../../filter/parse-filter.ts';
import type { AuditRecord } from '../../index.ts';
import { noteOf } from './notes.ts';
import { here } from './place.ts';
import { records, report, run } from './report.ts';
import { threshold } from './threshold.ts';

let known: FilterContext | undefined;

/** What a filter may speak of. */
export function context(): FilterContext {
  known ??= filterContext(run, records, report.findings, report.clusters);
  return known;
}

/** The filter as it was read, with what is wrong with it. */
export const filter = computed(() => parseFilter(here.q.value, context()));

/** Read by the filter's parts that need it: one that asks for labels only is not run again when the threshold moves. */
const filterView: FilterView = {
  get threshold() {
    return threshold.value;
  },
  flagged: { has: (id) => noteOf(id)?.flag ?? false },
  notes: { get: (id) => noteOf(id)?.text || undefined },
};

/** The pictures that the filter leaves. */
export const selected = computed<readonly AuditRecord[]>(() => {
  const { test, node } = filter.value;
  return node.kind === 'everything' ? records : records.filter((record) => test(record, filterView));
});

/** How a filter for one value of a field is written. */
export const filterFor = (field: string, ...values: readonly string[]): string =>
  formatFilter({
    kind: 'term',
    field,
    operator: ':',
    values: values.map((value) => ({ kind: 'text', text: value, wild: false })),
  });

/** How a filter for a column of the data set is written: one value, or a range of numbers. */
export const filterForColumn = (column: string, value: string | NumberRange): string =>
  formatFilter({
    kind: 'term',
    ...columnField(column),
    operator: ':',
    values: [typeof value === 'string' ? { kind: 'text', text: value, wild: false } : { kind: 'range', ...value }],
  });

/** The filter with a word added; taken away where it stands already. */
export function withWord(word: string, others: readonly string[] = []): string {
  const words = here.q
    .peek()
    .split(/\s+/)
    .filter((one) => one !== '' && !others.includes(one));
  return (words.includes(word) ? words.filter((one) => one !== word) : [...words, word]).join(' ');
}
