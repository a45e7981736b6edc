import { spawn } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built, files, folder, model, photo, ROOT, seewhy } from './seewhy.ts';
import { foldersIn, imagesIn, records, until } from './watch-folders.ts';

const place = folder('watch-killed');
const fresh = foldersIn(place);
beforeAll(built);
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('seewhy watch', () => {
  it('killed while it writes, and started again, it writes each checkpoint once', async () => {
    const path = fresh('killed');
    const [out, logs] = [join(place, 'killed-out'), join(place, 'killed-logs')];
    for (const n of [1, 2, 3]) {
      copyFileSync(model('tiny-cnn'), join(path, `epoch-${n}.onnx`));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const methods = [
      'gradcam',
      'layercam',
      'hirescam',
      'xgradcam',
      'gradcam++',
      'saliency',
      'gradient-x-input',
      'eigencam',
    ];
    const photos = ['chelsea.png', 'coffee.png'].map(photo);
    const args = [
      'watch',
      path,
      ...photos.flatMap((name) => ['--images', name]),
      '-m',
      methods.join(','),
      '--once',
      '--settle',
      '50',
    ];
    args.push('--to', `folder:${out}`, '--to', `tensorboard:${logs}`, '--report', join(place, 'killed.html'));
    const wanted = photos.length * methods.length;
    const lines = () => {
      const name = join(out, 'explanations.jsonl');
      return files(out).includes('explanations.jsonl') ? readFileSync(name, 'utf8').split('\n').length - 1 : 0;
    };
    // Killed within the records of the first checkpoint, then of the second, then of the third.
    for (const epoch of [0, 1, 2]) {
      const child = spawn(process.execPath, [built(), ...args], { cwd: ROOT, stdio: 'ignore' });
      const gone = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
      await until(() => lines() > epoch * wanted || child.exitCode !== null, 1);
      child.kill('SIGKILL');
      expect(await gone).toBe('SIGKILL');
      const state = JSON.parse(readFileSync(join(out, '.seewhy-watch.json'), 'utf8'));
      expect(state.begun).toMatchObject({ name: `epoch-${epoch + 1}.onnx`, step: epoch + 1 });
      // A line that was cut off by the kill.
      writeFileSync(join(out, 'explanations.jsonl'), '{"step": 1, "pic', { flag: 'a' });
    }
    expect((await seewhy(args)).code).toBe(0);
    const keys = records(out).map(({ step, tag }) => `${step} ${tag}`);
    expect(keys).toHaveLength(3 * wanted);
    expect(new Set(keys).size).toBe(3 * wanted);
    expect(imagesIn(logs)).toHaveLength(3 * wanted);
    expect(new Set(imagesIn(logs)).size).toBe(3 * wanted);
    expect(readFileSync(join(place, 'killed.html'), 'utf8').match(/<figure>/g)).toHaveLength(3 * wanted);
  });

  it('killed after it wrote and before it remembered, it writes nothing twice', async () => {
    const path = fresh('late');
    const [out, logs] = [join(place, 'late-out'), join(place, 'late-logs')];
    copyFileSync(model('tiny-cnn'), join(path, 'epoch-4.onnx'));
    const args = ['watch', path, '--images', photo('chelsea.png'), '--once', '--settle', '50'];
    args.push('--to', `folder:${out}`, '--to', `tensorboard:${logs}`);
    await seewhy(args);
    const state = join(out, '.seewhy-watch.json');
    const json = JSON.parse(readFileSync(state, 'utf8'));
    expect(json).not.toHaveProperty('begun');
    writeFileSync(state, JSON.stringify({ ...json, done: [], begun: json.done[0] }));
    const again = await seewhy(args);
    expect(again.stderr).toContain('step 4  epoch-4.onnx');
    expect(records(out).map(({ step }) => step)).toEqual([4]);
    expect(imagesIn(logs)).toEqual(['4 gradcam/chelsea']);
    expect(JSON.parse(readFileSync(state, 'utf8'))).toEqual(json);
  });
});
