import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { model, photo, portable, seewhy } from './seewhy.ts';

const cnn = model('tiny-cnn');
const cat = photo('chelsea.png');
const scratch = mkdtempSync(join(tmpdir(), 'seewhy-usage-'));
writeFileSync(join(scratch, 'five.txt'), 'tabby cat\ntiger cat\nlynx\ndog\nbird, robin\n');
writeFileSync(join(scratch, 'four.txt'), 'a\nb\nc\nd\n');
writeFileSync(join(scratch, 'text.jpg'), 'this is no picture');
writeFileSync(join(scratch, 'model.h5'), '\u0089HDF\r\n\u001a\n0000');
const five = join(scratch, 'five.txt');
const own = join(scratch, 'own/own.onnx');
mkdirSync(join(own, '..'));
copyFileSync(cnn, own);
copyFileSync(cat, join(scratch, '-cat.png'));

/** What a mistyped command says: exit code and the sentence. */
const WRONG: [title: string, args: string[], code: number][] = [
  ['no command', [], 2],
  ['a command misspelt', ['explan', cnn, cat], 2],
  ['no model', ['explain'], 2],
  ['no picture', ['explain', cnn], 2],
  ['model not there', ['explain', join(scratch, 'model.onnx'), cat], 2],
  ['model misspelt', ['explain', model('tiny-cnm'), cat], 2],
  ['model is a folder', ['inspect', join(cnn, '..')], 2],
  ['picture not there', ['explain', cnn, photo('chelsae.png')], 2],
  ['option misspelt', ['explain', cnn, cat, '--metod', 'gradcam'], 2],
  ['option without value', ['explain', cnn, cat, '-m'], 2],
  ['method misspelt', ['explain', cnn, cat, '-m', 'gradcan'], 2],
  ['method left empty', ['explain', cnn, cat, '-m', ''], 2],
  ['methods that are only commas', ['bench', cnn, '-m', ' , '], 2],
  ['layer left empty', ['explain', cnn, cat, '-l', ''], 2],
  ['picture in the place of the model', ['explain', cat, cnn], 2],
  ['address in the place of the model', ['inspect', 'https://example.org/model.onnx'], 2],
  ['file whose name begins with a dash', ['explain', cnn, '-cat.png'], 2],
  ['class index out of range', ['explain', cnn, cat, '-t', '5'], 2],
  ['label misspelt', ['explain', cnn, cat, '-t', 'tigre cat', '--labels', five], 2],
  ['label without labels', ['explain', cnn, cat, '-t', 'tiger cat'], 2],
  ['more classes than there are', ['explain', cnn, cat, '-t', 'top:6'], 2],
  ['layer misspelt', ['explain', cnn, cat, '-l', 'features.11'], 2],
  ['layer without spatial extent', ['explain', cnn, cat, '-l', 'output'], 2],
  ['kind of file misspelt', ['explain', cnn, cat, '--save', 'overlya'], 2],
  ['colormap misspelt', ['explain', cnn, cat, '--colormap', 'virids'], 2],
  ['preset misspelt', ['explain', cnn, cat, '--preset', 'pytorch-gradcam'], 2],
  ['preprocessing misspelt', ['explain', cnn, cat, '--preprocess', 'imagent'], 2],
  ['preprocessing file not there', ['explain', cnn, cat, '--preprocess', './nope.json'], 2],
  ['preprocessing that is not JSON', ['explain', cnn, cat, '--preprocess', five], 2],
  ['score misspelt', ['explain', cnn, cat, '--score', 'logits'], 2],
  ['fusion misspelt', ['explain', cnn, cat, '--fusion', 'maximum'], 2],
  ['size that is none', ['explain', cnn, cat, '--size', '22x'], 2],
  ['size of a model whose size is fixed', ['explain', cnn, cat, '--size', '300x320'], 2],
  ['opacity above 1', ['explain', cnn, cat, '--opacity', '2'], 2],
  ['batch of 0', ['explain', cnn, cat, '--batch', '0'], 2],
  ['labels file of another model', ['explain', cnn, cat, '--labels', join(scratch, 'four.txt')], 2],
  ['labels file not there', ['explain', cnn, cat, '--labels', join(scratch, 'none.txt')], 2],
  ['input that the model has not', ['explain', cnn, cat, '--input', 'vector=x.npy'], 2],
  ['input without file', ['explain', cnn, cat, '--input', 'vector'], 2],
  ['further input not given', ['explain', model('tiny-two-inputs'), cat], 2],
  ['image input misspelt', ['explain', cnn, cat, '--input-name', 'imag'], 2],
  ['gate with an unknown field', ['explain', cnn, cat, '--fail-on', 'probabilty < 0.5'], 2],
  ['gate cut off', ['explain', cnn, cat, '--fail-on', 'probability <'], 2],
  ['gate with code', ['explain', cnn, cat, '--fail-on', 'process.exit(1)'], 2],
  ['one file for two results', ['explain', cnn, cat, photo('coffee.png'), '-o', join(scratch, 'x.png')], 2],
  ['file of an unknown kind', ['explain', cnn, cat, '-o', join(scratch, 'x.jpg')], 2],
  ['two kinds in one file', ['explain', cnn, cat, '-o', join(scratch, 'x.png'), '--save', 'overlay,map'], 2],
  ['json and jsonl', ['explain', cnn, cat, '--json', '--jsonl'], 2],
  ['pattern that matches nothing', ['explain', cnn, join(scratch, '*.webp')], 2],
  ['folder without pictures', ['explain', cnn, join(cnn, '..')], 2],
  ['address', ['explain', cnn, 'https://example.org/cat.png'], 2],
  ['standard input twice', ['explain', cnn, '-', '-'], 2],
  ['standard input empty', ['explain', cnn, '-', '-o', scratch], 4],
  ['text file as picture', ['explain', cnn, join(scratch, 'text.jpg'), '-o', scratch, '--preprocess', 'unit'], 4],
  ['text file as model', ['inspect', five], 3],
  ['Keras file as model', ['inspect', join(scratch, 'model.h5')], 3],
  ['CAM on a head that is not linear', ['explain', model('tiny-vit'), cat, '-m', 'cam', '-o', scratch], 3],
  ['compile without out', ['compile', cnn], 2],
  ['compile to something else', ['compile', cnn, '-o', join(scratch, 'x.txt')], 2],
  ['compile onto the model itself', ['compile', own, '-o', `${scratch}/own/../own/own.onnx`, '--force'], 2],
  ['compile for two classes', ['compile', cnn, '-o', join(scratch, 'x.onnx'), '-t', 'top:2'], 2],
  ['method that is none', ['methods', 'gradcamm'], 2],
  ['verify of two pictures', ['verify', cnn, photo('')], 2],
];

