import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRow, openDataset } from '../../src/dataset/dataset.ts';
import { png, walk, writeTree } from './support.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'seewhy-layouts-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

type Files = Readonly<Record<string, string | Uint8Array>>;
let count = 0;
const fresh = () => join(root, `set${count++}`);

/** The same files as a folder, and as a zip with a folder around them. */
async function both(files: Files, inside = ''): Promise<{ name: string; path: string; prefix: string }[]> {
  const folder = fresh();
  await writeTree(folder, files);
  const zip = `${folder}.zip`;
  await writeFile(
    zip,
    zipOf(Object.fromEntries(Object.entries(files).map(([name, content]) => [`wrapped/${name}`, content]))),
  );
  return [
    { name: 'folder', path: join(folder, inside), prefix: '' },
    { name: 'zip', path: zip, prefix: 'zip/' },
  ];
}

const zipOf = (files: Files): Uint8Array =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [
        name,
        typeof content === 'string' ? new TextEncoder().encode(content) : content,
      ]),
    ) as Zippable,
  );

const said = (rows: Awaited<ReturnType<typeof walk>>['rows']) =>
  rows.map(({ id, labels, group, split }) =>
    [id, labels?.join('+'), group, split].map((part) => part ?? '-').join(' '),
  );

describe('as a folder and as a zip', () => {
  it('folders per class', async () => {
    for (const { path, prefix } of await both({
      'cat/a.png': await png(4, 4, 10),
      'dog/b.png': await png(4, 4, 20),
      'dog/b_mask.png': await png(4, 4, (x) => x * 80),
    })) {
      const dataset = await openDataset(path);
      expect(dataset.kind).toBe(`${prefix}folders`);
      const { rows, problems } = await walk(dataset);
      expect(problems).toEqual([]);
      expect(said(rows)).toEqual(['cat/a cat - -', 'dog/b dog - -']);
      const { picture, mask } = await decodeRow(rows[1]!);
      expect([picture.data[0], [...mask!.data.slice(0, 4)]]).toEqual([20, [0, 1, 1, 1]]);
      await dataset.close();
    }
  });
  it('a manifest with its pictures', async () => {
    for (const { path, prefix } of await both({
      'list.csv': 'file,class,patient\npics/a.png,x,P1\n../../b.png,y,P2\n',
      'pics/a.png': await png(),
    })) {
      const dataset = await openDataset(path);
      expect(dataset.kind).toBe(`${prefix}csv`);
      expect(dataset.notices.join(' ')).toContain("manifest 'list.csv' was taken");
      const { rows, problems } = await walk(dataset);
      expect(said(rows)).toEqual(['pics/a x P1 -']);
      expect(problems.map(({ code }) => code)).toEqual(['PATH_OUTSIDE']);
      await rows[0]!.read();
      await dataset.close();
    }
  });
  it("Hugging Face's imagefolder", async () => {
    const files = {
      'train/metadata.csv': 'file_name,label,site\na.png,x,1\n',
      'train/a.png': await png(),
      'test/metadata.csv': 'file_name,label,site\na.png,y,2\n',
      'test/a.png': await png(4, 3, 7),
    };
    for (const { path, prefix } of await both(files)) {
      const dataset = await openDataset(path);
      expect(dataset.kind).toBe(`${prefix}imagefolder`);
      const { rows, problems } = await walk(dataset);
      expect(problems).toEqual([]);
      expect(said(rows)).toEqual(['test/a y 2 test', 'train/a x 1 train']);
      expect((await decodeRow(rows[0]!)).picture.data[0]).toBe(7);
      await dataset.close();
    }
  });
  it('COCO', async () => {
    const coco = {
      images: [
        { id: 3, file_name: 'a.png', width: 10, height: 8, patient_id: 'P1', lamp: 'halogen' },
        { id: 5, file_name: 'b.png', width: 10, height: 8, patient_id: 'P2', lamp: 'led' },
        { id: 6, file_name: 'c.png', width: 10, height: 8 },
        { id: 7, file_name: 'a.png' },
        { id: 8 },
      ],
      categories: [
        { id: 1, name: 'lesion' },
        { id: 2, name: 'ruler' },
      ],
      annotations: [
        { id: 1, image_id: 3, category_id: 1, bbox: [1, 2, 3, 4], segmentation: [[0, 0, 4, 0, 4, 4, 0, 4]] },
        { id: 2, image_id: 3, category_id: 2, bbox: [8, 0, 2, 8] },
        { id: 3, image_id: 5, category_id: 2, segmentation: { counts: [70, 10], size: [8, 10] }, iscrowd: 1 },
        { id: 4, image_id: 5, category_id: 2, bbox: [0, 0, 1, 1] },
        { id: 5, image_id: 99, category_id: 2, bbox: [0, 0, 1, 1] },
      ],
    };
    const files = {
      'annotations/instances_val2017.json': JSON.stringify(coco),
      'val2017/a.png': await png(10, 8),
      'val2017/b.png': await png(20, 16),
      'val2017/c.png': await png(10, 8),
    };
    for (const { path, prefix } of await both(files, 'annotations/instances_val2017.json')) {
      const dataset = await openDataset(path);
      expect(dataset).toMatchObject({ kind: `${prefix}coco`, classes: ['lesion', 'ruler'] });
      expect(dataset.notices).toEqual([
        expect.stringContaining('1 annotations of'),
        "The pictures were found in 'val2017'.",
      ]);
      const { rows, problems } = await walk(dataset);
      expect(said(rows)).toEqual(['a lesion+ruler P1 -', 'b ruler P2 -', 'c  - -']);
      expect(rows[0]!.columns).toEqual({ lamp: 'halogen' });
      expect(problems.map(({ code }) => code)).toEqual(['ID_TWICE', 'PATH_EMPTY']);
      const areas = await Promise.all(
        rows.map(async (row) => (await decodeRow(row)).mask?.data.reduce((a, b) => a + b, 0)),
      );
      // A square of 16 with a strip of 16; ten pixels and one box, doubled in both directions; nothing.
      expect(areas).toEqual([32, (10 + 1) * 4, undefined]);
      await dataset.close();
    }
  });
  it('Pascal VOC', async () => {
    const xml = (name: string, objects: string) =>
      `<annotation><filename>${name}</filename><size><width>10</width><height>8</height><depth>3</depth></size>${objects}</annotation>`;
    const object = (name: string, box: number[]) =>
      `<object><name>${name}</name><bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax><ymax>${box[3]}</ymax></bndbox></object>`;
    const files = {
      'Annotations/a.xml': xml('a.png', object('cat &amp; dog', [1, 1, 3, 2]) + object('007', [10, 8, 10, 8])),
      'Annotations/b.xml': xml('b.png', object('cat', [1, 1, 10, 8])),
      'Annotations/c.xml': xml('../../../c.png', ''),
      'Annotations/d.xml': '<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>',
      'Annotations/e.xml': '<html></html>',
      'Annotations/f.xml': xml('f.png', ''),
      'JPEGImages/a.png': await png(10, 8),
      'JPEGImages/b.png': await png(10, 8),
      'SegmentationClass/b.png': await png(10, 8, (x) => (x < 3 ? 255 : 0)),
      'ImageSets/Main/train.txt': 'a  1\n',
      'ImageSets/Main/val.txt': 'b -1\nc\n',
    };
    for (const { path, prefix } of await both(files)) {
      const dataset = await openDataset(path);
      expect(dataset.kind).toBe(`${prefix}voc`);
      const { rows, problems } = await walk(dataset);
      expect(said(rows)).toEqual(['JPEGImages/a cat & dog+007 - train', 'JPEGImages/b cat - val', 'f  - -']);
      expect(problems.map(({ code, where }) => [code, where])).toEqual([
        ['PATH_OUTSIDE', 'Annotations/c.xml'],
        ['ANNOTATION_INVALID', 'Annotations/d.xml'],
        ['ANNOTATION_INVALID', 'Annotations/e.xml'],
      ]);
      const area = async (at: number) => (await decodeRow(rows[at]!)).mask!.data.reduce((a, b) => a + b, 0);
      expect([await area(0), await area(1)]).toEqual([3 * 2 + 1, 3 * 8]);
      await expect(rows[2]!.read()).rejects.toMatchObject({ code: 'PICTURE_MISSING' });
      await dataset.close();
    }
  });
  it('a JSON list; several manifests are told apart or refused', async () => {
    for (const { path } of await both(
      { 'a.png': await png(), 'rows.json': JSON.stringify([{ path: 'a.png', label: 'x' }, 3]) },
      'rows.json',
    )) {
      if (path.endsWith('.zip')) continue;
      const { rows, problems } = await walk(await openDataset(path));
      expect(said(rows)).toEqual(['a x - -']);
      expect(problems).toMatchObject([{ code: 'ROW_INVALID', where: 'row 2' }]);
    }
    for (const { path } of await both({ 'train.csv': 'path,label\na,x\n', 'val.csv': 'path,label\nb,y\n' })) {
      const dataset = await openDataset(path);
      expect(said((await walk(dataset)).rows)).toEqual(['a x - train', 'b y - val']);
      await dataset.close();
    }
    for (const { path } of await both({ 'one.csv': 'path,label\na,x\n', 'two.csv': 'path,label\nb,y\n' }))
      await expect(openDataset(path)).rejects.toMatchObject({ code: 'DATASET_AMBIGUOUS' });
  });
});

