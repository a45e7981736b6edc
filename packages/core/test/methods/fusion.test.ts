import { fuseMaps, noiseImage, resizeMap } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { loadFixture } from '../support.ts';
import { explainOne, relativeLength } from './graph-references.ts';

const map = (...data: number[]) => ({ width: 2, height: 2, data: Float32Array.from(data) });

const OVER = {
  mean: (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length,
  max: (values: number[]) => Math.max(...values),
  product: (values: number[]) => values.reduce((product, value) => product * value, 1),
  sum: (values: number[]) => values.reduce((sum, value) => sum + value, 0),
} as const;

describe('maps of several layers as one', () => {
  it('element by element', () => {
    const maps = [map(1, 0, 0.5, 0.25), map(0.5, 1, 0.5, 0), map(0.2, 0.1, 1, 1)];
    expect(Array.from(fuseMaps(maps, 'product').data)).toEqual([0.1, 0, 0.25, 0].map(Math.fround));
    expect(Array.from(fuseMaps(maps, 'max').data)).toEqual([1, 1, 1, 1]);
    const mean = [1.7 / 3, 1.1 / 3, 2 / 3, 1.25 / 3];
    expect(relativeLength(fuseMaps(maps, 'mean').data, mean)).toBeLessThan(1e-6);
  });

  it.each(Object.keys(OVER) as (keyof typeof OVER)[])(
    'explained with fusion %s: each layer by its maximum, enlarged, fused, 0 to 1',
    async (fusion) => {
      const model = await loadFixture('models/parity-cnn.onnx');
      const layers = model.layers.filter(({ op }) => op === 'Relu').map(({ value }) => value);
      expect(layers.length).toBeGreaterThan(1);
      const found = await explainOne(model, noiseImage(model, 2), {
        methods: ['layercam'],
        targets: '2',
        layers,
        fusion,
      });
      const { width, height } = model.image;
      const enlarged = found.raw.map(({ dims, data }) => {
        const most = Math.max(...data);
        const shown = data.map((value) => Math.max(value, 0) / most);
        return resizeMap({ height: dims[0]!, width: dims[1]!, data: shown }, width, height).data;
      });
      const fused = Array.from({ length: width * height }, (_, at) => OVER[fusion](enlarged.map((one) => one[at]!)));
      const [low, high] = [Math.min(...fused), Math.max(...fused)];
      const expected = fused.map((value) => (value - low) / (high - low));
      expect(relativeLength(found.map.data, expected)).toBeLessThan(1e-5);
    },
  );
});
