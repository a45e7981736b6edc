import type { Outcome } from './outcome.ts';

/** Pictures chosen from those that could be shown. */
export interface Picked {
  readonly shown: readonly Outcome[];
  /** In sentences: all, or how many of how many and by what rule. */
  readonly note: string;
}

/** The first `most` of a sorted list; explained ones only, where some are and not all of the list can be shown. */
export function pickFirst(sorted: readonly Outcome[], most: number, rule: string): Picked {
  const { list, unexplained } = explainedOf(sorted, most);
  return said(sorted.length, list.slice(0, most), rule, unexplained);
}

/**
 * At most `most` of a sorted list at equal steps of rank, the first and the last among them: they show the whole range and not its best end.
 * Taken from the explained ones only when some of those it would take are not.
 */
export function pickEvenly(sorted: readonly Outcome[], most: number, rule: string): Picked {
  const wanted = evenly(sorted, most);
  if (wanted.every(isExplained)) return said(sorted.length, wanted, rule, 0);
  const { list, unexplained } = explainedOf(sorted, most);
  return said(sorted.length, evenly(list, most), rule, unexplained);
}

/** `most` of a list at equal steps: index round(i (n − 1) / (most − 1)). */
export function evenly<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  if (most <= 1) return list.slice(0, most);
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]!);
}

const isExplained = ({ record }: Outcome) => Object.keys(record.maps ?? {}).length > 0;

/** The explained ones where there are any and not all can be shown, else all: those without a map say it themselves. */
function explainedOf(list: readonly Outcome[], most: number): { list: readonly Outcome[]; unexplained: number } {
  const explained = list.filter(isExplained);
  return list.length > most && explained.length > 0
    ? { list: explained, unexplained: list.length - explained.length }
    : { list, unexplained: 0 };
}

function said(all: number, shown: readonly Outcome[], rule: string, unexplained: number): Picked {
  const left = all - shown.length;
  if (all === 0) return { shown, note: '' };
  const which = left === 0 ? `All ${all}` : `${shown.length} of ${all}`;
  const rest = left === 0 ? '' : `; ${left} ${left === 1 ? 'is' : 'are'} left out`;
  const why = left > 0 && unexplained > 0 ? `, ${unexplained} of all were not explained` : '';
  return { shown, note: `${all === 1 ? 'The only one' : `${which}, ${rule}`}${rest}${why}.` };
}
