import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBeside, labelsFromMetadata, parseLabels } from '../src/labels.ts';

describe('a labels file', () => {
  it.each([
    ['lines, with a mark at the beginning and an end of Windows', '\uFEFFcat\r\ndog\r\n\r\n', ['cat', 'dog']],
    ['a JSON list', '["cat", "dog"]', ['cat', 'dog']],
    ['a JSON object by index', '{"1": "dog", "0": "cat"}', ['cat', 'dog']],
    ["Keras' class index", '{"0": ["n1", "cat"], "1": ["n2", "dog"]}', ['cat', 'dog']],
    ['an object by name', '{"dog": 1, "cat": 0}', ['cat', 'dog']],
    ['a Hugging Face configuration', '{"architectures": ["X"], "id2label": {"0": "cat", "1": "dog"}}', ['cat', 'dog']],
    ['an empty line between', 'a\n\nb', ['a', '', 'b']],
    ['names behind their numbers', '0 tench\n1 great white shark\n2 hen\n', ['tench', 'great white shark', 'hen']],
    ['names behind their numbers and marks', '0: tench\n1:goldfish', ['tench', 'goldfish']],
    ['digits', '0\n1\n2', ['0', '1', '2']],
    ['names that begin with a number', '0 euros\n5 euros', ['0 euros', '5 euros']],
    ['times and amounts, out of order', '1 cent\n0 cents', ['1 cent', '0 cents']],
  ])('of %s', (_, text, expected) => expect(parseLabels(text, 'x')).toEqual(expected));

  it.each(['', '[', '{"a": {}}', '[[1]]', '{}'])('refuses %j', (text) =>
    expect(() => parseLabels(text, 'x')).toThrow(expect.objectContaining({ code: 'LABELS_INVALID' })),
  );
});

describe('labels in the metadata', () => {
  it.each([
    ['names', "{0: 'person', 1: \"driver's seat\", 2: 'it\\'s'}", ['person', "driver's seat", "it's"]],
    ['labels', '["a", "b"]', ['a', 'b']],
    ['classes', 'a, b,c', ['a', 'b', 'c']],
    ['names', "['x', 'y']", ['x', 'y']],
  ])('%s = %s', (key, text, expected) => expect(labelsFromMetadata(new Map([[key, text]]))).toEqual(expected));

  it('of another kind are none', () => {
    expect(
      labelsFromMetadata(
        new Map([
          ['names', 'model'],
          ['task', 'detect'],
        ]),
      ),
    ).toBeUndefined();
  });
});

describe('a list beside the model', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'seewhy-labels-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const found = async () => (await findBeside(join(folder, 'keras_model.h5'))).labels;

  it('is found as Teachable Machine leaves it', async () => {
    put('labels.txt', '0 rock\n1 paper\n');
    expect(await found()).toEqual({ labels: ['rock', 'paper'], from: join(folder, 'labels.txt') });
  });

  it('is found as ImageDataGenerator saves its classes', async () => {
    put('class_indices.json', '{"dog": 1, "cat": 0}');
    expect(await found()).toEqual({ labels: ['cat', 'dog'], from: join(folder, 'class_indices.json') });
  });

  it('stands back behind the names of a config.json', async () => {
    put('labels.txt', 'a\nb\n');
    put('config.json', '{"id2label": {"0": "cat", "1": "dog"}}');
    expect((await found())?.labels).toEqual(['cat', 'dog']);
  });

  it('is none where it is empty, of bytes or missing', async () => {
    expect(await found()).toBeUndefined();
    put('labels.txt', '');
    put('class_names.txt', 'a\u0000b');
    expect(await found()).toBeUndefined();
    put('classes.txt', 'x\ny');
    expect((await found())?.labels).toEqual(['x', 'y']);
  });
});
