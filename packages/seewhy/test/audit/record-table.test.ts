import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRecord, MapRecord } from '@seewhy/report';
import { afterAll, describe, expect, it } from 'vitest';
import { Journal } from '../../src/audit/journal.ts';
import { JournalRecords } from '../../src/audit/journal-records.ts';
import { Problems } from '../../src/audit/problems.ts';
import { RecordTable } from '../../src/audit/record-table.ts';
import { TextColumn } from '../../src/audit/text-column.ts';
import { ValueColumn } from '../../src/audit/value-column.ts';
import { folder } from '../command/seewhy.ts';

const place = folder('record-table');
afterAll(() => rmSync(place, { recursive: true, force: true }));

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const IDS = [
  'b',
  'a',
  'ä "quoted"\n',
  '\u202e👀',
  '__proto__',
  'a\u0001',
  'c'.repeat(10_000),
  ...Array.from({ length: 1500 }, (_, i) => `n${i}`),
];

const recordOf = (id: string, i: number): AuditRecord => ({
  id,
  path: `folder/${i}.png`,
  ...(i % 4 === 0 ? {} : { label: [[0], [1], [0, 2], []][i % 4]! }),
  scores: Array.from({ length: i % 7 }, (_, k): [number, number] => [k * 9000, (i + 0.1) / (k + 3)]),
  ...(i % 3 ? { group: `patient ${i % 11}` } : {}),
  ...(i % 5 ? { split: i % 2 ? 'train' : 'test' } : {}),
  columns: JSON.parse(`{"__proto__":${i},"thumb":"not a thumb","real":${i / 7}${i % 2 ? ',"odd":true' : ''}}`),
  width: i + 1,
  height: 4_000_000_000,
  sha256: hash(id),
  fingerprint: hash(id).slice(0, 16),
  colour: [i / 3, 0, 255, 127.125],
  thumb: Buffer.from(hash(id)).toString('base64'),
  masked: i % 2 === 0,
  notes: ['a note with "thumb":"x"'],
});
const map = { target: 1, empty: false } as MapRecord;

async function filled() {
  const path = join(place, 'journal.jsonl');
  const journal = Journal.open(path);
  journal.append({ kind: 'run', started: '', identity: {} });
  for (const [i, id] of IDS.entries()) {
    journal.append({ kind: 'predicted', id, record: recordOf(id, i) });
    if (i % 6 === 0)
      journal.append({ kind: 'explained', id, maps: { gradcam: map }, probes: { target: 1, before: i / 9 } });
    if (i % 6 === 1)
      journal.append({ kind: 'explained', id, maps: {}, problem: { code: 'GONE', where: id, what: 'gone' } });
  }
  journal.append({ kind: 'failed', id: 'z', problem: { code: 'BROKEN', where: 'z', what: 'broken' } });
  journal.close();
  const problems = new Problems();
  const records = await JournalRecords.open(path, place, problems);
  return { path, records, problems };
}
const expected = IDS.map((id, i) => ({
  ...recordOf(id, i),
  ...(i % 6 === 0 ? { maps: { gradcam: map }, probes: { target: 1, before: i / 9 } } : {}),
})).sort((a, b) => (a.id < b.id ? -1 : 1));

describe('records of a journal', () => {
  it('come by id, joined with what was found out later', async () => {
    const { records, problems } = await filled();
    expect(Array.from({ length: records.count }, (_, row) => records.read(row))).toEqual(expected);
    expect(Array.from({ length: records.count }, (_, row) => records.thumb(row))).toEqual(
      expected.map(({ thumb }) => thumb),
    );
    expect(problems.list().map(({ code, count }) => [code, count])).toEqual([
      ['GONE', IDS.filter((_, i) => i % 6 === 1).length],
      ['BROKEN', 1],
    ]);
    records.close();
  });

  it('are told apart from a journal that was cut meanwhile', async () => {
    const { path, records } = await filled();
    writeFileSync(path, '');
    expect(() => records.read(3)).toThrow(/cut off/);
    records.close();
    await expect(JournalRecords.open(join(place, 'none'), place, new Problems())).rejects.toMatchObject({
      code: expect.any(String),
    });
  });

  it('are the same as views of a table', async () => {
    rmSync(join(place, 'journal.jsonl'));
    const { records } = await filled();
    const table = new RecordTable(records);
    for (let row = 0; row < records.count; row++) table.add(records.read(row));
    const fields = [
      'id',
      'path',
      'label',
      'scores',
      'group',
      'split',
      'columns',
      'width',
      'height',
      'sha256',
      'fingerprint',
    ] as const;
    const more = ['colour', 'thumb', 'masked', 'notes', 'maps', 'probes'] as const;
    for (const [row, view] of table.records(() => true).entries())
      for (const field of [...fields, ...more]) expect(view[field], field).toEqual(expected[row]![field]);
    expect(Object.keys(table.records(() => true)[0]!.columns)).toContain('__proto__');
    const some = table.records((row) => row !== 0, [0, 2, 4]);
    expect(some.map(({ id }) => id)).toEqual([0, 2, 4].map((row) => expected[row]!.id));
    expect(some[0]!.maps).toBeUndefined();
    records.close();
  });
});

describe('columns', () => {
  it('of texts give back what was put in, however long', () => {
    const texts = [
      '',
      'ä',
      'x'.repeat(3_000_000),
      'after',
      '',
      'y'.repeat(1 << 20),
      ...Array.from({ length: 9000 }, (_, i) => `text ${i % 6000}`),
    ];
    const column = new TextColumn(3);
    for (const [row, text] of texts.entries()) if (row % 10 < 9) column.set(row, text);
    for (const [row, text] of texts.entries()) expect(column.get(row) === (row % 10 < 9 ? text : undefined)).toBe(true);
    expect(column.get(1e6)).toBeUndefined();
  });

  it('of values keep their kinds apart', () => {
    const values = [
      1,
      '1',
      true,
      'true',
      0,
      false,
      '',
      1e-300,
      ...Array.from({ length: 9000 }, (_, i) => i / 7),
      '1',
      1,
    ];
    const column = new ValueColumn(3);
    for (const [row, value] of values.entries()) if (row % 10 < 9) column.set(row, value);
    for (const [row, value] of values.entries()) expect(column.get(row)).toBe(row % 10 < 9 ? value : undefined);
  });
});
