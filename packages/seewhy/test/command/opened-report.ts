import { readFileSync } from 'node:fs';
import type { AuditRecord, AuditRun, Finding } from '@seewhy/report';
import { type BlockKind, CLOSE_BLOCK, openBlock } from '../../../report/src/bundle/blocks.ts';
import { ReportReader } from '../../../report/src/bundle/report-reader.ts';

interface Opened {
  readonly run: AuditRun;
  readonly records: readonly AuditRecord[];
  readonly findings: readonly Finding[];
}

/** What the page of a report reads, and the reader that has its pictures and maps. */
export function openedReport(path: string): { data: Opened; reader: ReportReader<Opened> } {
  const html = readFileSync(path, 'latin1');
  const kinds: readonly BlockKind[] = ['data', 'data-end', 'parts', 'end'];
  const blocks = kinds.flatMap((kind) => {
    const open = openBlock(kind);
    return html
      .split(open)
      .slice(1)
      .map((text) => ({ kind, text: text.slice(0, text.indexOf(CLOSE_BLOCK)) }));
  });
  const reader = new ReportReader<Opened>();
  for (const { kind, text } of blocks) reader.add(kind, text);
  return { data: reader.data!, reader };
}
