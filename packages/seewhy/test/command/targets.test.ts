import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { explanationDocument } from '../../src/schema.ts';
import { files, folder, model, photo, seewhy } from './seewhy.ts';

const cnn = model('tiny-cnn');
const segmentation = model('tiny-segmentation');
const cat = photo('chelsea.png');
const scratch = folder('targets');
const five = join(scratch, 'five.txt');
let round = 0;
const out = () => join(scratch, `out${++round}`);
let size = { width: 0, height: 0 };

const documented = async (...args: string[]) => {
  const ran = await seewhy(['explain', ...args, '--json', '--save', 'json', '-o', out()]);
  expect(ran.stderr).not.toContain('at Object');
  const document = explanationDocument.parse(JSON.parse(ran.stdout));
  return { ...ran, document, targets: document.results.map(({ target }) => target) };
};
const said = async (...args: string[]) => {
  const ran = await seewhy(['explain', ...args, '-o', out()]);
  return { code: ran.code, text: ran.stderr.trim() };
};

beforeAll(async () => {
  writeFileSync(five, 'tabby\ntiger cat\nlynx\nt-shirt\nc++\n');
  const { width, height } = await sharp(cat).metadata();
  size = { width: width!, height: height! };
  const mask = (w: number, h: number, bright: number) =>
    sharp({ create: { width: w, height: h, channels: 3, background: { r: bright, g: bright, b: bright } } })
      .png()
      .toBuffer();
  mkdirSync(join(scratch, 'set/masks'), { recursive: true });
  writeFileSync(join(scratch, 'white.png'), await mask(size.width, size.height, 255));
  writeFileSync(join(scratch, 'black.png'), await mask(size.width, size.height, 0));
  writeFileSync(join(scratch, 'small.png'), await mask(10, 10, 255));
  writeFileSync(join(scratch, 'set/masks/all.png'), await mask(size.width, size.height, 255));
  writeFileSync(join(scratch, 'set/a.png'), readFileSync(cat));
  writeFileSync(join(scratch, 'set/b.png'), readFileSync(photo('rocket.jpg')));
});

