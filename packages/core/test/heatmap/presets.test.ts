import { describe, expect, it } from 'vitest';
import { finishMap, POSTPROCESS, type PostprocessName } from '../../src/heatmap/presets.ts';
import { largestDifference, referenceMap } from '../picture/references.ts';

const cam7x7 = referenceMap('cam7x7.npy');
const cam5x9 = referenceMap('cam5x9.npy');
const size = { width: 32, height: 24 };

describe('finishMap against what the peers make', () => {
  it.each([
    ['pytorch-grad-cam', 'finished-pytorch-grad-cam-1.npy'],
    ['tf-explain', 'finished-tf-explain.npy'],
    ['tf-keras-vis', 'finished-tf-keras-vis.npy'],
    ['saliency', 'finished-saliency.npy'],
    ['captum', 'cam7x7-nearest-32x24.npy'],
  ] as [PostprocessName, string][])('%s', (preset, file) => {
    const { map } = finishMap(cam7x7, preset, size);
    expect(largestDifference(map.data, referenceMap(file).data)).toBeLessThan(2e-6);
  });

  it('pytorch-grad-cam over two layers of different sizes (scale_cam_image itself)', () => {
    const { map, range, unit } = finishMap([cam7x7, cam5x9], 'pytorch-grad-cam', size);
    expect(largestDifference(map.data, referenceMap('finished-pytorch-grad-cam-2.npy').data)).toBeLessThan(2e-6);
    expect([unit, range]).toEqual(['scaled', [0, 1]]);
  });

  it('torch-cam stays at layer resolution when no size is asked for', () => {
    const { map } = finishMap(cam7x7, 'torch-cam');
    expect(largestDifference(map.data, referenceMap('finished-torch-cam.npy').data)).toBeLessThan(1e-6);
  });
});

describe('finishMap', () => {
  it('ours spans 0..1 and the range leads back to raw values', () => {
    const { map, range, unit, signed } = finishMap(cam7x7, 'seewhy', size);
    expect(Math.min(...map.data)).toBe(0);
    expect(Math.max(...map.data)).toBe(1);
    const raw = finishMap(
      cam7x7,
      [
        { stage: 'rectify', how: 'relu' },
        { stage: 'resize', how: 'bilinear' },
      ],
      size,
    );
    const back = map.data.map((x) => range[0] + x * (range[1] - range[0]));
    expect(largestDifference(back, raw.map.data)).toBeLessThan(1e-6);
    expect([unit, signed]).toEqual(['raw', false]);
  });

  it('two normalisations in a row still lead back to raw values', () => {
    const { map, range } = finishMap(cam7x7, 'pytorch-grad-cam', size);
    const raw = finishMap(
      cam7x7,
      [
        { stage: 'rectify', how: 'relu' },
        { stage: 'resize', how: 'bilinear' },
      ],
      size,
    );
    const back = map.data.map((x) => range[0] + x * (range[1] - range[0]));
    expect(largestDifference(back, raw.map.data)).toBeLessThan(1e-6);
  });

  it('signed keeps zero at zero and clips at the 99th percentile', () => {
    const map = { width: 3, height: 1, data: Float32Array.of(-4, 0, 2) };
    const finished = finishMap(map, [{ stage: 'normalise', by: 'symmetric' }]);
    expect([...finished.map.data]).toEqual([-1, 0, 0.5]);
    expect([finished.range, finished.signed]).toEqual([[-4, 4], true]);
  });

  it.each(Object.keys(POSTPROCESS) as PostprocessName[])('%s survives flat, empty, 1x1 and NaN maps', (preset) => {
    for (const values of [
      [0, 0, 0, 0],
      [3, 3, 3, 3],
      [-1, -1, -2, -1],
      [Number.NaN, 0, 1, 2],
    ]) {
      const { map } = finishMap({ width: 2, height: 2, data: Float32Array.from(values) }, preset);
      expect(map.data).toHaveLength(4);
      if (!values.some(Number.isNaN)) expect([...map.data].every(Number.isFinite)).toBe(true);
    }
    expect(finishMap({ width: 1, height: 1, data: Float32Array.of(2) }, preset, size).map.data).toHaveLength(32 * 24);
  });

  it('offers the nearest name', () => {
    expect(() => finishMap(cam7x7, 'pytorch-gradcam' as PostprocessName)).toThrow(/'pytorch-grad-cam'/);
  });
});
