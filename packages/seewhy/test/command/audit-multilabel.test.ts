import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRun, Finding } from '@seewhy/report';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openedReport } from './opened-report.ts';
import { built, files, folder, ROOT, seewhy } from './seewhy.ts';

/** Trained by Keras, measured by scikit-learn: tools/dataset/shapes.py. */
const shapes = join(ROOT, 'fixtures/dataset/shapes');
interface Expected {
  readonly scores: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly exact_match: number;
  readonly macro_f1: number;
  readonly macro_auc: number;
  readonly f1: Readonly<Record<string, number>>;
  readonly auc: Readonly<Record<string, number>>;
}
const expected = JSON.parse(readFileSync(join(shapes, 'expected.json'), 'utf8')) as Expected;
const CLASSES = ['circle', 'square', 'triangle'];
const written = readFileSync(join(shapes, 'manifest.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { path: string; labels: string[] });

const place = folder('multilabel');
const run = join(place, 'run');
const audit = ['audit', join(shapes, 'shapes.keras'), join(shapes, 'manifest.jsonl')];
const named = ['--labels', join(shapes, 'classes.txt')];
let metrics: Record<string, { value: number }>;

beforeAll(async () => {
  built();
  const { code, stdout, stderr } = await seewhy([...audit, ...named, '-o', run, '--json', '--quiet']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  ({ metrics } = JSON.parse(stdout) as { metrics: typeof metrics });
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('a trained model that decides for each class by itself', () => {
  it('is recognised, and pictures of no class are labelled', () => {
    const about = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as AuditRun;
    expect(about).toMatchObject({ task: 'multilabel', classes: CLASSES, problems: [] });
    expect(about.counts).toMatchObject({ rows: 60, predicted: 60, labelled: 60, explained: 60, failed: 0 });
    expect(written.some(({ labels }) => labels.length === 0)).toBe(true);
  });

  it('says of each picture what Keras says', () => {
    const lines = readFileSync(join(run, 'predictions.jsonl'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(60);
    for (const line of lines) {
      const row = JSON.parse(line) as { path: string; [name: string]: unknown };
      for (const name of CLASSES)
        expect(row[`score:${name}`], `${row.path} ${name}`).toBeCloseTo(expected.scores[row.path]![name]!, 5);
    }
  });

  it('has the figures that scikit-learn gives', () => {
    expect(metrics.accuracy!.value).toBeCloseTo(expected.exact_match, 12);
    expect(metrics.macro_f1!.value).toBeCloseTo(expected.macro_f1, 12);
    expect(metrics.macro_auc!.value).toBeCloseTo(expected.macro_auc, 12);
    for (const name of CLASSES) {
      expect(metrics[`f1(${name})`]!.value, name).toBeCloseTo(expected.f1[name]!, 12);
      expect(metrics[`auc(${name})`]!.value, name).toBeCloseTo(expected.auc[name]!, 12);
    }
  });

  it('has a panel a class, findings, and a report that opens', () => {
    expect(files(join(run, 'panels')).map((name) => name.split('.')[0])).toEqual(
      expect.arrayContaining(CLASSES.map((name) => `class-${name}`)),
    );
    const findings = JSON.parse(readFileSync(join(run, 'findings.json'), 'utf8')) as readonly Finding[];
    const { data, reader } = openedReport(join(run, 'report.html'));
    expect(data.findings).toEqual(findings);
    expect(data.run.task).toBe('multilabel');
    expect(data.records).toHaveLength(60);
    for (const { id, path, label } of data.records) {
      const own = written.find((row) => row.path === path)!;
      expect(label!.map((index) => CLASSES[index])).toEqual(own.labels);
      expect(reader.has({ kind: 'picture', id })).toBe(true);
      expect(reader.plane({ kind: 'map', id, method: 'gradcam' })).toBeDefined();
    }
  });

  it.each([
    ['f1(circle) < 0.92', 1, /f1\(circle\) = 0\.903 \(/],
    ['f1(square) < 0.92 or auc(square) < 0.9', 0, /^$/],
    ['macro_f1 < 0.9 or accuracy < 0.8', 0, /^$/],
    ['f1(pentagon) < 0.5', 2, /knows no figure 'f1\(pentagon\)'/],
  ])('--fail-on %s: exit %i', async (condition, expectedCode, said) => {
    const args = [...audit, ...named, '-o', run, '--resume', '--quiet', '--fail-on', condition];
    const { code, stderr } = await seewhy(args);
    expect(stderr).toMatch(said);
    expect(code).toBe(expectedCode);
  });

  it('may be told by a row a label', async () => {
    const rows = written.flatMap(({ path, labels }) => labels.map((label) => ({ path: join(shapes, path), label })));
    const text = rows.toReversed().map(({ path, label }) => `${path},${label}`);
    writeFileSync(join(place, 'long.csv'), ['path,label', ...text].join('\n'));
    const args = ['audit', audit[1]!, join(place, 'long.csv'), '--image-root', shapes, ...named];
    const ran = await seewhy([...args, '-o', join(place, 'long'), '--no-cover', '--explain', 'panel', '--json']);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('with different labels: those of all are its labels where the head takes several');
    const labelled = new Map(written.map(({ path, labels }) => [join(shapes, path), labels]));
    const { data } = openedReport(join(place, 'long/report.html'));
    expect(data.records).toHaveLength(written.filter(({ labels }) => labels.length > 0).length);
    for (const { path, label } of data.records)
      expect(label!.map((index) => CLASSES[index])).toEqual(labelled.get(path));
  });
});

it('finds a column a class by the names of the classes', async () => {
  const manifest = join(place, 'columns.csv');
  const lines = written.map(({ path, labels }) =>
    [path, ...CLASSES.map((name) => Number(labels.includes(name)))].join(),
  );
  writeFileSync(manifest, [`path,${CLASSES.join()}`, ...lines, ''].join('\n'));
  const command = ['audit', join(shapes, 'shapes.keras'), manifest, ...named, '--image-root', shapes];
  const { code, stdout, stderr } = await seewhy([...command, '-o', join(place, 'columns'), '--json', '--quiet']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const found = JSON.parse(stdout) as { metrics: typeof metrics };
  expect(found.metrics.macro_f1!.value).toBeCloseTo(expected.macro_f1, 12);
  expect(found.metrics.accuracy!.value).toBeCloseTo(expected.exact_match, 12);
});
