import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRow, openDataset } from '../../src/dataset/dataset.ts';
import { png, walk, writeTree } from './support.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seewhy-folders-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const summary = async (files: Readonly<Record<string, string | Uint8Array>>, name = Math.random().toString(36)) => {
  await writeTree(join(root, name), files);
  const dataset = await openDataset(join(root, name));
  const { rows, problems } = await walk(dataset);
  return {
    dataset,
    rows,
    problems,
    said: rows.map(({ id, labels, split, mask }) =>
      [id, labels?.join(), split, mask?.kind === 'file' ? mask.path : undefined]
        .filter((part) => part !== undefined)
        .join(' '),
    ),
  };
};

it('DICOM files without preamble and ending are found, and tell what they are', async () => {
  const dicom = (name: string) =>
    new Uint8Array(readFileSync(new URL(`../../../../fixtures/dataset/dicom/${name}.dcm`, import.meta.url)));
  const { dataset, rows, problems } = await summary({
    'series 1/1': dicom('no-preamble'),
    'series 1/2': dicom('no-meta-explicit'),
    'series 1/3': dicom('no-meta-implicit'),
    'series 1/notes': 'a text without an ending, long enough to be looked into. '.repeat(20),
  });
  expect(dataset.kind).toBe('dicom');
  expect(problems).toEqual([]);
  expect(rows).toHaveLength(3);
  const pictures = await Promise.all(rows.map((row) => decodeRow(row)));
  for (const [at, { group, columns }] of rows.entries()) {
    expect(group).toBe('P-17');
    expect(columns).toMatchObject({ modality: 'CT', age: 61 });
    expect(Buffer.from(pictures[at]!.picture.data).equals(Buffer.from(pictures[0]!.picture.data))).toBe(true);
  }
});

describe('folders per class', () => {
  it('class/picture, sorted as people do; what is no picture is told', async () => {
    const { dataset, rows, said } = await summary({
      'cat/a10.png': '',
      'cat/a2.jpg': '',
      'dog/old/b.png': '',
      'dog/a2.png': '',
      'readme.md': '',
      '.hidden/x.png': '',
    });
    expect(said).toEqual(['cat/a2 cat', 'cat/a10 cat', 'dog/a2 dog', 'dog/old/b dog']);
    expect(rows[3]!.columns).toEqual({ folder: 'old' });
    expect(dataset).toMatchObject({ kind: 'folders', classes: ['cat', 'dog'] });
    expect(dataset.notices).toEqual(['1 file that is no picture was left out.']);
  });
  it('below splits, above splits, and classes that are called like splits', async () => {
    expect((await summary({ 'train/cat/a.png': '', 'val/dog/b.png': '' })).said).toEqual([
      'train/cat/a cat train',
      'val/dog/b dog val',
    ]);
    expect((await summary({ 'cat/train/a.png': '', 'dog/test/b.png': '' })).said).toEqual([
      'cat/train/a cat train',
      'dog/test/b dog test',
    ]);
    expect((await summary({ 'test/a.png': '', 'control/b.png': '' })).said).toEqual([
      'control/b control',
      'test/a test',
    ]);
  });
  it('masks beside and in folders; classes may be called mask', async () => {
    expect(
      (
        await summary({
          'images/x/1.jpg': '',
          'images/x/2.jpg': '',
          'masks/x/1.png': '',
          'masks/x/2_mask.png': '',
        })
      ).said,
    ).toEqual(['images/x/1 x masks/x/1.png', 'images/x/2 x masks/x/2_mask.png']);
    expect((await summary({ 'x/a (1).png': '', 'x/a (1)_mask.png': '', 'y/b_mask.png': '' })).said).toEqual([
      'x/a (1) x x/a (1)_mask.png',
      'y/b_mask y',
    ]);
    expect((await summary({ 'mask/a.png': '', 'no mask/b.png': '' })).said).toEqual([
      'mask/a mask',
      'no mask/b no mask',
    ]);
  });
  it('several masks with numbers are one; other words and endings are not', async () => {
    const column = (at: number) => png(4, 3, (x) => (x === at ? 255 : 0));
    const files = {
      'x/a (1).png': await png(4, 3),
      'x/a (1)_mask.png': await column(0),
      'x/a (1)_mask_1.png': await column(2),
      'x/a (1)_mask (2).png': await column(3),
      'x/b.png': await png(4, 3),
      'x/b_mask.bmp': '',
      'x/b_mask.png': await column(1),
      'x/b_seg.png': await column(2),
      // A picture of its own, and one that has no picture.
      'x/c.png': '',
      'x/c_1.png': '',
      'x/d_mask_1.png': '',
    };
    const { dataset, rows } = await summary(files);
    expect(rows.map(({ id, mask }) => [id, mask?.kind])).toEqual([
      ['x/a (1)', 'files'],
      ['x/b', 'file'],
      ['x/c_1', undefined],
      ['x/c', undefined],
      ['x/d_mask_1', undefined],
    ]);
    expect(dataset.notices.join(' ')).toContain('2 pictures have masks beside them, 1 of them several');
    const { mask, problems } = await decodeRow(rows[0]!);
    expect(problems).toEqual([]);
    expect(mask!.data.join('')).toBe('101110111011');
  });
  it('the same name with two endings: both keep theirs', async () => {
    expect((await summary({ 'x/a.jpg': '', 'x/a.png': '' })).said).toEqual(['x/a.jpg x', 'x/a.png x']);
  });
  it('links that leave the folder are problems, links within are followed', async () => {
    const at = join(root, 'links');
    await writeTree(at, { 'x/a.png': '1' });
    await symlink('/etc/passwd', join(at, 'x/out.png'));
    await symlink('a.png', join(at, 'x/in.png'));
    await symlink('/', join(at, 'x/root'));
    const dataset = await openDataset(at);
    const { rows, problems } = await walk(dataset);
    expect(rows.map(({ id }) => id)).toEqual(['x/a', 'x/in']);
    expect(problems).toMatchObject([{ code: 'PATH_OUTSIDE', where: 'x/out.png' }]);
    expect(dataset.notices).toContain("'x/root' is a link to a folder, and was not followed.");
    const allowed = await walk(await openDataset(at, { imageRoot: '/etc' }));
    expect(allowed.problems).toEqual([]);
  });
  it('no pictures, no folder', async () => {
    await writeTree(join(root, 'bare'), { 'x/readme.txt': '' });
    await expect(openDataset(join(root, 'bare'))).rejects.toMatchObject({ code: 'DATASET_EMPTY' });
    await expect(openDataset(join(root, 'baer'))).rejects.toThrow(/Did you mean '.*bare'/);
  });
  it('its hash follows names and sizes', async () => {
    const one = await summary({ 'x/a.png': '1' });
    const two = await summary({ 'x/a.png': '2' });
    const three = await summary({ 'x/a.png': '22' });
    expect(await one.dataset.sha256()).toBe(await two.dataset.sha256());
    expect(await one.dataset.sha256()).not.toBe(await three.dataset.sha256());
  });
});

