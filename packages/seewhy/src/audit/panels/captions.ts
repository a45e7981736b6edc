import { createHash } from 'node:crypto';
import { isDrawable } from '@seewhy/core';
import { scoreOf } from '@seewhy/report';
import type { Outcome } from './outcome.ts';
import type { PlannedItem, PlannedRun } from './plan.ts';

/** Longest name in a title or sentence of a panel. */
const LONGEST = 48;

/** A name as a panel can show it: cut in its middle where it is long, followed by a hash where it is cut or has letters the font has not. */
export function shownName(name: string): string {
  const letters = [...name.slice(0, 4 * LONGEST)];
  const whole = letters.length <= LONGEST && name.length <= 4 * LONGEST;
  if (whole && isDrawable(name)) return name;
  const end = [...name.slice(-LONGEST)].slice(-LONGEST / 4);
  const cut = whole ? name : `${letters.slice(0, LONGEST / 2).join('')}…${end.join('')}`;
  return `${cut} #${shortHash(name)}`;
}

/** The first eight hexadecimal digits of a text's SHA-256. */
export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

export const className = (run: Pick<PlannedRun, 'classes'>, index: number): string =>
  shownName(run.classes[index] ?? `class ${index}`);

/** Three decimals; a number that is not, but would be written as, 0, 1 or the threshold gets more. */
export function scoreText(score: number | undefined, threshold?: number): string {
  if (score === undefined) return 'no score';
  const text = score.toFixed(3);
  if (threshold !== undefined && score !== threshold && text === threshold.toFixed(3)) return score.toPrecision(6);
  if (text === '0.000' && score > 0) return '<0.001';
  if (text === '1.000' && score < 1) return '>0.999';
  return text;
}

/** What the data set calls that which belongs together: the name of its column without `_id`; `group` where there is none. */
export function groupNoun({ dataset }: PlannedRun): string {
  const column = (dataset.columns.group ?? '').replace(/[\s_-]*id$/i, '').replace(/[_-]+/g, ' ');
  return column.trim() === '' ? 'group' : shownName(column.trim());
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const namesOf = (run: PlannedRun, indexes: readonly number[] | undefined): string => {
  if (indexes === undefined) return 'nothing: no score';
  if (indexes.length === 0) return 'none';
  const shown = indexes.slice(0, 4).map((index) => className(run, index));
  return `${shown.join(', ')}${indexes.length > 4 ? ` and ${indexes.length - 4} more` : ''}`;
};

/** What stands above a picture: `FN`, its score, label and prediction, its patient. */
export function itemOf(outcome: Outcome, run: PlannedRun, threshold: number, grouped = true): PlannedItem {
  const { record, predicted, correct } = outcome;
  const word = outcome.cell ?? (correct === undefined ? undefined : correct ? 'right' : 'wrong');
  const label = record.label === undefined ? 'no label' : `label ${namesOf(run, record.label)}`;
  const chance =
    run.task === 'multiclass' && correct === false && record.label?.length === 1
      ? scoreOf(record, record.label[0]!)
      : undefined;
  const facts = [
    chance === undefined ? label : `${label} ${scoreText(chance)}`,
    `predicted ${namesOf(run, predicted)}`,
    ...(grouped && record.group !== undefined ? [`${groupNoun(run)} ${shownName(record.group)}`] : []),
  ];
  return {
    id: record.id,
    ...(word === undefined ? {} : { cell: { text: word, wrong: correct === false } }),
    ...(run.task === 'multilabel'
      ? {}
      : { score: scoreText(outcome.score, run.task === 'binary' ? threshold : undefined) }),
    lines: [facts.join(' · ')],
  };
}
