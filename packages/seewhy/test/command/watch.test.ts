import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvents } from '@seewhy/training';
import { findCheckpoints, stepInName } from '@seewhy/training/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonPeers } from '../../../../tools/test-support/require.ts';
import { rankCorrelation } from '../../src/film-strip/rank-correlation.ts';
import { loadSharp } from '../../src/picture/sharp.ts';
import { built, files, folder, model, photo, ROOT, seewhy } from './seewhy.ts';

const place = folder('watch');
const script = (name: string) => join(ROOT, 'tools/training', name);
beforeAll(built);
afterAll(() => rmSync(place, { recursive: true, force: true }));

const fresh = (name: string) => {
  const path = join(place, name);
  mkdirSync(path, { recursive: true });
  return path;
};
/** Records of `folder:` outputs. */
const records = (path: string) =>
  readFileSync(join(path, 'explanations.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { step: number; tag: string; target: { value: number }; scalars: { norm: number } },
    );

/** `step tag` of every image in a folder's event files. */
const imagesIn = (path: string) =>
  files(path)
    .filter((name) => name.includes('tfevents'))
    .flatMap((name) => readEvents(readFileSync(join(path, name))).events)
    .flatMap(({ step, values }) => values.filter(({ kind }) => kind === 'image').map(({ tag }) => `${step} ${tag}`));

describe('the number in a checkpoint’s name', () => {
  it.each([
    ['epoch-07.onnx', 7],
    ['weights.05-0.83.keras', 5],
    ['resnet50-03.onnx', 3],
    ['run/epoch=12-step=340.onnx', 12],
    ['efficientnet_b0_ep4.onnx', 4],
    ['ckpt_100/model.json', 100],
    ['model.onnx', undefined],
    ['vgg16.h5', undefined],
    ['best-0.91.keras', undefined],
  ])('of %s is %s', (name, step) => expect(stepInName(name)).toBe(step));
});

describe('rank correlation', () => {
  it('is that of SciPy, ties sharing their rank', () => {
    // scipy.stats.spearmanr([1, 2, 2, 4, 5], [2, 1, 3, 3, 9]) = 0.7631578947368421
    expect(rankCorrelation(Float32Array.of(1, 2, 2, 4, 5), Float32Array.of(2, 1, 3, 3, 9))).toBeCloseTo(
      0.7631578947368421,
      12,
    );
    expect(rankCorrelation(Float32Array.of(1, 2, 3), Float32Array.of(9, 4, 1))).toBe(-1);
    expect(rankCorrelation(Float32Array.of(1, 1, 1), Float32Array.of(9, 4, 1))).toBeUndefined();
  });
});

describe('seewhy watch', () => {
  it('explains what is there in order, once, and later only what is new', async () => {
    const path = fresh('once');
    const out = join(place, 'once-out');
    for (const n of [1, 2, 10]) {
      copyFileSync(model('tiny-cnn'), join(path, `epoch-${n}.onnx`));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const args = ['watch', path, '--images', photo('chelsea.png'), '--to', `folder:${out}`, '--once', '--settle', '50'];
    const first = await seewhy(args);
    expect(first.code).toBe(0);
    expect(records(out).map(({ step }) => step)).toEqual([1, 2, 10]);
    expect(files(out)).toContain('gradcam-chelsea.00010.png');
    copyFileSync(model('tiny-cnn'), join(path, 'epoch-11.onnx'));
    // The same name with new contents is a checkpoint of its own.
    copyFileSync(model('tiny-opset9'), join(path, 'epoch-1.onnx'));
    const second = await seewhy(args);
    expect(second.stderr).toContain('2 checkpoints explained');
    expect(records(out).map(({ step }) => step)).toEqual([1, 2, 10, 11, 12]);
    expect((await seewhy(args)).stderr).toContain('0 checkpoints explained');
  });

  it('waits for a file that is half written, keeps the order, and ends at Ctrl-C', async () => {
    const path = fresh('half');
    const logs = join(place, 'half-logs');
    const bytes = readFileSync(model('tiny-cnn'));
    writeFileSync(join(path, 'epoch-1.onnx'), bytes.subarray(0, bytes.length >> 1));
    let seen = '';
    let written = false;
    let stopped = false;
    const ran = await seewhy(
      ['watch', path, '--images', photo('chelsea.png'), '--to', `tensorboard:${logs}`, '--settle', '300'],
      {
        onOutput: (text, kill) => {
          seen += text;
          if (!written && seen.includes('Watching')) {
            written = true;
            setTimeout(() => copyFileSync(model('tiny-cnn'), join(path, 'epoch-2.onnx')), 300);
            setTimeout(() => writeFileSync(join(path, 'epoch-1.onnx'), bytes), 2500);
          }
          if (!stopped && seen.includes('epoch-1.onnx') && seen.includes('epoch-2.onnx')) {
            stopped = true;
            kill('SIGINT');
          }
        },
      },
    );
    expect(ran.code).toBe(0);
    // Written again it is the younger of the two.
    expect(ran.stderr).toMatch(
      /step 2 {2}epoch-2\.onnx[\s\S]*step 3 {2}epoch-1\.onnx|step 1 {2}epoch-1\.onnx[\s\S]*step 2 {2}epoch-2\.onnx/,
    );
    const [events] = files(logs).filter((name) => name.includes('tfevents'));
    const read = readEvents(readFileSync(join(logs, events!)));
    expect(read.end).toBe('whole');
    expect(read.events.filter(({ values }) => values.some(({ kind }) => kind === 'image'))).toHaveLength(2);
  });

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

  it('says once that files of weights alone are left out, and what to save instead', async () => {
    const path = fresh('weights');
    for (const n of [1, 2]) writeFileSync(join(path, `epoch-${n}.weights.h5`), 'x');
    copyFileSync(model('tiny-cnn'), join(path, 'epoch-3.onnx'));
    const to = [
      '--images',
      photo('chelsea.png'),
      '--to',
      `folder:${join(place, 'weights-out')}`,
      '--once',
      '--settle',
      '50',
    ];
    for (const [watched, explained] of [
      [path, '1 checkpoint explained'],
      [join(path, 'epoch-2.weights.h5'), '0 checkpoints explained'],
    ] as const) {
      const ran = await seewhy(['watch', watched, ...to]);
      expect(ran.code).toBe(0);
      expect(ran.stderr.match(/left out .*\.weights\.h5 .*save_weights_only/g)).toHaveLength(1);
      expect(ran.stderr).toContain(explained);
    }
  });

  it('leaves out a file that never becomes whole, says why, and goes on', async () => {
    const path = fresh('broken');
    writeFileSync(join(path, 'epoch-1.onnx'), 'no model');
    const old = new Date(Date.now() - 60_000);
    utimesSync(join(path, 'epoch-1.onnx'), old, old);
    copyFileSync(model('tiny-cnn'), join(path, 'epoch-2.onnx'));
    const out = join(place, 'broken-out');
    const ran = await seewhy([
      'watch',
      path,
      '--images',
      photo('chelsea.png'),
      '--to',
      `folder:${out}`,
      '--once',
      '--settle',
      '50',
    ]);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toMatch(/left out epoch-1\.onnx: /);
    expect(records(out).map(({ step }) => step)).toEqual([2]);
  });

  it.each([
    [['--to', 'nowhere:x'], "--to does not take 'nowhere:x'"],
    [['--report', 'strip.pdf'], "--report does not take 'strip.pdf'"],
    [['-m', 'gradcan'], "There is no method 'gradcan'"],
    [['-l', 'nolayer', '--once'], "The model has no layer 'nolayer'"],
  ])('says what is wrong with %s', async (more, says) => {
    const path = fresh('usage');
    copyFileSync(model('tiny-cnn'), join(path, 'epoch-1.onnx'));
    const ran = await seewhy(['watch', path, '--images', photo('chelsea.png'), ...more], { cwd: fresh('usage-cwd') });
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(says);
  });

  it('refuses a damaged record of what was done', async () => {
    const out = fresh('state-out');
    writeFileSync(join(out, '.seewhy-watch.json'), '{"schema": "other"}');
    const ran = await seewhy([
      'watch',
      fresh('state'),
      '--images',
      photo('chelsea.png'),
      '--to',
      `folder:${out}`,
      '--once',
    ]);
    expect(ran.stderr).toContain('The record of what was explained cannot be read');
    expect(ran.code).toBe(2);
  });

  it('gives the best checkpoint so far tags of its own: the epochs keep their numbers', async () => {
    const path = fresh('best');
    const [out, logs, report] = [join(place, 'best-out'), join(place, 'best-logs'), join(place, 'best.html')];
    const args = ['watch', path, '--images', photo('chelsea.png'), '--once', '--settle', '50', '--report', report];
    args.push('--to', `folder:${out}`, '--to', `tensorboard:${logs}`);
    for (const name of ['epoch-4.onnx', 'best.onnx', 'epoch-5.onnx', 'best.onnx']) {
      copyFileSync(model('tiny-cnn'), join(path, name));
      expect((await seewhy(args)).code).toBe(0);
    }
    const expected = ['4 gradcam/chelsea', '4 best/gradcam/chelsea', '5 gradcam/chelsea', '5 best/gradcam/chelsea'];
    expect(records(out).map(({ step, tag }) => `${step} ${tag}`)).toEqual(expected);
    expect(imagesIn(logs).sort()).toEqual([...expected].sort());
    expect(files(out)).toEqual(expect.arrayContaining(['gradcam-chelsea.00004.png', 'best-gradcam-chelsea.00004.png']));
    const page = readFileSync(report, 'utf8');
    expect(page.match(/<figure>/g)).toHaveLength(4);
    expect(page.match(/<h2>[^<]*/g)).toEqual(['<h2>gradcam/chelsea', '<h2>best/gradcam/chelsea']);
  });

  it('ends with a film strip over all checkpoints, also those of an earlier run', async () => {
    const path = fresh('strip');
    const out = join(place, 'strip-out');
    const report = join(place, 'strip.html');
    const args = ['watch', path, '--images', photo('chelsea.png'), '-m', 'gradcam,saliency', '--to', `folder:${out}`];
    copyFileSync(model('tiny-cnn'), join(path, 'epoch-1.onnx'));
    await seewhy([...args, '--once', '--settle', '50', '--report', report]);
    for (const n of [2, 3]) copyFileSync(model('tiny-cnn'), join(path, `epoch-${n}.onnx`));
    const ran = await seewhy([...args, '--once', '--settle', '50', '--report', report]);
    expect(ran.stderr).toContain(`Film strip: ${report}`);
    const page = readFileSync(report, 'utf8');
    expect(page.match(/<figure>/g)).toHaveLength(6);
    // The same model each time: the same maps.
    expect(page.match(/like the one before: 1\.000/g)).toHaveLength(4);
    expect(page).not.toMatch(/https?:/);
    const sharp = await loadSharp();
    if (sharp)
      expect((await sharp(readFileSync(join(place, 'strip.gif')), { animated: true }).metadata()).pages).toBe(3);
  });
});

describe('a TensorFlow.js folder', () => {
  it('is explained like any other checkpoint', async () => {
    cpSync(join(ROOT, 'fixtures/keras/tfjs-float32'), join(place, 'layers/epoch-5'), { recursive: true });
    const out = join(place, 'layers-out');
    const to = ['--to', `folder:${out}`, '--once', '--settle', '50'];
    const ran = await seewhy(['watch', join(place, 'layers'), '--images', photo('chelsea.png'), ...to]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(records(out).map(({ step }) => step)).toEqual([5]);
  });

  it('is one checkpoint, whole with its shards', async () => {
    const path = fresh('tfjs/epoch-4');
    writeFileSync(join(path, 'model.json'), '{}');
    writeFileSync(join(path, 'group1-shard1of1.bin'), 'x');
    const [one, ...rest] = await findCheckpoints(join(place, 'tfjs'));
    expect(rest).toEqual([]);
    expect(one).toMatchObject({ name: 'epoch-4/model.json' });
    writeFileSync(join(path, 'group1-shard1of1.bin'), 'xy');
    expect((await findCheckpoints(join(place, 'tfjs')))[0]!.signature).not.toBe(one!.signature);
  });
});

/** Σ g² of an epoch's reference gradient, as its norm. */
const norms = (path: string): number[] =>
  Object.values(JSON.parse(readFileSync(path, 'utf8')) as Record<string, number[]>).map((gradient) =>
    Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0)),
  );

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
    const ran = await seewhy([
      'watch',
      path,
      '--images',
      `${path}.npy`,
      '-m',
      'saliency',
      '-t',
      '0',
      '--to',
      `folder:${out}`,
      '--idle',
      '6',
      '--settle',
      '200',
    ]);
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
    const ran = await seewhy([
      'watch',
      path,
      '--images',
      `${path}.npy`,
      '-m',
      'saliency',
      '-t',
      '0',
      '--to',
      `folder:${out}`,
      '--once',
      '--settle',
      '50',
    ]);
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

async function until(holds: () => boolean, every = 100): Promise<void> {
  const begin = Date.now();
  while (!holds()) {
    if (Date.now() - begin > 240_000) throw new Error('waited for four minutes');
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
