import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetOptions, decodeRow, openDataset } from '../../src/dataset/dataset.ts';
import { png, walk, writeTree } from './support.ts';

// Layouts as data sets are published and exported, with files of one byte that tell them apart.

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seewhy-published-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function opened(files: Readonly<Record<string, string>>, options: DatasetOptions = {}, zipped = false) {
  const at = join(root, `${count++}`);
  await writeTree(at, files);
  if (!zipped) return openDataset(at, options);
  const entries = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)]);
  await writeTree(at, { 'all.zip': zipSync(Object.fromEntries(entries)) });
  return openDataset(join(at, 'all.zip'), options);
}

/** What stands in the pictures, or why they cannot be read. */
async function contents(dataset: Awaited<ReturnType<typeof openDataset>>): Promise<string[]> {
  const { rows, problems } = await walk(dataset);
  const read = rows.map(async (row) => {
    const found = await row.read().then(
      (bytes) => new TextDecoder().decode(bytes),
      (error) => String(error.code),
    );
    return `${row.path} ${row.labels?.join('+') ?? '-'} ${found}`;
  });
  return [...(await Promise.all(read)), ...problems.map(({ code }) => code)];
}

const ELSEWHERE =
  'Pictures that do not lie where the manifest says were found by their names in other folders of the data set.';

describe('a folder a split, each with annotations of its own', () => {
  const annotations = (name: string, category: number) =>
    JSON.stringify({
      images: [{ id: 0, file_name: name }],
      annotations: [{ id: 0, image_id: 0, category_id: category, bbox: [0, 0, 1, 1] }],
      categories: [
        { id: 0, name: 'cat' },
        { id: 1, name: 'dog' },
      ],
    });
  const exported = {
    'README.roboflow.txt': 'text',
    'train/_annotations.coco.json': annotations('a.jpg', 0),
    'train/a.jpg': '1',
    'valid/_annotations.coco.json': annotations('a.jpg', 1),
    'valid/a.jpg': '2',
  };

  it.each([false, true])('is one data set (zip: %s)', async (zipped) => {
    const dataset = await opened(exported, {}, zipped);
    expect(dataset).toMatchObject({ kind: zipped ? 'zip/coco' : 'coco', classes: ['cat', 'dog'] });
    expect(await contents(dataset)).toEqual(['train/a.jpg cat 1', 'valid/a.jpg dog 2']);
    const { rows } = await walk(dataset);
    expect(rows.map(({ id, split, mask }) => [id, split, mask?.kind])).toEqual([
      ['train/a', 'train', 'regions'],
      ['valid/a', 'valid', 'regions'],
    ]);
    const other = await opened({ ...exported, 'valid/_annotations.coco.json': annotations('a.jpg', 0) }, {}, zipped);
    expect(await other.sha256()).not.toBe(await dataset.sha256());
  });

  it('a file of annotations for each kind of them stays a question', async () => {
    const files = { ...exported, 'annotations/captions.json': annotations('a.jpg', 0) };
    await expect(opened(files)).rejects.toMatchObject({ code: 'DATASET_AMBIGUOUS' });
  });
});

