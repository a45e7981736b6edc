import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvOf, drawSet } from '../audit/drawn-set.ts';
import { built, folder, model, seewhy } from './seewhy.ts';

const place = folder('full-disk');
const disk = join(place, 'disk');
const binary = model('tiny-binary');
const PAGE = 4096;
const COUNT = 12;

/** Runs a script where disks can be mounted that end with it: as root, or in a user namespace where those are allowed. */
const withMounts = (script: string, args: readonly string[]) =>
  spawnSync('unshare', [...(process.getuid?.() === 0 ? [] : ['-r']), '-m', 'bash', '-c', script, 'bash', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });

mkdirSync(disk, { recursive: true });
const mountable = withMounts('mount -t tmpfs -o size=1m tmpfs "$1" && echo yes', [disk]).stdout?.trim() === 'yes';
if (!mountable)
  console.info('A full disk is not tested: this user may mount none (root may, or who has user namespaces).');

/** Audits on a disk of so many bytes, keeps what is there, makes room, goes on. */
const SCRIPT = `
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 99
kept="$3"; mkdir "$kept"; shift 3
"$@" 2> "$kept/said"; echo $? > "$kept/first"
cp -r "$OLDPWD/disk/run" "$kept/full"
mount -o remount,size=100m "$OLDPWD/disk"
"$@" --resume 2> "$kept/said-again"; echo $? > "$kept/second"
cp -r "$OLDPWD/disk/run" "$kept/run"
`.replaceAll('$OLDPWD/disk', disk);

/** Files of a run with their bytes; those that tell times, and the journal, whose order is that of the work, aside. */
function contents(run: string, below = ''): Record<string, string> {
  return Object.assign(
    {},
    ...readdirSync(join(run, below), { withFileTypes: true }).map((entry): Record<string, string> => {
      const name = join(below, entry.name);
      if (entry.isDirectory()) return contents(run, name);
      return /^(run\.json|report\.html|journal\.jsonl)$/.test(name)
        ? {}
        : { [name]: readFileSync(join(run, name)).toString('base64') };
    }),
  );
}

/** Bytes that a file or folder takes on a disk of pages. */
function taken(path: string): number {
  const info = statSync(path);
  if (!info.isDirectory()) return Math.ceil(info.size / PAGE) * PAGE;
  return readdirSync(path).reduce((sum, name) => sum + taken(join(path, name)), 0);
}

describe.skipIf(!mountable)('a disk that fills up', () => {
  const data = join(place, 'data.csv');
  beforeAll(async () => {
    built();
    writeFileSync(data, csvOf(await drawSet(place, COUNT)));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it.each<[during: string, args: string[], size: (run: string) => number]>([
    ['the journal', ['--explain', '1', '--no-cover'], (run) => taken(join(run, 'run.json')) + 2 * PAGE],
    ['the maps', [], (run) => taken(join(run, 'run.json')) + taken(join(run, 'maps')) / 2],
    ['the panels', [], (run) => taken(run) - taken(join(run, 'report.html')) - taken(join(run, 'panels')) / 2],
    ['the report', [], (run) => taken(run) - taken(join(run, 'report.html')) / 2],
  ])('during %s: one error, nothing half, and it goes on', async (during, options, size) => {
    const name = during.replaceAll(' ', '-');
    const reference = join(place, `${name}-reference`);
    expect((await seewhy(['audit', binary, data, ...options, '-o', reference, '--quiet'])).code).toBe(0);
    const kept = join(place, name);
    const bytes = Math.ceil(size(reference) / PAGE) * PAGE;
    const command = [process.execPath, built(), 'audit', binary, data, ...options, '-o', join(disk, 'run'), '--quiet'];
    const { stderr } = withMounts(SCRIPT, [String(bytes), disk, kept, ...command]);
    expect(stderr).toBe('');
    const said = readFileSync(join(kept, 'said'), 'utf8');
    expect(said).toMatch(/^error '.*' could not be written: the disk is full\. Free some space .*\n$/);
    expect(readFileSync(join(kept, 'first'), 'utf8').trim()).toBe('2');
    // What is there has the bytes that it has in the end; a finished file is never a part of one.
    const full = contents(join(kept, 'full'));
    const whole = contents(reference);
    for (const [file, content] of Object.entries(full)) expect([file, content === whole[file]]).toEqual([file, true]);
    expect(Object.keys(full).length).toBeLessThan(Object.keys(whole).length + (during === 'the report' ? 1 : 0));
    expect(readFileSync(join(kept, 'said-again'), 'utf8')).toBe('');
    expect(readFileSync(join(kept, 'second'), 'utf8').trim()).toBe('0');
    expect(contents(join(kept, 'run'))).toEqual(whole);
    const ids = readFileSync(join(kept, 'run/journal.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; id?: string })
      .map(({ kind, id }) => `${kind} ${id}`);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
