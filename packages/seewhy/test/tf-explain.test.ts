import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeNpy, type NpyArray, npyToFloat32, type RunTensor } from '@seewhy/core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import * as api from '../src/index.ts';
import { decodePicture, explain, type OpenedModel, openModel } from '../src/index.ts';
import * as tfExplain from '../src/tf-explain/index.ts';
import {
  ExtractActivations,
  GradCAM,
  GradientsInputs,
  type Grid,
  IntegratedGradients,
  OcclusionSensitivity,
  type RawValues,
  SmoothGrad,
  VanillaGradients,
} from '../src/tf-explain/index.ts';
import { seewhy } from './command/seewhy.ts';

const fixtures = fileURLToPath(new URL('../../../fixtures/', import.meta.url));
const npy = (file: string): NpyArray => decodeNpy(readFileSync(join(fixtures, 'tf-explain', `${file}.npy`)));
const model = (name: string) => join(fixtures, 'tf-explain', `${name}.h5`);

interface Facts {
  readonly classIndex: number;
  readonly layers: readonly string[];
  readonly patchSize: number;
  readonly nSteps: number;
  readonly noise: number;
}

const factsOf = (name: string): Facts =>
  JSON.parse(readFileSync(join(fixtures, 'tf-explain', name, 'facts.json'), 'utf8'));

const floats = (array: NpyArray): RunTensor => ({ type: 'float32', dims: array.dims, data: npyToFloat32(array) });

/** Largest difference, relative to the largest reference value. */
function relative(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  expect(found.length).toBe(reference.length);
  let [difference, largest] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    const apart = Math.abs(found[i]! - reference[i]!);
    difference = Math.max(difference, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
    largest = Math.max(largest, Math.abs(reference[i]!));
  }
  return difference / largest;
}

const TOLERANCE = 1e-4;

function expectRaw(found: RawValues, reference: RunTensor): void {
  expect(found.dims).toEqual(reference.dims);
  expect(relative(found.data, reference.data as Float32Array)).toBeLessThan(TOLERANCE);
}

/** Values on the border of two colours may fall on either: a step of the table is up to 4 levels, and hardly any value does. */
function expectGrid(found: Grid, reference: NpyArray): void {
  const [height, width, channels = 1] = reference.dims as [number, number, number?];
  expect([found.height, found.width]).toEqual([height, width]);
  const data = reference.data as Uint8Array;
  let unequal = 0;
  for (let i = 0; i < found.data.length; i++) {
    const apart = Math.abs(found.data[i]! - data[channels === 3 ? i : Math.floor(i / 3)]!);
    expect(apart).toBeLessThanOrEqual(4);
    if (apart > 0) unequal++;
  }
  expect(unequal / found.data.length).toBeLessThan(0.005);
}