describe('masks', () => {
  const disc = (x: number, y: number) => (x < 2 && y < 2 ? 255 : 0);
  it('of the same size, scaled, of another proportion', async () => {
    const { rows } = await summary({
      'x/1.png': await png(4, 4),
      'x/1_mask.png': await png(4, 4, disc),
      'x/2.png': await png(8, 8),
      'x/2_mask.png': await png(4, 4, disc),
      'x/3.png': await png(8, 4),
      'x/3_mask.png': await png(4, 8, disc),
      'x/4.png': await png(8, 4),
      'x/4_mask.png': 'broken',
    });
    const [same, scaled, odd, broken] = await Promise.all(rows.map((row) => decodeRow(row)));
    expect([...same!.mask!.data]).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(scaled!.mask!.data.reduce((sum, value) => sum + value, 0)).toBe(16);
    expect(scaled!.picture.notes).toEqual(["Its mask of 4x4 pixels was scaled to the picture's 8x8."]);
    expect(odd).toMatchObject({ problems: [{ code: 'MASK_SIZE', where: 'x/3' }] });
    expect(broken).toMatchObject({ problems: [{ code: 'MASK_INVALID', where: 'x/4' }] });
    expect(broken!.picture.width).toBe(8);
  });
  it('class numbers, soft edges', async () => {
    const { rows } = await summary({
      'x/1.png': await png(4, 1),
      'x/1_mask.png': await png(4, 1, (x) => x),
      'x/2.png': await png(64, 1),
      'x/2_mask.png': await png(64, 1, (x) => x * 4),
    });
    const [numbers, ramp] = await Promise.all(rows.map((row) => decodeRow(row)));
    expect([...numbers!.mask!.data]).toEqual([0, 1, 1, 1]);
    expect(ramp!.mask!.data.indexOf(1)).toBe(32);
  });
});
