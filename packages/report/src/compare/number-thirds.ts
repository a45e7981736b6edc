import { quantile } from '../findings/statistics/quantile.ts';

/** A number that takes more different values than this is looked at by thirds, not value by value. */
const MOST_SINGLE_NUMBERS = 5;

/** A closed range of a column's numbers: its ends are values that occur. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
}

/**
 * Lower, middle and upper third of a column of numbers, as ranges from its smallest to its largest value in that third; together they hold every
 * value once. Undefined where a value is no finite number, where there are few different ones, or where they do not make three parts.
 */
export function numberThirds(values: readonly unknown[]): readonly NumberRange[] | undefined {
  const numbers = values.filter((value): value is number => Number.isFinite(value));
  if (numbers.length < values.length || new Set(numbers).size <= MOST_SINGLE_NUMBERS) return undefined;
  const [low, high] = [quantile(numbers, 1 / 3), quantile(numbers, 2 / 3)];
  const parts = [
    numbers.filter((value) => value < low),
    numbers.filter((value) => value >= low && value <= high),
    numbers.filter((value) => value > high),
  ];
  if (parts.some(({ length }) => length === 0)) return undefined;
  return parts.map((part) => ({
    low: part.reduce((least, value) => Math.min(least, value)),
    high: part.reduce((most, value) => Math.max(most, value)),
  }));
}
