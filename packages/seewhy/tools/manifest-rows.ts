/**
 * Walks manifests of a million rows and tells how much memory that takes: `npx tsx packages/seewhy/tools/manifest-rows.ts [rows]`.
 * The manifests are generated below the system's temporary folder and deleted.
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { openDataset } from '../src/dataset/dataset.ts';

const cells = (i: number) => ({
  path: `pictures/site ${i % 7}/ISIC_${String(i).padStart(8, '0')}.jpg`,
  label: i % 3 === 0 ? 'melanoma' : 'nevus',
  patient: `P${Math.floor(i / 20)}`,
  age: 20 + (i % 70),
  note: `row "${i}", with a comma`,
});

async function measure(count: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'seewhy-rows-'));
  try {
    for (const kind of ['csv', 'jsonl', 'parquet']) {
      const sizes = [Math.floor(count / 10), count];
      const peaks = await Promise.all(
        sizes.map(async (size) => {
          const file = join(folder, `${size}.${kind}`);
          await write(file, kind, size);
          return file;
        }),
      );
      const found = peaks.map((file) =>
        spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', import.meta.filename, 'walk', file], {
          encoding: 'utf8',
        }),
      );
      for (const [at, { stdout, stderr }] of found.entries())
        console.log(kind.padEnd(8), String(sizes[at]).padStart(8), stdout.trim() || stderr.trim());
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function write(file: string, kind: string, count: number): Promise<void> {
  if (kind === 'parquet') {
    const rows = Array.from({ length: count }, (_, i) => cells(i));
    rows[count - 1]!.path = rows[0]!.path;
    const columns = Object.keys(rows[0]!) as (keyof (typeof rows)[0])[];
    parquetWriteFile({
      filename: file,
      columnData: columns.map((name) => ({ name, data: rows.map((row) => row[name]) })),
      rowGroupSize: 250_000,
    });
    return;
  }
  const out = createWriteStream(file);
  if (kind === 'csv') out.write('path,label,patient,age,note\n');
  for (let i = 0; i < count; i++) {
    const row = cells(i);
    const line =
      kind === 'jsonl'
        ? JSON.stringify(row)
        : `${row.path},${row.label},${row.patient},${row.age},"${row.note.replaceAll('"', '""')}"`;
    // The last row repeats the first: it must be found.
    if (!out.write(`${i === count - 1 ? line.replace(cells(i).path, cells(0).path) : line}\n`))
      await new Promise<void>((done) => out.once('drain', () => done()));
  }
  await new Promise<void>((done) => out.end(() => done()));
}

async function walk(file: string): Promise<void> {
  const started = performance.now();
  const dataset = await openDataset(file);
  const before = process.memoryUsage().rss;
  let rows = 0;
  let problems = 0;
  let peak = 0;
  let live = 0;
  for await (const item of dataset.rows()) {
    if ('problem' in item) problems++;
    else rows++;
    if ((rows + problems) % 20_000 === 0) {
      peak = Math.max(peak, process.memoryUsage().rss);
      if ((rows + problems) % 100_000 === 0 && globalThis.gc) {
        globalThis.gc();
        live = Math.max(live, process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers);
      }
    }
  }
  await dataset.close();
  const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${rows} rows, ${problems} problems, ${seconds} s, resident ${mb(before)} before, ${mb(peak)} at most${live ? `, live ${mb(live)}` : ''}`,
  );
}

const [first, path] = process.argv.slice(2);
if (first === 'walk') await walk(path!);
else await measure(Number(first ?? 1_000_000));
