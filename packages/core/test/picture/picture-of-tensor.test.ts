import { pictureOfTensor } from '@seewhy/core';
import { expect, it } from 'vitest';

const tensor = (data: readonly number[], dims: readonly number[]) =>
  ({ type: 'float32', dims, data: Float32Array.from(data) }) as const;

it('a tensor is drawn from its smallest to its largest value, whatever its layout', () => {
  const size = { width: 2, height: 1, channels: 3 };
  const expected = [0, 51, 102, 153, 204, 255];
  const last = pictureOfTensor(tensor([-1, 0, 1, 2, 3, 4], [1, 1, 2, 3]), { ...size, layout: 'NHWC' }, 'x');
  expect([...last.data]).toEqual(expected);
  const first = pictureOfTensor(tensor([-1, 2, 0, 3, 1, 4], [1, 3, 1, 2]), { ...size, layout: 'NCHW' }, 'x');
  expect([...first.data]).toEqual(expected);
});

it('one channel is grey, one value black, a small picture enlarged by a whole number', () => {
  const grey = { width: 2, height: 1, channels: 1, layout: 'NHWC' } as const;
  expect([...pictureOfTensor(tensor([5, 7], [1, 1, 2, 1]), grey, 'x').data]).toEqual([0, 0, 0, 255, 255, 255]);
  expect([...pictureOfTensor(tensor([5, 5], [1, 1, 2, 1]), grey, 'x').data]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(pictureOfTensor(tensor([5, 7], [1, 1, 2, 1]), grey, 'x', 3)).toMatchObject({ width: 6, height: 3 });
});
