import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type OpenedModel, openModel } from '../src/index.ts';
import { kerasLayerName } from '../src/keras-layer-name.ts';
import { ROOT } from './command/seewhy.ts';

describe('a layer of nested Keras models', () => {
  let opened: OpenedModel;
  beforeAll(async () => {
    opened = await openModel(join(ROOT, 'fixtures/keras/structure.keras'), { preprocess: 'unit' });
  });
  const called = (name: string) => kerasLayerName(name, opened.model, opened.keras);

  it('is called by its last part, where one layer alone ends in it', () => expect(called('add')).toBe('middle/add'));

  it('is called by its whole name', () => expect(called('middle/inner/conv')).toBe('middle/inner/conv'));

  it('is none where the name is that of several, or of none', () =>
    expect([called('conv'), called('nowhere'), called('dd')]).toEqual(['conv', 'nowhere', 'dd']));
});
