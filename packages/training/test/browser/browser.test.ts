import type { OrtModule } from '@seewhy/core';
import * as tf from '@tensorflow/tfjs';
import * as ortNode from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenPage, openPage } from '../../../../tools/test-support/browser.ts';
import { largestDifference } from '../../../../tools/test-support/largest-difference.ts';
import { chromium } from '../../../../tools/test-support/require.ts';
import type { PageGlobals } from './page.ts';
import { explainWith, METHODS, NAMES } from './subject.ts';

const executable = chromium();
const EPOCHS = 3;
/** Explained pictures of one epoch. */
const A_STEP = NAMES.length * METHODS.length;

describe.skipIf(!executable)('ExplanationCallback in a browser', () => {
  let open: OpenPage;
  beforeAll(async () => {
    await tf.setBackend('cpu');
    open = await openPage(executable!, { entry: new URL('page.ts', import.meta.url), ready: 'trainOnInPage' });
  });
  afterAll(() => open?.close());

  it.each(['cpu', 'webgl'])(
    'trained on %s: each epoch is explained as Node explains the same weights',
    async (backend) => {
      const found = await open.page.evaluate(
        ([backend, epochs]) => (globalThis as unknown as PageGlobals).trainInPage(backend, epochs),
        [backend, EPOCHS] as const,
      );
      expect(found.errors).toEqual([]);
      expect(found.backend).toBe(backend);
      expect(found.losses).toHaveLength(EPOCHS);
      expect(found.weights).toHaveLength(EPOCHS);
      const expected = (
        await Promise.all(
          found.weights.map((weights, step) => explainWith(ortNode as unknown as OrtModule, weights, step)),
        )
      ).flat();
      expect(found.shown.map(({ step, tag }) => `${step} ${tag}`)).toEqual(
        expected.map(({ step, tag }) => `${step} ${tag}`),
      );
      expect(found.events).toEqual(expected.map(({ step, tag }) => `${step} ${tag}`));
      for (const [at, { tag, step, probability, raw, map, overlay }] of expected.entries()) {
        const own = found.shown[at]!;
        expect(own.probability).toBeCloseTo(probability, 5);
        expect(largestDifference(own.raw, raw), `${step} ${tag}, raw map`).toBeLessThan(1e-4);
        expect(largestDifference(own.map, map), `${step} ${tag}, finished map`).toBeLessThan(1e-4);
        // A value between two levels of the colormap may fall to either side: of a few pixels, by little.
        expect(own.overlay).toHaveLength(overlay.length);
        const away = overlay.map((value, i) => Math.abs(value - own.overlay[i]!));
        expect(Math.max(...away), `${step} ${tag}, overlay`).toBeLessThanOrEqual(4);
        expect(away.filter((one) => one > 0).length / away.length).toBeLessThan(0.02);
      }
      // The weights went on between two epochs, and so did the pictures.
      expect(largestDifference(found.shown.at(-1)!.raw, found.shown[A_STEP - 1]!.raw)).toBeGreaterThan(1e-3);
    },
  );

  it('an error is told once, and the training goes on as if there were no callback', async () => {
    const found = await open.page.evaluate(() => (globalThis as unknown as PageGlobals).failInPage(5));
    expect(found.steps).toEqual([0, 0]);
    expect(found.told).toHaveLength(1);
    expect(found.told[0]).toContain('the page has no memory left');
    expect(found.refused).toBe(4);
    expect(found.epochs).toBe(5);
    expect(found.weights).toEqual(found.alone);
  });

  it('holds no more after 60 epochs than after 20', async () => {
    const session = await open.page.context().newCDPSession(open.page);
    const held = async (epochs: number) => {
      const own = await open.page.evaluate((n) => (globalThis as unknown as PageGlobals).trainOnInPage(n), epochs);
      for (let pass = 0; pass < 3; pass++) await session.send('HeapProfiler.collectGarbage');
      const { usedSize, backingStorageSize } = (await session.send('Runtime.getHeapUsage')) as unknown as {
        usedSize: number;
        backingStorageSize: number;
      };
      return { ...own, heap: usedSize + backingStorageSize };
    };
    await session.send('HeapProfiler.enable');
    const [before, after] = [await held(20), await held(40)];
    expect(before.pictures).toBe(20 * A_STEP);
    expect(after.pictures).toBe(3 * before.pictures);
    console.log(
      `heap ${(before.heap / 2 ** 20).toFixed(2)} MB after 20 epochs, ${((after.heap - before.heap) / 2 ** 20).toFixed(2)} MB more after 60; ` +
        `WebAssembly ${(before.wasm / 2 ** 20).toFixed(1)} MB, ${((after.wasm - before.wasm) / 2 ** 20).toFixed(1)} MB more; ${after.tensors - before.tensors} tensors more`,
    );
    expect(after.heap - before.heap).toBeLessThan(2 ** 20);
    expect(after.wasm).toBe(before.wasm);
  });

  it('asks nothing of other hosts and complains about nothing', () => {
    expect(open.problems).toEqual([]);
  });
});
