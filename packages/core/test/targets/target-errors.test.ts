import { explain, type Model, type ScoreKind, similarTo, type Target } from '@seewhy/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadFixture, runtime } from '../support.ts';
import { cls, models, openModels } from './opened-models.ts';
import { type ModelName, picture } from './support.ts';

beforeAll(openModels);

describe('errors', () => {
  const fails = async (model: Model, target: Target, score: ScoreKind = 'logit', methods = ['saliency']) => {
    const error = await explain(model, [picture(model)], { targets: [target], score, methods }).catch(
      (e: unknown) => e,
    );
    return (error as { code?: string }).code;
  };
  const grid = { kind: 'position', index: 1, asked: '' } as const;
  const mask = (height: number, width: number, value: number): Target => ({
    kind: 'region',
    index: 1,
    mask: { height, width, data: new Float32Array(height * width).fill(value) },
    asked: '1@m.png',
  });

  it.each([
    ['a class that is none', 'softmax', cls(5), 'TARGET_OUT_OF_RANGE'],
    ['a class below 0', 'softmax', cls(-1), 'TARGET_OUT_OF_RANGE'],
    ['one of several that is none', 'softmax', { kind: 'sum', indices: [1, 7], asked: '' }, 'TARGET_OUT_OF_RANGE'],
    ['a runner-up of one value', 'regression', { kind: 'runner-up', asked: '' }, 'TARGET_OUT_OF_RANGE'],
    ['a place on a classifier', 'softmax', { ...grid, at: [1, 1] }, 'TARGET_NO_GRID'],
    ['a cell outside', 'segmentation', { ...grid, at: [400, 1] }, 'TARGET_OUT_OF_RANGE'],
    ['half a cell', 'segmentation', { ...grid, at: [1.5, 1] }, 'TARGET_OUT_OF_RANGE'],
    ['a mask of another size', 'segmentation', mask(3, 3, 1), 'TARGET_MASK_SIZE'],
    ['an empty mask', 'segmentation', mask(32, 32, 0), 'TARGET_MASK_EMPTY'],
    ['a negative mask', 'segmentation', mask(32, 32, -1), 'TARGET_MASK_EMPTY'],
    ['a mask of NaN', 'segmentation', mask(32, 32, Number.NaN), 'TARGET_MASK_EMPTY'],
    [
      'a short vector',
      'softmax',
      { kind: 'similar', vector: new Float32Array(3).fill(1), name: 'b', asked: '' },
      'TARGET_VECTOR_INVALID',
    ],
    [
      'a zero vector',
      'softmax',
      { kind: 'similar', vector: new Float32Array(5), name: 'b', asked: '' },
      'TARGET_VECTOR_INVALID',
    ],
    [
      'a value that is none',
      'softmax',
      { kind: 'element', value: 'nothing', at: [1], name: 'nothing', asked: '' },
      'TARGET_VALUE_UNKNOWN',
    ],
    [
      'an element outside',
      'softmax',
      { kind: 'element', value: 'output', at: [5], name: 'output', asked: '' },
      'TARGET_OUT_OF_RANGE',
    ],
    [
      'too many numbers',
      'softmax',
      { kind: 'element', value: 'output', at: [1, 1], name: 'output', asked: '' },
      'TARGET_OUT_OF_RANGE',
    ],
    [
      'a function of another shape',
      'softmax',
      { kind: 'function', name: 'f', build: (_, o) => o.output! },
      'TARGET_FUNCTION_INVALID',
    ],
    [
      'a function of nothing',
      'softmax',
      { kind: 'function', name: 'f', build: (b) => b.neg('nothing') },
      'TARGET_FUNCTION_INVALID',
    ],
    [
      'a function of whole numbers',
      'softmax',
      { kind: 'function', name: 'f', build: (b, o) => b.op('ArgMax', [o.output!], { axis: 1, keepdims: 0 }) },
      'TARGET_FUNCTION_INVALID',
    ],
    [
      'a function of all pictures at once',
      'softmax',
      { kind: 'function', name: 'f', build: (b, o) => b.reduceSum(o.output!, [0, 1], false) },
      'TARGET_FUNCTION_INVALID',
    ],
  ] as [string, ModelName, Target, string][])('%s', async (_, name, target, code) => {
    expect(await fails(models.get(name)!, target)).toBe(code);
  });

  it('a probability of a regression', async () => {
    expect(await fails(models.get('regression')!, cls(0), 'probability')).toBe('TARGET_SCORE_IMPOSSIBLE');
    expect(await fails(models.get('regression')!, cls(0), 'log-odds')).toBe('TARGET_SCORE_IMPOSSIBLE');
  });

  it('CAM of what is not a class', async () => {
    const model = models.get('softmax')!;
    expect(await fails(model, model.parseTargets('output[1]')[0]!, 'logit', ['cam'])).toBe('TARGET_NOT_A_CLASS');
  });

  it('Finer-CAM, and Score-CAM that looks into a softmax of classes', async () => {
    const model = models.get('softmax')!;
    const similar = await similarTo(model, picture(model, 9), 'b.jpg');
    expect(await fails(model, similar, 'logit', ['finer-cam'])).toBe('TARGET_NOT_A_CLASS');
    const scored = explain(model, [picture(model)], {
      targets: [similar],
      methods: ['scorecam'],
      variant: 'tf-keras-vis',
    });
    await expect(scored).rejects.toMatchObject({ code: 'TARGET_NOT_A_CLASS' });
  });

  it('a score that is not a number', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    const image = { ...picture(model), data: new Float32Array(3 * 32 * 32).fill(Number.NaN) };
    await expect(explain(model, [image], { targets: '1' })).rejects.toMatchObject({ code: 'SCORE_NOT_A_NUMBER' });
    expect(runtime.profile).toBe('native');
  });
});