describe.each(['classes', 'sides', 'ties'])('tf-explain 0.3.1 on a batch of tf_keras: %s', (name) => {
  const facts = factsOf(name);
  const { classIndex } = facts;
  const x = floats(npy(`${name}/input`));
  const data = { x, y: undefined };
  // Of pictures in 0…255 tf-explain's own grids are noise.
  const drawn = (x.data as Float32Array).every((value) => Math.abs(value) <= 1);
  let opened: OpenedModel;
  beforeAll(async () => {
    opened = await openModel(model(name), { batch: 'free' });
  });

  for (const layerName of facts.layers) {
    for (const [kind, useGuidedGrads] of [
      ['guided', true],
      ['plain', false],
    ] as const) {
      it(`GradCAM ${layerName} ${kind}`, async () => {
        const explainer = new GradCAM({ batchSize: 2 });
        const args = { classIndex, layerName, useGuidedGrads };
        expectRaw(
          await explainer.explainRaw(data, opened, args),
          floats(npy(`${name}/gradcam.${layerName}.${kind}.raw`)),
        );
        if (drawn)
          expectGrid(
            await explainer.explain([x, null], opened, args),
            npy(`${name}/gradcam.${layerName}.${kind}.grid`),
          );
        await explainer.release();
      });
    }

    it(`ExtractActivations ${layerName}`, async () => {
      const explainer = new ExtractActivations();
      const [raw] = await explainer.explainRaw(data, opened, { layersName: [layerName] });
      // A Dropout does nothing: what it passes on is the layer before it.
      expect(raw!.layer).toBe(layerName === 'drop' ? 'conv' : layerName);
      expectRaw(raw!, floats(npy(`${name}/activations.${layerName}.raw`)));
      const grid = await explainer.explain(data, opened, { layersName: layerName });
      expectGrid(grid, npy(`${name}/activations.${layerName}.grid`));
      await explainer.release();
    });
  }

  if (drawn) {
    it('GradCAM with its defaults, another colormap and weight', async () => {
      const explainer = new GradCAM();
      const grid = await explainer.explain(data, opened, { classIndex, colormap: 'inferno', imageWeight: 0.4 });
      expectGrid(grid, npy(`${name}/gradcam.inferno.grid`));
      await explainer.release();
    });
  }

  it('VanillaGradients, GradientsInputs', async () => {
    for (const [explainer, file] of [
      [new VanillaGradients(), 'gradients'],
      [new GradientsInputs(), 'gradients-inputs'],
    ] as const) {
      const raw = await explainer.explainRaw(data, opened, { classIndex });
      expectRaw(raw, floats(npy(`${name}/${file}.raw`)));
      await explainer.release();
    }
  });

  it('IntegratedGradients: theirs, times x', async () => {
    const explainer = new IntegratedGradients();
    const raw = await explainer.explainRaw(data, opened, { classIndex, nSteps: facts.nSteps });
    const theirs = npyToFloat32(npy(`${name}/integrated-gradients.raw`));
    expectRaw(raw, { ...x, data: theirs.map((value, i) => value * (x.data[i] as number)) });
    await explainer.release();
  });

  it('SmoothGrad: their gradients of the score at their noise', async () => {
    const explainer = new SmoothGrad();
    const noise = floats(npy(`${name}/noise`));
    const [count, ...own] = noise.dims;
    const size = noise.data.length / count!;
    const meant = floats(npy(`${name}/meant.smoothgrad.raw`));
    const each = meant.data.length / count!;
    for (let n = 0; n < count!; n++) {
      const one = {
        ...x,
        dims: [1, ...x.dims.slice(1)],
        data: (x.data as Float32Array).subarray(n * each, (n + 1) * each),
      };
      const given = { ...noise, dims: own, data: (noise.data as Float32Array).subarray(n * size, (n + 1) * size) };
      const raw = await explainer.explainRaw([one], opened, { classIndex, noise: given });
      expectRaw(raw, { ...one, data: (meant.data as Float32Array).subarray(n * each, (n + 1) * each) });
    }
  });

  it('OcclusionSensitivity', async () => {
    const explainer = new OcclusionSensitivity({ batchSize: 5 });
    const args = { classIndex, patchSize: facts.patchSize, fill: 127.5 };
    const raw = await explainer.explainRaw(data, opened, args);
    expectRaw(raw, floats(npy(`${name}/meant.occlusion.raw`)));
    // tf-explain's own, where it does not swap x and y.
    if (x.dims[1] === x.dims[2]) {
      expectRaw(raw, floats(npy(`${name}/occlusion.raw`)));
      if (drawn) expectGrid(await explainer.explain(data, opened, args), npy(`${name}/occlusion.grid`));
    }
    await explainer.release();
  });
});

describe('without the module', () => {
  it("the preset tf-explain means tf-explain's Grad-CAM", async () => {
    const opened = await openModel(model('classes'), { batch: 'free' });
    const options = { targets: '2', layers: ['last'], preset: 'tf-explain', score: 'probability' } as const;
    const found = await explain(opened.model, [floats(npy('classes/input'))], options);
    const raw = Float32Array.from(found.flatMap(([one]) => [...one!.raw[0]!.data]));
    expect(relative(raw, npyToFloat32(npy('classes/gradcam.last.guided.raw')))).toBeLessThan(TOLERANCE);
  });
});

