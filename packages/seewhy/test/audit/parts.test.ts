import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAuditGate } from '../../src/audit/audit-gate.ts';
import { byteSize, chooser, columnRole } from '../../src/audit/audit-options.ts';
import { classMapOf, readClassMap } from '../../src/audit/class-map.ts';
import { probabilitiesOf } from '../../src/audit/head.ts';
import { Journal, readJournal } from '../../src/audit/journal.ts';
import { maskSeen } from '../../src/audit/mask-seen.ts';
import { Problems } from '../../src/audit/problems.ts';
import { allotted } from '../../src/audit/scan.ts';
import { type Keyed, sortedLines } from '../../src/audit/sorted-lines.ts';
import { IdTable, shareOfText } from '../../src/dataset/id-table.ts';

const place = mkdtempSync(join(tmpdir(), 'seewhy-audit-parts-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

describe('the table of ids', () => {
  it('numbers as a Map does', () => {
    const table = new IdTable();
    const map = new Map<string, number>();
    for (let i = 0; i < 5000; i++) {
      const id = `picture ${(i * 7919) % 3001}`;
      if (!map.has(id)) map.set(id, map.size);
      expect(table.add(id)).toBe(map.get(id));
    }
    expect(table.size).toBe(map.size);
    for (const [id, number] of map) expect(table.find(id)).toBe(number);
    expect(table.find('another')).toBe(-1);
  });

  it('orders evenly, by the seed and the text alone', () => {
    const shares = Array.from({ length: 4000 }, (_, i) => shareOfText(`p${i}`, 3));
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    // Of uniform numbers: 0.5 ± 4 · √(1/12/4000).
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.019);
    expect(new Set(shares).size).toBe(4000);
    const table = new IdTable();
    table.add('x');
    expect(table.share(table.add('p7'), 3)).toBe(shares[7]);
    expect(shareOfText('p7', 4)).not.toBe(shares[7]);
  });
});

describe('a journal', () => {
  const line = (id: string) => ({ kind: 'failed', id, problem: { code: 'X', where: id, what: 'ä' } }) as const;

  it('gives back what was appended, without a torn last line', async () => {
    const path = join(place, 'journal.jsonl');
    const first = Journal.open(path);
    first.append(line('a'));
    first.append(line('b'));
    first.close();
    appendFileSync(path, JSON.stringify(line('c')).slice(0, 20));
    const second = Journal.open(path);
    second.append(line('d'));
    second.close();
    expect((await all(readJournal(path))).map((one) => ('id' in one ? one.id : ''))).toEqual(['a', 'b', 'd']);
    expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
  });

  it('that is one torn line is empty', async () => {
    const path = join(place, 'torn.jsonl');
    writeFileSync(path, '{"kind":"run"'.repeat(200_000));
    Journal.open(path).close();
    expect(readFileSync(path)).toHaveLength(0);
  });

  it('with something else in it is refused', async () => {
    const path = join(place, 'other.jsonl');
    writeFileSync(path, '{"kind":"run"}\nhello\n');
    await expect(all(readJournal(path))).rejects.toMatchObject({ code: 'AUDIT_JOURNAL_DAMAGED' });
  });
});

it('lines that do not fit into memory are sorted as those that do', async () => {
  const lines = Array.from(
    { length: 3000 },
    (_, i): Keyed => ({ key: `k${(i * 7919) % 977}`, text: `line ${i}\n"ü"` }),
  );
  async function* source() {
    yield* lines;
  }
  const expected = lines
    .map((one, at) => ({ one, at }))
    .sort((a, b) => (a.one.key < b.one.key ? -1 : a.one.key > b.one.key ? 1 : a.at - b.at));
  expect(await all(sortedLines(source(), place, 20_000))).toEqual(expected.map(({ one }) => one));
});

describe('shares of a sample', () => {
  it.each([
    [[90, 10], 10, [9, 1]],
    [[98, 1, 1], 10, [8, 1, 1]],
    [[5, 5, 5], 7, [3, 2, 2]],
    [[1, 2], 9, [1, 2]],
    [[1000, 1], 1, [1, 0]],
  ])('%j at %i', (counts, size, expected) => {
    expect(allotted(counts, ['a', 'b', 'c'].slice(0, counts.length), size)).toEqual(expected);
  });
});

describe('classes', () => {
  const find = (names: readonly string[] | undefined, labels: string[], classes = names?.length ?? 2) =>
    classMapOf({
      classes,
      modelNames: names,
      labels: labels.map((label) => ({ label, count: 10 })),
      listed: undefined,
      written: undefined,
    });

  it.each([
    ['tiger cat', 1],
    ['Tiger_Cat', 1],
    ['tiger-cat', 1],
    ['tabby cat', 0],
    ['2', 2],
    ['3', undefined],
    ['lynx', undefined],
  ])('%s is %s', (label, index) => {
    const map = find(['tabby, tabby cat', 'tiger cat', 'dog'], ['dog']);
    expect(map.classOf(label)).toBe(index);
  });

  it('of a model that names none are those of the data set, sorted', () => {
    const map = find(undefined, ['nevus', 'melanoma']);
    expect(map.names).toEqual(['melanoma', 'nevus']);
    expect(map.notices.join()).toContain('0 melanoma, 1 nevus');
    expect(find(undefined, ['malignant']).names).toEqual(['class 0', 'malignant']);
    expect(find(undefined, ['0', '1']).names).toEqual(['class 0', 'class 1']);
  });

  it('that are numbers: a sign is no hyphen', () => {
    const map = find(undefined, ['-1', '1']);
    expect(['-1', '1'].map((label) => map.classOf(label))).toEqual([0, 1]);
    // -1 is “uncertain” beside 0 and 1, and never class 1.
    expect(find(['0', '1'], ['-1', '0', '1']).classOf('-1')).toBeUndefined();
  });

  it('that are numbers counted from 1 are told by the last one', () => {
    const named = find(['cat', 'dog', 'owl'], ['1', '2', '3']);
    expect(['1', '2', '3'].map((label) => named.classOf(label))).toEqual([0, 1, 2]);
    expect(named.notices.join()).toContain("1 is taken as the model's first class, 'cat'");
    const unnamed = find(undefined, ['1.0', '2.0']);
    expect(['1.0', '2.0'].map((label) => unnamed.classOf(label))).toEqual([0, 1]);
    expect(unnamed.names).toEqual(['class 1', 'class 2']);
    const own = find(['1', '2', '3'], ['1', '3']);
    expect(own.classOf('3')).toBe(2);
    expect(own.notices).toEqual([]);
    // Without the last one they may count from 0, whose first does not occur.
    expect(find(['cat', 'dog', 'owl'], ['1', '2']).classOf('1')).toBe(1);
    expect(find(['cat', 'dog', 'owl'], ['0', '3']).classOf('3')).toBeUndefined();
  });

  it('of a model that names none: labels that differ in their spelling only are one class', () => {
    const map = find(undefined, ['True', 'False', 'true', 'FALSE']);
    expect(map.names).toEqual(['FALSE', 'True']);
    expect(['True', 'true', 'False', 'FALSE'].map((label) => map.classOf(label))).toEqual([1, 1, 0, 0]);
    const cats = classMapOf({
      classes: 2,
      modelNames: undefined,
      labels: [
        { label: 'Cat', count: 30 },
        { label: 'cat', count: 50 },
        { label: 'dog', count: 70 },
        { label: 'horse', count: 2 },
      ],
      listed: undefined,
      written: undefined,
    });
    expect(cats.names).toEqual(['cat', 'dog']);
    expect(['Cat', 'cat', 'dog', 'horse'].map((label) => cats.classOf(label))).toEqual([0, 0, 1, undefined]);
  });

  it('that do not fit are an error with the nearest names', () => {
    expect(() => find(['tabby', 'tiger'], ['taby', 'tigre'])).toThrow(/class-map/);
  });

  it('are led by a file', async () => {
    writeFileSync(join(place, 'map.csv'), 'label,class\nmel,malignant\nnv,0\nother,\n');
    const written = await readClassMap(join(place, 'map.csv'));
    const map = classMapOf({
      classes: 2,
      modelNames: ['benign', 'malignant'],
      labels: [],
      listed: undefined,
      written,
    });
    expect(['MEL', 'nv', 'other', 'bkl'].map((label) => map.classOf(label))).toEqual([1, 0, null, undefined]);
    writeFileSync(join(place, 'map.json'), '{"mel": "malign"}');
    const wrong = await readClassMap(join(place, 'map.json'));
    expect(() =>
      classMapOf({ classes: 2, modelNames: ['benign', 'malignant'], labels: [], listed: undefined, written: wrong }),
    ).toThrow(/'malignant'/);
  });
});

it('probabilities are those of the activation', () => {
  const e = Math.exp;
  expect([...probabilitiesOf([2], 'sigmoid')]).toEqual([1 / (1 + e(2)), 1 / (1 + e(-2))]);
  expect([...probabilitiesOf([800], 'sigmoid')]).toEqual([0, 1]);
  const [a, b] = probabilitiesOf([1, 3], 'softmax');
  expect(a).toBeCloseTo(1 / (1 + e(2)), 14);
  expect(b).toBeCloseTo(1 / (1 + e(-2)), 14);
  expect([...probabilitiesOf([0.2, 0.8], 'none')]).toEqual([0.2, 0.8]);
});

it('a mask is cropped and padded as the picture is', () => {
  // 4 × 2 pixels, of which the model sees the middle 2 × 2 with one row of padding above and below.
  const mask = { width: 4, height: 2, data: Uint8Array.of(1, 1, 0, 0, 0, 1, 0, 1) };
  const geometry = {
    picture: { width: 4, height: 2 },
    resized: { width: 4, height: 2 },
    offset: { x: 1, y: -1 },
    input: { width: 2, height: 4 },
  };
  expect([...maskSeen(mask, geometry).data]).toEqual([0, 0, 1, 0, 1, 0, 0, 0]);
});

it('problems are the same in any order', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    code: i % 3 === 0 ? 'A' : 'B',
    where: `p${i}`,
    what: `what ${i}`,
  }));
  const [one, other] = [new Problems(), new Problems()];
  for (const row of rows) one.add(row);
  const rest = new Problems();
  for (const row of rows.slice(0, 20)) rest.add(row);
  for (const row of rows.slice(20).reverse()) other.add(row);
  other.addAll(rest);
  expect(other.list()).toEqual(one.list());
  expect(one.list().map(({ code, count }) => [code, count])).toEqual([
    ['B', 26],
    ['A', 14],
  ]);
});

