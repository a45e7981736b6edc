import { errors, unknownName } from '../errors.ts';
import type { RandomStream } from '../random/random-stream.ts';
import { BLUR_SHARE, gaussianBlur } from './blur.ts';
import { type ImageLayout, type ImageTensor, type ImageWalk, imageWalk } from './image-tensor.ts';

/** What stands where the picture is taken away. */
export const FILLS = {
  colour: 'one colour, in the model’s units; 0 by default',
  mean: 'the mean of each channel of the picture',
  blur: 'the picture under a Gaussian',
  noise: 'normal noise with each channel’s mean and standard deviation',
} as const;

export type Fill =
  | {
      readonly kind: 'colour' /** One value a channel, or one for all; default 0. */;
      readonly colour?: readonly number[];
    }
  | { readonly kind: 'mean' }
  | { readonly kind: 'blur' /** σ in pixels; default 5 % of the shorter side. */; readonly sigma?: number }
  | {
      readonly kind: 'noise' /** Numbers are drawn picture by picture, channel by channel, row by row. */;
      readonly stream: RandomStream;
    };

/**
 * A tensor of the same shape with nothing of the picture to be seen, to be put where a mask takes the picture away. Each picture of a
 * batch has its own.
 * @throws SeewhyError `FILL_UNKNOWN`, `LENGTH_INVALID`, `NUMBER_INVALID`
 */
export function fillTensor(image: ImageTensor, layout: ImageLayout, fill: Fill): ImageTensor {
  const walk = imageWalk(image, layout);
  const { items, channels, itemStep, channelStep, pixelStep } = walk;
  const paint = painter(fill, walk);
  const data = new Float32Array(image.data.length);
  const plane = new Float64Array(walk.height * walk.width);
  for (let n = 0; n < items; n++) {
    for (let c = 0; c < channels; c++) {
      const start = n * itemStep + c * channelStep;
      for (let i = 0, at = start; i < plane.length; i++, at += pixelStep) plane[i] = image.data[at]!;
      const painted = paint(plane, c);
      if (typeof painted === 'number')
        for (let i = 0, at = start; i < plane.length; i++, at += pixelStep) data[at] = painted;
      else for (let i = 0, at = start; i < plane.length; i++, at += pixelStep) data[at] = painted[i]!;
    }
  }
  return { data, dims: [...image.dims] };
}

/** A plane of one channel to what stands in its place: one value, or one a pixel. */
type Painter = (plane: Float64Array, channel: number) => number | ArrayLike<number>;

function painter(fill: Fill, { channels, height, width }: ImageWalk): Painter {
  const size = height * width;
  switch (fill.kind) {
    case 'colour': {
      const { colour = [0] } = fill;
      if (colour.length !== 1 && colour.length !== channels)
        throw errors.lengthInvalid('The colour', colour.length, channels);
      return (_, channel) => colour[colour.length === 1 ? 0 : channel]!;
    }
    case 'mean':
      return (plane) => moments(plane).mean;
    case 'blur': {
      const { sigma = BLUR_SHARE * Math.min(height, width) } = fill;
      return (plane) => gaussianBlur(plane, height, width, sigma);
    }
    case 'noise':
      return (plane) => {
        const { mean, deviation } = moments(plane);
        return fill.stream.fillNormal(new Float32Array(size), mean, deviation);
      };
    default:
      throw unknownName('fill', (fill as { kind: string }).kind, Object.keys(FILLS));
  }
}

function moments(plane: Float64Array): { mean: number; deviation: number } {
  let mean = 0;
  for (let i = 0; i < plane.length; i++) mean += plane[i]!;
  mean /= plane.length;
  let squares = 0;
  for (let i = 0; i < plane.length; i++) squares += (plane[i]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / plane.length) };
}

/**
 * `x · m + fill · (1 − m)`: the picture where the mask is 1, the fill where it is 0.
 * @param mask `[H, W]`, one for all channels and pictures
 * @param into where to write, `image.data.length` values (a part of a batch); a new array by default
 * @throws SeewhyError `LENGTH_INVALID`, `NUMBER_INVALID`
 */
export function mixTensors(
  image: ImageTensor,
  fill: ImageTensor,
  mask: Float32Array,
  layout: ImageLayout,
  into?: Float32Array,
): ImageTensor {
  const { items, channels, height, width, itemStep, channelStep, pixelStep } = imageWalk(image, layout);
  const data = into ?? new Float32Array(image.data.length);
  for (const [what, found, expected] of [
    ['The mask', mask.length, height * width],
    ['The fill', fill.data.length, image.data.length],
    ['The array for the mixed picture', data.length, image.data.length],
  ] as const) {
    if (found !== expected) throw errors.lengthInvalid(what, found, expected);
  }
  const x = image.data;
  const other = fill.data;
  for (let n = 0; n < items; n++) {
    for (let c = 0; c < channels; c++) {
      let at = n * itemStep + c * channelStep;
      for (let i = 0; i < mask.length; i++, at += pixelStep) {
        const m = mask[i]!;
        data[at] = x[at]! * m + other[at]! * (1 - m);
      }
    }
  }
  return { data, dims: [...image.dims] };
}