describe('pictures that do not lie where the manifest says', () => {
  const skin = {
    'meta.csv': 'lesion_id,image_id,dx\nL1,ISIC_1,nv\nL2,ISIC_2,mel\n',
    'images_part_1/ISIC_1.jpg': '1',
    'images_part_2/ISIC_2.jpg': '2',
  };
  it.each([false, true])('are found by their names in the folders they were packed in (zip: %s)', async (zipped) => {
    const dataset = await opened(skin, {}, zipped);
    expect(dataset.columns).toEqual({ path: 'image_id', label: 'dx', group: 'lesion_id' });
    expect(await contents(dataset)).toEqual(['ISIC_1 nv 1', 'ISIC_2 mel 2']);
    expect(dataset.notices).toContain(ELSEWHERE);
  });
  it("radiographs' index and findings", async () => {
    const dataset = await opened({
      'Data_Entry.csv': 'Image Index,Finding Labels,Patient ID\n1.png,Mass|Nodule,7\n2.png,No Finding,8\n',
      'images_001/images/1.png': 'a',
      'images_002/images/2.png': 'b',
    });
    expect(await contents(dataset)).toEqual(['1.png Mass+Nodule a', '2.png No Finding b']);
  });
  it('nothing is said where all lie there', async () => {
    const dataset = await opened({ 'm.csv': 'path,label\na.png,x\n', 'a.png': '1', 'b/a.png': '2' });
    expect(await contents(dataset)).toEqual(['a.png x 1']);
    expect(dataset.notices).toEqual(["The manifest 'm.csv' was taken."]);
  });
  it('all that is written must be the end of the path: the same name in another split is another picture', async () => {
    const dataset = await opened({ 'm.csv': 'path,label\ntrain/1.png,x\nval/1.png,y\n', 'data/val/1.png': 'v' });
    expect(await contents(dataset)).toEqual(['train/1.png x PICTURE_MISSING', 'val/1.png y v']);
  });
  it('several of one name: none of them, but a mask is none', async () => {
    const files = { 'm.csv': 'path,label\n1.png,x\n', 'a/1.png': 'a', 'masks/1.png': 'm' };
    expect(await contents(await opened(files))).toEqual(['1.png x a']);
    expect(await contents(await opened({ ...files, 'b/1.png': 'b' }))).toEqual(['1.png x PICTURE_AMBIGUOUS']);
  });
  it('paths from elsewhere are not looked for, and none leads out', async () => {
    const files = { 'm.csv': 'path,label\n../1.png,x\n/data/1.png,x\n%2e%2e/1.png,x\n', 'a/1.png': 'a' };
    const found = await contents(await opened(files));
    expect(found.sort()).toEqual(['%2e%2e/1.png x PATH_OUTSIDE', 'PATH_OUTSIDE', 'PATH_OUTSIDE']);
  });
  it.each([false, true])(
    'paths from the root of another machine, by all of the path below the manifest (zip: %s)',
    async (zipped) => {
      const files = {
        'm.csv': [
          'path,label',
          '/no-such-machine/skin/train/1.png,x',
          'C:\\no such machine\\val\\1.png,y',
          '/no-such-machine/skin/test/1.png,z',
          '/no-such-machine/2.png,w',
          '/no-such-machine/../train/1.png,v',
          '',
        ].join('\n'),
        'train/1.png': 't',
        'val/1.png': 'v',
        '2.png': '2',
      };
      const dataset = await opened(files, {}, zipped);
      const found = await contents(dataset);
      expect(found.toSorted()).toEqual(
        [
          '/no-such-machine/2.png w 2',
          '/no-such-machine/skin/train/1.png x t',
          'C:\\no such machine\\val\\1.png y v',
          // The same name in another split is another picture.
          'PATH_OUTSIDE',
          'PATH_OUTSIDE',
        ].toSorted(),
      );
      expect(dataset.notices).toContain(ELSEWHERE);
    },
  );
  it('paths that are written as parts of addresses; one that is called so goes first', async () => {
    const dataset = await opened({
      'm.csv': 'path,label\nmy%20pictures/%C3%BC.png,x\nb%20c.png,y\n50%.png,z\n',
      'my pictures/ü.png': '1',
      'b%20c.png': '2',
      'b c.png': '3',
      '50%.png': '4',
    });
    expect(await contents(dataset)).toEqual(['my%20pictures/%C3%BC.png x 1', 'b%20c.png y 2', '50%.png z 4']);
  });
});

it('numbers with a decimal comma, where semicolons are between the cells', async () => {
  const values = async (text: string) =>
    (await walk(await opened({ 'm.csv': text, 'a.png': '' }))).rows.map(({ columns }) => columns);
  expect(await values('path;label;mm;note\na.png;x;-1.234,5;1,5 to 2\n')).toEqual([{ mm: -1234.5, note: '1,5 to 2' }]);
  expect(await values('path;label;mm;code\na.png;x;1,5;1,5,2\n')).toEqual([{ mm: 1.5, code: '1,5,2' }]);
  expect(await values('path,label,mm\na.png,x,"1,5"\n')).toEqual([{ mm: '1,5' }]);
});

