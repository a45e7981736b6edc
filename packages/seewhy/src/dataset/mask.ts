import { decodeFile } from '../picture/decode.ts';
import type { Samples } from '../picture/flatten.ts';
import { datasetErrors } from './dataset-errors.ts';

/** A region: 1 inside, 0 outside, row by row. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** As many values as a mask with a number for each class may have; more are a ramp: soft edges, or JPEG's noise. */
const MOST_LABELS = 32;

/** The colour of Pascal VOC's segmentations for what belongs to nothing. */
const VOC_VOID = [224, 224, 192];

/**
 * A mask out of a picture file. Where its transparency varies, inside is what is opaque; else what is not black. Where the file holds
 * more than 32 levels (soft edges, JPEG), inside is what is at least half as bright as its brightest.
 * @throws SeewhyError `MASK_INVALID`
 */
export async function maskFromFile(
  bytes: Uint8Array,
  { path, ignore }: { readonly path: string; readonly ignore?: 'voc' },
  maxPixels?: number,
): Promise<Mask> {
  let decoded: Awaited<ReturnType<typeof decodeFile>>;
  try {
    // Class numbers of 16 bits are small: their highest bits would all be zero.
    decoded = await decodeFile(bytes, { name: path, window: 'range', ...(maxPixels ? { maxPixels } : {}) });
  } catch (cause) {
    throw datasetErrors.maskInvalid(path, (cause as Error).message, cause);
  }
  const alpha = maskFromAlpha(decoded);
  if (alpha) return alpha;
  const { width, height, channels, data } = decoded;
  const colours = channels >= 3 ? 3 : 1;
  const levels = new Uint8Array(width * height);
  for (let i = 0; i < levels.length; i++) {
    const pixel = data.subarray(i * channels, i * channels + colours);
    if (ignore === 'voc' && pixel.every((value, c) => value === VOC_VOID[c])) continue;
    levels[i] = Math.max(...pixel);
  }
  const used = new Set(levels);
  const cut = used.size <= MOST_LABELS ? 1 : Math.max(...used) / 2;
  return { width, height, data: levels.map((level) => (level >= cut ? 1 : 0)) };
}

/** What is at least half opaque; undefined where the transparency does not vary. */
export function maskFromAlpha({ width, height, channels, data }: Samples): Mask | undefined {
  if (channels !== 2 && channels !== 4) return undefined;
  const inside = new Uint8Array(width * height);
  let sum = 0;
  for (let i = 0; i < inside.length; i++) {
    inside[i] = data[i * channels + channels - 1]! >= 128 ? 1 : 0;
    sum += inside[i]!;
  }
  return sum === 0 || sum === inside.length ? undefined : { width, height, data: inside };
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
