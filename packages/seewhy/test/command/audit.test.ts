import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeNpy, toFloat32 } from '@seewhy/core';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { pythonPeers } from '../../../../tools/test-support/require.ts';
import {
  at,
  auditWhole,
  binary,
  COUNT,
  cnn,
  contents,
  data,
  manifest,
  predictions,
  rows,
  runOf,
  whole,
} from './audited.ts';
import { files, seewhy } from './seewhy.ts';

auditWhole();

describe('a run folder', () => {
  it('holds what it is said to hold', () => {
    expect(files(whole)).toEqual([
      'findings.json',
      'journal.jsonl',
      'maps',
      'panels',
      'predictions.jsonl',
      'predictions.parquet',
      'report.html',
      'run.json',
    ]);
    expect(files(join(whole, 'maps'))).toHaveLength(COUNT);
    const run = runOf(whole);
    expect(run).toMatchObject({
      schema: 'seewhy/audit/v1',
      status: 'done',
      task: 'binary',
      classes: ['benign', 'malignant'],
      positive: 1,
      threshold: 0.5,
      target: 'predicted',
      explain: 'all',
      counts: { rows: COUNT, predicted: COUNT, labelled: COUNT, explained: COUNT, failed: 0 },
      problems: [],
    });
    expect(run.dataset.columns).toMatchObject({ path: 'path', label: 'label', group: 'patient', mask: 'mask' });
    expect(run.methods).toEqual([{ name: 'gradcam', title: 'Grad-CAM', layers: ['features.5'], signed: false }]);
    const page = readFileSync(join(whole, 'report.html'), 'utf8');
    expect(page).toMatch(/<\/html>\s*$/);
    expect(page.match(/data-seewhy="parts"/g)?.length).toBeGreaterThan(0);
  });

  it('has the scores that explain gives', async () => {
    const { stdout } = await seewhy(['explain', binary, at(rows[5]!.path), '--json', '-o', at('one'), '-t', '1']);
    const [result] = (JSON.parse(stdout) as { results: { target: { probability: number } }[] }).results;
    const row = predictions(whole).find(({ path }) => path === rows[5]!.path)!;
    expect(row.score).toBeCloseTo(result!.target.probability, 6);
    expect((row['score:benign'] as number) + (row.score as number)).toBeCloseTo(1, 7);
  });

  it('has the map that explain makes, averaged down', async () => {
    const args = ['explain', binary, at(rows[5]!.path), '--save', 'map', '-o', at('map.npy')];
    expect((await seewhy(args)).code).toBe(0);
    const row = predictions(whole).find(({ path }) => path === rows[5]!.path)!;
    const own = decodeNpy(readFileSync(join(whole, row['gradcam.map'] as string)));
    const other = decodeNpy(readFileSync(at('map.npy')));
    expect(own.dims).toEqual(other.dims);
    const [a, b] = [own, other].map(({ data: values }) =>
      toFloat32({ type: 'float32', dims: [], data: values as Float32Array }),
    );
    a!.forEach((value, i) => {
      expect(value).toBeCloseTo(b![i]!, 5);
    });
  });

  it('is the same as table in Parquet', async () => {
    const file = await asyncBufferFromFile(join(whole, 'predictions.parquet'));
    const read = await parquetReadObjects({ file });
    const lines = predictions(whole);
    expect(read).toHaveLength(lines.length);
    for (const [i, line] of lines.entries())
      for (const [name, value] of Object.entries(line)) expect(read[i]![name] ?? null, name).toEqual(value);
  });

  const python = pythonPeers('torch');
  it.skipIf(!python)('is read by pyarrow, value by value', () => {
    const script = `
import json, sys, pyarrow.parquet as pq
rows = pq.read_table(sys.argv[1] + '/predictions.parquet').to_pylist()
lines = [json.loads(line) for line in open(sys.argv[1] + '/predictions.jsonl', encoding='utf8')]
assert len(rows) == len(lines)
for row, line in zip(rows, lines):
    assert row == {**dict.fromkeys(row), **line}, (row, line)
print(len(rows))
`;
    const read = spawnSync(python!, ['-c', script, whole], { encoding: 'utf8' });
    expect(read.stderr).toBe('');
    expect(read.stdout.trim()).toBe(String(COUNT));
  });

  it('keeps the columns of the data set as they are', () => {
    const row = predictions(whole).find(({ path }) => path === rows[7]!.path)!;
    expect(row).toMatchObject({
      group: rows[7]!.patient,
      site: rows[7]!.site,
      age: rows[7]!.age,
      label: rows[7]!.label,
    });
  });
});

