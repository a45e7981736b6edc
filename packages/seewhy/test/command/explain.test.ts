import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { explanationDocument, explanationRecord, failureRecord } from '../../src/schema.ts';
import { cat, cnn, json, known, layOut, npy, out, scratch } from './explain-setup.ts';
import { files, photo, seewhy } from './seewhy.ts';

beforeAll(layOut);

describe('one picture', () => {
  it('writes overlay and record by default, and says what it saw', async () => {
    const to = out();
    const { code, stdout, stderr } = await seewhy(['explain', cnn, cat, ...known, '-o', to]);
    expect(code).toBe(0);
    const [first] = files(to);
    const index = first!.split('.')[2];
    expect(files(to)).toEqual([`chelsea.gradcam.${index}.json`, `chelsea.gradcam.${index}.png`]);
    expect(stdout).toContain(`gradcam for ${index} `);
    expect(stderr).toBe('');
    const record = explanationRecord.strict().parse(json(join(to, first!)));
    expect(record).toMatchObject({
      schema: 'seewhy/explanation/v1',
      method: 'gradcam',
      target: { kind: 'class', asked: 'top', index: Number(index), score: 'logit' },
      layers: [{ name: 'features.5', chosen: true }],
      source: { path: cat, width: 451, height: 300 },
      model: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      files: { overlay: join(to, `chelsea.gradcam.${index}.png`) },
    });
    expect(record.predictions).toHaveLength(5);
    expect(record.predictions.reduce((sum, { probability }) => sum + probability!, 0)).toBeCloseTo(1);
    const { width, height } = await sharp(join(to, `chelsea.gradcam.${index}.png`)).metadata();
    expect({ width, height }).toEqual({ width: 451, height: 300 });
  });

  it('saves every kind, with the shapes of the contract', async () => {
    const to = out();
    const { code } = await seewhy([
      'explain',
      cnn,
      cat,
      ...known,
      '-o',
      to,
      '--save',
      'all',
      '-m',
      'gradcam,saliency',
      '-t',
      '1',
    ]);
    expect(code).toBe(0);
    const kinds = ['heatmap.png', 'json', 'map.npy', 'panel.png', 'png', 'raw.npy'];
    expect(files(to)).toEqual(
      ['gradcam', 'saliency'].flatMap((method) => kinds.map((kind) => `chelsea.${method}.1.${kind}`)),
    );
    const shape = (name: string) => ({ type: npy(join(to, name)).type, dims: npy(join(to, name)).dims });
    expect(shape('chelsea.gradcam.1.map.npy')).toEqual({ type: 'float32', dims: [32, 32] });
    expect(shape('chelsea.gradcam.1.raw.npy')).toEqual({ type: 'float32', dims: [16, 16] });
    expect(shape('chelsea.saliency.1.raw.npy')).toEqual({ type: 'float32', dims: [3, 32, 32] });
    expect(json(join(to, 'chelsea.saliency.1.json')).files.raw).toBe(join(to, 'chelsea.saliency.1.raw.npy'));
  });

  it('writes one file under its own name', async () => {
    mkdirSync(join(scratch, 'single'), { recursive: true });
    const at = (name: string) => join(scratch, 'single', name);
    for (const name of ['why.png', 'map.npy', 'record.json'])
      expect((await seewhy(['explain', cnn, cat, ...known, '-o', at(name)])).code).toBe(0);
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', at('raw.npy'), '--save', 'raw'])).code).toBe(0);
    expect(files(at(''))).toEqual(['map.npy', 'raw.npy', 'record.json', 'why.png']);
    expect(npy(at('raw.npy')).dims).toEqual([16, 16]);
    const again = await seewhy(['explain', cnn, cat, ...known, '-o', at('why.png')]);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('exists already') });
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', at('why.png'), '--force'])).code).toBe(0);
  });

  it('takes targets by index, label, rank and contrast', async () => {
    const to = out();
    const args = ['-t', '0', '-t', 'Tiger Cat', '-t', 'robin', '-t', 'dog-lynx', '-t', '4-0'];
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', to, '--save', 'json', ...args])).code).toBe(0);
    expect(files(to)).toEqual(['0', '1', '3-2', '4-0', '4'].map((slug) => `chelsea.gradcam.${slug}.json`));
    expect(json(join(to, 'chelsea.gradcam.3-2.json')).target).toMatchObject({
      kind: 'contrast',
      asked: 'dog-lynx',
      label: 'dog',
      against: { index: 2, label: 'lynx' },
    });
    const three = out();
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', three, '--save', 'map', '-t', 'top:3'])).code).toBe(0);
    expect(files(three)).toHaveLength(3);
    const all = out();
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', all, '--save', 'map', '-t', 'all'])).code).toBe(0);
    expect(files(all)).toHaveLength(5);
    // A class is explained the same way however it was named.
    expect(npy(join(all, 'chelsea.gradcam.1.map.npy')).data).toHaveLength(1024);
  });

  it('takes layers, score, fusion and preset', async () => {
    const to = out();
    const args = ['-l', 'features.1,features.5', '--fusion', 'mean', '-m', 'layercam', '-t', '2', '--save', 'json,raw'];
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', to, ...args])).code).toBe(0);
    expect(files(to)).toEqual([
      'chelsea.layercam.2.features.1.raw.npy',
      'chelsea.layercam.2.features.5.raw.npy',
      'chelsea.layercam.2.json',
    ]);
    const record = json(join(to, 'chelsea.layercam.2.json'));
    expect(record.provenance.options).toMatchObject({ fusion: 'mean', score: 'logit' });
    expect(record.layers.map((layer: { chosen: boolean }) => layer.chosen)).toEqual([false, false]);
    const other = out();
    const peer = [
      '--score',
      'probability',
      '--preset',
      'pytorch-grad-cam',
      '--colormap',
      'jet',
      '--opacity',
      '40%',
      '--seed',
      '7',
    ];
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', other, '-t', '2', ...peer])).code).toBe(0);
    expect(json(join(other, 'chelsea.gradcam.2.json'))).toMatchObject({
      target: { score: 'probability' },
      provenance: { preset: 'pytorch-grad-cam', options: { seed: 7 } },
    });
  });
});

