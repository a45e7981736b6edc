import { loadSharp } from './sharp.ts';

/** Pixels to be written: RGB or RGBA, 8 bits, interleaved. */
export interface EncodableImage {
  width: number;
  height: number;
  channels: 3 | 4;
  data: Uint8Array;
}

/**
 * A PNG file of an image, through sharp, or fast-png where sharp is not installed.
 * @param compression zlib level 0..9 (default 6); 3 is twice as fast and about a tenth larger
 */
export async function encodePng(
  image: EncodableImage,
  { compression = 6, codec }: { compression?: number; codec?: 'sharp' | 'plain' } = {},
): Promise<Uint8Array> {
  const { width, height, channels, data } = image;
  const sharp = codec === 'plain' ? null : await loadSharp();
  if (sharp) {
    return sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: compression }).toBuffer();
  }
  const { encode } = await import('fast-png');
  const level = Math.min(9, Math.max(0, Math.round(compression))) as 6;
  return encode({ width, height, data, channels, depth: 8 }, { zlib: { level } });
}
