import { computed } from '@preact/signals';
import type { ComparedPair, ComparisonData, ReportData } from '../../index.ts';
import { cellOf, type Deciding, isCorrect } from '../../metrics/decision.ts';
import { isWrong, type Kind, kindOf } from './decisions.ts';
import { here } from './place.ts';
import { selected } from './selection.ts';

/** The two runs, where the file holds a comparison; the first run's records are then those of the report. */
export let comparison: ComparisonData | undefined;
const pairs = new Map<string, ComparedPair>();

export const isComparison = (data: ReportData | ComparisonData): data is ComparisonData =>
  (data as ComparisonData).schema === 'seewhy/audit-comparison/v1';

/** A comparison as a report on the first run: everything that looks at records works on it. */
export function openComparison(data: ComparisonData): ReportData {
  comparison = data;
  for (const pair of data.pairs) pairs.set(pair.id, pair);
  const { run } = data.runs.a;
  return {
    run: { ...run, title: data.title, command: data.command, notices: data.notices, problems: [] },
    records: data.pairs.map(({ id, a }) => ({ ...a, id })),
    findings: [],
    clusters: [],
    omitted: [],
  };
}

export const pairOf = (id: string): ComparedPair | undefined => pairs.get(id);

/** What decides in the second run: its threshold, with the classes of the first. */
export function secondRun(): Deciding {
  const { a, b } = comparison!.runs;
  return { ...a.run, threshold: b.run.threshold };
}

export function kindOfSecond({ b }: ComparedPair): Kind {
  const run = secondRun();
  if (run.task === 'binary') return cellOf(b, run) ?? 'none';
  const right = isCorrect(b, run);
  return right === undefined ? 'none' : right ? 'right' : 'wrong';
}

export const FLIPS = {
  '': 'all pictures',
  'to-wrong': 'right, then wrong',
  'to-right': 'wrong, then right',
  'still-right': 'right in both',
  'still-wrong': 'wrong in both',
  other: 'another decision',
} as const;
export type FlipChoice = keyof typeof FLIPS;

export const flip = computed<FlipChoice>(() =>
  Object.hasOwn(FLIPS, here.flip.value) ? (here.flip.value as FlipChoice) : '',
);

/** The pairs that filter and choice leave. */
export const chosen = computed(() =>
  selected.value.filter((record) => {
    const pair = pairs.get(record.id);
    if (flip.value === '' || !pair) return true;
    if (flip.value !== 'still-right' && flip.value !== 'still-wrong') return pair.flip === flip.value;
    const both = [kindOf(record), kindOfSecond(pair)];
    return !both.includes('none') && both.every((kind) => isWrong(kind) === (flip.value === 'still-wrong'));
  }),
);
