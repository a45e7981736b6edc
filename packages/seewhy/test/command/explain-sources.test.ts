import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeNpy } from '@seewhy/core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { explanationDocument, explanationRecord } from '../../src/schema.ts';
import { cat, cnn, explainPhotos, json, known, layOut, npy, out, scratch } from './explain-setup.ts';
import { files, model, photo, seewhy } from './seewhy.ts';

beforeAll(layOut);

describe('what is read', () => {
  it('a picture from standard input', async () => {
    const to = out();
    const { code } = await seewhy(['explain', cnn, '-', ...known, '-o', to, '-t', '0'], { stdin: readFileSync(cat) });
    expect({ code, made: files(to) }).toEqual({ code: 0, made: ['stdin.gradcam.0.json', 'stdin.gradcam.0.png'] });
  });

  it('a tensor, as it is: the same map as the picture it was made of', async () => {
    const data = Float32Array.from({ length: 2 * 3 * 32 * 32 }, (_, i) => Math.sin(i / 7));
    const path = join(scratch, 'two.npy');
    writeFileSync(path, encodeNpy({ dims: [2, 3, 32, 32], data }));
    const one = join(scratch, 'one.npy');
    writeFileSync(one, encodeNpy({ dims: [3, 32, 32], data: Float64Array.from(data.subarray(0, 3072)) }));
    const to = out();
    expect((await seewhy(['explain', cnn, path, one, '-o', to, '-t', '0', '--save', 'raw,overlay'])).code).toBe(0);
    expect(files(to)).toEqual(
      ['one', 'two.0', 'two.1'].flatMap((stem) => [`${stem}.gradcam.0.png`, `${stem}.gradcam.0.raw.npy`]),
    );
    expect(npy(join(to, 'one.gradcam.0.raw.npy')).data).toEqual(npy(join(to, 'two.0.gradcam.0.raw.npy')).data);
    const bad = join(scratch, 'bad.npy');
    writeFileSync(bad, encodeNpy({ dims: [1, 3, 16, 32], data: new Float32Array(1536) }));
    expect(await seewhy(['explain', cnn, bad, '-o', to])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('has the shape [1, 3, 16, 32], the model takes [N, 3, 32, 32]'),
    });
  });

  it('a folder with what lies below it, and equal names numbered', async () => {
    const to = out();
    const { code, stderr } = await explainPhotos(to, '-t', '0', '--save', 'json');
    expect({ code, made: files(to) }).toEqual({
      code: 0,
      made: ['cat-2.gradcam.0.json', 'cat.gradcam.0.json', 'rocket.gradcam.0.json'],
    });
    expect(stderr).toContain('1 file that is not a picture was left out');
    expect(json(join(to, 'cat.gradcam.0.json')).source.path).toBe(join(scratch, 'photos/cat.png'));
    expect(json(join(to, 'cat-2.gradcam.0.json')).source.path).toBe(join(scratch, 'photos/more/cat.png'));
  });

  it('a pattern, and the same file named twice once', async () => {
    const to = out();
    const args = ['photos/*.{png,jpg}', 'photos/cat.png'];
    const { code, stderr } = await seewhy(['explain', cnn, ...args, ...known, '-o', to, '-t', '0', '--save', 'json'], {
      cwd: scratch,
    });
    expect({ code, made: files(to) }).toEqual({ code: 0, made: ['cat.gradcam.0.json', 'rocket.gradcam.0.json'] });
    expect(stderr).toContain('named twice');
  });

  it('manifests, relative to themselves, with further columns kept', async () => {
    writeFileSync(
      join(scratch, 'data.csv'),
      '\uFEFFPath,label,"patient, id"\r\nphotos/cat.png,1,"a ""b"""\r\n"photos/rocket.jpg",3,c\r\n\r\n',
    );
    writeFileSync(join(scratch, 'data.jsonl'), '{"path": "photos/cat.png", "label": 1}\n"photos/rocket.jpg"\n');
    const to = out();
    expect(
      (await seewhy(['explain', cnn, join(scratch, 'data.csv'), ...known, '-o', to, '-t', '0', '--save', 'json'])).code,
    ).toBe(0);
    expect(json(join(to, 'cat.gradcam.0.json')).source.fields).toEqual({ label: '1', 'patient, id': 'a "b"' });
    const lines = await seewhy(['explain', cnn, join(scratch, 'data.jsonl'), ...known, '-o', out(), '--jsonl', '-q']);
    const records = lines.stdout
      .trim()
      .split('\n')
      .map((line) => explanationRecord.parse(JSON.parse(line)));
    expect(records.map((record) => record.source.fields)).toEqual([{ label: 1 }, undefined]);
    writeFileSync(join(scratch, 'bad.csv'), 'name,label\ncat,1\n');
    expect(await seewhy(['explain', cnn, join(scratch, 'bad.csv')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("has no column 'path' (row 1 has: name, label)"),
    });
  });

  it('pictures of every kind: 1×1, one bit, 16 bits, CMYK, alpha, upright by EXIF, animated', async () => {
    const kinds = join(scratch, 'kinds');
    mkdirSync(kinds, { recursive: true });
    const base = sharp(cat).resize(60, 40);
    await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
      .png()
      .toFile(join(kinds, 'dot.png'));
    await base.clone().greyscale().threshold().png({ palette: true, colours: 2 }).toFile(join(kinds, 'bit.png'));
    await base.clone().toColourspace('rgb16').png().toFile(join(kinds, 'deep.png'));
    await base.clone().toColourspace('cmyk').jpeg().toFile(join(kinds, 'ink.jpg'));
    await base.clone().ensureAlpha(0.5).png().toFile(join(kinds, 'alpha.png'));
    await base.clone().withMetadata({ orientation: 6 }).jpeg().toFile(join(kinds, 'turned.jpg'));
    await sharp([cat, photo('coffee.png')].map((input) => input)[0]!)
      .resize(30, 20)
      .gif()
      .toFile(join(kinds, 'film.gif'));
    const { code, stdout, stderr } = await seewhy([
      'explain',
      cnn,
      kinds,
      ...known,
      '-o',
      out(),
      '--json',
      '--size',
      '32',
    ]);
    expect({ code, stderr: stderr.includes('failed') }).toEqual({ code: 0, stderr: false });
    const document = explanationDocument.parse(JSON.parse(stdout));
    const sizes = Object.fromEntries(
      document.results.map(({ source }) => [source.path.split('/').at(-1), [source.width, source.height]]),
    );
    expect(sizes).toMatchObject({
      'dot.png': [1, 1],
      'turned.jpg': [40, 60],
      'alpha.png': [60, 40],
      'ink.jpg': [60, 40],
    });
  });
});

