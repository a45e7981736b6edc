import { scoreOf } from '@seewhy/report';
import { className, itemOf, scoreText } from './captions.ts';
import { cellSection, countOf } from './cell-panels.ts';
import { naturally } from './order.ts';
import type { Outcome } from './outcome.ts';
import { pickFirst } from './pick.ts';
import type { PanelPlan, PlannedRun, PlannedSection } from './plan.ts';
import { panelSlugs } from './slug.ts';

const MOST = { pairs: 16, ofPair: 4, classes: 24, ofClass: 2, labels: 12, hits: 4, errors: 8 } as const;

const confidentFirst = (list: readonly Outcome[]): Outcome[] =>
  [...list].sort((a, b) => (b.score ?? 0) - (a.score ?? 0) || naturally(a.record.id, b.record.id));

/** Lists by key, each with what it is about; in each the most confident first. */
function grouped<K>(list: readonly Outcome[], keyOf: (outcome: Outcome) => string, about: (first: Outcome) => K) {
  const found = new Map<string, { about: K; list: Outcome[] }>();
  for (const outcome of list) {
    const key = keyOf(outcome);
    const known = found.get(key);
    if (known) known.list.push(outcome);
    else found.set(key, { about: about(outcome), list: [outcome] });
  }
  return [...found.values()].map((entry) => ({ ...entry, list: confidentFirst(entry.list) }));
}

/** Of several labels the likeliest: the one the picture is counted under. */
const labelIndex = ({ record, predicted }: Outcome): number => {
  const label = record.label!;
  if (predicted && label.includes(predicted[0]!)) return predicted[0]!;
  return [...label].sort((a, b) => (scoreOf(record, b) ?? 0) - (scoreOf(record, a) ?? 0) || a - b)[0]!;
};

/**
 * A multi-class head: its errors by pair of classes (the most frequent pair first, in each the most confident first), and the most confident
 * hits of each class.
 */
export function multiclassPanels(outcomes: readonly Outcome[], run: PlannedRun, threshold: number): PanelPlan[] {
  const known = outcomes.filter(({ correct }) => correct !== undefined);
  if (known.length === 0) return [];
  const item = (outcome: Outcome) => itemOf(outcome, run, threshold);
  const wrong = known.filter(({ correct }) => correct === false);
  const pairs = grouped(
    wrong,
    (outcome) => `${labelIndex(outcome)}>${outcome.predicted![0]}`,
    (outcome) => [labelIndex(outcome), outcome.predicted![0]!] as const,
  ).sort(
    (a, b) =>
      b.list.length - a.list.length ||
      (b.list[0]!.score ?? 0) - (a.list[0]!.score ?? 0) ||
      a.about[0] - b.about[0] ||
      a.about[1] - b.about[1],
  );
  const right = known.filter(({ correct }) => correct);
  const classes = grouped(right, (outcome) => String(labelIndex(outcome)), labelIndex);
  const shownClasses = [...classes]
    .sort((a, b) => b.list.length - a.list.length || a.about - b.about)
    .slice(0, MOST.classes)
    .sort((a, b) => a.about - b.about);
  const shownPairs = pairs.slice(0, MOST.pairs);
  const score = 'The number above a picture is the probability of the class predicted.';
  return [
    {
      name: 'errors',
      title: `${wrong.length} ${wrong.length === 1 ? 'error' : 'errors'} of ${known.length} labelled pictures`,
      subtitle: [
        `By pair of classes, the most frequent first: ${some(shownPairs.length, pairs.length, 'pair', 'the most frequent')}. ${score}`,
      ],
      flow: 'in turn',
      sections: orEmpty(
        shownPairs.map(({ about: [label, predicted], list }): PlannedSection => {
          const { shown, note } = pickFirst(list, MOST.ofPair, 'the most confident first');
          const title = `${className(run, label)}, taken for ${className(run, predicted)}: ${list.length}`;
          return { title, note, items: shown.map(item) };
        }),
        'Errors',
        'No picture: every labelled one is right.',
      ),
    },
    {
      name: 'hits',
      title: `${right.length} ${right.length === 1 ? 'hit' : 'hits'} of ${known.length} labelled pictures`,
      subtitle: [
        `By class: ${some(shownClasses.length, classes.length, 'class', 'those with the most hits')}. ${score}`,
      ],
      flow: 'in turn',
      sections: orEmpty(
        shownClasses.map(({ about: label, list }): PlannedSection => {
          const { shown, note } = pickFirst(list, MOST.ofClass, 'the most confident first');
          return { title: `${className(run, label)}: ${list.length}`, note, items: shown.map(item) };
        }),
        'Hits',
        'No picture: every labelled one is wrong.',
      ),
    },
  ];
}

const orEmpty = (sections: readonly PlannedSection[], title: string, empty: string): readonly PlannedSection[] =>
  sections.length > 0 ? sections : [{ title, note: '', items: [], empty }];

const some = (shown: number, all: number, noun: string, which: string): string => {
  const many = noun === 'class' ? 'classes' : 'pairs';
  if (shown === all) return `all ${all} ${all === 1 ? noun : many}`;
  return `${shown} of ${all} ${many}, ${which}; ${all - shown} are left out`;
};

/** A multi-label head: for each class (those with the most errors) its hits and errors at the threshold. */
export function multilabelPanels(outcomes: readonly Outcome[], run: PlannedRun, threshold: number): PanelPlan[] {
  const known = outcomes.filter(({ record }) => record.label !== undefined);
  if (known.length === 0) return [];
  const tables = run.classes.map((_, index) => {
    const cells = { TP: [] as Outcome[], FN: [] as Outcome[], FP: [] as Outcome[], TN: [] as Outcome[] };
    for (const outcome of known) {
      const score = scoreOf(outcome.record, index);
      if (score === undefined) continue;
      const is = outcome.record.label!.includes(index);
      cells[score >= threshold ? (is ? 'TP' : 'FP') : is ? 'FN' : 'TN'].push(outcome);
    }
    return { index, cells, errors: cells.FN.length + cells.FP.length };
  });
  const used = tables.filter(({ cells, errors }) => errors + cells.TP.length > 0);
  const shown = [...used]
    .sort((a, b) => b.errors - a.errors || b.cells.TP.length - a.cells.TP.length || a.index - b.index)
    .slice(0, MOST.labels);
  const left = used.length - shown.length;
  const slugs = panelSlugs(run.classes);
  return shown.map(({ index, cells }) => {
    const name = className(run, index);
    const score = ({ record }: Outcome) => scoreOf(record, index)!;
    const section = (cell: keyof typeof cells) =>
      cellSection(
        cell,
        cells[cell],
        MOST,
        (outcome) => ({
          ...itemOf(outcome, run, threshold),
          cell: { text: cell, wrong: cell === 'FN' || cell === 'FP' },
          score: scoreText(score(outcome), threshold),
        }),
        'No picture in this cell.',
        score,
      );
    const counts = (['TP', 'FN', 'FP', 'TN'] as const).map((cell) => countOf(cell, cells[cell].length)).join(', ');
    return {
      name: `class-${slugs[index]}`,
      title: `${name} at threshold ${threshold}: ${counts}`,
      subtitle: [
        `The number above a picture is its probability of ${name}.${left > 0 ? ` ${left} classes with fewer errors have no panel.` : ''}`,
      ],
      flow: 'abreast',
      sections: [section('TP'), section('FN'), section('FP'), section('TN')],
    };
  });
}
