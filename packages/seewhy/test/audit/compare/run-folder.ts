import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blankPicture, encodeNpy } from '@seewhy/core';
import { type AuditRecord, type AuditRun, type ReportPart, reportFile } from '@seewhy/report';
import { flatRow } from '../../../src/audit/predictions.ts';
import { encodePng } from '../../../src/picture/encode-png.ts';

export const PAGE = '<!doctype html><html><body></body></html>';

/** A run folder as an audit leaves it: every picture has a red of its own, every map a hot half. */
export async function writeRunFolder(
  folder: string,
  run: AuditRun,
  records: readonly AuditRecord[],
  hot: 'left' | 'right' = 'left',
): Promise<void> {
  await mkdir(join(folder, 'maps'), { recursive: true });
  const counts = { ...run.counts, rows: records.length, predicted: records.length };
  await writeFile(join(folder, 'run.json'), JSON.stringify({ ...run, counts }));
  const lines = records.map((record) => `${JSON.stringify(flatRow(record, run))}\n`);
  await writeFile(join(folder, 'predictions.jsonl'), lines.join(''));
  const data = Float32Array.from({ length: 64 }, (_, i) => (i % 8 < 4 === (hot === 'left') ? 1 : 0));
  for (const record of records)
    for (const { file } of Object.values(record.maps ?? {}))
      if (file?.startsWith('maps/')) await writeFile(join(folder, file), encodeNpy({ dims: [8, 8], data }));
  async function* parts(): AsyncGenerator<ReportPart> {
    for (const [i, { id }] of records.entries()) {
      const bytes = await encodePng(blankPicture(8, 8, [100 + i, 0, 1]));
      yield { kind: 'picture', id, bytes, type: 'image/png' };
    }
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of reportFile(PAGE, { run, records: [] }, parts())) pieces.push(piece);
  await writeFile(join(folder, 'report.html'), Buffer.concat(pieces));
}
