import { createHash } from 'node:crypto';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/dataset/dataset.ts';
import { png, walk, writeTree } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seewhy-manifests-'));
  await writeTree(folder, { 'a.png': await png(), 'pics/b.png': await png(5, 5, 9), 'pics/c.jpg': 'no picture' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = async (name: string, content: string | Uint8Array, options = {}) => {
  await writeTree(folder, { [name]: content });
  return openDataset(join(folder, name), options);
};
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    (error) => error,
  );

describe('csv', () => {
  const text = [
    'Image Path,Diagnosis,Patient_ID,split,age,smoker,note,code',
    'a.png,mel,P1,val,61,True,"two\nlines, and a comma",007',
    'pics/b.png,"nv|bkl",P2,train,,false,plain,12',
  ].join('\r\n');

  it('columns are found by their names, the rest are typed filters', async () => {
    const dataset = await open('found.csv', text);
    expect(dataset).toMatchObject({
      kind: 'csv',
      columns: { path: 'Image Path', label: 'Diagnosis', group: 'Patient_ID', split: 'split' },
      notices: [],
    });
    expect(await dataset.sha256()).toBe(createHash('sha256').update(text).digest('hex'));
    for (const _ of [1, 2]) {
      const { rows, problems } = await walk(dataset);
      expect(problems).toEqual([]);
      expect(rows.map(({ read, ...row }) => row)).toEqual([
        {
          id: 'a',
          path: 'a.png',
          line: 2,
          labels: ['mel'],
          group: 'P1',
          split: 'val',
          columns: { age: 61, smoker: true, note: 'two\nlines, and a comma', code: '007' },
        },
        {
          id: 'pics/b',
          path: 'pics/b.png',
          line: 4,
          labels: ['nv', 'bkl'],
          group: 'P2',
          split: 'train',
          columns: { smoker: false, note: 'plain', code: 12 },
        },
      ]);
      expect(Buffer.from(await rows[1]!.read()).equals(Buffer.from(await png(5, 5, 9)))).toBe(true);
    }
  });

  const le = (value: string) => Buffer.from(value, 'utf16le');
  it.each([
    ['UTF-8 with a mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]), undefined],
    ['UTF-16LE with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), le(text)]), 'UTF-16'],
    ['UTF-16BE with a mark', Buffer.concat([Buffer.from([0xfe, 0xff]), le(text).swap16()]), 'UTF-16'],
    ['UTF-16LE without', le(text), 'UTF-16'],
    ['UTF-16BE without', le(text).swap16(), 'UTF-16'],
    ['Windows-1252', Buffer.from(text.replace('plain', 'Läsion'), 'latin1'), 'Windows-1252'],
  ])('%s', async (_, bytes, said) => {
    const dataset = await open('encoded.csv', bytes);
    const { rows } = await walk(dataset);
    expect(rows.map(({ id }) => id)).toEqual(['a', 'pics/b']);
    expect(rows[1]!.columns.note).toBe(said === 'Windows-1252' ? 'Läsion' : 'plain');
    if (said) expect(dataset.notices.join(' ')).toContain(said);
    else expect(dataset.notices).toEqual([]);
  });

  it.each([
    [';', "';'"],
    ['\t', 'a tab'],
    ['|', "'|'"],
  ])('the separator %j is found and told', async (separator, name) => {
    const dataset = await open('separated.csv', `path${separator}label\na.png${separator}x,y\n`);
    expect(dataset.notices.join(' ')).toContain(`separated by ${name}`);
    expect((await walk(dataset)).rows[0]!.labels).toEqual(['x,y']);
  });

  it('a wrong separator that was asked for: which would fit', async () => {
    const error = await failure(open('wrong.csv', 'path;label\na.png;x\n', { delimiter: ',' }));
    expect(error.code).toBe('MANIFEST_INVALID');
    expect(error.message).toMatch(/not separated by ','.*';' would fit/);
    expect((await open('right.csv', 'path;label\na.png;x\n', { delimiter: ';' })).notices).toEqual([]);
  });

  it('columns as asked, one column a class, four columns a box', async () => {
    const dataset = await open(
      'asked.csv',
      'who,x,mel,nv,bkl,xmin,ymin,xmax,ymax\na.png,7,1,0,1.0,1,2,3,3\npics/b.png,8,0,0,0,0,0,5,5\n',
      {
        columns: { path: 'who', label: 'mel,nv,b*' },
        id: 'x',
      },
    );
    const { rows } = await walk(dataset);
    expect(rows.map(({ id, labels }) => [id, labels])).toEqual([
      ['7', ['mel', 'bkl']],
      ['8', []],
    ]);
    expect(dataset.classes).toEqual(['mel', 'nv', 'bkl']);
    expect(rows[0]!.mask).toEqual({ kind: 'regions', regions: [{ box: [1, 2, 2, 1] }] });
    expect(rows[0]!.columns).toEqual({});
    const error = await failure(open('asked.csv', 'path,label\na.png,1\n', { columns: { group: 'labl' } }));
    expect(error.message).toMatch(/no column 'labl' for group.*Did you mean 'label'/);
  });

  it('bad rows are problems, the rest goes on', async () => {
    await symlink('/etc/passwd', join(folder, 'link.png'));
    const dataset = await open(
      'bad.csv',
      [
        'path,label,n',
        'a.png,x,1',
        'a.png,x,1',
        'a.png,y',
        '../outside.png,x,1',
        '..\\outside.png,x,1',
        '/etc/passwd,x,1',
        'https://example.org/a.png,x,1',
        ',x,1',
        'nul\0.png,x,1',
        'missing.png,x,1',
        'link.png,x,1',
        `${join(folder, 'pics/b.png')},x,1`,
        'pics/b,y,"2',
      ].join('\n'),
    );
    const { rows, problems } = await walk(dataset);
    expect(problems.map(({ code, where }) => [code, where])).toEqual([
      ['ID_TWICE', 'line 3: a.png'],
      ['ROW_INVALID', 'line 4'],
      ['PATH_OUTSIDE', 'line 5: ../outside.png'],
      ['PATH_OUTSIDE', 'line 6: ..\\outside.png'],
      ['PATH_OUTSIDE', 'line 7: /etc/passwd'],
      ['PATH_IS_ADDRESS', 'line 8: https://example.org/a.png'],
      ['PATH_EMPTY', 'line 9'],
      ['PATH_INVALID', 'line 10: nul?.png'],
      ['ROW_INVALID', 'line 14'],
    ]);
    expect(problems.find(({ code }) => code === 'PATH_OUTSIDE')!.what).toContain('--image-root');
    expect(rows.map(({ path }) => path)).toEqual(['a.png', 'missing.png', 'link.png', join(folder, 'pics/b.png')]);
    expect(await failure(rows[1]!.read())).toMatchObject({ code: 'PICTURE_MISSING' });
    expect(await failure(rows[2]!.read())).toMatchObject({ code: 'PATH_OUTSIDE' });
    expect(await rows[3]!.read()).toHaveLength((await png(5, 5, 9)).length);
  });

  it('--image-root is where paths start, and may be led to', async () => {
    const dataset = await open('lists/deep.csv', 'path,label\nb.png,x\n../a.png,y\n', {
      imageRoot: join(folder, 'pics'),
    });
    const { rows, problems } = await walk(dataset);
    expect(rows.map(({ path }) => path)).toEqual(['b.png']);
    expect(problems).toMatchObject([{ code: 'PATH_OUTSIDE' }]);
    await rows[0]!.read();
    const all = await walk(await open('lists/deep.csv', 'path,label\npics/b,x\n', { imageRoot: folder }));
    await all.rows[0]!.read();
    expect(await failure(open('lists/deep.csv', 'path\na\n', { imageRoot: join(folder, 'none') }))).toMatchObject({
      code: 'DATASET_NOT_FOUND',
    });
  });

  it.each([
    ['', 'DATASET_EMPTY', /is empty/],
    ['\n\n', 'DATASET_EMPTY', /is empty/],
    ['a,b\n1,2\n', 'MANIFEST_INVALID', /no column that names the pictures \(it has 'a', 'b'\)/],
    ['a.png,cat\nb.png,dog\n', 'MANIFEST_INVALID', /path,label/],
    ['PK\x03\x04\0\0\0\0\0', 'ZIP_INVALID', /no directory/],
    ['\x01\x02\x00\x00\x00\x03\x04', 'MANIFEST_INVALID', /not a text file/],
  ])('%j cannot be used', async (text, code, message) => {
    const error = await failure(open('useless.csv', text));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('a header alone is empty', async () => {
    expect(await failure(walk(await open('header.csv', 'path,label\n')))).toMatchObject({ code: 'DATASET_EMPTY' });
  });
});

describe('jsonl', () => {
  it('objects, paths, lists, odd ids; bad lines are problems', async () => {
    const hostile = '<script>"\u0007\u202e';
    const dataset = await open(
      'rows.jsonl',
      [
        JSON.stringify({
          id: hostile,
          file_name: 'a.png',
          labels: ['x', 'y'],
          __proto__: 1,
          nested: { a: [1] },
          n: 2.5,
          ok: true,
          gone: null,
        }),
        '{"id": "b", "file_name": "pics/b.png", "labels": [], "bbox": [1, 2, 3, 4], "__proto__": 3}',
        '{"id": 3, "file_name": "pics/b.png"}',
        'not json',
        '[1, 2]',
        '',
        '{"file_name": "a.png"}',
      ].join('\n'),
    );
    const { rows, problems } = await walk(dataset);
    expect(rows.map(({ read, ...row }) => row)).toEqual([
      { id: hostile, path: 'a.png', line: 1, labels: ['x', 'y'], columns: { nested: '{"a":[1]}', n: 2.5, ok: true } },
      {
        id: 'b',
        path: 'pics/b.png',
        line: 2,
        labels: [],
        columns: Object.fromEntries([['__proto__', 3]]),
        mask: { kind: 'regions', regions: [{ box: [1, 2, 3, 4] }] },
      },
      { id: '3', path: 'pics/b.png', line: 3, columns: {} },
    ]);
    expect(problems.map(({ code, where }) => [code, where])).toEqual([
      ['ROW_INVALID', 'line 4'],
      ['ROW_INVALID', 'line 5'],
      ['ID_EMPTY', 'line 7: a.png'],
    ]);
  });
  it('objects in objects are columns with dots, found by their last part; boxes and lists stay whole', async () => {
    const row = {
      image: { path: 'a.png', size: { w: 4, h: 3 } },
      annotation: { label: 'x', box: { x: 1, y: 2, width: 3, height: 4 } },
      patient: { id: 'P1' },
      objects: { bbox: [[1, 2, 3, 4]], category: ['x'] },
    };
    const dataset = await open('nested.jsonl', JSON.stringify(row));
    expect(dataset.columns).toEqual({
      path: 'image.path',
      label: 'annotation.label',
      group: 'patient.id',
      box: 'annotation.box',
      objects: 'objects',
    });
    const { rows } = await walk(dataset);
    expect(rows.map(({ read, ...rest }) => rest)).toMatchObject([
      { path: 'a.png', labels: ['x'], group: 'P1', columns: { 'image.size.w': 4, 'image.size.h': 3 } },
    ]);
    const given = await open('given.jsonl', JSON.stringify({ a: { b: 'a.png', c: 'x' } }), {
      columns: { path: 'a.b', label: 'a.c' },
    });
    expect((await walk(given)).rows).toMatchObject([{ path: 'a.png', labels: ['x'] }]);
  });

  it('nothing usable', async () => {
    expect(await failure(open('none.jsonl', 'a\nb\n'))).toMatchObject({ code: 'MANIFEST_INVALID' });
    expect(await failure(open('none.jsonl', '\n'))).toMatchObject({ code: 'DATASET_EMPTY' });
  });
});