describe('machine output', () => {
  it('is one document that fits its schema, with nothing else on stdout', async () => {
    writeFileSync(join(scratch, 'empty.png'), '');
    const args = [cat, join(scratch, 'empty.png'), '-o', out(), '--json', '--top', '2', '--fail-on', 'probability > 2'];
    const { code, stdout } = await seewhy(['explain', cnn, ...args, ...known]);
    expect(code).toBe(4);
    const document = explanationDocument.strict().parse(JSON.parse(stdout));
    expect(document).toMatchObject({
      status: 'done',
      exitCode: 4,
      gates: [{ condition: 'probability > 2', failed: 0 }],
    });
    expect(document.results[0]!.predictions).toHaveLength(2);
    expect(document.failures).toMatchObject([{ error: { code: 'PICTURE_EMPTY' } }]);
  });

  it('a gate that failed says more than an input that did', async () => {
    writeFileSync(join(scratch, 'empty.png'), '');
    const args = [cat, join(scratch, 'empty.png'), '-o', out(), '--json', '--fail-on', 'probability <= 1'];
    const { code, stdout } = await seewhy(['explain', cnn, ...args, ...known]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 1, failures: [{}], gates: [{ failed: 1 }] });
  });

  it('is a stream with --jsonl, failures among the records in order', async () => {
    writeFileSync(join(scratch, 'broken.png'), readFileSync(cat).subarray(0, 5000));
    const sources = [cat, join(scratch, 'broken.png'), photo('coffee.png')];
    const { code, stdout, stderr } = await seewhy(['explain', cnn, ...sources, ...known, '-o', out(), '--jsonl', '-q']);
    expect(code).toBe(4);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.schema)).toEqual([
      'seewhy/explanation/v1',
      'seewhy/failure/v1',
      'seewhy/explanation/v1',
    ]);
    failureRecord.strict().parse(lines[1]);
    expect(stderr).toContain('damaged or cut off');
  });

  it('of a dry run tells everything and writes nothing', async () => {
    const to = out();
    const args = [join(scratch, 'photos'), ...known, '-o', to, '-m', 'layercam', '-t', '1', '--dry-run'];
    const { code, stdout } = await seewhy(['explain', cnn, ...args, '--json']);
    expect({ code, made: files(to) }).toEqual({ code: 0, made: [] });
    const plan = JSON.parse(stdout);
    expect(plan).toMatchObject({
      methods: [{ name: 'layercam' }],
      layers: [{ name: 'features.5' }],
      pictures: 3,
      runs: 3,
      files: { count: 6 },
    });
    expect(plan.files.names).toContain(join(to, 'rocket.layercam.1.png'));
    expect((await seewhy(['explain', cnn, ...args])).stdout).toContain('Dry run: nothing is run');
  });
});
