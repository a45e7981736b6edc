import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OrtModule, Picture } from '@seewhy/core';
import { decode } from 'fast-png';
import * as ortNode from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenPage, openPage } from '../../../../tools/test-support/browser.ts';
import { largestDifference } from '../../../../tools/test-support/largest-difference.ts';
import { chromium } from '../../../../tools/test-support/require.ts';
import type { PageGlobals } from './page.ts';
import { KINDS, type Outcome, pattern, perform } from './subject.ts';

const fixture = (path: string) =>
  new Uint8Array(readFileSync(join(fileURLToPath(new URL('../../../../fixtures', import.meta.url)), path)));

const PHOTO = 'photos/chelsea.png';

function inNode(kind: string, picture: Picture | Float32Array): Promise<Outcome> {
  const files = new Map(KINDS[kind]!.map((name) => [name.split('/').at(-1)!, fixture(`keras/${name}`)]));
  return perform(ortNode as unknown as OrtModule, 'cpu', files, picture);
}

function photo(): Picture {
  const { width, height, data } = decode(fixture(PHOTO));
  return { width, height, channels: 3, data: data as Uint8Array };
}

/** What tools/keras/photo.py has written of Keras and TensorFlow. */
function reference(): { target: number; prediction: Float32Array; gradcam: Float32Array } {
  const json = JSON.parse(new TextDecoder().decode(fixture('keras/photo.json')));
  const floats = ({ data }: { data: string }) => new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer);
  return { target: json.target, prediction: floats(json.prediction), gradcam: floats(json.gradcam) };
}

const kinds = Object.keys(KINDS);

it.each(kinds)("%s: prediction and Grad-CAM are Keras's and TensorFlow's own", async (kind) => {
  const expected = reference();
  const found = await inNode(kind, pattern());
  expect(found.format).toBe(kind);
  expect(found.target).toBe(expected.target);
  expect(largestDifference(found.probabilities, expected.prediction)).toBeLessThan(1e-4);
  expect(found.raw.dims).toEqual([12, 12]);
  expect(largestDifference(found.raw.data, expected.gradcam)).toBeLessThan(1e-4);
});

const executable = chromium();

describe.skipIf(!executable)('in a browser', () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage(executable!, { entry: new URL('page.ts', import.meta.url), ready: 'explainInPage' });
  });
  afterAll(() => open?.close());

  const inPage = (kind: string, device: string, path?: string) =>
    open.page.evaluate(
      ([kind, device, path]) => (globalThis as unknown as PageGlobals).explainInPage(kind!, device!, path || undefined),
      [kind, device, path ?? ''],
    );

  // A session on Chromium's software renderer takes long to open: one kind shows that the device makes no difference.
  it.each([...kinds.map((kind) => [kind, 'wasm'] as const), ['keras', 'webgpu'] as const])(
    'a %s model explains a photo on %s as in Node',
    { timeout: 300_000 },
    async (kind, device) => {
      const [found, expected] = [await inPage(kind, device, PHOTO), await inNode(kind, photo())];
      expect({ ...found, probabilities: 0, raw: 0, map: 0 }).toEqual({ ...expected, probabilities: 0, raw: 0, map: 0 });
      expect(largestDifference(found.probabilities, expected.probabilities)).toBeLessThan(1e-4);
      expect(found.raw.dims).toEqual(expected.raw.dims);
      expect(largestDifference(found.raw.data, expected.raw.data), 'raw map').toBeLessThan(1e-4);
      expect(largestDifference(found.map, expected.map), 'finished map').toBeLessThan(1e-4);
    },
  );

  it.each(kinds)("a %s model's Grad-CAM is TensorFlow's own", async (kind) => {
    const [found, expected] = [await inPage(kind, 'wasm'), reference()];
    expect(largestDifference(found.probabilities, expected.prediction)).toBeLessThan(1e-4);
    expect(largestDifference(found.raw.data, expected.gradcam)).toBeLessThan(1e-4);
  });

  it.each([
    ['hostile/external-link.h5', 'HDF5_ESCAPES'],
    ['hostile/external-device.h5', 'HDF5_DATASET'],
    ['hostile/huge.h5', 'WEIGHT_MISMATCH'],
    ['photo.json', 'MODEL_NOT_KERAS'],
  ])('%s is refused as in Node', async (name, code) => {
    const found = await open.page.evaluate(
      (path) => (globalThis as unknown as PageGlobals).refusalInPage(path),
      `keras/${name}`,
    );
    expect(found).toBe(code);
  });

  it('asks nothing of other hosts and complains about nothing', () => {
    expect(open.problems).toEqual([]);
  });
});
