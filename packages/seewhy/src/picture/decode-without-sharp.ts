import { isSeewhyError } from '@seewhy/onnx';
import type { DecodedPng } from 'fast-png';
import { toBytes } from './deep-samples.ts';
import { exifOrientation, orient } from './exif-orientation.ts';
import type { Decoded } from './flatten.ts';
import type { PictureFormat } from './format.ts';
import { pictureErrors } from './picture-errors.ts';
import type { PixelWindow } from './window.ts';

/**
 * PNG and JPEG without sharp, through fast-png and jpeg-js: several times slower, same result to a rounding of the JPEG
 * transform. @throws SeewhyError `PICTURE_NEEDS_SHARP` for other formats
 */
export async function decodeWithoutSharp(
  bytes: Uint8Array,
  format: PictureFormat,
  where: string,
  limit: number,
  window: PixelWindow,
): Promise<Decoded> {
  if (format !== 'PNG' && format !== 'JPEG') throw pictureErrors.needsSharp(where, format);
  try {
    checkSize(bytes, format, where, limit);
    return format === 'PNG' ? await decodePng(bytes, window) : await decodeJpeg(bytes, limit);
  } catch (cause) {
    if (isSeewhyError(cause)) throw cause;
    if (isSeewhyError(cause) && cause.code === 'ERR_MODULE_NOT_FOUND') throw pictureErrors.needsSharp(where, format);
    throw pictureErrors.corrupt(where, format, cause);
  }
}

/** Width and height stand in the header; nothing is decoded before they are known to be small enough. */
function checkSize(bytes: Uint8Array, format: 'PNG' | 'JPEG', where: string, limit: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let width = 0;
  let height = 0;
  if (format === 'PNG') {
    width = view.getUint32(16);
    height = view.getUint32(20);
  } else {
    let at = 2;
    while (at + 9 < bytes.length && bytes[at] === 0xff) {
      const marker = bytes[at + 1]!;
      if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
        height = view.getUint16(at + 5);
        width = view.getUint16(at + 7);
        break;
      }
      at += 2 + view.getUint16(at + 2);
    }
  }
  if (width * height > limit) throw pictureErrors.tooLarge(where, width, height, limit);
}

async function decodePng(bytes: Uint8Array, window: PixelWindow): Promise<Decoded> {
  const { decode, convertIndexedToRgb } = await import('fast-png');
  const png = decode(bytes, { checkCrc: true });
  const { width, height, depth } = png;
  const size = { width, height };
  if (png.palette) {
    const data = new Uint8Array(convertIndexedToRgb(png));
    return { ...size, channels: data.length / (width * height), data, notes: [] };
  }
  const samples = depth < 8 ? unpackBits(png) : png.data;
  const deep =
    samples instanceof Uint16Array ? toBytes({ ...size, channels: png.channels, data: samples }, window) : undefined;
  const bytes8 = deep?.data ?? new Uint8Array(samples);
  const notes = deep?.note === undefined ? [] : [deep.note];
  if (!png.transparency) return { ...size, channels: png.channels, data: bytes8, notes };
  // One colour is declared transparent (tRNS of grey and RGB pictures).
  const { channels } = png;
  const raw = depth < 8 ? unpackBits(png, false) : png.data;
  const data = new Uint8Array(width * height * (channels + 1));
  for (let i = 0; i < width * height; i++) {
    let same = true;
    for (let c = 0; c < channels; c++) {
      data[i * (channels + 1) + c] = bytes8[i * channels + c]!;
      if (raw[i * channels + c] !== png.transparency[c]) same = false;
    }
    data[i * (channels + 1) + channels] = same ? 0 : 255;
  }
  return { ...size, channels: channels + 1, data, notes };
}

/** Grey samples of 1, 2 or 4 bits, a row begins on a whole byte; stretched to 0..255. */
function unpackBits(png: DecodedPng, stretch = true): Uint8Array {
  const { width, height, depth, data } = png;
  const rowBytes = Math.ceil((width * depth) / 8);
  const largest = 2 ** depth - 1;
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const value = (data[y * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & largest;
      out[y * width + x] = stretch ? (value * 255) / largest : value;
    }
  }
  return out;
}

async function decodeJpeg(bytes: Uint8Array, limit: number): Promise<Decoded> {
  const { default: jpeg } = await import('jpeg-js');
  const megapixels = Math.ceil(limit / 1e6) + 1;
  const options = { useTArray: true, formatAsRGBA: false, tolerantDecoding: false } as const;
  // jpeg-js counts its own working memory: about 30 bytes a pixel.
  const decoded = jpeg.decode(bytes, {
    ...options,
    maxResolutionInMP: megapixels,
    maxMemoryUsageInMB: megapixels * 32 + 64,
  });
  const orientation = exifOrientation(bytes);
  const upright = orient(decoded, orientation);
  return { ...upright, channels: 3, notes: [], orientation };
}
