import { type AuditRecord, type AuditRun, cellOf, isCorrect, predictedOf } from '@seewhy/report';
import { shareOfText } from '../dataset/id-table.ts';
import { targetClass } from './explain-row.ts';
import { readJournal } from './journal.ts';
import { Lowest } from './lowest.ts';
import { panelIds } from './panels/plan.ts';
import { planPanels } from './panels/plan-panels.ts';
import type { Chosen } from './passes.ts';
import type { AuditPlan } from './plan.ts';

/** Panels are chosen among so many wrong predictions and so many others at most, drawn with the seed. */
const MOST_FOR_PANELS = 50_000;

export interface Choice {
  /** By number of the row. */
  readonly chosen: Map<number, Chosen>;
  /** What the choice left out. */
  readonly notices: readonly string[];
}

/**
 * The pictures that are explained, by number of their row. They follow from predictions and seed alone, not from the order of the rows.
 * - `errors`: labelled pictures that are not decided as labelled
 * - `panel`: those that the panels show
 * - a number: so many of each cell (TP, FN, TN, FP; else of each pair of label and decision), drawn with the seed
 *
 * @param most panels are chosen among so many wrong predictions and so many others
 */
export async function choosePictures(
  plan: AuditPlan,
  journal: string,
  run: Pick<AuditRun, 'dataset' | 'model'>,
  most = MOST_FOR_PANELS,
): Promise<Choice> {
  const { chooser, scan, seed } = plan;
  const chosen = new Map<number, Chosen>();
  const choose = (record: AuditRecord) => {
    const target = targetClass(record, predictedOf(record, plan), plan);
    const before = record.scores.find(([index]) => index === target)?.[1];
    chosen.set(scan.ids.find(record.id), { target, before: before ?? record.scores.at(-1)![1] });
  };
  if (chooser.kind === 'panel') {
    const [wrong, others] = [new Lowest<AuditRecord>(most), new Lowest<AuditRecord>(most)];
    for await (const record of predictions(journal))
      (isCorrect(record, plan) === false ? wrong : others).add(shareOfText(record.id, seed), () => leanOf(record));
    const lean = new Map([...wrong.items(), ...others.items()].map((record) => [record.id, record]));
    const { patient } = plan;
    const { task, classes, threshold, positive } = plan;
    const about = { task, classes, threshold, ...(positive === undefined ? {} : { positive }), ...run };
    const plans = planPanels([...lean.values()], about, { seed, ...(patient === undefined ? {} : { patient }) });
    for (const id of panelIds(plans)) choose(lean.get(id)!);
    const notices = [
      ...amongSome(wrong, most, 'wrong predictions'),
      ...amongSome(others, most, 'predictions that are right or without a label'),
    ];
    return { chosen, notices };
  }
  // Of each cell the pictures that come first in an order drawn with the seed.
  const cells = new Map<string, Lowest<AuditRecord>>();
  for await (const record of predictions(journal)) {
    if (chooser.kind === 'all' || (chooser.kind === 'errors' && isCorrect(record, plan) === false)) choose(record);
    if (chooser.kind !== 'cell') continue;
    const cell = cellOf(record, plan) ?? pairOf(record, plan);
    const kept = cells.get(cell) ?? new Lowest<AuditRecord>(chooser.count);
    cells.set(cell, kept);
    kept.add(shareOfText(record.id, seed), () => leanOf(record));
  }
  for (const kept of cells.values()) for (const record of kept.items()) choose(record);
  return { chosen, notices: [] };
}

const amongSome = ({ added }: Lowest<AuditRecord>, most: number, what: string): string[] =>
  added <= most
    ? []
    : [
        `The panels are chosen among ${most.toLocaleString('en')} of ${added.toLocaleString('en')} ${what}, drawn with the seed.`,
      ];

/** Predicted records of a journal. */
async function* predictions(journal: string): AsyncGenerator<AuditRecord> {
  for await (const line of readJournal(journal)) if (line.kind === 'predicted') yield line.record;
}

/** What the choice needs. */
const leanOf = ({ id, label, scores, group, sha256 }: AuditRecord): AuditRecord =>
  ({ id, scores, sha256, ...(label ? { label } : {}), ...(group === undefined ? {} : { group }) }) as AuditRecord;

const pairOf = (record: AuditRecord, plan: AuditPlan): string =>
  `${record.label?.join('+') ?? '?'} ${predictedOf(record, plan)?.join('+') ?? '?'}`;
