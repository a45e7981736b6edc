import type { AuditRecord } from '@seewhy/report';
import { readJournal } from './journal.ts';
import type { Problems } from './problems.ts';
import { sortedLines } from './sorted-lines.ts';

/**
 * The finished records of a journal by rising id, in whatever order they were made: what was explained later is joined to what was
 * predicted. What failed goes to `problems`.
 */
export async function* collectRecords(
  journal: string,
  folder: string,
  problems: Problems,
): AsyncGenerator<AuditRecord> {
  async function* lines() {
    for await (const line of readJournal(journal)) {
      if (line.kind === 'run') continue;
      if (line.kind === 'failed') {
        problems.add(line.problem);
        continue;
      }
      if (line.kind === 'predicted') for (const problem of line.problems ?? []) problems.add(problem);
      else if (line.problem) problems.add(line.problem);
      const text = JSON.stringify(line.kind === 'predicted' ? line.record : { maps: line.maps, probes: line.probes });
      // The prediction sorts before what was found out later.
      yield { key: `${line.id}\u0000${line.kind === 'predicted' ? 0 : 1}`, text };
    }
  }
  let record: AuditRecord | undefined;
  let key = '';
  for await (const { key: own, text } of sortedLines(lines(), folder)) {
    const id = own.slice(0, -2);
    if (own.endsWith('0')) {
      if (record) yield record;
      record = JSON.parse(text) as AuditRecord;
      key = id;
    } else if (record && key === id) {
      const { maps, probes } = JSON.parse(text) as Pick<AuditRecord, 'maps' | 'probes'>;
      record = {
        ...record,
        ...(maps && Object.keys(maps).length > 0 ? { maps } : {}),
        ...(probes ? { probes } : {}),
      };
    }
  }
  if (record) yield record;
}
