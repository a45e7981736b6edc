import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AuditProblemRow, Dataset, DatasetRow } from '../../src/dataset/dataset.ts';
import { encodePng } from '../../src/picture/encode-png.ts';

/** All rows and problems of a data set. */
export async function walk(dataset: Dataset): Promise<{ rows: DatasetRow[]; problems: AuditProblemRow[] }> {
  const rows: DatasetRow[] = [];
  const problems: AuditProblemRow[] = [];
  for await (const item of dataset.rows()) {
    if ('problem' in item) problems.push(item.problem);
    else rows.push(item);
  }
  return { rows, problems };
}

/** Writes files below a folder; parents are made. */
export async function writeTree(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/** A PNG of one grey, or of what a function says of each pixel. */
export function png(
  width = 4,
  height = 3,
  grey: number | ((x: number, y: number) => number) = 128,
): Promise<Uint8Array> {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const value = typeof grey === 'number' ? grey : grey(i % width, Math.floor(i / width));
    data.fill(value, i * 3, i * 3 + 3);
  }
  return encodePng({ width, height, channels: 3, data });
}