describe('models of many kinds', () => {
  it.each([
    ['tiny-binary', []],
    ['tiny-grey', []],
    ['tiny-nhwc', []],
    ['tiny-vit', []],
    ['tiny-swin', []],
    ['tiny-fp16', []],
    ['tiny-external', []],
    ['tiny-opset9', []],
    ['tiny-qdq', []],
    ['tiny-fixed-batch', ['--batch', '2']],
    ['tiny-segmentation', ['-t', '1']],
    ['tiny-functions', []],
    ['tiny-if', []],
  ])('%s', async (name, more) => {
    const to = out();
    const args = ['-o', to, '-m', 'gradcam,saliency', '--preprocess', 'unit', ...more];
    const { code, stderr } = await seewhy(['explain', model(name), cat, ...args]);
    expect({ code, stderr: stderr.includes('error') }).toEqual({ code: 0, stderr: false });
    expect(files(to)).toHaveLength(4);
  });

  it('two inputs, the second from a .npy file', async () => {
    const vector = join(scratch, 'vector.npy');
    writeFileSync(vector, encodeNpy({ dims: [1, 5], data: Float64Array.of(1, 2, 3, 4, 5) }));
    const args = ['--input', `vector=${vector}`, '-o', out(), '--preprocess', 'unit'];
    expect((await seewhy(['explain', model('tiny-two-inputs'), cat, ...args])).code).toBe(0);
  });

  it('on onnxruntime-web where onnxruntime-node does not load, and says so', async () => {
    const native = out();
    const wasm = out();
    await seewhy(['explain', cnn, cat, ...known, '-o', native, '-t', '0', '--save', 'map']);
    const ran = await seewhy(['explain', cnn, cat, ...known, '-o', wasm, '-t', '0', '--save', 'map'], {
      env: { SEEWHY_RUNTIME: 'wasm' },
    });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('Running on onnxruntime-web'),
    });
    const read = (to: string) => npy(join(to, 'chelsea.gradcam.0.map.npy')).data as Float32Array;
    const [a, b] = [read(native), read(wasm)];
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeLessThan(1e-4);
  });
});

describe('labels and preprocessing beside the model', () => {
  it('are found in the Hugging Face layout, and their names stand in the record', async () => {
    const home = join(scratch, 'hub');
    mkdirSync(join(home, 'onnx'), { recursive: true });
    copyFileSync(cnn, join(home, 'onnx/model.onnx'));
    writeFileSync(join(home, 'config.json'), JSON.stringify({ id2label: { 0: 'a', 1: 'b', 2: 'c', 3: 'd', 4: 'e' } }));
    writeFileSync(
      join(home, 'preprocessor_config.json'),
      JSON.stringify({ size: 32, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] }),
    );
    const { code, stdout } = await seewhy(['inspect', join(home, 'onnx/model.onnx'), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      classes: { labels: ['a', 'b', 'c', 'd', 'e'], labelsFrom: join(home, 'config.json') },
      preprocess: { from: join(home, 'preprocessor_config.json'), guessed: false, mean: [0.5, 0.5, 0.5] },
    });
  });
});
