import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRow, openDataset } from '../../src/dataset/dataset.ts';
import { walk, writeTree } from './support.ts';

const folder = fileURLToPath(new URL('../../../../fixtures/dataset/parquet/', import.meta.url));
const expected: Record<string, Record<string, unknown>[]> = JSON.parse(
  readFileSync(join(folder, 'expected.json'), 'utf8'),
);
let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'seewhy-parquet-'));
});
afterAll(() => rm(temporary, { recursive: true, force: true }));

describe("manifests: pyarrow's rows", () => {
  it.each(['none', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'version2'])('%s', async (name) => {
    const dataset = await openDataset(join(folder, `${name}.parquet`));
    expect(dataset).toMatchObject({ kind: 'parquet', columns: { path: 'path', label: 'label', group: 'patient' } });
    const { rows, problems } = await walk(dataset);
    expect(problems).toEqual([]);
    const wanted = expected[`${name}.parquet`]!.map(({ path, label, patient, ...others }, at) => ({
      id: (path as string).replace('.png', ''),
      path,
      line: at + 1,
      ...(label === null ? {} : { labels: [label] }),
      group: patient,
      columns: Object.fromEntries(
        Object.entries(others)
          .filter(([, value]) => value !== null)
          .map(([key, value]) => [key, key === 'seen' ? `${value}T00:00:00.000Z` : value]),
      ),
    }));
    expect(rows.map(({ read, ...row }) => row)).toEqual(wanted);
    await dataset.close();
  });
  it('lists of labels and objects with boxes', async () => {
    const dataset = await openDataset(join(folder, 'labels.parquet'));
    const { rows } = await walk(dataset);
    expect(rows.map(({ labels }) => labels)).toEqual([['a', 'b'], [], ['c'], undefined]);
    expect(
      rows.map(({ mask }) =>
        mask?.kind === 'regions' ? mask.regions.map((one) => 'box' in one && one.box) : undefined,
      ),
    ).toEqual([
      [[1, 2, 3, 4]],
      undefined,
      undefined,
      [
        [0, 0, 2, 2],
        [4, 4, 1, 1],
      ],
    ]);
    await dataset.close();
  });
  it("pictures inside, and the names of their classes, as Hugging Face's datasets write them", async () => {
    const dataset = await openDataset(join(folder, 'train-00000-of-00001.parquet'));
    expect(dataset.classes).toEqual(['benign', 'malignant']);
    const { rows, problems } = await walk(dataset);
    expect(problems).toEqual([]);
    expect(rows.map(({ id, labels }) => [id, ...labels!])).toEqual([
      ['img_0', 'benign'],
      ['img_1', 'malignant'],
      ['img_2', 'malignant'],
      ['img_3', 'benign'],
      ['img_4', 'malignant'],
    ]);
    for (const [i, row] of rows.entries()) {
      const { picture } = await decodeRow(row);
      expect([picture.width, picture.height, picture.data[0]]).toEqual([5, 4, i * 40]);
    }
    await dataset.close();
    const bytes = await openDataset(join(folder, 'bytes.parquet'));
    const plain = (await walk(bytes)).rows;
    expect(plain.map(({ id }) => id)).toEqual(['row 1', 'row 2', 'row 3', 'row 4', 'row 5']);
    expect((await decodeRow(plain[3]!)).picture.data[0]).toBe(120);
    await bytes.close();
  });
  it('shards named after splits are one data set', async () => {
    const shard = readFileSync(join(folder, 'train-00000-of-00001.parquet'));
    await writeTree(temporary, {
      'set/data/train-00000-of-00001.parquet': shard,
      'set/data/test-00000-of-00001.parquet': shard,
    });
    const dataset = await openDataset(join(temporary, 'set'));
    const { rows } = await walk(dataset);
    expect(rows.map(({ split }) => split)).toEqual([...Array(5).fill('test'), ...Array(5).fill('train')]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(10);
    await dataset.close();
  });
  it('no rows, no Parquet', async () => {
    await expect(openDataset(join(folder, 'empty.parquet'))).rejects.toMatchObject({ code: 'DATASET_EMPTY' });
    await writeTree(temporary, { 'text.parquet': 'path,label\na.png,x\n' });
    await expect(openDataset(join(temporary, 'text.parquet'))).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});
