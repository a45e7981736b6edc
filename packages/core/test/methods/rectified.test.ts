import { explain, imageDims, noiseImage, resizeMap } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { loadFixture } from '../support.ts';
import { explainOne, relativeLength } from './graph-references.ts';

describe('rectified backward passes', () => {
  it.each(['tiny-vit', 'tiny-swin'])(
    '%s has no rectifier: the map is the plain gradient, and the notes say so',
    async (file) => {
      const model = await loadFixture(`models/${file}.onnx`);
      const methods = ['saliency', 'guided-backprop', 'deconvnet'];
      const [[plain, guided, deconv]] = (await explain(model, [noiseImage(model, 1)], { methods })) as [
        never[],
      ] as never as [Awaited<ReturnType<typeof explainOne>>[]];
      for (const one of [guided!, deconv!]) {
        expect(relativeLength(one.raw[0]!.data, plain!.raw[0]!.data)).toBeLessThan(1e-6);
        expect(one.notes.join(' ')).toContain('no rectifier');
      }
      expect(plain!.notes.join(' ')).not.toContain('rectifier');
    },
  );

  it('where every activation is a rectifier there is nothing to say, and the map is another one', async () => {
    const model = await loadFixture('models/parity-cnn.onnx');
    const image = noiseImage(model, 1);
    const saliency = await explainOne(model, image, { methods: ['saliency'] });
    const guided = await explainOne(model, image, { methods: ['guided-backprop'] });
    expect(relativeLength(guided.raw[0]!.data, saliency.raw[0]!.data)).toBeGreaterThan(0.1);
    expect(guided.notes.join(' ')).not.toMatch(/rectifier|derivative/);
  });

  it.each([
    ['parity-cnn', 'paper', 'bilinear'],
    ['parity-cnn', 'captum', 'nearest'],
    ['tiny-nhwc', 'paper', 'bilinear'],
    ['tiny-grey', 'captum', 'nearest'],
    ['tiny-vit', 'paper', 'bilinear'],
  ] as const)(
    '%s: guided Grad-CAM is guided backpropagation times the enlarged Grad-CAM (%s)',
    async (file, variant, resize) => {
      const model = await loadFixture(`models/${file}.onnx`);
      const image = noiseImage(model, 4);
      const of = (method: string, more: object = {}) =>
        explainOne(model, image, { methods: [method], targets: '2', ...more });
      const [both, guided, gradcam] = [
        await of('guided-gradcam', { variant }),
        await of('guided-backprop'),
        await of('gradcam'),
      ];
      const { width, height, channels, layout } = model.image;
      const low = gradcam.raw[0]!;
      const positive = { height: low.dims[0]!, width: low.dims[1]!, data: low.data.map((value) => Math.max(value, 0)) };
      const map = resizeMap(positive, width, height, resize).data;
      const expected = guided.raw[0]!.data.map(
        (value, at) => value * map[layout === 'NCHW' ? at % (width * height) : Math.floor(at / channels)]!,
      );
      expect(both.raw[0]!.dims).toEqual(imageDims(model.image).slice(1));
      expect(relativeLength(both.raw[0]!.data, expected)).toBeLessThan(1e-5);
    },
  );
});
