import { cellOf, isCorrect, predictedOf } from '@seewhy/report';
import { className, groupNoun, scoreText, shownName } from '../panels/captions.ts';
import type { PanelPlan, PlannedItem, PlannedSection } from '../panels/plan.ts';
import { type Deciders, type Pair, scoreIn } from './pair-up.ts';

const MOST = { 'to-wrong': 24, 'to-right': 16, other: 8, changed: 8 } as const;

/** Which pairs the figure of a comparison shows: flips, then the largest changes of score without one; each the largest change first. */
export function flipsPanel(pairs: readonly Pair[], runs: Deciders): PanelPlan {
  const of = (flip: Pair['flip']) => pairs.filter((pair) => pair.flip === flip);
  const [toWrong, toRight, other] = [of('to-wrong'), of('to-right'), of('other')];
  const still = pairs
    .filter((pair) => pair.flip === undefined && pair.change !== null && Math.abs(pair.change) >= 0.0005)
    .sort((x, y) => Math.abs(y.change!) - Math.abs(x.change!));
  const section = (title: string, list: readonly Pair[], most: number, empty: string): PlannedSection => {
    const shown = list.slice(0, most);
    const left = list.length - shown.length;
    const which = left === 0 ? `All ${list.length}` : `${shown.length} of ${list.length}`;
    const note = `${list.length === 1 ? 'The only one' : `${which}, the largest change of score first`}${left > 0 ? `; ${left} are left out` : ''}.`;
    return { title, note: list.length === 0 ? '' : note, items: shown.map((pair) => itemOf(pair, runs)), empty };
  };
  return {
    name: 'flips',
    title: `${toWrong.length} right in A and wrong in B, ${toRight.length} wrong in A and right in B`,
    subtitle: [],
    flow: 'abreast',
    sections: [
      section(
        'Right in A, wrong in B',
        toWrong,
        MOST['to-wrong'],
        'No picture: nothing that A has right is wrong in B.',
      ),
      section(
        'Wrong in A, right in B',
        toRight,
        MOST['to-right'],
        'No picture: nothing that A has wrong is right in B.',
      ),
      ...(other.length > 0
        ? [section('Another decision, no more right or wrong than before', other, MOST.other, '')]
        : []),
      ...(still.length > 0 ? [section('Same decision, the largest changes of score', still, MOST.changed, '')] : []),
    ],
  };
}

function itemOf(pair: Pair, runs: Deciders): PlannedItem {
  const { a, b } = pair;
  const [before, after] = [wordOf(a, runs.a), wordOf(b, runs.b)];
  const names = (which: Pair['a'], run: Deciders['a']) => {
    const predicted = predictedOf(which, run);
    if (predicted === undefined) return 'nothing';
    return predicted.length === 0
      ? 'none'
      : predicted
          .slice(0, 3)
          .map((index) => className(run, index))
          .join(', ');
  };
  const label =
    a.label === undefined
      ? 'no label'
      : `label ${
          a.label.length === 0
            ? 'none'
            : a.label
                .slice(0, 3)
                .map((index) => className(runs.a, index))
                .join(', ')
        }`;
  const scores = changedScores(pair, runs);
  return {
    id: pair.id,
    ...(before && after
      ? { cell: { text: before === after ? before : `${before} → ${after}`, wrong: isCorrect(b, runs.b) === false } }
      : {}),
    ...(scores ? { score: scores } : {}),
    lines: [
      [
        label,
        `A predicts ${names(a, runs.a)}, B ${names(b, runs.b)}`,
        ...(a.group === undefined ? [] : [`${groupNoun(runs.a)} ${shownName(a.group)}`]),
        ...(pair.idB === undefined ? [] : [`in B: ${shownName(pair.idB)}`]),
      ].join(' · '),
    ],
  };
}

const wordOf = (record: Pair['a'], run: Deciders['a']): string | undefined => {
  const correct = isCorrect(record, run);
  return cellOf(record, run) ?? (correct === undefined ? undefined : correct ? 'right' : 'wrong');
};

/** `0.912 → 0.231`: the scores whose difference is the pair's change. */
function changedScores({ a, b, about }: Pair, runs: Deciders): string | undefined {
  if (about === null) return undefined;
  const thresholds = runs.a.task === 'multiclass' ? [] : [runs.a.threshold, runs.b.threshold];
  const [before, after] = [scoreIn(a, runs.a, about), scoreIn(b, runs.b, about)];
  return `${scoreText(before, thresholds[0])} → ${scoreText(after, thresholds[1])}`;
}
