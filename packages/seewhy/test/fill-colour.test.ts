import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readMethodOptions } from '../src/method-options.ts';
import { openModel } from '../src/open-model.ts';

const file = fileURLToPath(new URL('../../../fixtures/models/tiny-cnn.onnx', import.meta.url));

describe('a colour as fill', () => {
  it.each([
    ['signed', [255, 128, 0].map((byte) => (byte - 127) / 128)],
    ['imagenet', [255, 128, 0].map((byte, c) => (byte / 255 - [0.485, 0.456, 0.406][c]!) / [0.229, 0.224, 0.225][c]!)],
  ])('is what the preprocessing %s makes of it', async (preprocess, expected) => {
    const opened = await openModel(file, { preprocess });
    const { fill } = await readMethodOptions({ fill: '#ff8000' }, opened);
    expect(fill).toHaveLength(3);
    for (const [c, value] of expected.entries()) expect((fill as number[])[c]).toBeCloseTo(value, 5);
    expect(await readMethodOptions({ fill: 'blur' }, opened)).toEqual({ fill: 'blur' });
  });
});
