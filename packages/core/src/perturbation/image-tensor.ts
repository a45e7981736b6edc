import { errors } from '../errors.ts';

export type ImageLayout = 'NCHW' | 'NHWC';

/** Pictures as the model takes them: `[N, C, H, W]` or `[N, H, W, C]`, in the model's units. */
export interface ImageTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** How to walk through an {@link ImageTensor}: value (n, c, i) is at `n · itemStep + c · channelStep + i · pixelStep`. */
export interface ImageWalk {
  readonly items: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly itemStep: number;
  readonly channelStep: number;
  readonly pixelStep: number;
}

/** @throws SeewhyError `NUMBER_INVALID`, `LENGTH_INVALID` */
export function imageWalk({ data, dims }: ImageTensor, layout: ImageLayout): ImageWalk {
  if (dims.length !== 4)
    throw errors.numberInvalid('number of dimensions of the picture', dims.length, `4 (${layout})`);
  const items = dims[0]!;
  const [channels, height, width] = (layout === 'NCHW' ? dims.slice(1) : [dims[3]!, dims[1]!, dims[2]!]) as [
    number,
    number,
    number,
  ];
  const itemStep = channels * height * width;
  if (data.length !== items * itemStep)
    throw errors.lengthInvalid(`The picture of shape [${dims.join(', ')}]`, data.length, items * itemStep);
  const [channelStep, pixelStep] = layout === 'NCHW' ? [height * width, 1] : [1, channels];
  return { items, channels, height, width, itemStep, channelStep, pixelStep };
}
