import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graph, GraphBuilder, readGraph, removeDeadNodes, Value, writeGraph } from '@seewhy/onnx';
import type { AuditRun } from '@seewhy/report';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvOf, type DrawnRow, drawSet } from '../audit/drawn-set.ts';
import { png } from '../dataset/support.ts';
import { openedReport } from './opened-report.ts';
import { built, folder, model, ROOT, seewhy } from './seewhy.ts';

const place = folder('bad-input');
const binary = model('tiny-binary');
const at = (...names: string[]) => join(place, ...names);
const manifest = (name: string, list: readonly object[]): string => {
  writeFileSync(at(name), csvOf(list));
  return at(name);
};
const predictions = (run: string): { id: string; score: number; label?: string | null }[] =>
  readFileSync(join(run, 'predictions.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const runOf = (run: string) => JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as AuditRun;
const audit = (set: string, out: string, ...args: string[]) =>
  seewhy(['audit', binary, set, '-o', out, '--no-cover', '--explain', '1', ...args]);

let rows: DrawnRow[];
beforeAll(async () => {
  built();
  rows = await drawSet(place, 24);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('rows that cannot be used', () => {
  const good = () => rows.slice(0, 14);
  const out = at('mixed');
  const problems = () => new Map(runOf(out).problems.map((problem) => [problem.code, problem]));
  let said: { code: number | null; stderr: string; stdout: string };

  beforeAll(async () => {
    symlinkSync('/etc/passwd', at('pictures/link.png'));
    writeFileSync(at('pictures/mask-of-another.png'), await png(30, 10, (x) => (x < 5 ? 255 : 0)));
    const dicom = readFileSync(join(ROOT, 'fixtures/dataset/dicom/ct-explicit.dcm'));
    writeFileSync(at('pictures/cut.dcm'), dicom.subarray(0, 700));
    copyFileSync(at(rows[0]!.path), at('pictures/other.png'));
    const bad = (row: number, change: Partial<DrawnRow>) => ({ ...rows[row]!, ...change });
    said = await audit(
      manifest('mixed.csv', [
        ...good(),
        bad(14, { path: 'pictures/nowhere.png' }),
        bad(14, { path: '../outside.png' }),
        bad(14, { path: '/etc/passwd' }),
        bad(14, { path: 'pictures/link.png' }),
        bad(14, { path: 'https://example.org/a.png' }),
        bad(14, { path: '' }),
        bad(14, { path: 'pictures/cut.dcm', mask: '' }),
        bad(15, { label: 'malignent' }),
        bad(16, { mask: 'pictures/mask-of-another.png' }),
        bad(17, { mask: 'pictures/no-mask.png' }),
        bad(18, { label: 'benign' }),
        bad(18, { label: 'malignant' }),
        bad(0, {}),
      ]),
      out,
    );
  });

  it('end with 4, and the rest goes on as if they were not there', async () => {
    expect(said.code).toBe(4);
    const clean = at('clean');
    expect((await audit(manifest('clean.csv', good()), clean, '--quiet')).code).toBe(0);
    const scores = new Map(predictions(out).map(({ id, score }) => [id, score]));
    for (const { id, score } of predictions(clean)) expect(scores.get(id), id).toBe(score);
    expect(predictions(out)).toHaveLength(18);
    expect(runOf(out).counts).toMatchObject({ predicted: 18, labelled: 16, failed: 8 });
  });

  it.each([
    ['PICTURE_MISSING', 1, /There is no picture '.*nowhere\.png'.*--image-root/],
    [
      'PATH_OUTSIDE',
      3,
      /'.*(outside|\/etc\/passwd|link)(\.png)?' (lies outside|is a link that leaves) '.*--image-root/,
    ],
    ['PATH_IS_ADDRESS', 1, /never downloads/],
    ['PATH_EMPTY', 1, /The row names no picture/],
    ['PICTURE_CORRUPT', 1, /DICOM picture is damaged or cut off/],
    ['LABEL_UNKNOWN', 1, /'malignent' is no class of the model\. Near: 'malignant'/],
    ['MASK_SIZE', 1, /mask is of 30x10 pixels, the picture of 40x40/],
    ['MASK_MISSING', 1, /There is no mask 'pictures\/no-mask\.png'/],
    ['LABEL_CONTRADICTORY', 1, /Rows of this picture say benign, malignant/],
    ['ID_TWICE', 1, /stands in several rows; the fullest of them is kept/],
  ])('%s: counted %i times, in a sentence', (code, count, sentence) => {
    expect(problems().get(code)).toMatchObject({ count });
    for (const { what } of problems().get(code)!.examples) expect(what).toMatch(sentence);
    expect(said.stderr).toContain(`\n${code} `);
    expect(said.stderr).toMatch(sentence);
  });

  it('are all listed in the report', () => {
    const { data } = openedReport(join(out, 'report.html'));
    expect(data.run.problems).toEqual(runOf(out).problems);
    expect(problems().size).toBe(10);
    expect(data.records).toHaveLength(18);
    // None of them has a name that is no picture of the data set.
    expect(said.stdout).toContain('18 predicted of 26, 16 labelled');
    expect(said.stdout).toContain('8 left out');
  });
});

it('rows of one picture in any order: the same bytes', async () => {
  const repeated = [
    ...rows.slice(0, 10),
    { ...rows[0]!, site: 'arm' },
    { ...rows[1]!, label: rows[1]!.label === 'benign' ? 'malignant' : 'benign' },
    { ...rows[2]!, age: 99 },
    { ...rows[3]!, patient: '' },
  ];
  const bytes = async (name: string, list: readonly object[]) => {
    expect((await audit(manifest(`${name}.csv`, list), at(name), '--quiet')).code).toBe(4);
    return ['predictions.jsonl', 'predictions.parquet', 'findings.json'].map((file) =>
      readFileSync(at(name, file)).toString('base64'),
    );
  };
  const straight = await bytes('repeated', repeated);
  expect(await bytes('turned', repeated.toReversed())).toEqual(straight);
});

it('a row a box: one picture, whose mask is all of them', async () => {
  const boxes = rows.slice(0, 6).flatMap(({ path, label }) => [
    { path, label, xmin: 0, ymin: 0, xmax: 40, ymax: 10 },
    { path, label, xmin: 0, ymin: 30, xmax: 40, ymax: 40 },
  ]);
  const { code, stderr } = await audit(manifest('boxes.csv', boxes), at('boxes'), '--explain', 'all');
  expect(code).toBe(0);
  expect(stderr).toContain('12 rows with boxes became 6 pictures: the boxes of a picture are one mask');
  const { data } = openedReport(at('boxes/report.html'));
  expect(data.records).toHaveLength(6);
  for (const { masked } of data.records) expect(masked).toBe(true);
  const merged = Object.fromEntries(predictions(at('boxes')).map((row) => [row.id, row]));
  // The same as two boxes in one cell.
  const cells = rows.slice(0, 6).map(({ path, label }) => ({ path, label, box: '[[0,0,40,10],[0,30,40,10]]' }));
  expect((await audit(manifest('cells.csv', cells), at('cells'), '--explain', 'all', '--quiet')).code).toBe(0);
  expect(Object.fromEntries(predictions(at('cells')).map((row) => [row.id, row]))).toEqual(merged);
});

describe('scores that are not numbers', () => {
  it('are left out, counted; the rest goes on', async () => {
    const clean = at('numbers');
    const set = manifest('numbers.csv', rows.slice(0, 12));
    expect((await audit(set, clean, '--quiet')).code).toBe(0);
    const sorted = predictions(clean).map(({ score }) => score);
    const middle = sorted.toSorted((a, b) => a - b)[6]!;
    // z + 0 · log(z − c): not a number below c, else z.
    const graph = readGraph(readFileSync(binary));
    const last = graph.nodes.find(({ op }) => op === 'Sigmoid')!;
    const b = new GraphBuilder(graph, { prefix: 'test' });
    const [z] = last.inputs as [string];
    const c = b.scalar(Math.log(middle / (1 - middle)) - 1e-4);
    const poisoned = b.op('Add', [z, b.op('Mul', [b.scalar(0), b.op('Log', [b.op('Sub', [z, c])])])]);
    const output = b.op('Sigmoid', [poisoned]);
    const built = removeDeadNodes(b.build().with({ outputs: [new Value(output, 'float32')] }));
    expect(built).toBeInstanceOf(Graph);
    writeFileSync(at('poisoned.onnx'), writeGraph(built));
    const out = at('poisoned');
    const args = ['audit', at('poisoned.onnx'), set, '-o', out, '--no-cover', '--explain', 'errors'];
    const { code, stderr } = await seewhy(args);
    expect(stderr).toContain('SCORE_NOT_A_NUMBER 6 pictures have scores that are not numbers and were left out.');
    expect(stderr).toContain('Look for values that overflow');
    expect(code).toBe(4);
    const scores = new Map(predictions(clean).map(({ id, score }) => [id, score]));
    expect(predictions(out)).toHaveLength(6);
    for (const { id, score } of predictions(out)) expect(score).toBeCloseTo(scores.get(id)!, 6);
    expect(openedReport(join(out, 'report.html')).data.run.problems).toMatchObject([
      { code: 'SCORE_NOT_A_NUMBER', count: 6 },
    ]);
  });
});

describe('figures that have no value', () => {
  it('one class only: said, each with its reason; the report opens', async () => {
    const set = manifest('benign.csv', rows.filter(({ label }) => label === 'benign').slice(0, 10));
    const { code, stdout, stderr } = await audit(set, at('benign'));
    expect(code).toBe(0);
    expect(stderr).toContain("The data set has one class only, 'benign'");
    expect(stdout).toMatch(/AUC +not defined: There is no positive picture/);
    expect(stdout).toContain('All 10 labelled pictures are “benign”');
    expect(openedReport(at('benign/report.html')).data.records).toHaveLength(10);
  });

  it('a threshold above all scores, one below all: no positives, no negatives', async () => {
    const set = manifest('plain.csv', rows);
    for (const [threshold, figure, value] of [
      ['0.9999', 'sensitivity', 0],
      ['0.0001', 'specificity', 0],
    ] as const) {
      const out = at(`at ${threshold}`);
      const { code, stdout } = await audit(set, out, '--threshold', threshold, '--json');
      expect(code).toBe(0);
      const { metrics } = JSON.parse(stdout) as { metrics: Record<string, { value: number | null; reason?: string }> };
      expect(metrics[figure]!.value).toBe(value);
      const undefined_ = metrics[threshold === '0.9999' ? 'ppv' : 'npv']!;
      expect(undefined_.value).toBeNull();
      expect(undefined_.reason).toMatch(/^No picture is predicted/);
      expect(openedReport(join(out, 'report.html')).data.run.threshold).toBe(Number(threshold));
    }
  });
});

describe('manifests', () => {
  it.each<[name: string, content: (csv: string) => string | Buffer, args: string[], said: RegExp, code: number]>([
    ['empty', () => '', [], /The manifest '.*' is empty\. A manifest has one row a picture/, 2],
    ['of a header alone', (csv) => csv.split('\n')[0]!, [], /The manifest '.*' has no rows/, 2],
    ['without a path', () => 'a,b\n1,2\n', [], /no column that names the pictures \(it has 'a', 'b'\)/, 2],
    [
      'of another delimiter than asked',
      (csv) => csv.replaceAll('","', '";"').replaceAll(',', ';'),
      ['--delimiter', ','],
      /not separated by ','\. ';' would fit/,
      2,
    ],
    ['whose pictures are all missing', (csv) => csv.replaceAll('pictures/p', 'no/p'), [], /No picture .* could be/, 4],
    [
      'whose labels are all unknown',
      (csv) => csv.replaceAll('benign', 'apple').replaceAll('malignant', 'pear'),
      ['--labels', at('names.txt')],
      /is a class of the model.*--class-map/,
      2,
    ],
    [
      'whose labels another column holds',
      () =>
        `path,diagnosis,target\n${rows[0]!.path},nevus,0\n${rows[1]!.path},lentigo,0\n${rows[2]!.path},melanoma,1\n`,
      ['--labels', at('names.txt')],
      /is a class of the model.*Or another column holds the labels: --column label=target\./,
      2,
    ],
    ['that is a picture', () => readFileSync(at(rows[0]!.path)), [], /is not a text file/, 2],
  ])('%s: one sentence', async (name, content, args, sentence, expected) => {
    writeFileSync(at('names.txt'), 'left\nright\n');
    writeFileSync(at('bad.csv'), content(csvOf(rows.slice(0, 6))));
    const out = at(`never ${name}`);
    const { code, stderr } = await audit(at('bad.csv'), out, '--quiet', ...args);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(expected);
  });

  it('in UTF-16, and with another delimiter: told, and read the same', async () => {
    const csv = csvOf(rows.slice(0, 6));
    const expected = new Map<string, number>();
    for (const [name, content, said] of [
      ['utf-8', csv, ''],
      ['utf-16', Buffer.from(`\uFEFF${csv}`, 'utf16le'), 'was read as UTF-16'],
      ['tabs', csv.replaceAll('","', '"\t"').replaceAll(',', '\t'), 'are separated by a tab'],
    ] as const) {
      writeFileSync(at('read.csv'), content);
      const { code, stderr } = await audit(at('read.csv'), at(name));
      expect(code).toBe(0);
      expect(stderr).toContain(said);
      for (const { id, score } of predictions(at(name)))
        if (name === 'utf-8') expected.set(id, score);
        else expect(score).toBe(expected.get(id));
      expect(predictions(at(name))).toHaveLength(6);
    }
  });

  it('of very many rows: walked in a heap that would not hold them', async () => {
    mkdirSync(at('many'), { recursive: true });
    const note = 'x'.repeat(500);
    const count = 60_000;
    const lines = Array.from({ length: count }, (_, i) => `p${i}.png,${i % 3 ? 'benign' : 'malignant'},${i},${note}`);
    writeFileSync(at('many/rows.csv'), `path,label,n,note\n${lines.join('\n')}\n`);
    const { code, stdout, stderr } = await seewhy(['audit', binary, at('many/rows.csv'), '--dry-run', '--json'], {
      env: { NODE_OPTIONS: '--max-old-space-size=48' },
    });
    expect(stderr).not.toContain('heap');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rows: count, labelled: count });
  });
});
