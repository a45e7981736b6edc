import { encodeLightPng } from './encode-light-png.ts';
import { loadSharp, sharpIsAsked } from './sharp.ts';

/** Pixels to be written: RGB or RGBA, 8 bits, interleaved. */
export interface EncodableImage {
  width: number;
  height: number;
  channels: 3 | 4;
  data: Uint8Array;
}

/** A picture of this size is packed in less time than sharp takes to load. */
const LIGHT_PIXELS = 1 << 20;

/**
 * A PNG file of an image, through sharp, or fast-png where sharp is not installed; where nothing else has needed sharp, a small one without.
 * @param compression zlib level 0..9 (default 6); 3 is twice as fast and about a tenth larger
 */
export async function encodePng(
  image: EncodableImage,
  { compression = 6, codec }: { compression?: number; codec?: 'sharp' | 'plain' } = {},
): Promise<Uint8Array> {
  const { width, height, channels, data } = image;
  if (codec === undefined && !sharpIsAsked() && width * height <= LIGHT_PIXELS) {
    const light = await encodeLightPng(image, compression);
    if (light) return light;
  }
  const sharp = codec === 'plain' ? null : await loadSharp();
  if (sharp) {
    return sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: compression }).toBuffer();
  }
  const { encode } = await import('fast-png');
  const level = Math.min(9, Math.max(0, Math.round(compression))) as 6;
  return encode({ width, height, data, channels, depth: 8 }, { zlib: { level } });
}
