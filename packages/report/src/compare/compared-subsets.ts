import type { AuditRecord } from '../audit-record.ts';
import type { ComparedSubset } from '../comparison-data.ts';
import { wilson } from '../metrics/wilson.ts';
import { correctIn, figureOf } from './compared-metrics.ts';
import { holm } from './holm.ts';
import { type NumberRange, numberThirds } from './number-thirds.ts';
import { mcnemar, pairedDifference } from './paired-proportions.ts';
import type { RecordPair, RunPair } from './record-pair.ts';

/** A column with more different values is no column of subsets: every picture would be one. */
const MOST_VALUES = 50;

const NONE = 'None of these pictures has a label and a score in both runs.';

/**
 * Right decisions of both runs in each class, group and value of a column, with the difference B − A ({@link pairedDifference}) and the p-value
 * of none ({@link mcnemar}), corrected over all subsets of one column ({@link holm}). Pictures with several labels count in each. Columns with 2
 * to 50 different values are looked at, columns of numbers by thirds ({@link numberThirds}). By kind, then column, then the smallest p first.
 */
export function comparedSubsets(pairs: readonly RecordPair[], runs: RunPair): readonly ComparedSubset[] {
  const { classes } = runs.a;
  const columns = new Set(pairs.flatMap(({ a }) => Object.keys(a.columns)));
  return [
    ...family('class', 'label', pairs, runs, ({ label }) => label?.map((index) => classes[index] ?? String(index))),
    ...family(
      'group',
      'group',
      pairs,
      runs,
      ({ group }) => (group === undefined ? undefined : [group]),
      Number.POSITIVE_INFINITY,
    ),
    ...[...columns].sort().flatMap((name) => columnFamily(name, pairs, runs)),
  ];
}

/** What a picture counts as in a column of numbers: the third that its value lies in. */
function thirdOf(thirds: readonly NumberRange[], value: unknown): string | undefined {
  const third = thirds.find(({ low, high }) => low <= Number(value) && Number(value) <= high);
  return third && rangeText(third);
}

const rangeText = ({ low, high }: NumberRange): string => `${low} to ${high}`;

function columnFamily(name: string, pairs: readonly RecordPair[], runs: RunPair): readonly ComparedSubset[] {
  const held = pairs.flatMap(({ a }) => (Object.hasOwn(a.columns, name) ? [a.columns[name]!] : []));
  const thirds = numberThirds(held);
  const textOf = (value: unknown) => (thirds ? thirdOf(thirds, value) : String(value));
  const subsets = family('column', name, pairs, runs, ({ columns }) => {
    const text = Object.hasOwn(columns, name) ? textOf(columns[name]) : undefined;
    return text === undefined ? undefined : [text];
  });
  if (!thirds) return subsets;
  const ranges = new Map(thirds.map((range) => [rangeText(range), range]));
  return subsets.map((subset) => ({ ...subset, range: ranges.get(subset.value)! }));
}

function family(
  kind: ComparedSubset['kind'],
  column: string,
  pairs: readonly RecordPair[],
  runs: RunPair,
  valuesOf: (record: AuditRecord) => readonly string[] | undefined,
  most = kind === 'column' ? MOST_VALUES : Number.POSITIVE_INFINITY,
): readonly ComparedSubset[] {
  const members = new Map<string, RecordPair[]>();
  for (const pair of pairs) {
    for (const value of valuesOf(pair.a) ?? []) {
      const known = members.get(value);
      if (known) known.push(pair);
      else members.set(value, [pair]);
    }
  }
  if (members.size > most || (kind === 'column' && members.size < 2)) return [];
  const subsets = [...members].map(([value, list]) => {
    const counts = correctIn(list, runs);
    const n = counts.both + counts.onlyA + counts.onlyB + counts.neither;
    const p = n > 0 ? mcnemar(counts) : Number.NaN;
    return {
      p,
      kind,
      column,
      value,
      pictures: list.length,
      a: figureOf(wilson(counts.both + counts.onlyA, n, NONE)),
      b: figureOf(wilson(counts.both + counts.onlyB, n, NONE)),
      toWrong: counts.onlyA,
      toRight: counts.onlyB,
      difference: figureOf(pairedDifference(counts)),
    };
  });
  const corrected = holm(subsets.map(({ p }) => p));
  const order = subsets
    .map((_, i) => i)
    .sort((x, y) => {
      const [first, second] = [subsets[x]!, subsets[y]!];
      return (
        (Number.isNaN(first.p) ? 2 : first.p) - (Number.isNaN(second.p) ? 2 : second.p) ||
        second.pictures - first.pictures ||
        (first.value < second.value ? -1 : 1)
      );
    });
  return order.map((i) => {
    const { p, difference, ...rest } = subsets[i]!;
    const known = Number.isNaN(p) ? { p: null, corrected: null } : { p, corrected: corrected[i]! };
    return { ...rest, difference: { ...difference, ...known } };
  });
}