describe('DICOM', () => {
  const dicom = (name: string) =>
    new Uint8Array(readFileSync(new URL(`../../../../fixtures/dataset/dicom/${name}.dcm`, import.meta.url)));
  it('classes; each frame a row; the patient as group; tags as columns, but nobody by name', async () => {
    for (const { path, prefix } of await both({
      'benign/one.dcm': dicom('ct-explicit'),
      'benign/IM0002': dicom('jpeg2000-frames'),
      'malignant/1.2.826.0.1': dicom('rgb'),
    })) {
      const dataset = await openDataset(path);
      expect(dataset).toMatchObject({ kind: `${prefix}dicom`, classes: ['benign', 'malignant'] });
      const { rows, problems } = await walk(dataset);
      expect(problems).toEqual([]);
      expect(said(rows)).toEqual([
        'benign/IM0002#1 benign P-17 -',
        'benign/IM0002#2 benign P-17 -',
        'benign/IM0002#3 benign P-17 -',
        'benign/one benign P-17 -',
        'malignant/1.2.826.0 malignant P-17 -',
      ]);
      expect(rows[0]!.columns).toEqual({
        modality: 'CT',
        manufacturer: 'Fixture',
        sex: 'F',
        age: 61,
        body_part: 'SKIN',
        photometric: 'MONOCHROME2',
        frame: 1,
      });
      expect(JSON.stringify(rows)).not.toMatch(/Nobody/);
      const hashes = await Promise.all(
        rows.slice(0, 3).map(async (row) =>
          createHash('sha1')
            .update((await decodeRow(row)).picture.data)
            .digest('hex'),
        ),
      );
      expect(new Set(hashes).size).toBe(3);
      await dataset.close();
    }
  });
  it('folders named after patients and series are no classes; one file; a manifest of files', async () => {
    const [archive] = await both({
      'P-17/STUDY1/SERIES1/IM1': dicom('signed'),
      'P-17/STUDY1/SERIES1/IM2': dicom('slope'),
      DICOMDIR: dicom('rgb'),
    });
    const dataset = await openDataset(archive!.path);
    const { rows } = await walk(dataset);
    expect(said(rows)).toEqual(['P-17/STUDY1/SERIES1/IM1 - P-17 -', 'P-17/STUDY1/SERIES1/IM2 - P-17 -']);
    const folder = fresh();
    await writeTree(folder, {
      'stack.dcm': dicom('enhanced'),
      'list.csv': 'path,label,patient\nstack.dcm,x,Q\nbroken.dcm,y,R\n',
      'broken.dcm': dicom('rgb').slice(0, 400),
    });
    expect(said((await walk(await openDataset(join(folder, 'stack.dcm')))).rows)).toEqual([
      'stack#1 - P-17 -',
      'stack#2 - P-17 -',
      'stack#3 - P-17 -',
    ]);
    const listed = (await walk(await openDataset(join(folder, 'list.csv')))).rows;
    expect(said(listed)).toEqual(['stack#1 x Q -', 'stack#2 x Q -', 'stack#3 x Q -', 'broken y R -']);
    await expect(decodeRow(listed[3]!)).rejects.toMatchObject({ code: 'PICTURE_CORRUPT' });
  });
});

