import type { WasmDecoder } from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import { isSeewhyError } from '@seewhy/onnx';
import { pictureErrors } from '../picture-errors.ts';
import { loadSharp } from '../sharp.ts';
import { BIG_ENDIAN, type DicomHeader } from './dicom-header.ts';
import { compressedFrame, nativeFrame } from './frame-bytes.ts';

/** Samples of one frame, interleaved, as they are stored (not rescaled). */
export interface FrameSamples {
  readonly data: Int32Array | Uint8Array | Uint16Array | Int16Array | Uint32Array | Float64Array;
  /** Colours are RGB already, whatever the file calls them: its codec converted them. */
  readonly rgb: boolean;
  /** Samples are masked and their sign is extended. */
  readonly whole: boolean;
}

interface Request {
  readonly header: DicomHeader;
  readonly bytes: Uint8Array;
  readonly where: string;
}

const NATIVE = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99', BIG_ENDIAN]);

/** Codecs by transfer syntax (PS3.5, annex A). */
const CODECS: Readonly<Record<string, (request: Request) => Promise<FrameSamples>>> = {
  '1.2.840.10008.1.2.5': runLength,
  '1.2.840.10008.1.2.4.50': jpegBaseline,
  '1.2.840.10008.1.2.4.51': jpegBaseline,
  '1.2.840.10008.1.2.4.57': jpegLossless,
  '1.2.840.10008.1.2.4.70': jpegLossless,
  '1.2.840.10008.1.2.4.80': jpegLs,
  '1.2.840.10008.1.2.4.81': jpegLs,
  '1.2.840.10008.1.2.4.90': jpeg2000,
  '1.2.840.10008.1.2.4.91': jpeg2000,
  '1.2.840.10008.1.2.4.201': jpeg2000,
  '1.2.840.10008.1.2.4.202': jpeg2000,
  '1.2.840.10008.1.2.4.203': jpeg2000,
};

/** @throws SeewhyError `PICTURE_CORRUPT`, `PICTURE_FORMAT_UNSUPPORTED` (a transfer syntax without a codec) */
export async function frameSamples(header: DicomHeader, frame: number, where: string): Promise<FrameSamples> {
  const { transferSyntax } = header;
  if (NATIVE.has(transferSyntax)) return native(header, frame, where);
  const codec = CODECS[transferSyntax];
  if (!codec)
    throw pictureErrors.unsupported(
      where,
      `DICOM (transfer syntax ${transferSyntax})`,
      'Write it without compression, or as JPEG, JPEG-LS, JPEG 2000 or RLE.',
    );
  const bytes = await compressedFrame(header, frame, where);
  try {
    return await codec({ header, bytes, where });
  } catch (cause) {
    if (isSeewhyError(cause)) throw cause;
    throw pictureErrors.corrupt(where, 'DICOM', typeof cause === 'number' ? 'its codec gave up' : cause);
  }
}

const count = ({ rows, columns, samples }: DicomHeader): number => rows * columns * samples;

function native(header: DicomHeader, frame: number, where: string): FrameSamples {
  const { bytes, firstBit } = nativeFrame(header, frame, where);
  const { bitsAllocated, photometric, transferSyntax } = header;
  if (bitsAllocated === 1) {
    const bits = Uint8Array.from(
      { length: count(header) },
      (_, i) => (bytes[(i + firstBit) >> 3]! >> ((i + firstBit) & 7)) & 1,
    );
    return { data: bits, rgb: false, whole: true };
  }
  if (header.pixels.floats) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const little = transferSyntax !== BIG_ENDIAN;
    const value = bitsAllocated === 32 ? view.getFloat32.bind(view) : view.getFloat64.bind(view);
    const data = Float64Array.from({ length: count(header) }, (_, i) => value((i * bitsAllocated) / 8, little));
    return { data, rgb: false, whole: true };
  }
  const words = wordsOf(bytes, bitsAllocated, transferSyntax === BIG_ENDIAN);
  if (photometric === 'YBR_FULL_422' || photometric === 'YBR_PARTIAL_422')
    return { data: from422(words as Uint8Array, count(header)), rgb: false, whole: false };
  return { data: interleaved(words, header), rgb: false, whole: false };
}

