import type { Outcome } from './outcome.ts';

/** Pictures chosen from those that could be shown. */
export interface Picked {
  readonly shown: readonly Outcome[];
  /** In sentences: all, or how many of how many and by what rule. */
  readonly note: string;
}

/** The first `most` of a sorted list. */
export const pickFirst = (sorted: readonly Outcome[], most: number, rule: string): Picked =>
  picked(sorted, most, rule, (list) => list.slice(0, most));

/** At most `most` of a sorted list at equal steps of rank, the first and the last among them: the whole range and not its best end. */
export const pickEvenly = (sorted: readonly Outcome[], most: number, order: string): Picked =>
  picked(sorted, most, sorted.length > most ? `evenly over their scores, ${order}` : order, (list) =>
    evenly(list, most),
  );

/**
 * Chosen from the explained ones only, when some of those chosen from all would have no map; but where all can be shown all are, and where
 * none is explained that does not matter: those without a map say it themselves.
 */
function picked(
  sorted: readonly Outcome[],
  most: number,
  rule: string,
  choose: (list: readonly Outcome[]) => readonly Outcome[],
): Picked {
  const wanted = choose(sorted);
  const explained = sorted.filter(isExplained);
  if (sorted.length <= most || explained.length === 0 || wanted.every(isExplained))
    return { shown: wanted, note: noteOf(sorted.length, wanted.length, rule, 0) };
  const shown = choose(explained);
  return { shown, note: noteOf(sorted.length, shown.length, rule, sorted.length - explained.length) };
}

/** `most` of a list at equal steps: index round(i (n − 1) / (most − 1)). */
export function evenly<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  if (most <= 1) return list.slice(0, most);
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]!);
}

const isExplained = ({ record }: Outcome) => Object.keys(record.maps ?? {}).length > 0;

function noteOf(all: number, shown: number, rule: string, unexplained: number): string {
  if (all === 0) return '';
  const left = all - shown;
  const which = left === 0 ? `All ${all}` : `${shown} of ${all}`;
  const rest = left === 0 ? '' : `; ${left} ${left === 1 ? 'is' : 'are'} left out`;
  const why = unexplained > 0 ? `, ${unexplained} of all were not explained` : '';
  return `${all === 1 ? 'The only one' : `${which}, ${rule}`}${rest}${why}.`;
}
