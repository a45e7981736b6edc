import { npyToFloat32 } from '@seewhy/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { explain, type OpenedModel, openModel } from '../../src/index.ts';
import {
  ExtractActivations,
  GradCAM,
  GradientsInputs,
  IntegratedGradients,
  OcclusionSensitivity,
  SmoothGrad,
  VanillaGradients,
} from '../../src/tf-explain/index.ts';
import { expectGrid, expectRaw, factsOf, floats, model, npy, relative, TOLERANCE } from './references.ts';

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
