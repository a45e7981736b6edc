import { describe, expect, it } from 'vitest';
import { type MapResize, resizeMap } from '../../src/heatmap/resize.ts';
import { largestDifference, referenceJson, referenceMap } from '../picture/references.ts';

interface Case {
  file: string;
  map: string;
  mode: MapResize;
  width: number;
  height: number;
}

describe('resizeMap against OpenCV, SciPy, scikit-image and Pillow', () => {
  it.each(referenceJson('cases.json').mapResize as Case[])('$file', ({ file, map, mode, width, height }) => {
    const made = resizeMap(referenceMap(map), width, height, mode);
    expect(largestDifference(made.data, referenceMap(file).data)).toBeLessThan(1e-6);
  });

  it('bicubic-tensorflow is the exact one with positions rounded to 1/1024', () => {
    const map = referenceMap('cam5x9.npy');
    const made = resizeMap(map, 32, 24, 'bicubic-tensorflow');
    const exact = referenceMap('cam5x9-bicubic-32x24.npy');
    expect(largestDifference(made.data, exact.data)).toBeLessThan(5e-3);
    // tf.image.resize(cam5x9, (10, 18), 'bicubic'): doubling has no rounded positions, so all agree.
    const doubled = largestDifference(
      resizeMap(map, 18, 10, 'bicubic-tensorflow').data,
      resizeMap(map, 18, 10, 'bicubic').data,
    );
    expect(doubled).toBeLessThan(1e-6);
  });

  it('refuses sizes that cannot be', () => {
    const map = referenceMap('cam7x7.npy');
    expect(() => resizeMap(map, 0, 5)).toThrow(expect.objectContaining({ code: 'SIZE_INVALID' }));
    expect(() => resizeMap(map, 5, 5, 'linear' as MapResize)).toThrow(/bilinear/);
  });
});
