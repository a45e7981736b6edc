import { Graph } from '@seewhy/onnx';
import { expect, it } from 'vitest';
import { keptPreprocessing, withFacts } from '../src/converted-facts.ts';
import { labelsFromMetadata } from '../src/labels.ts';

const bare = new Graph({ name: 'g', irVersion: 8, opsets: new Map([['', 17]]) });

it('labels and preparation come back as they were', () => {
  const hint = { mode: 'caffe', architecture: 'ResNet50', reason: 'its layers are those of ResNet50' } as const;
  const { metadata } = withFacts(bare, ['cat', 'big, "bad" dog'], hint);
  expect(keptPreprocessing(metadata)).toEqual(hint);
  expect(labelsFromMetadata(metadata)).toEqual(['cat', 'big, "bad" dog']);
});

it('nothing is written where nothing is known', () => {
  expect(withFacts(bare, undefined, undefined).metadata.size).toBe(0);
});

it.each(['', '{', 'null', '{"mode":"other","reason":"x"}', '{"mode":"tf"}'])('%j is left to the guess', (text) =>
  expect(keptPreprocessing(new Map([['seewhy.keras.preprocessing', text]]))).toBeUndefined(),
);
