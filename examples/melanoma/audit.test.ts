import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuditRun, Finding } from '@seewhy/report';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seewhy } from '../../packages/seewhy/test/command/seewhy.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'seewhy-melanoma-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Row {
  readonly id: string;
  readonly cell: 'TP' | 'FN' | 'TN' | 'FP';
  readonly score: number;
}

interface Audited {
  readonly out: string;
  readonly run: AuditRun;
  readonly findings: readonly Finding[];
  readonly rows: readonly Row[];
  readonly auc: number;
}

async function audited(name: 'shortcut' | 'even'): Promise<Audited> {
  const out = join(folder, name);
  const { code, stdout, stderr } = await seewhy(
    ['audit', `${name}.keras`, 'manifest.csv', '--threshold', '0.5', '--out', out, '--json', '--quiet'],
    { cwd: HERE },
  );
  expect(code, stderr).toBe(0);
  const { run, findings, metrics } = JSON.parse(stdout);
  const rows = readFileSync(join(out, 'predictions.jsonl'), 'utf8').trim().split('\n');
  return { out, run, findings, rows: rows.map((line) => JSON.parse(line)), auc: metrics.auc.value };
}

/** What Python measured when the models were made. */
const figures = JSON.parse(readFileSync(join(HERE, 'figures.json'), 'utf8'));
const marks = new Map(
  readFileSync(join(HERE, 'marks.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',') as [id: string, mark: string]),
);
const marked = (id: string) => marks.get(id.replace(/^.*\//, '')) ?? 'unknown';

describe('the audit of two melanoma classifiers', () => {
  const audits = {} as Record<'shortcut' | 'even', Audited>;
  beforeAll(async () => {
    audits.shortcut = await audited('shortcut');
    audits.even = await audited('even');
  }, 400_000);

  it.each(['shortcut', 'even'] as const)('%s: all of the data set, with the figures of Keras', (name) => {
    const { run, rows, auc } = audits[name];
    expect(run.counts).toEqual({ rows: 200, predicted: 200, labelled: 200, explained: 200, failed: 0 });
    expect(run.problems).toEqual([]);
    expect(run).toMatchObject({ task: 'binary', classes: ['benign', 'malignant'], positive: 1, threshold: 0.5 });
    expect(auc).toBeCloseTo(figures[name].auc, 3);
    const cells = Object.fromEntries(
      ['tp', 'fn', 'tn', 'fp'].map((cell) => [cell, rows.filter((row) => row.cell.toLowerCase() === cell).length]),
    );
    const { tp, fn, tn, fp } = figures[name];
    expect(cells).toEqual({ tp, fn, tn, fp });
  });

  it('both shortcuts are found out: rulers for malignant, stickers for benign', () => {
    const found = audits.shortcut.findings.filter(({ kind }) => kind === 'shortcut');
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]!.severity).toBe('high');
    expect(audits.shortcut.findings[0]).toBe(found[0]);
    // Of all pictures a quarter bear each.
    for (const { title, ids } of found) {
      const mark = title.includes('malignant') ? 'ruler' : 'patch';
      expect(ids.filter((id) => marked(id) === mark).length, title).toBeGreaterThan(0.9 * ids.length);
    }
    for (const name of ['malignant', 'benign']) expect(found.some(({ title }) => title.includes(name))).toBe(true);
  });

  it('nobody accuses the twin of one', () => {
    expect(audits.even.findings.filter(({ kind }) => kind === 'shortcut')).toEqual([]);
  });

  it.each(['shortcut', 'even'] as const)('%s: one file to open, and the panels', (name) => {
    const { out } = audits[name];
    expect(existsSync(join(out, 'report.html'))).toBe(true);
    expect(readdirSync(join(out, 'panels')).filter((file) => file.endsWith('.png')).length).toBeGreaterThanOrEqual(3);
  });
});