/** Unsigned words of 8, 16 or 32 bits. */
function wordsOf(bytes: Uint8Array, bits: number, bigEndian: boolean): Uint8Array | Uint16Array | Uint32Array {
  if (bits === 8) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bits === 16) {
    const words = new Uint16Array(bytes.length >> 1);
    for (let i = 0; i < words.length; i++) words[i] = view.getUint16(i * 2, !bigEndian);
    return words;
  }
  const words = new Uint32Array(bytes.length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, !bigEndian);
  return words;
}

type Words = Uint8Array | Uint16Array | Uint32Array;

function interleaved(words: Words, { planar, rows, columns }: DicomHeader): Words {
  if (!planar) return words;
  const pixels = rows * columns;
  const out = words.slice();
  for (let i = 0; i < pixels; i++) for (let c = 0; c < 3; c++) out[i * 3 + c] = words[c * pixels + i]!;
  return out;
}

/** `Y Y Cb Cr` for two pixels: each gets the chroma of both. */
function from422(words: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  for (let from = 0, to = 0; to < length; from += 4) {
    for (let i = 0; i < 2 && to < length; i++, to += 3) {
      out[to] = words[from + i]!;
      out[to + 1] = words[from + 2]!;
      out[to + 2] = words[from + 3]!;
    }
  }
  return out;
}

/** DICOM's run lengths (PS3.5, annex G): a segment for each byte of each sample, the highest first, packed as PackBits. */
async function runLength({ header, bytes }: Request): Promise<FrameSamples> {
  const { rows, columns, samples, bitsAllocated } = header;
  const size = bitsAllocated / 8;
  const pixels = rows * columns;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== samples * size)
    throw new Error(`it has ${segments} run-length segments instead of ${samples * size}`);
  const data = bitsAllocated === 8 ? new Uint8Array(count(header)) : new Uint32Array(count(header));
  for (let segment = 0; segment < segments; segment++) {
    const start = view.getUint32(4 + segment * 4, true);
    const end = segment + 1 < segments ? view.getUint32(8 + segment * 4, true) : bytes.length;
    const plane = unpackBits(bytes.subarray(start, end), pixels);
    const sample = Math.floor(segment / size);
    const shift = 8 * (size - 1 - (segment % size));
    for (let i = 0; i < pixels; i++) data[i * samples + sample]! += plane[i]! * 2 ** shift;
  }
  return { data, rgb: false, whole: false };
}

function unpackBits(packed: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let to = 0;
  for (let from = 0; from < packed.length && to < length; ) {
    const code = packed[from++]!;
    if (code < 128) {
      const run = packed.subarray(from, from + code + 1).subarray(0, length - to);
      out.set(run, to);
      to += run.length;
      from += code + 1;
    } else if (code > 128) {
      const end = Math.min(length, to + 257 - code);
      out.fill(packed[from++]!, to, end);
      to = end;
    }
  }
  if (to < length) throw new Error('a run-length segment is cut off');
  return out;
}

async function jpegBaseline({ header, bytes, where }: Request): Promise<FrameSamples> {
  const { rows, columns, samples, photometric } = header;
  const precision = jpegPrecision(bytes);
  if (precision !== 8)
    throw pictureErrors.unsupported(
      where,
      `${precision}-bit JPEG (DICOM)`,
      'Write it without compression, or as JPEG-LS or JPEG 2000.',
    );
  // JPEG without markers of its own is taken for YCbCr by every decoder but one that is told.
  const asIs = samples === 3 && photometric === 'RGB';
  const sharp = asIs ? null : await loadSharp();
  if (sharp) {
    const raw = await sharp(bytes, { limitInputPixels: false, ignoreIcc: true })
      .toColourspace(samples === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    expectSize(raw.info, rows, columns, raw.info.channels === samples ? samples : undefined, samples);
    return { data: new Uint8Array(raw.data), rgb: true, whole: true };
  }
  const { default: jpeg } = await import('jpeg-js');
  const decoded = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    colorTransform: asIs ? false : undefined,
    maxResolutionInMP: Math.ceil((rows * columns) / 1e6) + 1,
    maxMemoryUsageInMB: 64 + Math.ceil((rows * columns * 32) / 1e6),
  } as Parameters<typeof jpeg.decode>[1] & { useTArray: true });
  expectSize(decoded, rows, columns, 3, 3);
  const data = samples === 3 ? decoded.data : decoded.data.filter((_, i) => i % 3 === 0);
  return { data, rgb: true, whole: true };
}