describe('what a mistake says', () => {
  it.each(WRONG)('%s', async (_, args, code) => {
    const ran = await seewhy(args, { cwd: scratch });
    expect({ code: ran.code, says: portable(ran.stderr, scratch), stdout: ran.stdout }).toMatchSnapshot();
    expect(ran.code).toBe(code);
    expect(ran.stderr).not.toMatch(/did not expect|undefined|\[object|at .*\.js:\d+/);
  });
});

it('leaves a model as it was that is named as the file to write', () => {
  expect(readFileSync(own).equals(readFileSync(cnn))).toBe(true);
});

it('offers the devices that are there', async () => {
  const { code, stderr } = await seewhy(['explain', cnn, cat, '--device', 'gpu'], { cwd: scratch });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /The device 'gpu' is not available here\..* Available: cpu, .*wasm\. 'seewhy doctor' tells more\./,
  );
});

describe('help', () => {
  it.each(['explain', 'inspect', 'methods', 'compile', 'verify', 'bench', 'doctor'])(
    'of %s has examples',
    async (verb) => {
      const { code, stdout } = await seewhy([verb, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('Examples:');
      expect(stdout).toContain(`$ seewhy ${verb}`);
    },
  );

  it('prints the version', async () => {
    const { code, stdout } = await seewhy(['--version']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});
