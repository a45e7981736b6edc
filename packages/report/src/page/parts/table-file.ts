import type { AuditRecord } from '../../index.ts';
import { predictedOf, scoreOf } from '../../metrics/decision.ts';
import { csvText } from '../draw/csv.ts';
import { kindOf } from '../state/decisions.ts';
import { noteOf } from '../state/notes.ts';
import { run } from '../state/report.ts';
import { thresholdOf } from '../state/threshold.ts';
import { save } from './save.ts';

/** The table of pictures: what they are, how they were decided here, and what the reviewer says. */
export function tableOf(list: readonly AuditRecord[]): string {
  const columns = [...new Set(list.flatMap(({ columns }) => Object.keys(columns)))];
  const classes = run.classes.length <= 50 ? run.classes.map((_, i) => i) : [];
  const names = (indexes: readonly number[] | undefined) => indexes?.map((i) => run.classes[i] ?? String(i)).join('; ');
  const head = [
    'id',
    'path',
    'label',
    'predicted',
    'result',
    'threshold',
    ...classes.map((i) => `score(${run.classes[i]})`),
    ...(classes.length === 0 ? ['best score'] : []),
    'group',
    'split',
    ...columns,
    'flag',
    'verdict',
    'note',
  ];
  const rows = list.map((record) => {
    const note = noteOf(record.id);
    const threshold = thresholdOf(record);
    return [
      record.id,
      record.path,
      names(record.label),
      names(predictedOf(record, run, threshold)),
      kindOf(record),
      run.task === 'multiclass' ? undefined : threshold,
      ...classes.map((i) => scoreOf(record, i)),
      ...(classes.length === 0 ? [record.scores[0]?.[1]] : []),
      record.group,
      record.split,
      ...columns.map((name) => (Object.hasOwn(record.columns, name) ? record.columns[name] : undefined)),
      note?.flag ?? false,
      note?.verdict ?? '',
      note?.text ?? '',
    ];
  });
  return csvText([head, ...rows]);
}

export const saveTable = (list: readonly AuditRecord[]) => save('seewhy-selection.csv', 'text/csv', tableOf(list));
