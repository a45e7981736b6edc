import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomStream } from '@seewhy/core';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Dataset,
  type DatasetOptions,
  type DatasetRow,
  decodeRow,
  openDataset,
} from '../../src/dataset/dataset.ts';
import { png, walk, writeTree } from './support.ts';

type Rows = readonly Readonly<Record<string, string | number>>[];

let folder: string;
let made = 0;
const open: Dataset[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seewhy-repeated-'));
  await writeTree(folder, { 'a.png': await png(8, 6), 'b.png': await png(8, 6), 'c.png': await png(), 'c.jpg': 'x' });
});
afterAll(async () => {
  await Promise.all(open.map((dataset) => dataset.close()));
  await rm(folder, { recursive: true, force: true });
});

/** Two columns of pixels at the left, and at the right. */
const masksWritten = async () =>
  writeTree(folder, {
    'masks/left.png': await png(8, 6, (x) => (x < 2 ? 255 : 0)),
    'masks/right.png': await png(8, 6, (x) => (x > 5 ? 255 : 0)),
  });

/** The rows as a manifest of each kind. */
const KINDS: Readonly<Record<string, (rows: Rows) => string | Uint8Array>> = {
  csv: (rows) => [Object.keys(rows[0]!).join(','), ...rows.map((row) => Object.values(row).join(','))].join('\n'),
  jsonl: (rows) => rows.map((row) => JSON.stringify(row)).join('\n'),
  parquet: (rows) =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: Object.keys(rows[0]!).map((name) => ({ name, data: rows.map((row) => row[name]) })),
      }),
    ),
};

async function opened(kind: string, rows: Rows, options: DatasetOptions = {}): Promise<Dataset> {
  const path = join(folder, `m${made++}.${kind}`);
  await writeFile(path, KINDS[kind]!(rows));
  const dataset = await openDataset(path, options);
  open.push(dataset);
  return dataset;
}

/** The same rows in some orders: reversed, and drawn. */
function orders(rows: Rows): Rows[] {
  const drawn = [0, 1, 2].map((seed) => {
    const random = randomStream(seed, 'order', 0);
    return rows
      .map((row) => ({ row, place: random.uniformInt(2 ** 30) }))
      .sort((a, b) => a.place - b.place)
      .map(({ row }) => row);
  });
  return [rows, rows.toReversed(), ...drawn];
}

/** What a walk gives, without what speaks of lines. */
async function result(dataset: Dataset) {
  const { rows, problems } = await walk(dataset);
  return {
    rows: rows.map(({ read, line, ...row }) => row).sort((a, b) => (a.id < b.id ? -1 : 1)),
    problems: problems.map(({ code, what }) => `${code} ${what}`).sort(),
    notices: dataset.notices.filter((notice) => !notice.includes('manifest')),
  };
}

describe.each(Object.keys(KINDS))('%s: a row a box', (kind) => {
  const rows = [
    { path: 'a.png', label: 'cat', xmin: 1, ymin: 1, xmax: 3, ymax: 2, score: 0.5, lamp: 'x' },
    { path: 'b.png', label: 'cat', xmin: 0, ymin: 0, xmax: 8, ymax: 1, score: 0.7, lamp: 'y' },
    { path: 'a.png', label: 'cat', xmin: 2, ymin: 1, xmax: 5, ymax: 4, score: 0.6, lamp: 'x' },
    { path: 'a.png', label: 'cat', xmin: 7, ymin: 5, xmax: 8, ymax: 6, score: 0.1, lamp: 'x' },
  ];

  it('is a picture with one mask, whatever the order', async () => {
    for (const order of orders(rows)) {
      const dataset = await opened(kind, order);
      const found = await result(dataset);
      expect(found.problems).toEqual([]);
      expect(found.rows.map(({ id, labels, columns }) => [id, labels, columns])).toEqual([
        ['a', ['cat'], { lamp: 'x' }],
        ['b', ['cat'], { lamp: 'y' }],
      ]);
      expect(found.notices.join(' ')).toContain('3 rows with boxes became 1 picture');
      expect(found.notices.join(' ')).toContain('left out: score.');
      const a = (await walk(dataset)).rows.find(({ id }) => id === 'a')!;
      const { mask } = await decodeRow(a);
      // Drawn by hand: 8 by 6 pixels.
      expect(Array.from({ length: 6 }, (_, y) => mask!.data.subarray(y * 8, y * 8 + 8).join(''))).toEqual([
        '00000000',
        '01111000',
        '00111000',
        '00111000',
        '00000000',
        '00000001',
      ]);
    }
  });

  it('of several classes is a picture of several labels, each region of its own', async () => {
    const mixed = rows.map((row, at) => ({ ...row, label: at === 2 ? 'dog' : 'cat' }));
    for (const order of orders(mixed)) {
      const { rows: found } = await result(await opened(kind, order));
      expect(found[0]!.labels).toEqual(['cat', 'dog']);
      expect(found[0]!.contradictory).toBeUndefined();
      expect(found[0]!.mask).toMatchObject({
        regions: [
          { label: 'cat', box: [1, 1, 2, 1] },
          { label: 'cat', box: [7, 5, 1, 1] },
          { label: 'dog', box: [2, 1, 3, 3] },
        ],
      });
    }
  });

  it('under ids of its own: the ids are those of the boxes', async () => {
    const numbered = rows.map((row, at) => ({ id: `box ${at}`, ...row }));
    for (const order of orders(numbered)) {
      const dataset = await opened(kind, order);
      const found = await result(dataset);
      expect(found.rows.map(({ id, columns }) => [id, columns])).toEqual([
        ['a', { lamp: 'x' }],
        ['b', { lamp: 'y' }],
      ]);
      expect(found.notices.join(' ')).toContain('numbers the boxes');
      expect(dataset.columns).not.toHaveProperty('id');
      // Unless that is what was asked for.
      expect((await result(await opened(kind, order, { id: 'id' }))).rows).toHaveLength(4);
    }
  });

  it('under the id of its picture', async () => {
    const named = rows.map((row) => ({ image_id: row.path === 'a.png' ? 'A' : 'B', ...row }));
    for (const order of orders(named)) {
      const { rows: found, problems } = await result(await opened(kind, order));
      expect(found.map(({ id }) => id)).toEqual(['A', 'B']);
      expect(problems).toEqual([]);
      expect(found[0]!.mask).toMatchObject({ regions: [{}, {}, {}] });
    }
  });
});

