import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Runtime } from '@seewhy/core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { chooseRuntime, explainFile, loadModel, noiseImage, openModel, verify } from '../src/index.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const cnn = join(root, 'fixtures/models/tiny-cnn.onnx');
const cat = join(root, 'fixtures/photos/chelsea.png');

describe('the Node API', () => {
  it('explains a file, and draws it', async () => {
    const opened = await openModel(cnn, { labels: ['a', 'b', 'c', 'd', 'e'], preprocess: 'unit' });
    const { explanations, placed, png } = await explainFile(opened, cat, { methods: ['gradcam'], targets: 'b' });
    expect(explanations).toHaveLength(1);
    expect(explanations[0]!.target).toMatchObject({ index: 1, label: 'b' });
    expect(placed(explanations[0]!)).toMatchObject({ width: 451, height: 300 });
    expect((await sharp(await png(explanations[0]!)).metadata()).width).toBe(451);
    for (const kind of ['heatmap', 'panel'] as const)
      expect((await sharp(await png(explanations[0]!, kind)).metadata()).format).toBe('png');
  });

  it('leaves labels out that belong to another model, and says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seewhy-api-'));
    copyFileSync(cnn, join(folder, 'model.onnx'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ id2label: { 0: 'x', 1: 'y' } }));
    const { model, notices, labelsFrom } = await openModel(join(folder, 'model.onnx'));
    expect({ labels: model.labels, labelsFrom }).toEqual({ labels: undefined, labelsFrom: undefined });
    expect(notices.join()).toContain('there are 2, the model has 5 classes');
    expect(model.parseTargets('3')).toHaveLength(1);
  });

  it('takes bytes', async () => {
    const { explanations } = await explainFile(cnn, readFileSync(cat), { load: { preprocess: 'unit' } });
    expect(explanations[0]!.method).toBe('gradcam');
  });
});

describe('verify', () => {
  /** A runtime whose gradients at the image are wrong by a share. */
  const faulty = (runtime: Runtime, share: number): Runtime => ({
    ...runtime,
    open: async (graph, options) => {
      const session = await runtime.open(graph, options);
      return {
        release: () => session.release(),
        run: async (feeds, outputs) => {
          const results = await session.run(feeds, outputs);
          for (const tensor of Object.values(results)) {
            if (tensor.dims.join() !== '1,3,32,32' || !(tensor.data instanceof Float32Array)) continue;
            for (let i = 0; i < tensor.data.length; i++) tensor.data[i]! *= 1 + share;
          }
          return results;
        },
      };
    },
  });

  it('finds a gradient that is off by a twentieth', async () => {
    const { runtime } = await chooseRuntime();
    for (const [share, verdict] of [
      [0, 'correct'],
      [0.05, 'wrong'],
      [-1, 'wrong'],
    ] as const) {
      const model = await loadModel(cnn, { runtime: faulty(runtime, share) });
      const report = await verify(model, noiseImage(model, 1), { directions: 4 });
      expect({ share, verdict: report.verdict }).toEqual({ share, verdict });
    }
  });
});
