import { type AuditRecord, colourOf, encodeThumb, fingerprintOf } from '@seewhy/report';
import type { DatasetRow } from '../dataset/dataset.ts';
import { digits } from './digits.ts';
import { probabilitiesOf } from './head.ts';
import type { LoadedRow } from './load-row.ts';
import type { AuditPlan } from './plan.ts';
import type { RowProblem } from './problems.ts';

/** A head with more classes keeps the best few of each picture. */
export const MOST_CLASSES = 50;
const BEST = 5;
/** Significant digits of a probability: more than a float32 logit has. */
const DIGITS = 9;

/** Probabilities by class of the audit. @param scores before the activation, as the model gives them */
export function classProbabilities(scores: ArrayLike<number>, { head, order }: AuditPlan): Float64Array {
  const probabilities = probabilitiesOf(scores, head.activation);
  return Float64Array.from(order, (index) => digits(probabilities[index]!, DIGITS));
}

/** The classes of a row's labels, and what is wrong with them. */
export function labelOfRow(row: DatasetRow, plan: AuditPlan): { label?: number[]; problems: RowProblem[] } {
  if (row.labels === undefined) return { problems: [] };
  const problems: RowProblem[] = [];
  const found = new Set<number>();
  let left = 0;
  for (const name of row.labels) {
    const index = plan.classMap.classOf(name);
    if (typeof index === 'number') found.add(plan.order.indexOf(index));
    else if (index === null) left++;
    else
      problems.push({
        code: 'LABEL_UNKNOWN',
        where: row.id,
        what: `The label '${name}' is no class of the model. ${plan.classMap.near(name)}`.trim(),
      });
  }
  const several = plan.task === 'multilabel';
  if (found.size > 1 && !several && row.contradictory) {
    problems.push({
      code: 'LABEL_CONTRADICTORY',
      where: row.id,
      what: `Rows of this picture say ${row.labels.join(', ')}. Leave one of them, or say --activation sigmoid where each class is decided for itself.`,
    });
    return { problems };
  }
  if (found.size > 1 && !several)
    problems.push({ code: 'LABEL_SEVERAL', where: row.id, what: `The labels are ${row.labels.join(', ')}.` });
  // Nothing left of what was said is no statement; an empty list from the start says "none of the classes".
  const says = found.size > 0 || (several && row.labels.length === left);
  return says ? { label: [...found].sort((a, b) => a - b), problems } : { problems };
}

/** The record of a picture, its maps aside. */
export function makeRecord(
  loaded: LoadedRow,
  probabilities: Float64Array,
  plan: AuditPlan,
): { record: Omit<AuditRecord, 'maps'>; problems: RowProblem[] } {
  const { row, seen, geometry } = loaded;
  const { label, problems } = labelOfRow(row, plan);
  return {
    record: {
      id: row.id,
      path: row.path,
      ...(label ? { label } : {}),
      scores: scoresOf(probabilities, label ?? []),
      ...(row.group === undefined ? {} : { group: row.group }),
      ...(row.split === undefined ? {} : { split: row.split }),
      columns: row.columns,
      width: geometry.picture.width,
      height: geometry.picture.height,
      sha256: loaded.sha256,
      fingerprint: fingerprintOf(seen),
      colour: colourOf(seen),
      thumb: encodeThumb(seen),
      masked: loaded.mask !== undefined,
      ...(loaded.notes.length > 0 ? { notes: loaded.notes } : {}),
    },
    problems: [...loaded.problems, ...problems],
  };
}

/** Best first, of equal probabilities the lower class. */
function scoresOf(probabilities: Float64Array, label: readonly number[]): [number, number][] {
  const all = Array.from(probabilities, (probability, index): [number, number] => [index, probability]);
  all.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return all.length <= MOST_CLASSES ? all : all.filter(([index], rank) => rank < BEST || label.includes(index));
}
