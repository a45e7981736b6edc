import { describe, expect, it } from 'vitest';
import { type Interpolation, resamplePicture } from '../../src/picture/resample.ts';
import { largestDifference, referenceJson, referencePicture } from './references.ts';

interface Case {
  file: string;
  kernel: Interpolation;
  width: number;
  height: number;
}

const source = referencePicture('source.npy');

describe('resamplePicture against Pillow', () => {
  it.each(referenceJson('cases.json').resample as Case[])(
    '$file, to the last bit',
    ({ file, kernel, width, height }) => {
      const expected = referencePicture(file);
      const made = resamplePicture(source, width, height, kernel);
      expect([made.width, made.height]).toEqual([width, height]);
      expect(largestDifference(made.data, expected.data)).toBe(0);
    },
  );

  it.each(['nearest', 'bilinear', 'bicubic'] as const)('a window of %s is cut from the whole', (kernel) => {
    for (const [width, height] of [
      [61, 40],
      [200, 40],
      [157, 90],
      [61, 113],
    ] as const) {
      const whole = resamplePicture(source, width, height, kernel);
      const window = { x0: 7, y0: 5, x1: 50, y1: 33 };
      const part = resamplePicture(source, width, height, kernel, window);
      const expected: number[] = [];
      for (let y = window.y0; y < window.y1; y++) {
        expected.push(...whole.data.subarray((y * width + window.x0) * 3, (y * width + window.x1) * 3));
      }
      expect([part.width, part.height]).toEqual([43, 28]);
      expect(largestDifference(part.data, expected)).toBe(0);
    }
  });

  it('leaves a picture of that size alone', () => {
    expect(resamplePicture(source, 157, 113, 'bicubic').data).toEqual(source.data);
  });

  it('refuses kernels and sizes that do not exist', () => {
    expect(() => resamplePicture(source, 5, 5, 'bicubik' as Interpolation)).toThrow(/'bicubic'/);
    expect(() => resamplePicture(source, 5, 0)).toThrow(expect.objectContaining({ code: 'SIZE_INVALID' }));
  });
});
