import type { Counts } from './binary-metrics.ts';
import { type Estimate, undefinedFor } from './estimate.ts';
import { wilson } from './wilson.ts';

/** The shares by which parts of a data set are compared. */
export const PARITY_FIGURES = ['sensitivity', 'specificity', 'ppv', 'selection'] as const;
export type ParityFigure = (typeof PARITY_FIGURES)[number];

/** What a share is of: hits of how many. */
const SHARES: Readonly<Record<ParityFigure, (counts: Counts) => readonly [hits: number, of: number, none: string]>> = {
  sensitivity: ({ tp, fn }) => [tp, tp + fn, 'There is no positive picture.'],
  specificity: ({ tn, fp }) => [tn, tn + fp, 'There is no negative picture.'],
  ppv: ({ tp, fp }) => [tp, tp + fp, 'No picture is predicted positive.'],
  selection: ({ tp, fn, tn, fp }) => [tp + fp, tp + fn + tn + fp, 'There is no labelled picture.'],
};

/** A share of one part, and how far it lies from that of all other parts together. */
export interface ParityCell extends Estimate {
  readonly hits: number;
  readonly of: number;
  /** Part − rest. */
  readonly difference: Estimate;
}

/** One part of a data set against the rest. */
export type ParityRow = Readonly<Record<ParityFigure, ParityCell>>;

/**
 * Parts of a data set compared at their thresholds, as tables of parity have them: sensitivity (equal opportunity), specificity (with the former:
 * equalised odds), PPV (predictive parity) and the share predicted positive (`selection`; demographic parity).
 * @param parts 2 × 2 counts; no picture in two of them
 * @returns a row for each, in their order: shares with Wilson's interval, differences with {@link shareDifference}'s
 */
export function parityTable(parts: readonly Counts[]): readonly ParityRow[] {
  const all = parts.reduce(sum, { tp: 0, fn: 0, tn: 0, fp: 0 });
  return parts.map((counts) => {
    const cell = (name: ParityFigure): ParityCell => {
      const [hits, of, none] = SHARES[name](counts);
      const [allHits, allOf] = SHARES[name](all);
      const share = wilson(hits, of, none);
      const rest = wilson(allHits - hits, allOf - of, 'There is nothing to compare it with.');
      return { ...share, hits, of, difference: shareDifference(share, rest) };
    };
    return Object.fromEntries(PARITY_FIGURES.map((name) => [name, cell(name)])) as Record<ParityFigure, ParityCell>;
  });
}

const sum = (a: Counts, b: Counts): Counts => ({
  tp: a.tp + b.tp,
  fn: a.fn + b.fn,
  tn: a.tn + b.tn,
  fp: a.fp + b.fp,
});

/**
 * Difference a − b of two independent shares with its 95 % interval (R. Newcombe, "Interval estimation for the difference between independent
 * proportions", Statistics in Medicine 17, 1998, method 10), from Wilson's intervals of both:
 *
 *     d − √((a − aₗ)² + (bᵤ − b)²) … d + √((aᵤ − a)² + (b − bₗ)²)
 */
export function shareDifference(a: Estimate, b: Estimate): Estimate {
  const reason = a.reason ?? b.reason;
  if (reason) return undefinedFor(reason);
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
  };
}

/** The largest distance between two of the parts that have this figure; NaN where fewer than two have it. */
export function paritySpread(rows: readonly ParityRow[], name: ParityFigure): number {
  const values = rows.map((row) => row[name].value).filter(Number.isFinite);
  return values.length < 2 ? Number.NaN : Math.max(...values) - Math.min(...values);
}

/**
 * How bad a part is by a figure, larger is worse: by how much it falls short of the rest at the least, given the interval. Of `selection`, which is
 * neither good nor bad, the least distance in either direction. Without the figure: −∞.
 */
export function paritySeverity(row: ParityRow, name: ParityFigure): number {
  const { low, high } = row[name].difference;
  if (Number.isNaN(low)) return Number.NEGATIVE_INFINITY;
  return name === 'selection' ? Math.max(low, -high) : -high;
}
