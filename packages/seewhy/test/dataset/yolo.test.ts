import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetOptions, type DatasetRow, decodeRow, openDataset } from '../../src/dataset/dataset.ts';
import { png, walk, writeTree } from './support.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seewhy-yolo-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function written(files: Files): Promise<string> {
  const at = join(root, `${count++}`);
  await writeTree(at, files);
  return at;
}

async function opened(files: Files, options: DatasetOptions = {}) {
  const dataset = await openDataset(await written(files), options);
  return { dataset, ...(await walk(dataset)) };
}

const said = (rows: readonly DatasetRow[]) =>
  rows.map(({ id, labels, split }) => `${id} ${labels?.join('+') ?? '?'} ${split ?? '-'}`);

/** The mask as letters, a line a row of pixels. */
async function drawn(row: DatasetRow): Promise<string[]> {
  const { mask, problems } = await decodeRow(row);
  expect(problems).toEqual([]);
  const { width, data } = mask!;
  const text = [...data].map((value) => (value === 1 ? '#' : '.')).join('');
  return text.match(new RegExp(`.{${width}}`, 'g'))!;
}

const YAML =
  'path: ../datasets/pets\ntrain: images/train\nval: images/val\nnc: 2\nnames:\n  0: cat\n  1: dog # not a wolf\n';

describe('layouts', () => {
  it.each([false, true])('a folder a split below images and labels, names as a map (zip: %s)', async (zipped) => {
    const files = {
      'data.yaml': YAML,
      'images/train/a.png': await png(),
      'images/val/b.png': await png(),
      'images/val/c.png': await png(),
      'labels/train/a.txt': '1 0.5 0.5 0.5 0.5\n0 0.2 0.2 0.1 0.1\r\n1 0.3 0.3 0.1 0.1\n',
      'labels/val/b.txt': '',
      'labels/val/gone.txt': '0 0.5 0.5 0.5 0.5',
    };
    const at = await written(files);
    const zip = join(at, 'all.zip');
    if (zipped) {
      const bytes = Object.entries(files).map(
        ([name, content]) =>
          [`pets/${name}`, typeof content === 'string' ? new TextEncoder().encode(content) : content] as const,
      );
      await writeFile(zip, zipSync(Object.fromEntries(bytes)));
    }
    const dataset = await openDataset(zipped ? zip : at);
    expect(dataset).toMatchObject({ kind: zipped ? 'zip/yolo' : 'yolo', classes: ['cat', 'dog'] });
    const { rows, problems } = await walk(dataset);
    expect(problems).toEqual([]);
    expect(said(rows)).toEqual(['images/train/a dog+cat train', 'images/val/b  val', 'images/val/c  val']);
    expect(dataset.notices).toEqual([
      "The classes of the YOLO labels are named by 'data.yaml'.",
      '2 pictures have no label file, or an empty one: of no class.',
      '1 label file belongs to no picture.',
    ]);
    await dataset.close();
  });

  it('images and labels below a folder a split, names as a list', async () => {
    const { dataset, rows } = await opened({
      'data.yaml': "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['cat', 'dog']\n",
      'train/images/a.png': '',
      'train/labels/a.txt': '0 0.5 0.5 0.5 0.5\n',
      'valid/images/a.png': '',
      'valid/labels/a.txt': '1 0.5 0.5 0.5 0.5\n',
    });
    expect(said(rows)).toEqual(['train/images/a cat train', 'valid/images/a dog valid']);
    expect(dataset.classes).toEqual(['cat', 'dog']);
  });

  it('classes.txt and one folder of each; years behind the split', async () => {
    const { rows } = await opened({
      'classes.txt': 'cat\r\ndog\r\n',
      'images/val2017/a.png': '',
      'images/val2017/b.png': '',
      'labels/val2017/a.txt': '0 0.5 0.5 0.5 0.5',
      'labels/val2017/b.txt': '7 0.5 0.5 0.5 0.5',
    });
    expect(said(rows)).toEqual(['images/val2017/a cat val2017', 'images/val2017/b 7 val2017']);
  });

  it('beside the pictures, and nothing that names the classes', async () => {
    const { dataset, rows } = await opened({ 'a.png': '', 'a.txt': '3 0.5 0.5 0.5 0.5', 'b.png': '' });
    expect(said(rows)).toEqual(['a 3 -', 'b  -']);
    expect(dataset.classes).toBeUndefined();
    expect(dataset.notices.join(' ')).toContain('No data.yaml, classes.txt or obj.names names the classes');
  });

  it('a data.yaml that is given itself', async () => {
    const files = { 'images/val/a.png': '', 'labels/val/a.txt': '1 0.5 0.5 0.5 0.5' };
    const at = await written({ 'pets.yaml': YAML, ...files });
    const dataset = await openDataset(join(at, 'pets.yaml'));
    expect(said((await walk(dataset)).rows)).toEqual(['images/val/a dog val']);
    const other = await written(files);
    const alone = join(await written({ 'pets.yaml': YAML }), 'pets.yaml');
    await expect(openDataset(alone)).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
      cure: expect.stringContaining('--image-root'),
    });
    expect(said((await walk(await openDataset(alone, { imageRoot: other }))).rows)).toEqual(['images/val/a dog val']);
    await expect(openDataset(join(await written({ 'a.yaml': 'names: [cat' }), 'a.yaml'))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      what: expect.stringContaining('is no YAML'),
    });
  });

  it('a manifest says more, and captions are no labels', async () => {
    const texts = { 'cat/a.png': '', 'cat/a.txt': '0 0.5 0.5 0.5 0.5' };
    expect((await opened({ ...texts, 'list.csv': 'path,label\ncat/a.png,x\n' })).dataset.kind).toBe('csv');
    expect((await opened({ ...texts, 'cat/a.txt': '2 cats' })).dataset.kind).toBe('folders');
  });
});

