import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeNpy, toFloat32 } from '@seewhy/core';
import type { AuditRun } from '@seewhy/report';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonPeers } from '../../../../tools/test-support/require.ts';
import { csvOf, type DrawnRow, drawSet } from '../audit/drawn-set.ts';
import { built, files, folder, model, seewhy } from './seewhy.ts';

const place = folder('audit');
const binary = model('tiny-binary');
const cnn = model('tiny-cnn');
const COUNT = 48;
let rows: DrawnRow[];

const at = (...names: string[]) => join(place, ...names);
const manifest = (name: string, list: readonly object[]): string => {
  writeFileSync(at(name), csvOf(list));
  return at(name);
};
interface Row {
  readonly id: string;
  readonly [name: string]: unknown;
}
const predictions = (run: string): Row[] =>
  readFileSync(join(run, 'predictions.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
const runOf = (run: string) => JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as AuditRun;
const journalOf = (run: string) =>
  readFileSync(join(run, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; id?: string });
/** Everything of a run but the times. */
const contents = (run: string): Record<string, string> =>
  Object.fromEntries(
    [
      'predictions.jsonl',
      'predictions.parquet',
      'findings.json',
      ...files(join(run, 'maps')).map((name) => `maps/${name}`),
    ].map((name) => [name, readFileSync(join(run, name)).toString('base64')]),
  );

let data: string;
let whole: string;

beforeAll(async () => {
  built();
  rows = await drawSet(place, COUNT);
  data = manifest('data.csv', rows);
  whole = at('whole');
  const { code, stderr } = await seewhy(['audit', binary, data, '-o', whole, '--quiet']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

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

/** Starts a run, ends it by a signal when its journal has so many lines. */
async function stopped(
  args: readonly string[],
  out: string,
  lines: number,
  signal: NodeJS.Signals,
): Promise<number | null> {
  const child = spawn(process.execPath, [built(), 'audit', ...args, '-o', out], {
    stdio: 'ignore',
    env: { ...process.env, NO_COLOR: '1' },
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const journal = join(out, 'journal.jsonl');
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (existsSync(journal) && readFileSync(journal, 'utf8').split('\n').length > lines) {
      child.kill(signal);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return ended;
}

describe('an interrupted run', () => {
  it.each([
    ['explaining all', [], COUNT],
    ['explaining the panels', ['--explain', 'panel'], undefined],
  ])('goes on where it was killed, %s', async (name, args, lines) => {
    const out = at(`killed ${name}`);
    const reference = args.length === 0 ? whole : at('panel reference');
    if (args.length > 0)
      expect((await seewhy(['audit', binary, data, ...args, '-o', reference, '--quiet'])).code).toBe(0);
    const again = args.length === 0 ? [binary, data] : [binary, data, ...args];
    for (const done of [0, 3, 17, 31])
      await stopped(done === 0 ? again : [...again, '--resume'], out, done + 2, 'SIGKILL');
    const { code, stderr } = await seewhy(['audit', ...again, '-o', out, '--resume', '--quiet']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(contents(out)).toEqual(contents(reference));
    const journal = journalOf(out).map(({ kind, id }) => `${kind} ${id}`);
    expect(new Set(journal).size).toBe(journal.length);
    if (lines) expect(journal).toHaveLength(lines + 1);
    expect(runOf(out).status).toBe('done');
  });

  it('writes on Ctrl-C what there is, and says how to go on', async () => {
    const out = at('asked to stop');
    let stopping = false;
    const { code, stderr } = await seewhy(['audit', binary, data, '-o', out], {
      onOutput: (_, kill) => {
        if (stopping || !existsSync(join(out, 'journal.jsonl'))) return;
        stopping = true;
        kill('SIGINT');
      },
    });
    // Its folder is told before the first picture.
    if (code === 130) {
      expect(stderr).toContain(`--out '${out}' --resume`);
      expect(runOf(out).status).toBe('interrupted');
      expect(existsSync(join(out, 'report.html'))).toBe(true);
    }
    expect((await seewhy(['audit', binary, data, '-o', out, '--resume', '--quiet'])).code).toBe(0);
    expect(contents(out)).toEqual(contents(whole));
  });

  it('drops a torn last line', async () => {
    const out = at('torn');
    await stopped([binary, data], out, 9, 'SIGKILL');
    const journal = join(out, 'journal.jsonl');
    const text = readFileSync(journal, 'utf8').trimEnd().split('\n').slice(0, 6).join('\n');
    writeFileSync(journal, text.slice(0, -100));
    expect((await seewhy(['audit', binary, data, '-o', out, '--resume', '--quiet'])).code).toBe(0);
    expect(contents(out)).toEqual(contents(whole));
  });

  it('says that the disk is full, and goes on when there is room', async () => {
    const out = at('full');
    // A file of more than 40 kB cannot be written: the journal reaches that.
    const script = `trap '' XFSZ; ulimit -f 40; exec "$@"`;
    const child = spawn(
      'bash',
      ['-c', script, 'bash', process.execPath, built(), 'audit', binary, data, '-o', out, '--quiet'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, NO_COLOR: '1' },
      },
    );
    let said = '';
    child.stderr.on('data', (part) => {
      said += part;
    });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    expect(code).toBe(2);
    expect(said).toMatch(/could not be written|no space/i);
    expect((await seewhy(['audit', binary, data, '-o', out, '--resume', '--quiet'])).code).toBe(0);
    expect(contents(out)).toEqual(contents(whole));
  });

  it.each<[difference: string, args: string[], other?: string, otherModel?: string]>([
    ['--threshold was 0.5, is 0.4', ['--threshold', '0.4']],
    ['--seed was 0, is 3', ['--seed', '3']],
    ['the data set has changed', [], 'shuffled-2.csv'],
    ['the model has changed', [], undefined, cnn],
  ])('is not mixed with another one: %s', async (difference, args, other, otherModel) => {
    const set = other ? manifest(other, rows.slice(1)) : data;
    const extra = otherModel ? ['--class-map', at('map.json')] : [];
    writeFileSync(at('map.json'), JSON.stringify({ benign: 0, malignant: 1 }));
    const { code, stderr } = await seewhy([
      'audit',
      otherModel ?? binary,
      set,
      ...args,
      ...extra,
      '-o',
      whole,
      '--resume',
      '--quiet',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(difference);
  });
});

describe('the folder', () => {
  it('is numbered when it exists', async () => {
    const cwd = at('numbered');
    mkdirSync(cwd);
    const args = ['audit', binary, data, '--limit', '4', '--no-cover', '--quiet'];
    expect((await seewhy(args, { cwd })).code).toBe(0);
    expect((await seewhy(args, { cwd })).code).toBe(0);
    expect(readdirSync(cwd).sort()).toEqual(['seewhy-audit', 'seewhy-audit-2']);
  });

  it('is not taken from a running audit, and is from a dead one', async () => {
    const out = at('locked');
    expect((await seewhy(['audit', binary, data, '--limit', '4', '--no-cover', '-o', out, '--quiet'])).code).toBe(0);
    const lock = join(out, '.lock');
    const { hostname } = await import('node:os');
    writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname(), begun: '' }));
    const again = ['audit', binary, data, '--limit', '4', '--no-cover', '-o', out, '--resume', '--quiet'];
    const refused = await seewhy(again);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`process ${process.pid}`);
    // The number of a process that is gone, and one that has been given to another process meanwhile.
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), begun: '1' }));
    expect((await seewhy(again)).code).toBe(0);
    writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname(), begun: '1' }));
    expect((await seewhy(again)).code).toBe(process.platform === 'linux' ? 0 : 2);
  });

  it('of something else is left alone', async () => {
    const out = at('photos of mine');
    mkdirSync(out);
    writeFileSync(join(out, 'cat.txt'), 'mine');
    const { code, stderr } = await seewhy(['audit', binary, data, '--limit', '4', '-o', out, '--force', '--quiet']);
    expect(code).toBe(2);
    expect(stderr).toContain('not an audit');
    expect(files(out)).toEqual(['cat.txt']);
  });
});

