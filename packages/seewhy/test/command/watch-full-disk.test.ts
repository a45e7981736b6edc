import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readEvents } from '@seewhy/training';
import { afterAll, describe, expect, it } from 'vitest';
import { built, files, folder, model, photo } from './seewhy.ts';

const place = folder('watch-full-disk');
const disk = join(place, 'disk');
const checkpoints = join(place, 'checkpoints');
const COUNT = 8;
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Runs a script where disks can be mounted that end with it: as root, or in a user namespace where those are allowed. */
const withMounts = (script: string, args: readonly string[]) =>
  spawnSync('unshare', [...(process.getuid?.() === 0 ? [] : ['-r']), '-m', 'bash', '-c', script, 'bash', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });

mkdirSync(disk, { recursive: true });
mkdirSync(checkpoints);
for (let n = 1; n <= COUNT; n++) copyFileSync(model('tiny-cnn'), join(checkpoints, `epoch-${n}.onnx`));
const mountable = withMounts('mount -t tmpfs -o size=1m tmpfs "$1" && echo yes', [disk]).stdout?.trim() === 'yes';
if (!mountable)
  console.info('A full disk is not tested: this user may mount none (root may, or who has user namespaces).');

/** Watches on a disk of so many bytes, whose rest is filled at once; makes room, goes on, keeps what is there. */
const SCRIPT = `
mount -t tmpfs -o size=1m tmpfs "$1" || exit 99
head -c "$2" /dev/zero > "$1/filled"; kept="$3"; disk="$1"; shift 3
"$@" 2> "$kept/said"; echo $? > "$kept/first"
rm "$disk/filled"; mount -o remount,size=100m "$disk"
"$@" 2> "$kept/said-again"; echo $? > "$kept/second"
cp -r "$disk/logs" "$disk/out" "$kept"
`;

describe.skipIf(!mountable)('a disk that fills up while it is watched', () => {
  // Room for the first page of the record alone, for one picture, for some.
  it.each([8, 40, 110, 300])('with %i kB left: one clear error, and then each checkpoint is there once', (left) => {
    const kept = join(place, `kept-${left}`);
    mkdirSync(kept);
    const to = ['--to', `tensorboard:${disk}/logs`, '--to', `folder:${disk}/out`];
    const command = [process.execPath, built(), 'watch', checkpoints, '--images', photo('chelsea.png'), ...to];
    const strip = ['--report', join(kept, 'strip.html'), '--once', '--settle', '50'];
    const ran = withMounts(SCRIPT, [disk, String((1024 - left) * 1024), kept, ...command, ...strip]);
    expect(ran.status, ran.stderr).toBe(0);
    const said = readFileSync(join(kept, 'said'), 'utf8');
    expect(said).toMatch(
      /error '.*' could not be written: the disk is full\. Free some space or choose another disk with --to/,
    );
    expect(said).not.toMatch(/did not expect|left out/);
    expect(readFileSync(join(kept, 'second'), 'utf8').trim()).toBe('0');
    const records = readFileSync(join(kept, 'out/explanations.jsonl'), 'utf8').trim().split('\n');
    const steps = records.map((line) => (JSON.parse(line) as { step: number }).step);
    expect(steps).toEqual(Array.from({ length: COUNT }, (_, at) => at + 1));
    const images = files(join(kept, 'logs'))
      .filter((name) => name.includes('tfevents'))
      .flatMap((name) => readEvents(readFileSync(join(kept, 'logs', name))).events)
      .flatMap(({ step, values }) => values.flatMap(({ kind }) => (kind === 'image' ? [step] : [])));
    expect(images.sort((a, b) => a - b)).toEqual(steps);
    expect(readFileSync(join(kept, 'strip.html'), 'utf8').match(/<figure>/g)).toHaveLength(COUNT);
  });
});