describe('folders without pictures', () => {
  const files = { 'cat/1.jpg': '1', 'dog/2.jpg': '2', 'notes/readme.md': '' };
  const notice = async (dataset: Awaited<ReturnType<typeof openDataset>>) => {
    const found = dataset.notices.find((one) => /holds? no pictures/.test(one));
    await dataset.close();
    return found;
  };
  it('are named: a class may be meant', async () => {
    expect(await notice(await opened({ 'cat/1.jpg': '1', 'dog/2.jpg': '2' }))).toBeUndefined();
    expect(await notice(await opened(files))).toBe("The folder 'notes' holds no pictures.");
    const at = join(root, `${count++}`);
    await writeTree(at, files);
    await mkdir(join(at, 'bird'));
    expect(await notice(await openDataset(at))).toBe("2 folders hold no pictures: 'bird', 'notes'.");
    // A zip lists its folders, if it does, as names that end with a slash.
    const entries = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
    await writeTree(at, { 'all.zip': zipSync({ ...Object.fromEntries(entries), 'bird/': new Uint8Array(0) }) });
    expect(await notice(await openDataset(join(at, 'all.zip')))).toBe("2 folders hold no pictures: 'bird', 'notes'.");
  });
  it('also in one split of several', async () => {
    const at = join(root, `${count++}`);
    await writeTree(at, { 'train/cat/1.jpg': '1', 'train/dog/2.jpg': '2', 'test/cat/3.jpg': '3' });
    await mkdir(join(at, 'test/dog'));
    expect(await notice(await openDataset(at))).toBe("The folder 'test/dog' holds no pictures.");
  });
});

describe('objects of a picture in one column', () => {
  const files = (objects: readonly unknown[]) => ({
    'metadata.jsonl': objects
      .map((one, at) => JSON.stringify({ file_name: `${at}.png`, ...(one === undefined ? {} : { objects: one }) }))
      .join('\n'),
    ...Object.fromEntries(objects.map((_, at) => [`${at}.png`, ''])),
  });
  const walked = async (objects: readonly unknown[]) => {
    const dataset = await opened(files(objects));
    const { rows, problems } = await walk(dataset);
    expect(problems).toEqual([]);
    return { rows, notices: dataset.notices.join(' ') };
  };
  it('their classes are the labels, their boxes the mask', async () => {
    const { rows, notices } = await walked([
      {
        bbox: [
          [302, 109, 73, 52],
          [1, 2, 3, 4],
        ],
        categories: [1, 0],
      },
      { bbox: [[810, 100, 57, 28]], categories: [1] },
      { bbox: [], categories: [] },
      [
        { bbox: [5, 6, 7, 8], category: 'mask' },
        { bbox: [1, 1, 2, 2], category: 'mask' },
      ],
    ]);
    expect(rows.map(({ labels }) => labels)).toEqual([['1', '0'], ['1'], [], ['mask']]);
    expect(rows.map(({ mask }) => mask)).toEqual([
      {
        kind: 'regions',
        regions: [
          { box: [302, 109, 73, 52], label: '1' },
          { box: [1, 2, 3, 4], label: '0' },
        ],
      },
      { kind: 'regions', regions: [{ box: [810, 100, 57, 28], label: '1' }] },
      undefined,
      {
        kind: 'regions',
        regions: [
          { box: [5, 6, 7, 8], label: 'mask' },
          { box: [1, 1, 2, 2], label: 'mask' },
        ],
      },
    ]);
    expect(notices).not.toMatch(/No column/);
  });
  it('boxes alone are no labels', async () => {
    const { rows, notices } = await walked([{ bbox: [[1, 2, 3, 4]] }]);
    expect(rows[0]).toMatchObject({ mask: { kind: 'regions', regions: [{ box: [1, 2, 3, 4] }] } });
    expect(rows[0]!.labels).toBeUndefined();
    expect(notices).toMatch(/No column of metadata.jsonl holds labels/);
  });
});

it('DICOM files of several frames that lie in another folder are as many pictures', async () => {
  const at = join(root, `${count++}`);
  const stack = new URL('../../../../fixtures/dataset/dicom/enhanced.dcm', import.meta.url);
  await writeTree(at, { 'list.csv': 'image,label\nstack.dcm,x\n', 'part_1/stack.dcm': await readFile(stack) });
  const dataset = await openDataset(join(at, 'list.csv'));
  const { rows } = await walk(dataset);
  // pydicom: NumberOfFrames of the file is 3.
  expect(rows.map(({ id, frame }) => [id, frame])).toEqual([
    ['stack#1', 0],
    ['stack#2', 1],
    ['stack#3', 2],
  ]);
  const pixels = await Promise.all(rows.map(async (row) => (await decodeRow(row)).picture.data.join()));
  expect(new Set(pixels).size).toBe(3);
  expect(dataset.notices).toContain(ELSEWHERE);
});

