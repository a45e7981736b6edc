import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Picture } from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import { decodeBmp } from './decode-bmp.ts';
import { decodeLightPng } from './decode-light-png.ts';
import { decodeWithoutSharp } from './decode-without-sharp.ts';
import { type DeepSamples, toBytes } from './deep-samples.ts';
import { decodeDicom } from './dicom/decode-dicom.ts';
import { type Background, type Decoded, flatten } from './flatten.ts';
import { type PictureFormat, pictureFormat } from './format.ts';
import { pictureErrors } from './picture-errors.ts';
import { loadSharp, type Sharp } from './sharp.ts';
import type { PixelWindow } from './window.ts';

/** 100 megapixels: above any camera phone's usual picture; decoded it takes 300 MB. */
export const MAX_PIXELS = 100_000_000;

/** How a picture is decoded, and what is refused. */
export interface DecodeOptions {
  /** What to call it in captions and errors (default: the file's name, or 'picture'). */
  name?: string;
  /** Most pixels a picture may have, read from its header before anything is decoded (default 100 million). */
  maxPixels?: number;
  /** What transparent pixels are laid on: R, G, B, 0..255 (default white). */
  background?: Background;
  /**
   * `sharp`; `plain` (fast-png and jpeg-js: PNG and JPEG only); `light`: sharp is not loaded for a common PNG, which pays for a few pictures
   * of a process. Default sharp where it is installed.
   */
  codec?: 'sharp' | 'plain' | 'light';
  /** How samples of more than 8 bits become 0..255 (default `auto`). */
  window?: PixelWindow;
  /** Frame of a DICOM file that holds several, from 0 (default the first). */
  frame?: number;
}

/** A decoded file before its transparency is laid on anything. */
export interface DecodedFile extends Decoded {
  readonly name: string;
  readonly format: PictureFormat;
}

/**
 * Decodes a picture file to 8-bit sRGB, upright.
 *
 * EXIF orientation is applied. Transparency is laid on white (`background`). Samples of 16 bits, fractions and
 * DICOM go through a {@link PixelWindow}. Of an animation or a multi-page file the first picture is taken. Embedded colour profiles are *not* applied, neither to RGB
 * nor to CMYK: the pictures a model was trained on were read without them, too (Pillow, OpenCV and TensorFlow ignore
 * them). What was decided or dropped is said in `notes`.
 *
 * @param source a path, or the bytes of the file
 * @throws SeewhyError `PICTURE_NOT_FOUND`, `PICTURE_EMPTY`, `PICTURE_NOT_A_PICTURE`, `PICTURE_FORMAT_UNSUPPORTED`,
 *   `PICTURE_CORRUPT`, `PICTURE_TOO_LARGE`, `PICTURE_NEEDS_SHARP`
 */
export async function decodePicture(source: string | Uint8Array, options: DecodeOptions = {}): Promise<Picture> {
  return pictureOf(await decodeFile(source, options), options.background);
}

/** A decoded file as a picture: what is transparent lies on the background. */
export function pictureOf(decoded: DecodedFile, background: Background = [255, 255, 255]): Picture {
  const { data, transparent } = flatten(decoded, background);
  const notes = [...decoded.notes];
  if (transparent) {
    const colour = background.every((value) => value === 255) ? 'white' : `rgb(${background.join(', ')})`;
    notes.push(`Transparent parts were laid on ${colour}.`);
  }
  const { width, height, name } = decoded;
  const picture: Picture = { width, height, channels: 3, data, name };
  if (notes.length > 0) picture.notes = notes;
  return picture;
}

/** As {@link decodePicture}, with the channels that the file has, alpha among them. */
export async function decodeFile(source: string | Uint8Array, options: DecodeOptions = {}): Promise<DecodedFile> {
  const name = options.name ?? (typeof source === 'string' ? basename(source) : 'picture');
  const where = options.name ?? (typeof source === 'string' ? source : 'picture');
  const bytes = typeof source === 'string' ? await read(source) : source;
  if (bytes.length === 0) throw pictureErrors.empty(where);
  const found = pictureFormat(bytes);
  if ('notAPicture' in found) throw pictureErrors.notAPicture(where, found.notAPicture);
  const { format } = found;
  refuse(format, where);

  const limit = options.maxPixels ?? MAX_PIXELS;
  const window = options.window ?? 'auto';
  if (format === 'DICOM') {
    const decoded = await decodeDicom(bytes, where, { limit, window, frame: options.frame });
    return { ...decoded, name, format };
  }
  if (format === 'BMP') return { ...decodeBmp(bytes, where, limit), name, format };
  const light = format === 'PNG' && options.codec === 'light' ? await decodeLightPng(bytes) : undefined;
  if (light && light.width * light.height <= limit) return { ...light, name, format };
  const sharp = options.codec === 'plain' ? null : await loadSharp();
  const decoded = sharp
    ? await decodeWithSharp(sharp, bytes, format, where, limit, window)
    : await decodeWithoutSharp(bytes, format, where, limit, window);
  return { ...decoded, name, format };
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
  if (format === 'HEIC' || format === 'JPEG XL' || format === 'JPEG 2000')
    throw pictureErrors.unsupported(where, format);
}

/** libvips' names of sample types of more than 8 bits. */
const DEEP: Readonly<Partial<Record<string, new (buffer: ArrayBuffer) => DeepSamples['data']>>> = {
  ushort: Uint16Array,
  // sharp takes all 16-bit samples for unsigned ones.
  short: Uint16Array,
  uint: Uint32Array,
  int: Int32Array,
  float: Float32Array,
  double: Float64Array,
};

async function decodeWithSharp(
  sharp: Sharp,
  bytes: Uint8Array,
  format: PictureFormat,
  where: string,
  limit: number,
  window: PixelWindow,
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
    const orientation = about.orientation ?? 1;
    const deep = DEEP[about.depth];
    if (deep && !cmyk && about.space !== 'lab') {
      const raw = await sharp(bytes, { ...options, ignoreIcc: true })
        .autoOrient()
        .pipelineColourspace(about.space)
        .toColourspace(about.space)
        .raw({ depth: about.depth === 'short' ? 'ushort' : about.depth })
        .toBuffer({ resolveWithObject: true });
      const { width, height, channels } = raw.info;
      const { buffer, byteOffset, byteLength } = raw.data;
      const samples: DeepSamples = {
        width,
        height,
        channels,
        data: new deep(buffer.slice(byteOffset, byteOffset + byteLength)),
      };
      if (about.depth === 'short') notes.push('Signed 16-bit picture: values below 0 were taken for 0.');
      const { note, ...shallow } = toBytes(samples, window);
      if (note !== undefined) notes.push(note);
      return { ...shallow, notes, orientation };
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
        orientation,
      };
    }
    const { width: w, height: h, channels } = raw.info;
    return { width: w, height: h, channels, data, notes, orientation };
  } catch (cause) {
    if (isSeewhyError(cause)) throw cause;
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