function expectSize(
  found: { readonly width: number; readonly height: number },
  rows: number,
  columns: number,
  samples: number | undefined,
  expected: number,
): void {
  if (found.width !== columns || found.height !== rows || samples !== expected)
    throw new Error(
      `its JPEG is of ${found.width}x${found.height} pixels, the file says ${columns}x${rows} of ${expected} samples`,
    );
}

/** Bits a sample, out of the frame header; 8 where there is none. */
function jpegPrecision(bytes: Uint8Array): number {
  for (let at = 2; at + 4 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return bytes[at + 4]!;
    if (marker === 0xda) break;
    at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  return 8;
}

async function jpegLossless({ header, bytes }: Request): Promise<FrameSamples> {
  const { Decoder } = await import('jpeg-lossless-decoder-js');
  const { rows, columns, samples, bitsAllocated } = header;
  const size = Math.max(1, bitsAllocated / 8);
  const copy = bytes.slice();
  const decoder = new Decoder();
  const decoded = decoder.decode(copy.buffer, 0, copy.length, size);
  const { dimX, dimY, numComp } = decoder.frame;
  expectSize({ width: dimX, height: dimY }, rows, columns, numComp, samples);
  const data = size === 1 ? new Uint8Array(decoded.buffer) : new Uint16Array(decoded.buffer);
  if (data.length < count(header)) throw new Error('its JPEG is cut off');
  return { data: data.subarray(0, count(header)), rgb: false, whole: false };
}

async function jpegLs({ header, bytes }: Request): Promise<FrameSamples> {
  const { default: open } = await import('@cornerstonejs/codec-charls/decodewasmjs');
  charls ??= open(QUIET);
  expectSegment(header, bytes, [0xff, 0xf7], (view, at) => [
    view.getUint16(at + 7),
    view.getUint16(at + 5),
    view.getUint8(at + 9),
  ]);
  return wasm(header, bytes, new (await charls).JpegLSDecoder(), false);
}

async function jpeg2000({ header, bytes }: Request): Promise<FrameSamples> {
  const { default: open } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
  openjpeg ??= open(QUIET);
  expectSegment(header, bytes, [0xff, 0x4f, 0xff, 0x51], (view, at) => [
    view.getUint32(at + 8) - view.getUint32(at + 16),
    view.getUint32(at + 12) - view.getUint32(at + 20),
    view.getUint16(at + 40),
  ]);
  // Its own colour transform is undone by the codec; what the file calls YBR_FULL is not.
  return wasm(header, bytes, new (await openjpeg).J2KDecoder(), header.photometric !== 'YBR_FULL');
}

/** The codecs talk on standard output otherwise, which belongs to the results. */
const QUIET = { print: () => {}, printErr: () => {} };
let charls: ReturnType<typeof import('@cornerstonejs/codec-charls/decodewasmjs').default> | undefined;
let openjpeg: ReturnType<typeof import('@cornerstonejs/codec-openjpeg/decodewasmjs').default> | undefined;

/** Checks the size that a codec's own header tells before anything is unpacked: it may be another than the file's, and far larger. */
function expectSegment(
  { rows, columns, samples }: DicomHeader,
  bytes: Uint8Array,
  marker: readonly number[],
  read: (view: DataView, at: number) => [width: number, height: number, samples: number],
): void {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(Uint8Array.from(marker));
  if (at < 0 || at + 42 > bytes.length) throw new Error('its header is missing');
  const [width, height, found] = read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at);
  expectSize({ width, height }, rows, columns, found, samples);
}

function wasm(header: DicomHeader, bytes: Uint8Array, decoder: WasmDecoder, rgb: boolean): FrameSamples {
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const { width, height, componentCount, bitsPerSample } = decoder.getFrameInfo();
    expectSize({ width, height }, header.rows, header.columns, componentCount, header.samples);
    const decoded = decoder.getDecodedBuffer();
    const length = count(header);
    const size = bitsPerSample > 8 ? 2 : 1;
    if (bitsPerSample > 16 || decoded.length < length * size)
      throw new Error(`its samples of ${bitsPerSample} bits cannot be read`);
    const own = decoded.slice(0, length * size);
    return { data: size === 1 ? own : new Uint16Array(own.buffer), rgb, whole: false };
  } finally {
    decoder.delete();
  }
}
