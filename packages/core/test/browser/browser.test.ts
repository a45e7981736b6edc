import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ortNode from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium } from '../../../../tools/test-support/require.ts';
import type { OrtModule } from '../../src/runtime/ort.ts';
import { type OpenPage, openPage } from './browser.ts';
import type { PageGlobals } from './page.ts';
import { perform, type Task } from './subject.ts';

const fixtures = fileURLToPath(new URL('../../../../fixtures', import.meta.url));

const TASKS: Task[] = [
  { model: 'models/tiny-cnn.onnx', dims: [1, 3, 32, 32] },
  { model: 'models/parity-residual.onnx', dims: [1, 3, 64, 64] },
];

const executable = chromium();

describe.skipIf(!executable)('in a browser', () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage(executable!);
  });
  afterAll(() => open?.close());

  it('is isolated, so that wasm may use threads', async () => {
    expect(await open.page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  describe.each(['wasm', 'webgpu'])('%s', (device) => {
    it.each(TASKS)('$model gives what Node gives', async (task) => {
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
      const expected = await perform(
        ortNode as unknown as OrtModule,
        'cpu',
        task,
        readFileSync(join(fixtures, task.model)),
      );
      expect(Object.keys(found)).toEqual(Object.keys(expected));
      for (const [name, { dims, data }] of Object.entries(expected)) {
        expect(found[name]!.dims).toEqual(dims);
        const largest = Math.max(...data.map(Math.abs));
        const error = Math.max(...data.map((value, i) => Math.abs(value - found[name]!.data[i]!)));
        expect(error, name).toBeLessThan(1e-4 * Math.max(largest, 1e-3));
      }
    });
  });

  it('asks nothing of other hosts and complains about nothing', () => {
    expect(open.problems).toEqual([]);
  });
});
