import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  at,
  auditWhole,
  binary,
  COUNT,
  cnn,
  contents,
  data,
  journalOf,
  manifest,
  rows,
  runOf,
  whole,
} from './audited.ts';
import { built, files, seewhy } from './seewhy.ts';

auditWhole();

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