describe('where tf-explain is wrong', () => {
  const x = floats(npy('classes/input'));
  const size = x.data.length / x.dims[0]!;
  const only = (n: number): RunTensor => ({
    ...x,
    dims: [1, ...x.dims.slice(1)],
    data: (x.data as Float32Array).subarray(n * size, (n + 1) * size),
  });

  it('a picture looks the same alone and in a batch, and nothing wraps', async () => {
    const explainer = new VanillaGradients();
    const [, height, width] = x.dims as [number, number, number];
    const together = await explainer.explain([x], model('classes'), { classIndex: 2 });
    expect([together.height, together.width]).toEqual([2 * height, 2 * width]);
    const raw = await explainer.explainRaw([x], model('classes'), { classIndex: 2 });
    for (let n = 0; n < 3; n++) {
      const alone = await explainer.explain([only(n)], model('classes'), { classIndex: 2 });
      const strength = Float64Array.from({ length: height * width }, (_, i) => {
        const at = n * size + i * 3;
        return Math.abs(raw.data[at]!) + Math.abs(raw.data[at + 1]!) + Math.abs(raw.data[at + 2]!);
      });
      const sorted = Float64Array.from(strength).sort();
      for (let i = 0; i < height * width; i++) {
        const [y, left] = [Math.floor(n / 2) * height + Math.floor(i / width), (n % 2) * width];
        expect(together.data[(y * together.width + left + (i % width)) * 3]).toBe(alone.data[i * 3]);
        if (strength[i]! >= sorted[Math.ceil(0.995 * (sorted.length - 1))]!) expect(alone.data[i * 3]).toBe(255);
        if (strength[i] === sorted[0]) expect(alone.data[i * 3]).toBe(0);
      }
    }
    await explainer.release();
  });

  it('integrated gradients are complete with a good rule: their sum is the difference of the outputs', async () => {
    const explainer = new IntegratedGradients();
    const pictures = floats(npy('sides/input'));
    const dark = { ...pictures, data: new Float32Array(pictures.data.length) };
    const args = { classIndex: 0, nSteps: 32, rule: 'gauss-legendre' } as const;
    const raw = await explainer.explainRaw([pictures], model('sides'), args);
    const zero = await explainer.explainRaw([dark], model('sides'), args);
    const each = raw.data.length / raw.dims[0]!;
    for (const [n, { target }] of raw.explanations.entries()) {
      const sum = raw.data.subarray(n * each, (n + 1) * each).reduce((total, value) => total + value, 0);
      const expected = target.value - zero.explanations[n]!.target.value;
      expect(Math.abs(sum - expected) / Math.abs(expected)).toBeLessThan(TOLERANCE);
    }
    await explainer.release();
  });

  it('a window is filled with the grey of the range the picture is in', async () => {
    const explainer = new OcclusionSensitivity();
    for (const [name, fill] of [
      ['classes', 0.5],
      ['sides', 0],
    ] as const) {
      const input = floats(npy(`${name}/input`));
      const args = { classIndex: 0, patchSize: 8 };
      const ours = await explainer.explainRaw([input], model(name), args);
      const given = await explainer.explainRaw([input], model(name), { ...args, fill });
      expect(ours.data).toEqual(given.data);
    }
    await explainer.release();
  });

  it('occlusion with windows that do not fit the picture', async () => {
    const explainer = new OcclusionSensitivity();
    const raw = await explainer.explainRaw([x], model('classes'), { classIndex: 2, patchSize: 7 });
    expect(raw.dims).toEqual([3, 4, 5]);
    const grid = await explainer.explain([x], model('classes'), { classIndex: 2, patchSize: 7 });
    expect([grid.height, grid.width]).toEqual([48, 64]);
    await explainer.release();
  });

  it('equal seeds give equal SmoothGrads, another seed another', async () => {
    const explainer = new SmoothGrad();
    const run = (seed: number) => explainer.explainRaw([x], model('classes'), { classIndex: 2, noise: 0.1, seed });
    const [first, second, other] = [await run(3), await run(3), await run(4)];
    expect(first.data).toEqual(second.data);
    expect(relative(first.data, other.data)).toBeGreaterThan(1e-3);
  });
});

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

describe('docs/from-tf-explain.md', () => {
  const page = readFileSync(join(fixtures, '../docs/from-tf-explain.md'), 'utf8');
  const blocks = (language: string) =>
    [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, code]) => code!);

  /** A folder with the files that the page speaks of. */
  function scene(): string {
    const folder = mkdtempSync(join(tmpdir(), 'seewhy-tfe-page-'));
    copyFileSync(model('classes'), join(folder, 'model.h5'));
    copyFileSync(join(fixtures, 'photos/chelsea.png'), join(folder, 'cat.png'));
    copyFileSync(join(fixtures, 'photos/coffee.png'), join(folder, 'dog.png'));
    return folder;
  }

  it('its code runs', async () => {
    const modules: Record<string, object> = { seewhy: api, 'seewhy/tf-explain': tfExplain };
    const Program = Object.getPrototypeOf(async () => undefined).constructor;
    const before = process.cwd();
    const folder = scene();
    const lines: unknown[][] = [];
    process.chdir(folder);
    try {
      const programs = blocks('[jt]s');
      expect(programs).toHaveLength(3);
      for (const code of programs) {
        const body = code.replace(/^import \{([^}]+)\} from '([^']+)';$/gm, (_, names, from) => {
          expect(Object.keys(modules)).toContain(from);
          return `const {${names}} = modules['${from}'];`;
        });
        await new Program('modules', 'console', body)(modules, { log: (...line: unknown[]) => lines.push(line) });
      }
    } finally {
      process.chdir(before);
    }
    const classes = Object.keys(tfExplain);
    const expected = ['gradcam.png', ...classes.map((name) => `${name}.png`)];
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(expected.sort());
    expect([lines[0], lines[2]]).toEqual([[[2, 6, 8]], [[2, 24, 32, 3]]]);
  });

  it('its commands run', async () => {
    const cwd = scene();
    const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));
    expect(commands).toHaveLength(7);
    for (const command of commands) {
      const [, ...args] = command.split(' ');
      const { code, stderr } = await seewhy(args, { cwd });
      expect(code, `${command}\n${stderr}`).toBe(0);
    }
  });

  it('names every explainer in its table, and only what there is', () => {
    const named = new Set([...page.matchAll(/`new (\w+)\(/g)].map(([, name]) => name!));
    expect([...named].sort()).toEqual(Object.keys(tfExplain).sort());
    const itself = [...page.matchAll(/^\| `\w+\(\)\.explain[^|]*\|[^|]*\|([^|]*)\|/gm)].map(([, cell]) => cell!);
    expect(itself).toHaveLength(7);
    for (const cell of itself) {
      const [name] = [...cell.matchAll(/`([^`]+)`/g)].map(([, one]) => one!);
      expect(api.findMethod(name!).name).toBe(name);
    }
  });
});
