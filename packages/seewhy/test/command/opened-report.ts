import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { type AuditRecord, type AuditRun, type Finding, type ReportReader, readReport } from '@seewhy/report';

interface Opened {
  readonly run: AuditRun;
  readonly records: readonly AuditRecord[];
  readonly findings: readonly Finding[];
}

/** What the page of a report reads, unpacked by Node instead of by the page's own code, and the reader of its pictures and maps. */
export function openedReport(path: string): { data: Opened; reader: ReportReader } {
  const html = readFileSync(path, 'latin1');
  const blocks = [...html.matchAll(/<script [^>]*data-seewhy="data(?:-end)?">([^<]*)<\/script>/g)];
  const packed = Buffer.concat(blocks.map(([, text]) => Buffer.from(text!, 'base64')));
  const [head, ...lines] = inflateRawSync(packed).toString('utf8').trimEnd().split('\n');
  const data = JSON.parse(head!) as Opened & Record<string, unknown[]>;
  for (const line of lines) {
    const tab = line.indexOf('\t');
    data[line.slice(0, tab)]!.push(JSON.parse(line.slice(tab + 1)));
  }
  return { data, reader: readReport(html) };
}
