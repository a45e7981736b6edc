import { decodePicture } from '../picture/decode.ts';
import { datasetErrors } from './dataset-errors.ts';

/** A region: 1 inside, 0 outside, row by row. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** As many values as a mask with a number for each class may have; more are a ramp: soft edges, or JPEG's noise. */
const MOST_LABELS = 32;

/**
 * A mask out of a picture file. Inside is what is not black. Where the file holds more than 32 levels (soft edges, JPEG), inside is
 * what is at least half as bright as its brightest.
 * @throws SeewhyError `MASK_INVALID`
 */
export async function maskFromFile(bytes: Uint8Array, where: string, maxPixels?: number): Promise<Mask> {
  let picture: Awaited<ReturnType<typeof decodePicture>>;
  try {
    picture = await decodePicture(bytes, { name: where, background: [0, 0, 0], ...(maxPixels ? { maxPixels } : {}) });
  } catch (cause) {
    throw datasetErrors.maskInvalid(where, (cause as Error).message, cause);
  }
  const { width, height, data } = picture;
  const levels = new Uint8Array(width * height);
  for (let i = 0; i < levels.length; i++) levels[i] = Math.max(data[i * 3]!, data[i * 3 + 1]!, data[i * 3 + 2]!);
  const used = new Set(levels);
  const cut = used.size <= MOST_LABELS ? 1 : Math.max(...used) / 2;
  return { width, height, data: levels.map((level) => (level >= cut ? 1 : 0)) };
}

/**
 * A mask in the picture's size: that of the pixel its centre falls on (nearest neighbour).
 * @throws SeewhyError `MASK_SIZE` when its sides are in another proportion (by more than a pixel and 1 %)
 */
export function fitMask(
  mask: Mask,
  { width, height }: { width: number; height: number },
  where: string,
): { mask: Mask; note?: string } {
  if (mask.width === width && mask.height === height) return { mask };
  const off = Math.abs(mask.width * height - mask.height * width);
  const slack = Math.max(mask.width, mask.height, width, height, 0.01 * mask.width * height);
  if (off > slack) throw datasetErrors.maskSize(where, `${mask.width}x${mask.height}`, `${width}x${height}`);
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++)
      data[y * width + x] = mask.data[from + Math.floor(((x + 0.5) * mask.width) / width)]!;
  }
  return {
    mask: { width, height, data },
    note: `Its mask of ${mask.width}x${mask.height} pixels was scaled to the picture's ${width}x${height}.`,
  };
}
