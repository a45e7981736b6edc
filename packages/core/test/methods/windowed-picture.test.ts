import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ImageInput } from '../../src/image-input.ts';
import { WindowedPicture } from '../../src/methods/windowed-picture.ts';

const [HEIGHT, WIDTH, CHANNELS] = [5, 4, 3];
const SIZE = HEIGHT * WIDTH * CHANNELS;

const side = (length: number) =>
  fc.tuple(fc.integer({ min: 0, max: length - 1 }), fc.integer({ min: 1, max: length })).map(([a, n]) => [a, a + n]);
const box = fc
  .tuple(side(HEIGHT), side(WIDTH))
  .map(([[y0, y1], [x0, x1]]) => ({ y0: y0!, y1: Math.min(y1!, HEIGHT), x0: x0!, x1: Math.min(x1!, WIDTH) }));

it.each(['NCHW', 'NHWC'] as const)(
  '%s: each sample is the picture, but for its own window, run after run',
  (layout) => {
    const image = { layout, channels: CHANNELS, height: HEIGHT, width: WIDTH } as ImageInput;
    const picture = Float32Array.from({ length: SIZE }, (_, i) => i + 1);
    const fill = picture.map((value) => -value);
    fc.assert(
      fc.property(
        fc.array(fc.array(box, { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
        fc.boolean(),
        (runs, zero) => {
          const pictures = new WindowedPicture(image, picture, zero ? undefined : fill);
          for (const boxes of runs) {
            const [fed] = Object.values(pictures.feeds(boxes));
            expect(fed!.dims).toEqual([boxes.length, ...(layout === 'NCHW' ? [3, 5, 4] : [5, 4, 3])]);
            const expected = boxes.flatMap(({ x0, x1, y0, y1 }) =>
              Array.from(picture, (value, at) => {
                const pixel = layout === 'NCHW' ? at % (HEIGHT * WIDTH) : Math.floor(at / CHANNELS);
                const [y, x] = [Math.floor(pixel / WIDTH), pixel % WIDTH];
                const inside = y >= y0 && y < y1 && x >= x0 && x < x1;
                return inside ? (zero ? 0 : -value) : value;
              }),
            );
            expect(Array.from(fed!.data as Float32Array)).toEqual(expected);
          }
        },
      ),
    );
  },
);