describe('targets on the command line', () => {
  it('sums, the runner-up, elements and similarity: a value, a label, file names', async () => {
    const args = ['tabby+c++', 'runner-up', 't-shirt-runner-up', 'output[3]', `similar:${photo('rocket.jpg')}`];
    const { code, document, targets } = await documented(cnn, cat, '--labels', five, ...args.flatMap((t) => ['-t', t]));
    expect(code).toBe(0);
    expect(targets.map(({ kind }) => kind)).toEqual(['sum', 'contrast', 'contrast', 'element', 'similar']);
    expect(targets.map(({ asked }) => asked)).toEqual(args);
    expect(targets[0]).toMatchObject({ text: 'tabby + c++', slug: '0+4', score: 'logit' });
    expect(targets[2]!.index).toBe(3);
    expect(targets[2]!.text).toMatch(/^t-shirt against /);
    expect(targets[3]).toMatchObject({ index: -1, text: 'output[3]', logit: null, probability: null, score: 'value' });
    expect(targets[4]).toMatchObject({ text: 'similar to rocket.jpg', slug: 'similar-rocket.jpg' });
    const logits = new Map(document.results[0]!.predictions.map(({ index, logit }) => [index, logit!]));
    expect(targets[0]!.value).toBeCloseTo(logits.get(0)! + logits.get(4)!, 4);
    expect(targets[3]!.value).toBeCloseTo(
      document.results[0]!.predictions.find(({ index }) => index === 3)!.probability!,
      5,
    );
    expect(targets[4]!.value).toBeLessThanOrEqual(1);
  });

  it('a picture is similar to itself by 1', async () => {
    const { targets } = await documented(cnn, cat, '-t', `similar:${cat}`);
    expect(targets[0]!.value).toBeCloseTo(1, 5);
  });

  it('log-odds are those of the probability', async () => {
    const { targets } = await documented(cnn, cat, '-t', '2', '--score', 'log-odds');
    const { probability } = targets[0]!;
    expect(targets[0]!.value).toBeCloseTo(Math.log(probability! / (1 - probability!)), 4);
  });

  it('a class at a pixel, and over a mask: everything white is the class itself', async () => {
    const { width, height } = size;
    const [at, over] = [`1@${width >> 1}:${height >> 1}`, `1@${join(scratch, 'white.png')}`];
    const { targets, document } = await documented(
      segmentation,
      cat,
      '-t',
      at,
      '-t',
      over,
      '-t',
      '1',
      '--preprocess',
      'unit',
    );
    expect(document.failures).toEqual([]);
    expect(targets[0]).toMatchObject({ kind: 'position', text: `class 1 at ${width >> 1}:${height >> 1}` });
    expect(targets[0]!.slug).toBe(`1-at-${width >> 1}-${height >> 1}`);
    expect(targets[1]).toMatchObject({ kind: 'region', text: 'class 1 in white.png', slug: '1-in-white.png' });
    expect(targets[1]!.value).toBeCloseTo(targets[2]!.value!, 4);
  });

  it('each row of a manifest its own, files beside it; an unknown one fails its row alone', async () => {
    const rows = 'path,target\na.png,2\nb.png,"0+1"\na.png,\n';
    writeFileSync(join(scratch, 'set/rows.csv'), rows);
    const { targets, code } = await documented(cnn, join(scratch, 'set/rows.csv'), '--batch', '2');
    expect(code).toBe(0);
    expect(targets.map(({ slug }) => slug).slice(0, 2)).toEqual(['2', '0+1']);
    writeFileSync(join(scratch, 'set/masks.csv'), 'path,target\na.png,1@masks/all.png\nb.png,lion\n');
    const masked = await documented(segmentation, join(scratch, 'set/masks.csv'));
    expect(masked.code).toBe(4);
    expect(masked.targets.map(({ text }) => text)).toEqual(['class 1 in all.png']);
    expect(masked.document.failures[0]!.error.code).toBe('TARGET_UNKNOWN');
    // A flag is for all pictures.
    const flagged = await documented(cnn, join(scratch, 'set/rows.csv'), '-t', '3');
    expect(new Set(flagged.targets.map(({ slug }) => slug))).toEqual(new Set(['3']));
  });

  it('names of files and a dry run', async () => {
    const to = out();
    await seewhy(['explain', segmentation, cat, '-t', '1@20:30', '--preprocess', 'unit', '-o', to]);
    expect(files(to)).toEqual(['chelsea.gradcam.1-at-20-30.json', 'chelsea.gradcam.1-at-20-30.png']);
    const dry = await seewhy(['explain', segmentation, cat, '-t', '1@20:30', '--dry-run', '--json']);
    expect(JSON.parse(dry.stdout).targets).toEqual(['1@20:30']);
  });

  it.each([
    ['a pixel outside', ['1@99999:3'], 4, /'1@99999:3' cannot be explained: the picture has \d+x\d+ pixels/],
    ['a place on a classifier', ['1@3:3'], 2, /has no positions/, cnn],
    ['an unknown class at a place', ['road@3:3'], 2, /'road' is not a class index/],
    ['a class that does not exist', ['9999@3:3'], 2, /Class 9999 does not exist/],
    ['a mask that is missing', ['1@no.png'], 4, /no\.png/],
    ['a number outside of an output', ['output[7]'], 2, /there is no \[7\]/, cnn],
    ['a value that nothing has', ['outputs[1]'], 2, /no value or layer 'outputs'/, cnn],
    ['a second picture that is missing', ['similar:no.jpg'], 4, /no\.jpg/, cnn],
  ] as [string, string[], number, RegExp, string?][])('%s', async (_, [target], code, text, path = segmentation) => {
    const found = await said(path, cat, '-t', target!);
    expect(found.text).toMatch(text);
    expect(found.code).toBe(code);
  });

  it('masks of another size, black, or not seen', async () => {
    for (const [file, why] of [
      ['small.png', /the mask has 10x10 pixels/],
      ['black.png', /black everywhere/],
    ] as const) {
      const found = await said(segmentation, cat, '-t', `1@${join(scratch, file)}`);
      expect(found).toMatchObject({ code: 4, text: expect.stringMatching(why) });
    }
  });

  it('verify reads values and sums, not places', async () => {
    for (const target of ['output[1]', '0+2', 'runner-up']) {
      const { code, stdout } = await seewhy(['verify', cnn, '-t', target, '--directions', '2', '--json']);
      expect([code, JSON.parse(stdout).verdict]).toEqual([0, 'correct']);
    }
    const { code, stderr } = await seewhy(['verify', cnn, '-t', `similar:${cat}`]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is read with a picture at hand')]);
  });
});
