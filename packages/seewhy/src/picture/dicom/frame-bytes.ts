import type { Element } from 'dicom-parser';
import { pictureErrors } from '../picture-errors.ts';
import { complaint, type DicomHeader } from './dicom-header.ts';
import { elementBytes } from './element-bytes.ts';

/** The compressed bytes of one frame: fragments are found by the offset table, else one a frame, else by JPEG's markers. */
export async function compressedFrame(header: DicomHeader, frame: number, where: string): Promise<Uint8Array> {
  const { default: dicom } = await import('dicom-parser');
  const { dataSet, frames } = header;
  const pixels: Element = header.pixels.element;
  const count = pixels.fragments?.length ?? 0;
  if (!pixels.encapsulatedPixelData || count === 0)
    throw pictureErrors.corrupt(where, 'DICOM', 'its compressed pixel data is missing');
  try {
    const table = pixels.basicOffsetTable ?? [];
    if (table.length >= frames) return dicom.readEncapsulatedImageFrame(dataSet, pixels, frame) as Uint8Array;
    if (frames === 1) return dicom.readEncapsulatedPixelDataFromFragments(dataSet, pixels, 0, count) as Uint8Array;
    if (count === frames) return dicom.readEncapsulatedPixelDataFromFragments(dataSet, pixels, frame, 1) as Uint8Array;
    const made = dicom.createJPEGBasicOffsetTable(dataSet, pixels);
    return dicom.readEncapsulatedImageFrame(dataSet, pixels, frame, made) as Uint8Array;
  } catch (cause) {
    throw pictureErrors.corrupt(where, 'DICOM', complaint(cause));
  }
}

/** The bytes of one frame that is not compressed. Frames of single bits do not begin on a byte: they begin `firstBit` bits later. */
export function nativeFrame(
  header: DicomHeader,
  frame: number,
  where: string,
): { bytes: Uint8Array; firstBit: number } {
  const { dataSet, rows, columns, samples, bitsAllocated, photometric } = header;
  const pixels: Element = header.pixels.element;
  if (pixels.encapsulatedPixelData)
    throw pictureErrors.corrupt(where, 'DICOM', 'its pixel data is compressed, and it does not say how');
  // Two pixels share their chroma samples: four samples for two pixels instead of six.
  const perPixel = photometric === 'YBR_FULL_422' || photometric === 'YBR_PARTIAL_422' ? 2 : samples;
  const bits = rows * columns * perPixel * bitsAllocated;
  const start = bits * frame;
  const [first, last] = [Math.floor(start / 8), Math.ceil((start + bits) / 8)];
  if (pixels.dataOffset + last > dataSet.byteArray.length || last > pixels.length)
    throw pictureErrors.corrupt(where, 'DICOM', `frame ${frame + 1} is cut off`);
  const own = pixels.dataOffset;
  const bytes =
    bitsAllocated <= 8
      ? elementBytes(header, pixels, first, last)
      : dataSet.byteArray.subarray(own + first, own + last);
  return { bytes, firstBit: start % 8 };
}