describe('what is wrong with single rows', () => {
  it('is counted and told; the rest goes on', async () => {
    const broken = [
      ...rows.slice(0, 12),
      ...rows.slice(16, 26),
      { ...rows[12]!, path: 'pictures/nowhere.png' },
      { ...rows[13]!, label: 'malignent' },
      { ...rows[14]!, label: '' },
      rows[0]!,
    ];
    writeFileSync(at('pictures/text.png'), 'this is no picture');
    const set = manifest('broken.csv', [...broken, { ...rows[15]!, path: 'pictures/text.png' }]);
    const out = at('broken');
    const { code, stderr } = await seewhy(['audit', binary, set, '-o', out, '--no-cover']);
    expect(code).toBe(4);
    const run = runOf(out);
    expect(run.counts).toMatchObject({ predicted: 24, labelled: 22, failed: 3 });
    const codes = Object.fromEntries(run.problems.map((problem) => [problem.code, problem]));
    expect(codes.LABEL_UNKNOWN?.count).toBe(1);
    expect(codes.LABEL_UNKNOWN?.examples[0]?.what).toContain("Near: 'malignant'");
    expect(Object.keys(codes)).toEqual(expect.arrayContaining(['LABEL_UNKNOWN', 'PICTURE_NOT_A_PICTURE']));
    for (const name of Object.keys(codes)) expect(stderr).toContain(name);
  });

  it('does not mix up the classes when there is only one', async () => {
    const out = at('one class');
    const set = manifest(
      'one.csv',
      rows.filter(({ label }) => label === 'malignant'),
    );
    const args = ['--no-cover', '--fail-on', 'auc < 0.5', '-o', out];
    const { code, stderr } = await seewhy(['audit', binary, set, ...args]);
    expect(code).toBe(1);
    expect(stderr).toContain('auc is not defined');
    expect(predictions(out).every(({ label }) => label === 'malignant')).toBe(true);
  });
});

