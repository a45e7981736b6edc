import { errors } from '../errors.ts';
import type { ImageInput } from '../image-input.ts';
import { type Fill, fillTensor } from '../perturbation/fill.ts';
import { randomStream } from '../random/random-stream.ts';
import type { SampledItem } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import type { MethodOptions } from './options.ts';

type FillOption = MethodOptions['fill'];

/** Whether hidden pixels become anything but 0. */
export const isFilled = (fill: FillOption): boolean =>
  typeof fill === 'string' ? fill !== 'zero' : fill.some((value) => value !== 0);

/**
 * What stands where a picture is hidden, as floats in its own layout; undefined: 0. Noise is drawn once a picture, the same for all
 * its samples.
 * @throws FILL_CHANNELS when a colour has another number of channels than the picture
 */
export function fillOf(
  fill: FillOption,
  { image, item }: Pick<SampledItem, 'image' | 'item'>,
  input: ImageInput,
  seed: number,
): Float32Array | undefined {
  if (typeof fill !== 'string' && fill.length !== 1 && fill.length !== input.channels)
    throw errors.fillChannels(fill.length, input.channels);
  if (!isFilled(fill)) return undefined;
  const how: Fill =
    typeof fill !== 'string'
      ? { kind: 'colour', colour: fill }
      : fill === 'noise'
        ? { kind: 'noise', stream: randomStream(seed, 'fill', item) }
        : { kind: fill as 'mean' | 'blur' };
  return fillTensor({ data: toFloat32(image), dims: image.dims }, input.layout, how).data;
}
