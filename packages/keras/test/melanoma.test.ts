import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explain, Model, ortRuntime } from '@seewhy/core';
import { unzipSync, zipSync } from 'fflate';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { binaryEfficientNet } from '../../../tools/test-support/require.ts';
import { importKeras } from '../src/index.ts';
import { relativeError } from './support.ts';

const folder = binaryEfficientNet();
const load = (kind: string) => new Uint8Array(readFileSync(join(folder!, `EfficientNetB5.${kind}`)));

/** The same network for pictures of another size: no weight depends on it. */
function resized(archive: Uint8Array, side: number): Uint8Array {
  const entries = unzipSync(archive);
  const config = new TextDecoder().decode(entries['config.json']);
  entries['config.json'] = new TextEncoder().encode(
    config.replaceAll('[null, 456, 456, 3]', `[null, ${side}, ${side}, 3]`),
  );
  return zipSync(entries, { level: 0 });
}

async function bothSides(bytes: Uint8Array) {
  const { graph } = await importKeras(bytes);
  const model = await Model.load(graph, { runtime: ortRuntime(ort as never, { threads: 2 }) });
  const { height, width } = model.image;
  const data = Float32Array.from({ length: height * width * 3 }, (_, i) => 127 + 90 * Math.sin(i * 0.7 + (i >> 9)));
  const image = { type: 'float32' as const, dims: [1, height, width, 3], data };
  const [explanations] = await explain(model, [image], { methods: ['gradcam'], targets: '0,1' });
  return { side: height, layer: model.defaultLayer?.name, explanations: explanations! };
}

describe.skipIf(!folder)('EfficientNetB5 with one sigmoid output', () => {
  it.each([
    ['.keras', 456, () => load('keras')],
    ['.h5', 456, () => load('h5')],
    ['.keras', 384, () => resized(load('keras'), 384)],
    ['.keras', 512, () => resized(load('keras'), 512)],
  ] as const)(
    '%s of %i pixels: both sides of the head, at the layer that is found',
    { timeout: 600_000 },
    async (_, side, bytes) => {
      const found = await bothSides(bytes());
      expect(found.side).toBe(side);
      expect(found.layer).toBe('top_activation');
      const [no, yes] = found.explanations;
      expect([no!.target.index, yes!.target.index]).toEqual([0, 1]);
      expect(no!.layers.map(({ name }) => name)).toEqual(['top_activation']);
      // The two scores are ∓ the logit: so are the maps.
      expect(no!.target.value).toBeCloseTo(-yes!.target.value, 4);
      const [a, b] = [no!.raw[0]!, yes!.raw[0]!];
      expect(a.dims).toEqual([side / 32, side / 32].map(Math.ceil));
      expect(
        relativeError({ dims: a.dims, data: a.data.map((value) => -value) }, { dims: b.dims, data: b.data }),
      ).toBeLessThan(1e-4);
      expect(Math.max(...b.data.map(Math.abs))).toBeGreaterThan(0);
    },
  );

  it('is the same network in both files', { timeout: 600_000 }, async () => {
    const [one, other] = [await bothSides(load('keras')), await bothSides(load('h5'))];
    for (const at of [0, 1]) {
      const [a, b] = [one.explanations[at]!.raw[0]!, other.explanations[at]!.raw[0]!];
      expect(relativeError({ dims: a.dims, data: a.data }, { dims: b.dims, data: b.data })).toBeLessThan(1e-4);
    }
  });
});
