import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonPeers } from '../../../../tools/test-support/require.ts';
import { built, files, folder, ROOT, seewhy } from './seewhy.ts';
import { records, until } from './watch-folders.ts';

const place = folder('watch-training');
const script = (name: string) => join(ROOT, 'tools/training', name);
beforeAll(built);
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Σ g² of an epoch's reference gradient, as its norm. */
const norms = (path: string): number[] =>
  Object.values(JSON.parse(readFileSync(path, 'utf8')) as Record<string, number[]>).map((gradient) =>
    Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0)),
  );

/** `seewhy watch` over the folder of a training, with its pictures. */
const watched = (path: string, out: string, ...more: string[]) =>
  seewhy(['watch', path, '--images', `${path}.npy`, '-m', 'saliency', '-t', '0', '--to', `folder:${out}`, ...more]);

const torch = pythonPeers('torch');
describe.skipIf(!torch)('beside a PyTorch training', () => {
  it('explains each epoch while it runs, with the gradient that torch has', async () => {
    const path = join(place, 'torch');
    const training = spawn(torch!, ['-W', 'ignore', script('train_torch.py'), path, '4', '1.5', '--reference'], {
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => training.on('exit', resolve));
    await until(() => files(place).includes('torch.npy'));
    const out = join(place, 'torch-out');
    const ran = await watched(path, out, '--idle', '6', '--settle', '200');
    expect(ran.code).toBe(0);
    expect(await ended).toBe(0);
    const done = records(out);
    expect(done.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    const expected = norms(`${path}.json`);
    for (const [at, { scalars }] of done.entries())
      expect(Math.abs(scalars.norm / expected[at]! - 1)).toBeLessThan(1e-4);
  });
});

const tensorflow = pythonPeers('tensorflow');
describe.skipIf(!tensorflow)('beside a Keras training', () => {
  it('explains what ModelCheckpoint wrote, with the gradient that TensorFlow has', async () => {
    const path = join(place, 'keras');
    const { status, stderr } = spawnSync(tensorflow!, [script('train_keras.py'), path, '3', '--reference'], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    const out = join(place, 'keras-out');
    const ran = await watched(path, out, '--once', '--settle', '50');
    expect(ran.stderr).toContain('4 checkpoints explained');
    const done = records(out);
    // best.h5 is the last epoch's model once more: no step of the training.
    expect(done.map(({ step }) => step)).toEqual([1, 2, 3, 3]);
    expect(done.map(({ tag }) => tag.startsWith('best/'))).toEqual([false, false, false, true]);
    const expected = norms(`${path}.json`);
    expected.push(expected[2]!);
    for (const [at, { scalars }] of done.entries())
      expect(Math.abs(scalars.norm / expected[at]! - 1)).toBeLessThan(1e-4);
  });
});
