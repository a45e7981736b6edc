import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeNpy } from '@seewhy/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built, folder, photo, ROOT, seewhy } from './seewhy.ts';

const place = folder('keras-models');
const keras = (name: string) => join(ROOT, 'fixtures/keras', name);
beforeAll(built);
afterAll(() => rmSync(place, { recursive: true, force: true }));

const record = (name: string) => {
  const json = JSON.parse(readFileSync(keras(`${name}.keras.json`), 'utf8'));
  const decode = ({ dims, data }: { dims: number[]; data: string }) => ({
    dims,
    data: new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer),
  });
  return { image: decode(json.inputs.image), output: decode(json.outputs[0]) };
};

/** Explains the first picture of a record; predictions are Keras's own. */
async function explainsAsKeras(name: string, ...more: string[]) {
  const { image, output } = record(name);
  const size = image.data.length / image.dims[0]!;
  const picture = join(place, `${name}.npy`);
  writeFileSync(picture, encodeNpy({ dims: [1, ...image.dims.slice(1)], data: image.data.subarray(0, size) }));
  const args = ['explain', keras(`${name}.keras`), picture, '--json', '-o', join(place, name), ...more];
  const ran = await seewhy(args);
  expect(ran.code, ran.stderr).toBe(0);
  const document = JSON.parse(ran.stdout);
  for (const { index, probability } of document.results[0].predictions)
    expect(Math.abs(probability / output.data[index]! - 1)).toBeLessThan(1e-4);
  return document;
}

describe('labels and preparation of a converted model', () => {
  it('lie in the file itself', async () => {
    const home = join(place, 'converted');
    mkdirSync(join(home, 'away'), { recursive: true });
    copyFileSync(keras('grey.keras'), join(home, 'grey.keras'));
    const count = record('grey').output.dims.at(-1)!;
    const labels = Array.from({ length: count }, (_, index) => `kind ${'abcdefgh'[index]}`);
    const write = (lines: readonly string[]) => writeFileSync(join(home, 'class_names.txt'), lines.join('\n'));
    write(labels.map((label, index) => `${index}: ${label}`));
    const out = join(home, 'away/grey.onnx');
    const ran = await seewhy(['convert', join(home, 'grey.keras'), '-o', out]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('class_names.txt');
    const shown = JSON.parse((await seewhy(['inspect', out, '--json', '--size', '12x10'])).stdout);
    expect(shown.classes.labels).toEqual(labels);
    const before = JSON.parse(
      (await seewhy(['inspect', join(home, 'grey.keras'), '--json', '--size', '12x10'])).stdout,
    );
    expect(shown.preprocess).toEqual(before.preprocess);

    write([...labels, 'one more']);
    const again = await seewhy(['convert', join(home, 'grey.keras'), '-o', out, '--force', '--json']);
    expect(JSON.parse(again.stdout).labels).toBeNull();
    expect(again.stderr).toContain(`the model has ${count} classes`);
  });
});

describe('a Keras model with one channel and an open size', () => {
  it('takes --size', async () => {
    const document = await explainsAsKeras('grey', '--size', '12x10');
    expect(document.results[0].map).toMatchObject({ height: 12, width: 10 });
    const shown = JSON.parse((await seewhy(['inspect', keras('grey.keras'), '--size', '12x10', '--json'])).stdout);
    expect(shown.image).toMatchObject({ layout: 'NHWC', channels: 1, height: 12, width: 10 });
  });

  it('takes the usual size without it', async () => {
    const ran = await seewhy(['explain', keras('grey.keras'), photo('camera.png'), '-o', join(place, 'free')]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toContain("leaves the picture's size free; 224 × 224 is used");
  });
});

describe('a Keras model in mixed precision', () => {
  it('says that it is computed in float32', async () => {
    const document = await explainsAsKeras('mixed');
    expect(document.notices).toContainEqual(expect.stringMatching(/mixed_float16 .*float32/));
    expect((await seewhy(['inspect', keras('mixed.keras')])).stdout).toContain('The file says mixed_float16');
  });
});

it('a layer that does nothing at inference is called by its name, and stands for what it passes on', async () => {
  const model = join(ROOT, 'fixtures/tf-explain/ties.h5');
  const ran = await seewhy([
    'explain',
    model,
    photo('camera.png'),
    '--layer',
    'drop',
    '--json',
    '-o',
    join(place, 'drop'),
  ]);
  expect(ran.code, ran.stderr).toBe(0);
  expect(JSON.parse(ran.stdout).results[0].layers).toMatchObject([{ name: 'conv' }]);
});

it('the weights manifest of face-api is told from a model and from an ONNX file', async () => {
  const path = join(place, 'face-weights_manifest.json');
  writeFileSync(path, JSON.stringify([{ weights: [{ name: 'a', shape: [1], dtype: 'float32' }], paths: ['a.bin'] }]));
  const ran = await seewhy(['inspect', path]);
  expect(ran.code).not.toBe(0);
  expect(ran.stderr).toMatch(/lists the weights of a TensorFlow\.js model, without the model/);
});