describe('a folder of all pictures is no class', () => {
  it('with splits below it, and captions in text files beside it', async () => {
    const dataset = await opened({
      'images/train/1.jpg': '1',
      'images/val/2.jpg': '2',
      'labels/train/1.txt': 'two cats on a sofa',
      'labels/val/2.txt': '1 dog',
    });
    const { rows } = await walk(dataset);
    expect(rows.map(({ labels, split }) => [labels, split])).toEqual([
      [undefined, 'train'],
      [undefined, 'val'],
    ]);
    expect(dataset.classes).toBeUndefined();
    expect(dataset.notices).toContain('The pictures do not lie in folders named after classes: none has a label.');
  });
  it('with classes below it', async () => {
    const dataset = await opened({ 'images/cat/1.jpg': '1', 'images/dog/2.jpg': '2', 'labels/names.txt': 'cat dog' });
    expect(dataset.classes).toEqual(['cat', 'dog']);
  });
  it('beside another folder it is one', async () => {
    expect((await opened({ 'images/1.jpg': '1', 'drawings/2.jpg': '2' })).classes).toEqual(['drawings', 'images']);
  });
});

it('no labels: how to name them', async () => {
  const dataset = await opened({ 'm.csv': 'image,MEL,NV\na.png,1.0,0.0\n', 'a.png': '' });
  expect(dataset.notices.join(' ')).toMatch(
    /--column label=NAME names it, or several with commas where each stands for a class/,
  );
  const named = await opened(
    { 'm.csv': 'image,MEL,NV\na.png,1.0,0.0\n', 'a.png': '' },
    { columns: { label: 'MEL,NV' } },
  );
  expect((await walk(named)).rows[0]!.labels).toEqual(['MEL']);
});

it('one column a class, named as the model names them', async () => {
  const files = {
    'm.csv':
      'Path,Sex,No Finding,Pleural Effusion,Edema\na.png,F,1.0,,\nb.png,M,,1.0,1.0\nc.png,F,0.0,-1.0,0.0\nd.png,M,,,\n',
    'a.png': '',
    'b.png': '',
    'c.png': '',
    'd.png': '',
  };
  const classes = ['edema', 'No Finding', 'Pleural_Effusion'];
  const dataset = await opened(files, { classes });
  const { rows } = await walk(dataset);
  expect(rows.map(({ labels }) => labels)).toEqual([['No Finding'], ['Edema', 'Pleural Effusion'], [], undefined]);
  expect(dataset.classes).toEqual(['Edema', 'No Finding', 'Pleural Effusion']);
  expect(rows[0]!.columns).toEqual({ Sex: 'F' });
  expect(dataset.notices.join(' ')).toContain("Columns named as the model's classes hold the labels");
  // A class without a column, a column of labels, or columns that are asked for: then they are what they were.
  expect((await opened(files, { classes: [...classes, 'Fracture'] })).classes).toBeUndefined();
  expect((await walk(await opened(files, { classes, columns: { label: 'Sex' } }))).rows[0]!.labels).toEqual(['F']);
  const both = await opened(
    { 'm.csv': 'path,label,cat,dog\na.png,cat,0,1\n', 'a.png': '' },
    { classes: ['cat', 'dog'] },
  );
  expect((await walk(both)).rows[0]).toMatchObject({ labels: ['cat'], columns: { cat: 0, dog: 1 } });
});

it("a picture found elsewhere can be drawn: its bytes are the file's", async () => {
  const at = join(root, 'whole');
  const bytes = await png(3, 2);
  await writeTree(at, { 'm.csv': 'path,label\na,x\n', 'deep/er/a.png': bytes });
  const { rows } = await walk(await openDataset(at));
  expect(Buffer.from(await rows[0]!.read()).equals(Buffer.from(bytes))).toBe(true);
});