describe('hostile zips', () => {
  /** The archive with one number of a directory entry changed. */
  const patched = (zip: Uint8Array, entry: number, offset: number, value: number, size: 2 | 4): Uint8Array => {
    const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
    let at = view.getUint32(zip.length - 6, true);
    for (let i = 0; i < entry; i++)
      at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (size === 2) view.setUint16(at + offset, value, true);
    else view.setUint32(at + offset, value, true);
    return zip;
  };
  const opened = async (bytes: Uint8Array) => {
    const path = `${fresh()}.zip`;
    await writeFile(path, bytes);
    const dataset = await openDataset(path);
    const result = await walk(dataset);
    const read = await Promise.all(
      result.rows.map((row) =>
        row.read().then(
          (file) => file.length,
          (error) => error.code,
        ),
      ),
    );
    await dataset.close();
    return { ...result, read };
  };
  it('names that leave it, absolute, twice, as links, hidden', async () => {
    const files = {
      'x/good.png': 'a',
      '../evil.png': 'b',
      '/abs.png': 'c',
      'x/../../up.png': 'd',
      'C:\\win.png': 'e',
      'x/./dot.png': 'f',
      '__MACOSX/x/._good.png': 'g',
      'x/link.png': '/etc/passwd',
    };
    const zip = zipOf(files);
    // Made by Unix, mode of a symbolic link.
    patched(zip, 7, 4, 0x0314, 2);
    patched(zip, 7, 38, (0o120777 << 16) >>> 0, 4);
    const { rows, problems } = await opened(zip);
    expect(said(rows)).toEqual(['x/good x - -']);
    expect(problems.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'PATH_OUTSIDE ../evil.png',
      'PATH_OUTSIDE /abs.png',
      'PATH_OUTSIDE x/../../up.png',
      'PATH_OUTSIDE C:\\win.png',
      'PATH_INVALID x/./dot.png',
      'ZIP_ENTRY_INVALID x/link.png',
    ]);
  });
  it('bombs: sizes that are claimed, sizes that are not, entries that overlap', async () => {
    const zeros = () => zipOf({ 'x/a.png': new Uint8Array(1 << 20) });
    expect((await opened(zeros())).read).toEqual([1 << 20]);
    expect((await opened(patched(zeros(), 0, 24, 0xfffffff0, 4))).read).toEqual(['ZIP_ENTRY_INVALID']);
    expect((await opened(patched(zeros(), 0, 24, 1 << 28, 4))).read).toEqual(['ZIP_ENTRY_INVALID']);
    expect((await opened(patched(zeros(), 0, 24, 1000, 4))).read).toEqual(['ZIP_ENTRY_INVALID']);
    const two = () => zipOf({ 'x/a.png': Buffer.alloc(500, 'random?'), 'x/b.png': 'b' });
    await expect(opened(patched(two(), 1, 42, 0, 4))).rejects.toMatchObject({ code: 'ZIP_INVALID' });
    expect((await opened(patched(two(), 1, 42, 0x7fffffff, 4))).problems).toMatchObject([
      { code: 'ZIP_ENTRY_INVALID' },
    ]);
    expect((await opened(patched(two(), 0, 8, 1, 2))).read).toEqual(['ZIP_ENTRY_INVALID', 1]);
    expect((await opened(patched(two(), 0, 10, 99, 2))).read).toEqual(['ZIP_ENTRY_INVALID', 1]);
  });
  it('a zip within a zip stays shut; an empty one is empty', async () => {
    const path = `${fresh()}.zip`;
    await writeFile(path, zipOf({ 'x/a.png': 'a', 'x/inner.zip': zipOf({ 'y/b.png': 'b' }) }));
    const dataset = await openDataset(path);
    expect(said((await walk(dataset)).rows)).toEqual(['x/a x - -']);
    expect(dataset.notices).toContain('1 archive inside the zip was not opened.');
    await expect(opened(zipOf({}))).rejects.toMatchObject({
      code: expect.stringMatching(/ZIP_INVALID|DATASET_EMPTY|MANIFEST/),
    });
  });
});