describe('--fail-on', () => {
  it.each([
    ['accuracy < 0', 0],
    ['accuracy <= 1', 1],
    ['sensitivity < 2 and specificity < 2', 1],
    ["mass_inside(gradcam) > 1 or auc('malignant') > 1", 0],
    ['failed > 0', 0],
    ['findings(high) >= 0 and border(gradcam) >= 0', 1],
    ['errors = 0 and rows != 48', 0],
  ])('%s: exit %i', async (condition, expected) => {
    const { code, stderr } = await seewhy([
      'audit',
      binary,
      data,
      '-o',
      whole,
      '--resume',
      '--fail-on',
      condition,
      '--quiet',
    ]);
    expect(stderr.includes('failed')).toBe(expected === 1);
    expect(code).toBe(expected);
  });

  it.each([
    ['aucc < 0.5', "'auc'"],
    ['mass_inside(gradcan) < 0.5', 'mass_inside(gradcam)'],
    ['f1(malignent) < 0.5', 'f1'],
    ['auc <', 'the end'],
  ])('%s is refused before anything runs', async (condition, near) => {
    const { code, stderr } = await seewhy([
      'audit',
      binary,
      data,
      '-o',
      at('never'),
      '--fail-on',
      condition,
      '--quiet',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(near);
    expect(existsSync(at('never'))).toBe(false);
  });
});

describe('wrong usage', () => {
  it.each([
    ['--positive', ['--positive', 'malignent'], "'malignant'"],
    ['--target', ['--target', 'bening'], "'benign'"],
    ['--split', ['--split', 'test'], 'no splits'],
    ['--explain', ['--explain', 'eror'], "'errors'"],
    ['--column', ['--column', 'lable=x'], "'label'"],
    ['--max-size', ['--max-size', 'much'], '60MB'],
    ['--resume and --force', ['--resume', '--force'], 'exclude'],
  ])('of %s is told', async (_, args, said) => {
    const { code, stderr } = await seewhy(['audit', binary, data, '-o', at('never'), ...args, '--quiet']);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(existsSync(at('never'))).toBe(false);
  });

  it('of --patient is told', async () => {
    const { code, stderr } = await seewhy(['audit', binary, data, '-o', at('patient'), '--patient', 'P99', '--quiet']);
    expect(code).toBe(2);
    expect(stderr).toContain('P9');
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
