import { positiveOf } from '@seewhy/report';
import { capital, className, itemOf } from './captions.ts';
import { naturally } from './order.ts';
import type { Outcome } from './outcome.ts';
import { pickEvenly, pickFirst } from './pick.ts';
import type { PanelPlan, PlannedRun, PlannedSection } from './plan.ts';

type Cell = 'TP' | 'FN' | 'TN' | 'FP';

/** Most hits and most errors of a panel: errors are looked at one by one, hits show what is usual. */
const MOST = { hits: 8, errors: 32 } as const;

export const CELL_NAMES: Readonly<Record<Cell, string>> = {
  TP: 'true positives',
  FN: 'false negatives',
  TN: 'true negatives',
  FP: 'false positives',
};
const ONE: Readonly<Record<Cell, string>> = {
  TP: 'true positive',
  FN: 'false negative',
  TN: 'true negative',
  FP: 'false positive',
};

/** 1 true positive, 2 true positives */
export const countOf = (cell: Cell, n: number): string => `${n} ${n === 1 ? ONE[cell] : CELL_NAMES[cell]}`;

/**
 * Sorted so that the surest of a cell come first: TP and FP by falling probability of the class, TN and FN by rising. For the errors, that is
 * the most wrong first.
 */
function surestFirst(cell: Cell, list: readonly Outcome[], score = scoreOfOutcome): Outcome[] {
  const sign = cell === 'TP' || cell === 'FP' ? -1 : 1;
  return [...list].sort((a, b) => sign * (score(a) - score(b)) || naturally(a.record.id, b.record.id));
}

const scoreOfOutcome = ({ score }: Outcome) => score ?? Number.NaN;

/** One cell as a section: errors the most wrong first, hits evenly over their scores. */
export function cellSection(
  cell: Cell,
  all: readonly Outcome[],
  most: { readonly hits: number; readonly errors: number },
  item: (outcome: Outcome) => PlannedSection['items'][number],
  empty: string,
  score = scoreOfOutcome,
): PlannedSection {
  const sorted = surestFirst(cell, all, score);
  const { shown, note } =
    cell === 'FN' || cell === 'FP'
      ? pickFirst(sorted, most.errors, 'the most wrong first')
      : pickEvenly(sorted, most.hits, 'the most confident first');
  return { title: capital(CELL_NAMES[cell]), note, items: shown.map(item), empty };
}

/** TP + FN and TN + FP of a binary head, where the data set has labels. */
export function binaryPanels(outcomes: readonly Outcome[], run: PlannedRun, threshold: number): PanelPlan[] {
  const positive = className(run, positiveOf(run));
  const negative = className(run, 1 - positiveOf(run));
  const of = (cell: Cell) => outcomes.filter((outcome) => outcome.cell === cell);
  const counts = { TP: of('TP'), FN: of('FN'), TN: of('TN'), FP: of('FP') };
  const known = Object.values(counts).reduce((sum, list) => sum + list.length, 0);
  if (known === 0) return [];
  const pair = (name: string, right: Cell, wrong: Cell, label: string): PanelPlan => {
    const [hits, errors] = [counts[right], counts[wrong]];
    const section = (cell: Cell) => {
      const none = hits.length + errors.length === 0;
      const empty = none
        ? `No picture: the data set labels none as ${label}.`
        : `No picture: all ${label} ones are ${CELL_NAMES[cell === right ? wrong : right]}.`;
      return cellSection(cell, counts[cell], MOST, (outcome) => itemOf(outcome, run, threshold), empty);
    };
    return {
      name,
      title: `${countOf(right, hits.length)}, ${countOf(wrong, errors.length)} at threshold ${threshold}`,
      subtitle: [
        `${hits.length + errors.length} of ${known} labelled pictures are ${label}. The number above a picture is its probability of ${positive}; from ${threshold} on it is taken for ${positive}.`,
      ],
      flow: 'abreast',
      sections: [section(right), section(wrong)],
    };
  };
  return [pair('tp-fn', 'TP', 'FN', positive), pair('tn-fp', 'TN', 'FP', negative)];
}
