import type { Decoded } from '../flatten.ts';
import { pictureErrors } from '../picture-errors.ts';
import type { PixelWindow } from '../window.ts';
import { type DicomHeader, dicomHeader, parseDicom } from './dicom-header.ts';
import { type FrameSamples, frameSamples } from './frame-samples.ts';
import { greyLevels, place, readLut } from './grey-levels.ts';
import { segmentedLut } from './segmented-lut.ts';

export interface DicomRequest {
  /** Most pixels. */
  readonly limit: number;
  readonly window: PixelWindow;
  /** From 0; without it the first is taken, and that is said where there are several. */
  readonly frame: number | undefined;
}

/**
 * One frame of a DICOM file as 8-bit samples: grey through rescaling and window ({@link greyLevels}), colours as RGB.
 * @throws SeewhyError `PICTURE_CORRUPT`, `PICTURE_FORMAT_UNSUPPORTED`, `PICTURE_TOO_LARGE`
 */
export async function decodeDicom(bytes: Uint8Array, where: string, request: DicomRequest): Promise<Decoded> {
  const { limit, window, frame = 0 } = request;
  const header = dicomHeader(await parseDicom(bytes, where), where);
  const { rows: height, columns: width, frames } = header;
  if (width * height > limit) throw pictureErrors.tooLarge(where, width, height, limit);
  if (!(Number.isInteger(frame) && frame >= 0 && frame < frames)) throw pictureErrors.noFrame(where, frame, frames);
  const found = await frameSamples(header, frame, where);
  const stored = found.whole ? found.data : wholeValues(found, header);
  const size = { width, height };
  const colours = header.photometric.startsWith('MONOCHROME') || header.photometric === 'PALETTE COLOR' ? 1 : 3;
  if (header.samples !== colours)
    throw pictureErrors.corrupt(where, 'DICOM', `${header.photometric} of ${header.samples} samples a pixel`);
  const notes =
    frames > 1 && request.frame === undefined ? [`DICOM of several frames: the first of ${frames} was taken.`] : [];
  if (header.pixels.floats && colours !== 1) throw pictureErrors.unsupported(where, 'DICOM (floating-point colours)');
  switch (header.photometric) {
    case 'MONOCHROME1':
    case 'MONOCHROME2': {
      const { data, note } = greyLevels(stored, header, frame, window, where);
      return { ...size, channels: 1, data, notes: note === undefined ? notes : [...notes, note] };
    }
    case 'PALETTE COLOR':
      return { ...size, channels: 3, data: palette(stored, header, where), notes };
    case 'RGB':
      return { ...size, channels: 3, data: eightBits(stored, header), notes };
    case 'YBR_FULL':
    case 'YBR_FULL_422':
    case 'YBR_RCT':
    case 'YBR_ICT': {
      const data = eightBits(stored, header);
      return { ...size, channels: 3, data: found.rgb ? data : fromYbr(data), notes };
    }
    default:
      throw pictureErrors.unsupported(where, `DICOM (colours '${header.photometric.slice(0, 40)}')`);
  }
}

/** The bits that are stored, moved down; overlays above them are dropped, the sign is extended. */
function wholeValues(
  { data }: FrameSamples,
  { bitsStored, highBit, signed, bitsAllocated }: DicomHeader,
): ArrayLike<number> {
  const shift = highBit + 1 - bitsStored;
  if (!signed && shift === 0 && bitsStored === bitsAllocated) return data;
  const size = 2 ** bitsStored;
  const half = size / 2;
  return Float64Array.from(data, (value) => {
    const bits = Math.floor(value / 2 ** shift) % size;
    return signed && bits >= half ? bits - size : bits;
  });
}

function eightBits(stored: ArrayLike<number>, { bitsStored }: DicomHeader): Uint8Array {
  if (stored instanceof Uint8Array && bitsStored === 8) return stored;
  const scale = 255 / (2 ** bitsStored - 1);
  return Uint8Array.from({ length: stored.length }, (_, i) => Math.round(stored[i]! * scale));
}

/** PS3.3, C.7.6.3.1.2: full-range YCbCr of ITU-R BT.601. */
function fromYbr(data: Uint8Array): Uint8Array {
  const out = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [y, cb, cr] = [data[i]!, data[i + 1]! - 128, data[i + 2]! - 128];
    out[i] = y + 1.402 * cr;
    out[i + 1] = y - 0.344136 * cb - 0.714136 * cr;
    out[i + 2] = y + 1.772 * cb;
  }
  return new Uint8Array(out.buffer);
}

function palette(stored: ArrayLike<number>, header: DicomHeader, where: string): Uint8Array {
  const { dataSet } = header;
  const luts = [1, 2, 3].map((colour) =>
    dataSet.elements[`x0028122${colour}`]
      ? segmentedLut(dataSet, `x0028110${colour}`, `x0028122${colour}`, header, where)
      : readLut(dataSet, `x0028110${colour}`, `x0028120${colour}`, header, where),
  );
  const out = new Uint8Array(stored.length * 3);
  for (let i = 0; i < stored.length; i++)
    for (const [c, lut] of luts.entries())
      out[i * 3 + c] = Math.round((255 * lut.entries[place(lut, stored[i]!)]!) / lut.largest);
  return out;
}
