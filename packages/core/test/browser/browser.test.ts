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
import { type Outcome, perform, type Task } from './subject.ts';

const fixture = (path: string) =>
  readFileSync(join(fileURLToPath(new URL('../../../../fixtures', import.meta.url)), path));

const CNN: Task = {
  model: 'models/parity-residual.onnx',
  methods: ['gradcam', 'layercam', 'hirescam', 'saliency', 'gradient-x-input'],
};
const TRANSFORMER: Task = { model: 'models/tiny-vit.onnx', methods: ['gradcam', 'saliency'] };
const HALF: Task = { model: 'models/tiny-fp16.onnx', methods: ['gradcam', 'saliency'] };
const QUANTISED: Task = { model: 'models/tiny-qdq.onnx', methods: ['saliency', 'gradient-x-input'] };
const SAMPLED: Task = {
  model: 'models/parity-residual.onnx',
  methods: ['integrated-gradients', 'smoothgrad', 'scorecam', 'reciprocam', 'occlusion', 'rise', 'lime', 'kernelshap'],
};
const PHOTO: Task = {
  model: 'models/efficientnet-lite0.onnx',
  photo: 'photos/chelsea.png',
  preprocess: 'signed',
  methods: ['gradcam'],
};

const TASKS: { device: string; task: Task }[] = [
  { device: 'wasm', task: CNN },
  { device: 'wasm', task: TRANSFORMER },
  { device: 'wasm', task: HALF },
  { device: 'wasm', task: QUANTISED },
  { device: 'wasm', task: SAMPLED },
  { device: 'wasm', task: PHOTO },
  { device: 'webgpu', task: CNN },
  { device: 'webgpu', task: PHOTO },
];

const executable = chromium();

describe.skipIf(!executable)('in a browser', () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage(executable!, { entry: new URL('page.ts', import.meta.url), ready: 'explainInPage' });
  });
  afterAll(() => open?.close());

  it('is isolated, so that wasm may use threads', async () => {
    expect(await open.page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  it.each(TASKS)(
    '$device explains $task.model by $task.methods.0 … as Node does',
    { timeout: 300_000 },
    async ({ device, task }) => {
      const [found, submissions] = await open.page.evaluate(
        async ([device, task]) => {
          const { explainInPage, submissions } = globalThis as unknown as PageGlobals;
          const before = submissions();
          return [await explainInPage(device, task), submissions() - before] as const;
        },
        [device, task] as const,
      );
      // The graphics device worked, or did not: a run that fell back on another provider is none.
      expect(submissions > 0).toBe(device === 'webgpu');
      const expected = await inNode(task);
      expect(found.map(({ method, target, layers }) => ({ method, target, layers }))).toEqual(
        expected.map(({ method, target, layers }) => ({ method, target, layers })),
      );
      for (const [i, { method, raw, map, probability }] of expected.entries()) {
        expect(found[i]!.probability).toBeCloseTo(probability, 4);
        expect(found[i]!.raw.dims).toEqual(raw.dims);
        expect(largestDifference(found[i]!.raw.data, raw.data), `${method}, raw map`).toBeLessThan(1e-4);
        expect(largestDifference(found[i]!.map, map), `${method}, finished map`).toBeLessThan(1e-4);
      }
    },
  );

  it('asks nothing of other hosts and complains about nothing', () => {
    expect(open.problems).toEqual([]);
  });
});

function inNode(task: Task): Promise<Outcome[]> {
  return perform(
    ortNode as unknown as OrtModule,
    'cpu',
    task,
    fixture(task.model),
    task.photo ? picture(task.photo) : undefined,
  );
}

function picture(path: string): Picture {
  const { width, height, data, channels } = decode(fixture(path));
  if (channels !== 3) throw new Error(`${path} has ${channels} channels`);
  return { width, height, channels: 3, data: data as Uint8Array };
}