describe('options', () => {
  it.each([
    ['60MB', 60e6],
    ['500kB', 5e5],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['1000', 1000],
  ])('%s are bytes', (text, bytes) => expect(byteSize('--max-size')(text)).toBe(bytes));

  it('are read', () => {
    expect(chooser(' Errors ')).toEqual({ kind: 'errors' });
    expect(chooser('12')).toEqual({ kind: 'cell', count: 12 });
    expect(() => chooser('0')).toThrow(/number of pictures/);
    expect(columnRole('mask=seg=1', columnRole('label=dx', undefined))).toEqual({ label: 'dx', mask: 'seg=1' });
  });
});

describe('--fail-on', () => {
  const run = { task: 'binary', classes: ['benign', 'malignant'], positive: 1, methods: [], threshold: 0.5 } as const;
  const reads = (text: string) => parseAuditGate(text, run).reads;

  it('reads figures, those of the positive class and those of groups under all their names', () => {
    expect(reads('f1(Malignant) < 0.5 or recall < 0.5 or group_recall(max) < 0.5')).toEqual([
      'f1',
      'recall',
      'group_sensitivity(max)',
    ]);
  });

  it.each([
    ['f1(malignat) < 0.5', /Did you mean 'f1\(malignant\)'/],
    ['group_sensitivty(max) < 0.5', /'group_sensitivity\(max\)'/],
    ['group_auc(median) < 0.5', /'group_auc\(mean\)'/],
    // A text is never less than a number: such a gate would let everything pass.
    ["auc < '0.8'", /figure or a number \(without quotes\)/],
  ])('%s is refused', (text, message) => {
    expect(() => reads(text)).toThrow(message);
  });
});
