import { type ExplainOptions, explain, type Target } from '@seewhy/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cls, models, openModels } from './opened-models.ts';
import { MODELS, type ModelName, picture } from './support.ts';

beforeAll(openModels);

describe('what results call it', () => {
  it.each([
    ['softmax', cls(2), { kind: 'class', label: 'lynx', text: 'lynx', slug: '2', score: 'logit' }],
    [
      'softmax',
      { kind: 'contrast', index: 0, against: 1, asked: '' },
      { kind: 'contrast', label: 'tabby', text: 'tabby against tiger cat', slug: '0-1' },
    ],
    [
      'softmax',
      { kind: 'sum', indices: [0, 2], asked: '' },
      { kind: 'sum', index: 0, label: 'tabby + lynx', text: 'tabby + lynx', slug: '0+2' },
    ],
    [
      'softmax',
      { kind: 'element', value: 'output', at: [3], name: 'output', asked: '' },
      { kind: 'element', index: -1, text: 'output[3]', slug: 'output-3', score: 'value' },
    ],
    [
      'softmax',
      { kind: 'similar', vector: new Float32Array(5).fill(1), name: '../b c.jpg', asked: '' },
      { kind: 'similar', index: -1, text: 'similar to ../b c.jpg', slug: 'similar-..-b-c.jpg' },
    ],
    [
      'segmentation',
      { kind: 'position', index: 1, at: [3, 5], text: '120:88', asked: '' },
      { kind: 'position', index: 1, text: 'class 1 at 120:88', slug: '1-at-120-88' },
    ],
    [
      'regression',
      { kind: 'top', rank: 0, asked: 'top' },
      { kind: 'class', index: 0, label: 'made', text: 'made', score: 'value' },
    ],
  ] as [ModelName, Target, object][])('%s %#', async (name, target, expected) => {
    const named = ['tabby', 'tiger cat', 'lynx', 'dog', 'bird'];
    const model = name === 'softmax' ? await MODELS.softmax({ labels: named }) : models.get(name)!;
    const [found] = (await explain(model, [picture(model)], { targets: [target] }))[0]!;
    expect(found!.target).toMatchObject(expected);
    expect(found!.target.slug).toMatch(/^[A-Za-z0-9.+_-]{1,60}$/);
  });
});

describe('texts in a list', () => {
  it('are the targets they name, for all pictures or each its own', async () => {
    const model = models.get('softmax')!;
    const image = picture(model);
    const of = async (targets: ExplainOptions['targets']) =>
      (await explain(model, [image], { targets }))[0]!.map(({ target }) => target.slug);
    const asked = model.parseTargets('2');
    expect(await of(['2', 'top:2'])).toEqual([...(await of(asked)), ...(await of('top:2'))]);
    expect(await of([['2']])).toEqual(await of(asked));
    await expect(of(['2', 'nobody'])).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' });
  });
});

describe('a regression', () => {
  it('has no probability', async () => {
    const model = models.get('regression')!;
    const [found] = (await explain(model, [picture(model)], { targets: 'top' }))[0]!;
    expect(found!.predictions).toHaveLength(1);
    expect(found!.predictions[0]).toMatchObject({ label: 'made', probability: Number.NaN });
    expect(found!.predictions[0]!.logit).toBeCloseTo(found!.target.value, 5);
    expect(model.parseTargets('made')).toMatchObject([{ kind: 'class', index: 0 }]);
  });
});
