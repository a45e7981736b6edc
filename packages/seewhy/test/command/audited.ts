import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRun } from '@seewhy/report';
import { afterAll, beforeAll, expect } from 'vitest';
import { csvOf, type DrawnRow, drawSet } from '../audit/drawn-set.ts';
import { built, files, folder, model, seewhy } from './seewhy.ts';

/** Where everything of a test file lies. */
export const place = folder('audit');
export const binary = model('tiny-binary');
export const cnn = model('tiny-cnn');
export const COUNT = 48;

export const at = (...names: string[]) => join(place, ...names);
export const manifest = (name: string, list: readonly object[]): string => {
  writeFileSync(at(name), csvOf(list));
  return at(name);
};

/** A line of `predictions.jsonl`. */
export interface Row {
  readonly id: string;
  readonly [name: string]: unknown;
}

export const predictions = (run: string): Row[] =>
  readFileSync(join(run, 'predictions.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

export const runOf = (run: string) => JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as AuditRun;

export const journalOf = (run: string) =>
  readFileSync(join(run, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; id?: string });

/** Everything of a run but the times. */
export const contents = (run: string): Record<string, string> =>
  Object.fromEntries(
    [
      'predictions.jsonl',
      'predictions.parquet',
      'findings.json',
      ...files(join(run, 'maps')).map((name) => `maps/${name}`),
    ].map((name) => [name, readFileSync(join(run, name)).toString('base64')]),
  );

/** The rows of the data set, once it is drawn. */
export const rows: DrawnRow[] = [];
/** The manifest of all rows. */
export const data = at('data.csv');
/** The folder of the run over all of them. */
export const whole = at('whole');

/** Before the tests of a file: draws the data set and audits all of it; removes it behind them. */
export function auditWhole(): void {
  beforeAll(async () => {
    built();
    rows.push(...(await drawSet(place, COUNT)));
    manifest('data.csv', rows);
    const { code, stderr } = await seewhy(['audit', binary, data, '-o', whole, '--quiet']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));
}