describe('label files', () => {
  const rowWith = async (text: string, yaml = YAML) => {
    const { rows, problems } = await opened({
      'data.yaml': yaml,
      'images/a.png': await png(10, 5),
      'images/b.png': await png(10, 5),
      'labels/a.txt': '0 0.5 0.5 1 1',
      'labels/b.txt': text,
    });
    return { row: rows.find(({ path }) => path === 'images/b.png'), problems };
  };

  it('a box is its centre, width and height, as shares of both sides', async () => {
    // x from 0.2 to 0.6 of ten pixels, y from 0.2 to 0.8 of five.
    const { row } = await rowWith('1 0.4 0.5 0.4 0.6\n');
    expect(await drawn(row!)).toEqual(['..........', '..####....', '..####....', '..####....', '..........']);
  });
  it('an outline, a confidence behind a box', async () => {
    const { row } = await rowWith('1 0.1 0 0.5 0 0.5 0.4 0.1 0.4\n0 0.85 0.9 0.3 0.2 0.98\n');
    expect(row!.labels).toEqual(['dog', 'cat']);
    expect(await drawn(row!)).toEqual(['.####.....', '.####.....', '..........', '..........', '.......###']);
    const { mask } = await decodeRow(row!, { maskLabels: ['cat'] });
    expect(mask!.data.reduce((sum, value) => sum + value, 0)).toBe(3);
  });
  it('keypoints behind a box are left out', async () => {
    const whole = ['##########', '##########', '##########', '##########', '##########'];
    expect(await drawn((await rowWith('0 0.5 0.5 1 1 0.1 0.1 2 0.2 0.2 1')).row!)).toEqual(whole);
    // Of two numbers each they would be corners, were it not said.
    const { row } = await rowWith('0 0.5 0.5 1 1 0.1 0.1 0.2 0.2', `${YAML}kpt_shape: [2, 2]\n`);
    expect(await drawn(row!)).toEqual(whole);
  });
  it.each([
    ['1 0.5 0.5 0.4', 'has 4 numbers'],
    ['1 0.5 0.5 0.4 0.4\n\ncat 0.5 0.5 0.4 0.4', 'line 3 holds something else than numbers'],
    ['-1 0.5 0.5 0.4 0.4', 'begins with -1, which is no class'],
    ['1 320 240 100 80', 'they are shares of the picture, not pixels'],
  ])('%j is a problem of its picture', async (text, what) => {
    const { row, problems } = await rowWith(text);
    expect(row).toBeUndefined();
    expect(problems).toEqual([
      { code: 'ANNOTATION_INVALID', where: 'images/b.png', what: expect.stringContaining(what) },
    ]);
  });
});
