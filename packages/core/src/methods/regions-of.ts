import { errors } from '../errors.ts';
import type { ImageInput } from '../image-input.ts';
import { imageWalk } from '../perturbation/image-tensor.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { gridSegments } from '../segmentation/grid-segments.ts';
import type { Pixels } from '../segmentation/lab.ts';
import { quickshift } from '../segmentation/quickshift.ts';
import { type Segmentation, segmentationOf } from '../segmentation/segmentation.ts';
import { slic } from '../segmentation/slic.ts';
import { toFloat32 } from '../tensors.ts';
import type { MethodOptions } from './options.ts';

/** Quick shift as LIME cuts pictures: large regions. */
const LARGE_REGIONS = { kernelSize: 4, maxDistance: 200, ratio: 0.2 };

/**
 * The regions of a picture, on the model's own grid: given, or of the picture as the model sees it. The tensor does not say what its
 * numbers were in the file, so the range of each channel is stretched to 0 … 1 before colours are compared.
 * @throws SEGMENTATION_SIZE, and what the segmentations throw
 */
export function regionsOf(
  { segmentation, segments }: Pick<MethodOptions, 'segmentation' | 'segments'>,
  image: RunTensor,
  input: ImageInput,
): Segmentation {
  const { height, width } = input;
  if (typeof segmentation !== 'string') {
    if (segmentation.height !== height || segmentation.width !== width)
      throw errors.segmentationSize([segmentation.height, segmentation.width], [height, width]);
    return segmentationOf(height, width, segmentation.labels);
  }
  const aim = Math.min(segments, height * width);
  if (segmentation === 'slic') return slic(pixelsOf(image, input), { segments: aim });
  if (segmentation === 'quickshift') return quickshift(pixelsOf(image, input), LARGE_REGIONS);
  const rows = Math.min(height, Math.max(1, Math.round(Math.sqrt((aim * height) / width))));
  return gridSegments(height, width, rows, Math.min(width, Math.max(1, Math.round(aim / rows))));
}

/** Grey of one channel (or an odd number of them: the first), else the first three as RGB; each stretched to 0 … 1. */
function pixelsOf(image: RunTensor, { layout }: ImageInput): Pixels {
  const data = toFloat32(image);
  const { channels: all, height, width, channelStep, pixelStep } = imageWalk({ data, dims: image.dims }, layout);
  const channels = all >= 3 ? 3 : 1;
  const pixels = new Float32Array(height * width * channels);
  for (let c = 0; c < channels; c++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0, at = c * channelStep; i < height * width; i++, at += pixelStep) {
      low = Math.min(low, data[at]!);
      high = Math.max(high, data[at]!);
    }
    const scale = high > low ? 1 / (high - low) : 0;
    for (let i = 0, at = c * channelStep; i < height * width; i++, at += pixelStep)
      pixels[i * channels + c] = (data[at]! - low) * scale;
  }
  return { width, height, channels, data: pixels };
}
