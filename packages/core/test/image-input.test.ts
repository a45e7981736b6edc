import { Graph, Node, Tensor, Value } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { assertTakesPictures, findImageInput } from '../src/index.ts';

/** One convolution, so that an image of any number of channels is known as one. */
const network = (dims: readonly (number | string)[], channels: number, ...others: Value[]) =>
  new Graph({
    inputs: [...others, new Value('frames', 'float32', [...dims])],
    outputs: [new Value('y')],
    initializers: new Map([
      ['w', Tensor.floats(new Float32Array(2 * channels), [2, channels, ...dims.slice(2).map(() => 1)])],
    ]),
    nodes: [Node.make('Conv', ['frames', 'w'], ['y'])],
  });

describe('the image input', () => {
  it('of a video model: says that it takes a video, and what can be done', () => {
    const video = network(['N', 3, 8, 112, 112], 3);
    for (const options of [{}, { input: 'frames' }])
      expect(() => findImageInput(video, options)).toThrow(
        expect.objectContaining({
          code: 'INPUT_NOT_A_PICTURE',
          message: expect.stringMatching(/'frames' \[N, 3, 8, 112, 112\] has five dimensions.*wrapper.*differentiate/),
        }),
      );
  });

  it('beside a further input of five dimensions is found', () => {
    const both = network(['N', 3, 8, 8], 3, new Value('memory', 'float32', [1, 1, 2, 2, 2]));
    expect(findImageInput(both).name).toBe('frames');
  });

  it('of other channels than a picture has is found; that no picture file fits is said by itself', () => {
    for (const channels of [2, 4, 5, 13]) {
      const image = findImageInput(network(['N', channels, 32, 32], channels));
      expect(image.channels).toBe(channels);
      expect(() => assertTakesPictures(image)).toThrow(
        expect.objectContaining({
          code: 'PICTURE_CHANNELS',
          message: expect.stringMatching(
            new RegExp(`takes ${channels} channels.*\\.npy.*\\[1, ${channels}, 32, 32\\]`),
          ),
        }),
      );
    }
    for (const channels of [1, 3]) assertTakesPictures(findImageInput(network(['N', channels, 32, 32], channels)));
  });
});
