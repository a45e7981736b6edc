import type { Decoded } from './flatten.ts';
import { pictureErrors } from './picture-errors.ts';

/** How the samples of a pixel lie: `compression` of the header. */
const PLAIN = 0;
const BY_MASKS = new Set([3, 6]);

/** Header of OS/2 1, with sizes of 16 bits and palette entries of 3 bytes. */
const CORE = 12;

/**
 * A BMP file (Windows' and OS/2's headers, uncompressed, 1 to 32 bits), which sharp does not read and medical sets such as PH2 consist of. Own code:
 * of the packages tried, bmp-ts 1.0.9 reads 4 bits and run lengths wrongly and fast-bmp 4.0.1 ignores palettes.
 * @throws SeewhyError `PICTURE_TOO_LARGE` before anything is decoded, `PICTURE_CORRUPT`, `PICTURE_FORMAT_UNSUPPORTED` for run lengths
 */
export function decodeBmp(bytes: Uint8Array, where: string, limit: number): Decoded {
  try {
    return decode(bytes, where, limit);
  } catch (cause) {
    // Reading behind the end.
    if (cause instanceof RangeError) throw pictureErrors.corrupt(where, 'BMP', new Error('it ends too early'));
    throw cause;
  }
}

function decode(bytes: Uint8Array, where: string, limit: number): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const corrupt = (what: string) => pictureErrors.corrupt(where, 'BMP', new Error(what));
  const size = view.getUint32(14, true);
  const core = size === CORE;
  if (!core && !(size >= 40 && size <= 124)) throw corrupt(`its header says ${size} bytes`);
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  if (width < 1 || height < 1) throw corrupt(`its size is ${width} x ${signedHeight}`);
  if (width * height > limit) throw pictureErrors.tooLarge(where, width, height, limit);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? PLAIN : view.getUint32(30, true);
  const masked = BY_MASKS.has(compression) && (bits === 16 || bits === 32);
  if (compression !== PLAIN && !masked) throw pictureErrors.unsupported(where, 'Compressed BMP');

  const start = view.getUint32(10, true);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > bytes.length) throw corrupt('it ends too early');
  const read = ![1, 4, 8].includes(bits)
    ? directColours(view, bits, masked, size)
    : paletteColours(view, bits, 14 + size, core ? 1 << bits : view.getUint32(46, true), core ? 3 : 4);
  if (!read) throw corrupt(`it says ${bits} bits a pixel`);
  const { channels, pixel } = read;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    // A negative height begins with the line at the top.
    const row = start + stride * (signedHeight < 0 ? y : height - 1 - y);
    for (let x = 0; x < width; x++) pixel(row, x, data, (y * width + x) * channels);
  }
  return { width, height, ...withoutEmptyAlpha(data, channels), notes: [] };
}

interface Colours {
  readonly channels: 3 | 4;
  /** Writes the colour of pixel `x` of the row that begins at a byte of the file. */
  readonly pixel: (row: number, x: number, to: Uint8Array, at: number) => void;
}

/** @param said number of entries that the header says; 0: all there can be */
function paletteColours(view: DataView, bits: number, at: number, said: number, entry: 3 | 4): Colours {
  const most = 1 << bits;
  const count = said > 0 && said < most ? said : most;
  // What lies behind the palette's end is black.
  const palette = new Uint8Array(most * 3);
  for (let i = 0; i < count; i++)
    for (let c = 0; c < 3; c++) palette[i * 3 + c] = view.getUint8(at + i * entry + 2 - c);
  return {
    channels: 3,
    pixel(row, x, to, at) {
      const bit = x * bits;
      const index = (view.getUint8(row + (bit >> 3)) >> (8 - bits - (bit & 7))) & (most - 1);
      for (let c = 0; c < 3; c++) to[at + c] = palette[index * 3 + c]!;
    },
  };
}

/** Masks of red, green, blue and alpha where the header has none, by bits. */
const USUAL_MASKS: Readonly<Record<number, readonly number[]>> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  24: [0xff0000, 0x00ff00, 0x0000ff, 0],
  32: [0xff0000, 0x00ff00, 0x0000ff, 0],
};

/** @returns undefined for a number of bits that there is not */
function directColours(view: DataView, bits: number, masked: boolean, header: number): Colours | undefined {
  const usual = USUAL_MASKS[bits];
  if (!usual) return undefined;
  const masks = masked ? usual.map((_, c) => (c < 3 || header >= 56 ? view.getUint32(54 + 4 * c, true) : 0)) : usual;
  const parts = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift || 1 };
  });
  const channels = masks[3] === 0 ? 3 : 4;
  const value = (at: number) =>
    bits === 16
      ? view.getUint16(at, true)
      : bits === 32
        ? view.getUint32(at, true)
        : view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  return {
    channels,
    pixel(row, x, to, at) {
      const whole = value(row + (x * bits) / 8);
      for (let c = 0; c < channels; c++) {
        const { mask, shift, most } = parts[c]!;
        to[at + c] = Math.round((((whole & mask) >>> shift) * 255) / most);
      }
    },
  };
}

/** Programs that know no alpha leave it 0 everywhere: then nothing is transparent. */
function withoutEmptyAlpha(data: Uint8Array, channels: 3 | 4): { data: Uint8Array; channels: 3 | 4 } {
  if (channels === 3) return { data, channels };
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) return { data, channels };
  const opaque = new Uint8Array((data.length / 4) * 3);
  for (let i = 0; i < opaque.length / 3; i++) opaque.set(data.subarray(i * 4, i * 4 + 3), i * 3);
  return { data: opaque, channels: 3 };
}
