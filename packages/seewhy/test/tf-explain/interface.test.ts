import { copyFileSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npyToFloat32, type RunTensor } from '@seewhy/core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePicture, explain, openModel } from '../../src/index.ts';
import {
  ExtractActivations,
  GradCAM,
  IntegratedGradients,
  OcclusionSensitivity,
  SmoothGrad,
  VanillaGradients,
} from '../../src/tf-explain/index.ts';
import { fixtures, floats, model, npy, relative, TOLERANCE } from './references.ts';

describe('one interface', () => {
  it('takes decoded pictures, and bytes in 0…255', async () => {
    const picture = await decodePicture(join(fixtures, 'photos/chelsea.png'));
    const opened = await openModel(model('classes'), { preprocess: 'unit' });
    const explainer = new GradCAM();
    const grid = await explainer.explain({ x: [picture] }, opened, { classIndex: 'top' });
    expect([grid.height, grid.width]).toEqual([24, 32]);
    await expect(explainer.explain({ x: [picture] }, opened.model, { classIndex: 0 })).rejects.toMatchObject({
      code: 'PREPROCESS_UNKNOWN',
    });
    const bytes = Uint8Array.from({ length: 24 * 32 * 3 }, (_, i) => i % 256);
    const only = { dims: [1, 24, 32, 3], data: bytes };
    const plain = await explainer.explain([only], opened, { classIndex: 1, imageWeight: 1 });
    const table = await explainer.explain([only], opened, { classIndex: 1, imageWeight: 0 });
    for (let i = 0; i < bytes.length; i++) expect(plain.data[i]).toBe(Math.min(255, bytes[i]! + table.data[i]!));
    await explainer.release();
  });

  it('both sides of one sigmoid', async () => {
    const x = floats(npy('sides/input'));
    const explainer = new VanillaGradients();
    const run = async (classIndex: number | string) =>
      (await explainer.explainRaw([x], model('sides'), { classIndex })).data;
    const [positive, negative] = [await run(0), await run('0')];
    expect(
      relative(
        negative,
        positive.map((value) => -value),
      ),
    ).toBeLessThan(1e-6);
    await expect(run(1)).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' });
    await explainer.release();
  });

  it('a model with channels first takes and gives channels last', async () => {
    const opened = await openModel(join(fixtures, 'models/tiny-cnn.onnx'), { preprocess: 'unit' });
    const { height, width, channels, layout } = opened.model.image;
    expect(layout).toBe('NCHW');
    const pixels = height * width;
    const first = Float32Array.from({ length: channels * pixels }, (_, i) => Math.sin(i));
    const last = Float32Array.from(first, (_, i) => first[(i % channels) * pixels + Math.floor(i / channels)]!);
    const explainer = new VanillaGradients();
    const x = { dims: [1, height, width, channels], data: last };
    const raw = await explainer.explainRaw([x], opened, { classIndex: 3 });
    const tensor: RunTensor = { type: 'float32', dims: [1, channels, height, width], data: first };
    const [[plain]] = (await explain(opened.model, [tensor], { methods: ['saliency'], targets: '3' })) as [
      [Awaited<ReturnType<typeof explain>>[0][0]],
    ];
    const turned = raw.data.map((_, i) => plain!.raw[0]!.data[(i % channels) * pixels + Math.floor(i / channels)]!);
    expect(raw.data).toEqual(turned);
    const [activations] = await new ExtractActivations().explainRaw([x], opened, {
      layersName: opened.model.defaultLayer!.name,
    });
    const [count, h, w] = opened.model.defaultLayer!.shape;
    expect(activations!.dims).toEqual([1, h, w, count]);
    await explainer.release();
  });

  it('several calls at once, after a release, and on a file that has changed', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'seewhy-tfe-')), 'checkpoint.h5');
    copyFileSync(model('classes'), path);
    const explainer = new GradCAM();
    const run = async (name: string, classIndex: number) =>
      (await explainer.explainRaw([floats(npy(`${name}/input`))], path, { classIndex, layerName: 'last' })).data;
    const [one, two] = await Promise.all([run('classes', 2), run('classes', 1)]);
    expect(relative(one, npyToFloat32(npy('classes/gradcam.last.guided.raw')))).toBeLessThan(TOLERANCE);
    expect(relative(two, one)).toBeGreaterThan(0.1);
    await explainer.release();
    expect(await run('classes', 2)).toEqual(one);
    await explainer.release();
    const anew = new GradCAM({ load: { preprocess: 'unit' } });
    const x = [await decodePicture(join(fixtures, 'photos/chelsea.png'))];
    const size = async () => (await anew.explain({ x }, path, { classIndex: 0 })).width;
    const before = await size();
    copyFileSync(model('sides'), path);
    expect([before, await size()]).toEqual([32, 24]);
    await anew.release();
  });

  it('several layers of activations, one under the other', async () => {
    const x = floats(npy('classes/input'));
    const explainer = new ExtractActivations();
    const [one, two] = [
      await explainer.explain([x], model('classes'), { layersName: 'middle' }),
      await explainer.explain([x], model('classes'), { layersName: 'last' }),
    ];
    const both = await explainer.explain([x], model('classes'), { layersName: ['middle', 'last'] });
    expect([both.width, both.height]).toEqual([Math.max(one.width, two.width), one.height + two.height]);
    expect(both.data.subarray(0, one.data.length)).toEqual(one.data);
    await explainer.release();
  });

  it('saves a PNG and never writes over one unasked', async () => {
    const explainer = new GradCAM();
    const grid = await explainer.explain([floats(npy('classes/input'))], model('classes'), { classIndex: 2 });
    const folder = join(mkdtempSync(join(tmpdir(), 'seewhy-tfe-')), 'deep', 'er');
    const path = await explainer.save(grid, folder, 'cat');
    expect(path).toBe(join(folder, 'cat.png'));
    const { data } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
    expect(new Uint8Array(data)).toEqual(grid.data);
    await expect(explainer.save(grid, folder, 'cat.png')).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(await explainer.save(grid, folder, 'cat.png', { force: true })).toBe(path);
    for (const name of ['../out.png', 'a/b.png', '/tmp/x.png', '', '..', 'cat.jpg', 'a\0.png'])
      await expect(explainer.save(grid, folder, name)).rejects.toMatchObject({ code: 'OUTPUT_INVALID' });
    expect(existsSync(join(folder, '..', 'out.png'))).toBe(false);
    await explainer.release();
  });

  it('says what is wrong', async () => {
    const x = floats(npy('classes/input'));
    const gradcam = new GradCAM();
    const of = (data: never, args: object = {}, path = model('classes')) =>
      gradcam.explain(data, path, { classIndex: 2, ...args });
    const cases: [() => Promise<unknown>, string][] = [
      [() => of([{ ...x, dims: [24, 32, 3] }] as never), 'IMAGES_SHAPE'],
      [() => of([{ ...x, dims: [3, 32, 24, 3] }] as never), 'IMAGES_SHAPE'],
      [() => of([{ ...x, dims: [4, 24, 32, 3] }] as never), 'IMAGES_SHAPE'],
      [() => of([{ dims: [0, 24, 32, 3], data: [] }] as never), 'IMAGES_EMPTY'],
      [() => of([[]] as never), 'IMAGES_EMPTY'],
      [() => of([['cat.png']] as never), 'IMAGES_INVALID'],
      [() => of(['cat.png'] as never), 'IMAGES_INVALID'],
      [() => of([undefined] as never), 'IMAGES_INVALID'],
      [() => of([x] as never, { classIndex: 5 }), 'TARGET_UNKNOWN'],
      [() => of([x] as never, { classIndex: -1 }), 'TARGET_UNKNOWN'],
      [() => of([x] as never, { classIndex: undefined }), 'TARGET_UNKNOWN'],
      [() => of([x] as never, { classIndex: 'top:2' }), 'TARGET_INVALID'],
      [() => of([x] as never, { layerName: 'midle' }), 'LAYER_UNKNOWN'],
      [() => of([x] as never, { layerName: 'scores' }), 'LAYER_NOT_SPATIAL'],
      [() => of([x] as never, { imageWeight: 2 }), 'OPTION_INVALID'],
      [() => of([x] as never, { colormap: 'virids' }), 'COLORMAP_UNKNOWN'],
      [() => of([x] as never, {}, model('nothing')), 'MODEL_NOT_FOUND'],
      [
        () => new OcclusionSensitivity().explain([x], model('classes'), { classIndex: 2, patchSize: 0 }),
        'OPTION_INVALID',
      ],
      [() => new SmoothGrad().explain([x], model('classes'), { classIndex: 2, noise: -1 }), 'OPTION_INVALID'],
      [() => new IntegratedGradients().explain([x], model('classes'), { classIndex: 2, nSteps: 1 }), 'OPTION_INVALID'],
      [() => new ExtractActivations().explain([x], model('classes'), { layersName: [] }), 'LAYER_MISSING'],
    ];
    for (const [call, code] of cases) await expect(call(), code).rejects.toMatchObject({ code });
    await gradcam.release();
    expect(() => new GradCAM({ batchSize: 0 })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