describe('the same result', () => {
  it('whatever the order of the rows', async () => {
    const shuffled = [...rows].sort((a, b) => (a.path.slice(-6) + a.age < b.path.slice(-6) + b.age ? 1 : -1));
    expect(shuffled).not.toEqual(rows);
    const out = at('shuffled');
    const args = ['audit', binary, manifest('shuffled.csv', shuffled), '-o', out, '--quiet'];
    expect((await seewhy(args)).code).toBe(0);
    expect(contents(out)).toEqual(contents(whole));
  });

  it('whatever the order of the rows, of a sample and a number a cell', async () => {
    const chosen = async (name: string, list: readonly object[]) => {
      const args = ['--sample', '20', '--explain', '2', '--no-cover', '--seed', '5', '--quiet'];
      expect((await seewhy(['audit', binary, manifest(`${name}.csv`, list), '-o', at(name), ...args])).code).toBe(0);
      return contents(at(name));
    };
    const straight = await chosen('sample-a', rows);
    expect(await chosen('sample-b', rows.toReversed())).toEqual(straight);
    const lines = predictions(at('sample-a'));
    expect(lines).toHaveLength(20);
    // A third of the pictures are malignant, of a sample too.
    expect(lines.filter(({ label }) => label === 'malignant')).toHaveLength(7);
  });

  it('in batches', async () => {
    const out = at('batched');
    const args = ['--batch', '7', '--explain', 'panel', '--no-cover', '--quiet'];
    expect((await seewhy(['audit', binary, data, '-o', out, ...args])).code).toBe(0);
    const scores = new Map(predictions(whole).map(({ id, score }) => [id, score as number]));
    for (const { id, score } of predictions(out)) expect(score).toBeCloseTo(scores.get(id)!, 6);
  });
});

describe('other heads', () => {
  it('decides for one of several classes', async () => {
    const labels = ['ant', 'bee', 'cow', 'dog', 'elk'];
    writeFileSync(at('five.txt'), labels.join('\n'));
    const set = manifest(
      'five.csv',
      rows.map((row, i) => ({ ...row, label: ['Ant', 'BEE', '2', 'd_og', 'elk'][i % 5] })),
    );
    const out = at('five');
    const args = ['--labels', at('five.txt'), '-o', out, '-m', 'gradcam,saliency', '--explain', '3', '--quiet'];
    expect((await seewhy(['audit', cnn, set, ...args])).code).toBe(0);
    expect(runOf(out)).toMatchObject({ task: 'multiclass', classes: labels, counts: { labelled: COUNT } });
    for (const row of predictions(out)) {
      const scores = labels.map((name) => row[`score:${name}`] as number);
      expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 6);
      expect(row.predicted).toBe(labels[scores.indexOf(Math.max(...scores))]);
      expect(row.score).toBe(Math.max(...scores));
    }
  });

  it('turns the decision round with --positive, and the threshold with it', async () => {
    const out = at('turned');
    const args = ['--positive', 'benign', '--threshold', '0.6', '--no-cover', '--explain', 'all', '-o', out, '--quiet'];
    expect((await seewhy(['audit', binary, data, ...args])).code).toBe(0);
    expect(runOf(out)).toMatchObject({ classes: ['malignant', 'benign'], positive: 1, threshold: 0.6 });
    const scores = new Map(predictions(whole).map(({ id, score }) => [id, score as number]));
    for (const row of predictions(out)) {
      expect(row.score).toBeCloseTo(1 - scores.get(row.id)!, 6);
      expect(row.predicted).toBe((row.score as number) >= 0.6 ? 'benign' : 'malignant');
      expect(row['gradcam.target']).toBe(row.predicted);
    }
  });
});

it('a dry run writes nothing', async () => {
  const { code, stdout } = await seewhy(['audit', binary, data, '-o', at('dry'), '--dry-run', '--json', '--quiet']);
  expect(code).toBe(0);
  expect(existsSync(at('dry'))).toBe(false);
  expect(JSON.parse(stdout)).toMatchObject({
    rows: COUNT,
    task: 'binary',
    labels: [
      { label: 'benign', pictures: 32, class: 'benign' },
      { label: 'malignant', pictures: 16, class: 'malignant' },
    ],
  });
});