describe.each(Object.keys(KINDS))('%s: a row a mask', (kind) => {
  const rows = [
    { path: 'a.png', label: 'cat', mask: 'masks/left.png', object: 'eye', lamp: 'x' },
    { path: 'b.png', label: 'cat', mask: 'masks/left.png', object: 'eye', lamp: 'y' },
    { path: 'a.png', label: 'cat', mask: 'masks/right.png', object: 'ear', lamp: 'x' },
  ];
  const drawn = async (row: DatasetRow, maskLabels?: string[]) => {
    const { mask, problems } = await decodeRow(row, maskLabels ? { maskLabels } : {});
    expect(problems).toEqual([]);
    return Array.from({ length: 6 }, (_, y) => mask!.data.subarray(y * 8, y * 8 + 8).join(''));
  };

  it('is a picture with what is inside any of its masks, whatever the order', async () => {
    await masksWritten();
    for (const order of orders(rows)) {
      const dataset = await opened(kind, order);
      const found = await result(dataset);
      expect(found.problems).toEqual([]);
      expect(found.rows.map(({ id, labels, columns }) => [id, labels, columns])).toEqual([
        ['a', ['cat'], { lamp: 'x' }],
        ['b', ['cat'], { lamp: 'y' }],
      ]);
      expect(found.notices.join(' ')).toContain('2 rows with different masks became 1 picture');
      expect(found.notices.join(' ')).toContain('left out: object.');
      const [a, b] = (await walk(dataset)).rows.sort((x, y) => (x.id < y.id ? -1 : 1));
      expect(await drawn(a!)).toEqual(Array(6).fill('11000011'));
      expect(await drawn(b!)).toEqual(Array(6).fill('11000000'));
    }
  });

  it('of different labels: each mask of its own, the labels contradictory', async () => {
    await masksWritten();
    const mixed = rows.map((row, at) => ({ ...row, label: at === 2 ? 'dog' : 'cat' }));
    for (const order of orders(mixed)) {
      const dataset = await opened(kind, order);
      const [a] = (await result(dataset)).rows;
      expect([a!.labels, a!.contradictory]).toEqual([['cat', 'dog'], true]);
      const row = (await walk(dataset)).rows.find(({ id }) => id === 'a')!;
      expect(await drawn(row, ['dog'])).toEqual(Array(6).fill('00000011'));
    }
  });

  it('of which all name one mask stay repeated rows', async () => {
    await masksWritten();
    const { rows: found, problems } = await result(await opened(kind, [rows[0]!, { ...rows[0]!, object: 'ear' }]));
    expect(found[0]!.mask).toMatchObject({ kind: 'file', path: 'masks/left.png' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('ID_TWICE');
  });
});

it('a list of masks in one row is their union; one that is not there is a problem of the mask', async () => {
  await masksWritten();
  const path = join(folder, 'lists.jsonl');
  const lists = [
    { path: 'a.png', mask: ['masks/left.png', 'masks/right.png', 'masks/left.png'] },
    { path: 'b.png', mask: ['masks/left.png', 'masks/none.png'] },
  ];
  await writeFile(path, lists.map((row) => JSON.stringify(row)).join('\n'));
  const dataset = await openDataset(path);
  open.push(dataset);
  const { rows } = await walk(dataset);
  const [both, missing] = await Promise.all(rows.map((row) => decodeRow(row)));
  expect(both!.mask!.data.subarray(0, 8).join('')).toBe('11000011');
  expect(missing!.mask).toBeUndefined();
  expect(missing!.problems).toMatchObject([{ code: 'MASK_MISSING' }]);
});

describe('rows of one picture without boxes', () => {
  it('that say the same: the fullest is kept, the others are problems', async () => {
    const rows = [
      { path: 'a.png', label: 'x', lamp: '' },
      { path: 'a.png', label: 'x', lamp: 'arm' },
      { path: 'a.png', label: 'x', lamp: 'leg' },
      { path: './a.png', label: 'x', lamp: '' },
    ];
    const reference = await result(await opened('csv', rows));
    expect(reference.rows).toHaveLength(1);
    expect(reference.rows[0]!.columns.lamp).toMatch(/arm|leg/);
    expect(reference.problems).toHaveLength(3);
    expect(reference.problems[0]).toMatch(
      /^ID_TWICE The picture '.*a\.png' stands in several rows; the fullest of them/,
    );
    for (const order of orders(rows)) expect(await result(await opened('csv', order))).toEqual(reference);
  });

  it('with different labels have all of them, and are marked', async () => {
    const rows = [
      { path: 'a.png', label: 'x' },
      { path: 'a.png', label: 'y' },
      { path: 'b.png', label: 'y' },
    ];
    for (const order of orders(rows)) {
      const { rows: found, problems } = await result(await opened('csv', order));
      expect(problems).toEqual([]);
      expect(found.map(({ id, labels, contradictory }) => [id, labels, contradictory])).toEqual([
        ['a', ['x', 'y'], true],
        ['b', ['y'], undefined],
      ]);
    }
  });
});

it('of several pictures with one id the one whose path sorts first is kept', async () => {
  const rows = [
    { id: '7', path: 'b.png', label: 'x' },
    { id: '7', path: 'a.png', label: 'y' },
    { id: '7', path: 'c.png', label: 'x' },
    { id: '8', path: 'c.jpg', label: 'x' },
  ];
  const reference = await result(await opened('csv', rows));
  expect(reference.rows).toMatchObject([
    { id: '7', path: 'a.png', labels: ['y'] },
    { id: '8', path: 'c.jpg' },
  ]);
  expect(reference.problems).toHaveLength(2);
  expect(reference.problems[0]).toContain("several pictures; the one whose path sorts first is kept, 'a.png'");
  for (const order of orders(rows)) expect(await result(await opened('csv', order))).toEqual(reference);
});

it('ids made of paths do not depend on the order either', async () => {
  const rows = ['c.png', 'c.jpg', 'a.png', 'b.png', 'c.png.jpg'].map((path) => ({ path, label: 'x' }));
  for (const order of orders(rows)) {
    const { rows: found } = await result(await opened('csv', order));
    expect(found.map(({ id }) => id)).toEqual(['a', 'b', 'c.jpg', 'c.png', 'c.png.jpg']);
  }
  const frames = [2, 0, 1].map((frame) => ({ path: 'a.dcm', label: 'x', frame }));
  for (const order of orders(frames)) {
    const { rows: found } = await result(await opened('csv', order));
    expect(found.map(({ id }) => id)).toEqual(['a#0', 'a#1', 'a#2']);
  }
});

describe('COCO', () => {
  const image = (id: number, file_name: string) => ({ id, file_name, width: 8, height: 6 });
  const box = (image_id: number, category_id: number, bbox: number[]) => ({ image_id, category_id, bbox });
  const coco = async (images: object[], annotations: object[]) => {
    const path = join(folder, `coco${made++}.json`);
    const categories = [
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ];
    await writeFile(path, JSON.stringify({ images, annotations, categories }));
    return result(await openDataset(path));
  };

  it('a picture that is listed twice has the annotations of both', async () => {
    const images = [image(1, 'a.png'), image(2, 'b.png'), image(3, 'a.png')];
    const annotations = [box(1, 1, [0, 0, 1, 1]), box(3, 2, [1, 1, 2, 2])];
    const reference = await coco(images, annotations);
    expect(reference.rows.map(({ id, labels }) => [id, labels?.toSorted()])).toEqual([
      ['a', ['cat', 'dog']],
      ['b', []],
    ]);
    expect(reference.problems).toHaveLength(1);
    expect(await coco(images.toReversed(), annotations)).toEqual(reference);
  });

  it('a number that two pictures have is that of the first by path', async () => {
    const images = [image(1, 'b.png'), image(1, 'a.png')];
    const reference = await coco(images, [box(1, 1, [0, 0, 1, 1])]);
    expect(reference.rows.map(({ id, labels }) => [id, labels])).toEqual([['a', ['cat']]]);
    expect(reference.problems[0]).toContain('ID_TWICE');
    expect(await coco(images.toReversed(), [box(1, 1, [0, 0, 1, 1])])).toEqual(reference);
  });
});
