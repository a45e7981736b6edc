import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Picture } from '@seewhy/core';
import { darkNote } from './dark-note.ts';
import { decodeWithoutSharp } from './decode-without-sharp.ts';
import { type Background, type Decoded, flatten } from './flatten.ts';
import { type PictureFormat, pictureFormat } from './format.ts';
import { pictureErrors } from './picture-errors.ts';
import { loadSharp, type Sharp } from './sharp.ts';

/** 100 megapixels: above any camera phone's usual picture; decoded it takes 300 MB. */
export const MAX_PIXELS = 100_000_000;

export interface DecodeOptions {
  /** What to call it in captions and errors (default: the file's name, or 'picture'). */
  name?: string;
  /** Most pixels a picture may have, read from its header before anything is decoded (default 100 million). */
  maxPixels?: number;
  /** What transparent pixels are laid on: R, G, B, 0..255 (default white). */
  background?: Background;
  /** `sharp`, or `plain` (fast-png and jpeg-js: PNG and JPEG only); default sharp where it is installed. */
  codec?: 'sharp' | 'plain';
}

/**
 * Decodes a picture file to 8-bit sRGB, upright.
 *
 * EXIF orientation is applied. Transparency is laid on white (`background`). 16 bits are reduced to the high 8. Of an
 * animation or a multi-page file the first picture is taken. Embedded colour profiles are *not* applied, neither to RGB
 * nor to CMYK: the pictures a model was trained on were read without them, too (Pillow, OpenCV and TensorFlow ignore
 * them). What was decided or dropped is said in `notes`.
 *
 * @param source a path, or the bytes of the file
 * @throws SeewhyError `PICTURE_NOT_FOUND`, `PICTURE_EMPTY`, `PICTURE_NOT_A_PICTURE`, `PICTURE_FORMAT_UNSUPPORTED`,
 *   `PICTURE_CORRUPT`, `PICTURE_TOO_LARGE`, `PICTURE_NEEDS_SHARP`
 */
export async function decodePicture(source: string | Uint8Array, options: DecodeOptions = {}): Promise<Picture> {
  const name = options.name ?? (typeof source === 'string' ? basename(source) : 'picture');
  const where = options.name ?? (typeof source === 'string' ? source : 'picture');
  const bytes = typeof source === 'string' ? await read(source) : source;
  if (bytes.length === 0) throw pictureErrors.empty(where);
  const found = pictureFormat(bytes);
  if ('notAPicture' in found) throw pictureErrors.notAPicture(where, found.notAPicture);
  refuse(found.format, where);

  const limit = options.maxPixels ?? MAX_PIXELS;
  const background = options.background ?? [255, 255, 255];
  const sharp = options.codec === 'plain' ? null : await loadSharp();
  const decoded = sharp
    ? await decodeWithSharp(sharp, bytes, found.format, where, limit)
    : await decodeWithoutSharp(bytes, found.format, where, limit);
  const { data, transparent } = flatten(decoded, background);
  const notes = [...decoded.notes];
  if (transparent) {
    const colour = background.every((value) => value === 255) ? 'white' : `rgb(${background.join(', ')})`;
    notes.push(`Transparent parts were laid on ${colour}.`);
  }
  const picture: Picture = { width: decoded.width, height: decoded.height, channels: 3, data, name };
  if (notes.length > 0) picture.notes = notes;
  return picture;
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw pictureErrors.notFound(path, cause);
  }
}

function refuse(format: PictureFormat, where: string): void {
  if (format === 'SVG')
    throw pictureErrors.unsupported(where, 'SVG', 'Render it to PNG in the size the model expects.');
  if (format === 'DICOM')
    throw pictureErrors.unsupported(
      where,
      'DICOM',
      'Export it as 8- or 16-bit PNG with the window and level you read it with.',
    );
  if (format === 'BMP' || format === 'HEIC' || format === 'JPEG XL' || format === 'JPEG 2000')
    throw pictureErrors.unsupported(where, format);
}

async function decodeWithSharp(
  sharp: Sharp,
  bytes: Uint8Array,
  format: PictureFormat,
  where: string,
  limit: number,
): Promise<Decoded> {
  const options = { limitInputPixels: false, failOn: 'error' } as const;
  const notes: string[] = [];
  try {
    const about = await sharp(bytes, options).metadata();
    const { width, height } = about;
    if (width * height > limit) throw pictureErrors.tooLarge(where, width, height, limit);
    const cmyk = about.space === 'cmyk';
    const pages = about.pages ?? 1;
    if (pages > 1) {
      notes.push(`${format === 'TIFF' ? 'Several pages' : 'Animated picture'}: the first of ${pages} was taken.`);
    }
    const space = cmyk ? 'cmyk' : 'srgb';
    const pipeline = sharp(bytes, { ...options, ignoreIcc: true })
      .autoOrient()
      .toColourspace(space);
    if (cmyk) pipeline.pipelineColourspace('cmyk');
    const raw = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    const data = new Uint8Array(raw.data.buffer, raw.data.byteOffset, raw.data.byteLength);
    if (cmyk) {
      notes.push('CMYK colours were converted to RGB without their profile.');
      return {
        width: raw.info.width,
        height: raw.info.height,
        channels: 3,
        data: cmykToRgb(data, raw.info.channels),
        notes,
      };
    }
    if (about.depth === 'ushort' || about.depth === 'float') notes.push(...darkNote(data, about.depth));
    return { width: raw.info.width, height: raw.info.height, channels: raw.info.channels, data, notes };
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'SeewhyError') throw cause;
    throw pictureErrors.corrupt(where, format, cause);
  }
}

/** Ink to light as Pillow does it: `(255 - k) - c * (255 - k) / 255`, `channels` samples a pixel of which four count. */
function cmykToRgb(data: Uint8Array, channels: number): Uint8Array {
  const out = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    const light = 255 - data[from + 3]!;
    for (let c = 0; c < 3; c++) out[to + c] = light - Math.round((data[from + c]! * light) / 255);
  }
  return out;
}
