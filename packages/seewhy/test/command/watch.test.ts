import { copyFileSync, cpSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvents } from '@seewhy/training';
import { findCheckpoints } from '@seewhy/training/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSharp } from '../../src/picture/sharp.ts';
import { built, files, folder, model, photo, ROOT, seewhy } from './seewhy.ts';
import { foldersIn, imagesIn, records } from './watch-folders.ts';

const place = folder('watch');
const fresh = foldersIn(place);
beforeAll(built);
afterAll(() => rmSync(place, { recursive: true, force: true }));

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
