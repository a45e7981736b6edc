import { ExplainProgram, explain, similarTo, type Target } from '@seewhy/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../support.ts';
import { cls, models, openModels } from './opened-models.ts';
import { picture } from './support.ts';

beforeAll(openModels);

describe("each picture's own targets", () => {
  const METHODS = ['gradcam', 'saliency', 'integrated-gradients'];

  it('equal those of each picture alone, whatever their forms', async () => {
    const model = models.get('softmax')!;
    const images = [1, 2, 3].map((seed) => picture(model, seed));
    const own: Target[][] = [
      [cls(1), { kind: 'top', rank: 0, asked: 'top' }],
      [cls(3), { kind: 'contrast', index: 0, against: 2, asked: '0-2' }],
      [{ kind: 'sum', indices: [1, 2], asked: '1+2' }, await similarTo(model, picture(model, 9), 'b')],
    ];
    const options = { methods: METHODS, steps: 8, top: 9 };
    const together = await explain(model, images, { ...options, targets: own });
    for (const [i, image] of images.entries()) {
      const [alone] = await explain(model, [image], { ...options, targets: own[i]! });
      expect(together[i]!.map(({ target }) => target.text)).toEqual(alone!.map(({ target }) => target.text));
      together[i]!.forEach((one, k) => {
        expect(one.method).toBe(alone![k]!.method);
        expect(one.target.value).toBeCloseTo(alone![k]!.target.value, 5);
        expect(relativeError(one.raw[0]!.data, alone![k]!.raw[0]!.data)).toBeLessThan(1e-4);
      });
    }
  });

  it('at one cell each, in one run', async () => {
    const model = models.get('segmentation')!;
    const images = [1, 2].map((seed) => picture(model, seed));
    const cell = (y: number): Target => ({ kind: 'position', index: 1, at: [y, y], asked: 'cell' });
    const program = await ExplainProgram.open(model, { methods: ['saliency'], targets: [] });
    const found = await program.run(images, { targets: [[cell(2)], [cell(9)]] });
    await program.release();
    for (const [i, y] of [2, 9].entries()) {
      const [alone] = (await explain(model, [images[i]!], { methods: ['saliency'], targets: [cell(y)] }))[0]!;
      expect(relativeError(found[i]![0]!.raw[0]!.data, alone!.raw[0]!.data)).toBeLessThan(1e-5);
    }
  });

  it('another number of lists than pictures is an error', async () => {
    const model = models.get('softmax')!;
    const images = [picture(model, 1), picture(model, 2)];
    for (const targets of [[[cls(1)]], [[cls(1)], [cls(2)], [cls(3)]]])
      await expect(explain(model, images, { targets })).rejects.toMatchObject({ code: 'TARGET_COUNT' });
  });
});
