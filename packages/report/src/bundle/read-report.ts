import { errors } from '../errors.ts';
import { type BlockKind, CLOSE_BLOCK, openBlock } from './blocks.ts';
import { ReportReader } from './report-reader.ts';

const KINDS: readonly BlockKind[] = ['parts', 'end'];

/**
 * The pictures, maps and masks of a report that lies as text: what `reportFile` appended, its data aside.
 * @param html the whole file; every character one byte (blocks are base64, what stands before them does not matter)
 * @throws SeewhyError `REPORT_DAMAGED` for a block that cannot be read, and for a file that was cut off
 */
export function readReport(html: string): ReportReader {
  const reader = new ReportReader();
  for (const kind of KINDS) {
    const open = openBlock(kind);
    for (let at = html.indexOf(open); at >= 0; ) {
      const start = at + open.length;
      const stop = html.indexOf(CLOSE_BLOCK, start);
      if (stop < 0) throw errors.reportDamaged(kind, undefined);
      reader.add(kind, html.slice(start, stop));
      at = html.indexOf(open, stop);
    }
  }
  if (!reader.totals) throw errors.reportDamaged('end', undefined);
  return reader;
}
