import { type ImageInput, type Picture, type RunTensor, resamplePicture, toFloat32 } from '@seewhy/core';

/** Pictures smaller than this are enlarged by a whole number, pixel by pixel: dashboards show them as they are. */
const LEAST_SIDE = 112;

/**
 * An image tensor `[1, …]` of a model as a picture to draw on: its smallest value black, its largest white; a first channel alone is
 * grey.
 */
export function pictureOfTensor(tensor: RunTensor, image: ImageInput, name: string): Picture {
  const { width, height, channels, layout } = image;
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
      const channel = channels >= 3 ? c : 0;
      const at = layout === 'NCHW' ? channel * width * height + place : place * channels + channel;
      data[place * 3 + c] = Math.round((values[at]! - low) * scale);
    }
  }
  const picture: Picture = { width, height, channels: 3, data, name };
  const times = Math.ceil(LEAST_SIDE / Math.min(width, height));
  return times > 1 ? resamplePicture(picture, width * times, height * times, 'nearest') : picture;
}
