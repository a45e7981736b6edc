import type { ImageInput } from '../image-input.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { toFloat32 } from '../tensors.ts';
import type { Picture } from './picture.ts';
import { resamplePicture } from './resample.ts';

/**
 * An image tensor `[1, …]` of a model as a picture to draw on: its smallest value black, its largest white; one channel alone is grey.
 * @param leastSide a smaller picture is enlarged by a whole number, pixel by pixel; default: it stays as it is
 */
export function pictureOfTensor(
  tensor: RunTensor,
  { width, height, channels, layout }: Pick<ImageInput, 'width' | 'height' | 'channels' | 'layout'>,
  name: string,
  leastSide = 1,
): Picture {
  const values = toFloat32(tensor);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = high > low ? 255 / (high - low) : 0;
  const data = new Uint8Array(width * height * 3);
  for (let place = 0; place < width * height; place++) {
    for (let c = 0; c < 3; c++) {
      const channel = Math.min(c, channels - 1);
      const at = layout === 'NCHW' ? channel * width * height + place : place * channels + channel;
      data[place * 3 + c] = Math.round((values[at]! - low) * scale);
    }
  }
  const notes = ['Drawn from the tensor itself: its smallest value black, its largest white.'];
  const picture: Picture = { width, height, channels: 3, data, name, notes };
  const times = Math.ceil(leastSide / Math.min(width, height));
  return times > 1 ? resamplePicture(picture, width * times, height * times, 'nearest') : picture;
}
