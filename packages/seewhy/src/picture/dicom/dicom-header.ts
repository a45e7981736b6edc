import { inflateRawSync } from 'node:zlib';
import type { DataSet, Element } from 'dicom-parser';
import { pictureErrors } from '../picture-errors.ts';
import { dicomStart } from './dicom-start.ts';

/** Largest data set that a deflated file may unpack to. */
const MOST_BYTES = 2 ** 30;

/** What a DICOM file says of its pixels. */
export interface DicomHeader {
  readonly dataSet: DataSet;
  readonly transferSyntax: string;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  /** Samples a pixel: 1 or 3. */
  readonly samples: number;
  readonly photometric: string;
  /** True where all of one colour come before the next. */
  readonly planar: boolean;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** The element that holds the pixels: whole numbers, or floating-point ones of 32 or 64 bits. */
  readonly pixels: { readonly element: Element; readonly floats?: 32 | 64 };
}

/** Text of a DICOM parser's complaint: it throws texts and plain objects too. */
export function complaint(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  if (cause !== null && typeof cause === 'object' && 'exception' in cause) return complaint(cause.exception);
  return String(cause);
}

const EXPLICIT = '1.2.840.10008.1.2.1';
const IMPLICIT = '1.2.840.10008.1.2';
export const BIG_ENDIAN = '1.2.840.10008.1.2.2';

/**
 * Parses a DICOM file (PS3.10), or one that lacks its preamble or all of its meta information.
 * @param upTo `pixels`: not what comes from the pixel data on, so that the beginning of a file is enough
 * @throws SeewhyError `PICTURE_CORRUPT`
 */
export async function parseDicom(bytes: Uint8Array, where: string, upTo?: 'pixels'): Promise<DataSet> {
  const { default: dicom } = await import('dicom-parser');
  const start = dicomStart(bytes);
  const alone = start === 'explicit' ? EXPLICIT : start === 'implicit' ? IMPLICIT : undefined;
  try {
    return dicom.parseDicom(wholeFile(bytes, start), {
      ...(upTo ? { untilTag: TAGS.pixels } : {}),
      ...(alone === undefined ? {} : { TransferSyntaxUID: alone }),
      inflater: (all: Uint8Array, position: number) => {
        const rest = inflateRawSync(all.subarray(position), { maxOutputLength: MOST_BYTES });
        const whole = new Uint8Array(position + rest.length);
        whole.set(all.subarray(0, position));
        whole.set(rest, position);
        return whole;
      },
    });
  } catch (cause) {
    throw pictureErrors.corrupt(where, 'DICOM', complaint(cause));
  }
}

/** A file with its preamble, where it has any meta information. */
function wholeFile(bytes: Uint8Array, start: ReturnType<typeof dicomStart>): Uint8Array {
  // Node's Buffer shares its memory where a Uint8Array is copied (`slice`): the codecs rely on copies.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (start !== 'meta') return plain;
  const whole = new Uint8Array(132 + plain.length);
  whole.set(new TextEncoder().encode('DICM'), 128);
  whole.set(plain, 132);
  return whole;
}

/** Tags as dicom-parser writes them. */
export const TAGS = {
  transferSyntax: 'x00020010',
  samples: 'x00280002',
  photometric: 'x00280004',
  planar: 'x00280006',
  frames: 'x00280008',
  rows: 'x00280010',
  columns: 'x00280011',
  bitsAllocated: 'x00280100',
  bitsStored: 'x00280101',
  highBit: 'x00280102',
  representation: 'x00280103',
  padding: 'x00280120',
  paddingLimit: 'x00280121',
  floatPadding: 'x00280122',
  doublePadding: 'x00280123',
  windowCenter: 'x00281050',
  windowWidth: 'x00281051',
  rescaleIntercept: 'x00281052',
  rescaleSlope: 'x00281053',
  voiFunction: 'x00281056',
  modalityLuts: 'x00283000',
  lutDescriptor: 'x00283002',
  lutData: 'x00283006',
  voiLuts: 'x00283010',
  sharedGroups: 'x52009229',
  frameGroups: 'x52009230',
  frameVoi: 'x00289132',
  pixelTransformation: 'x00289145',
  floatPixels: 'x7fe00008',
  doublePixels: 'x7fe00009',
  pixels: 'x7fe00010',
} as const;

/** What the pixels are. @throws SeewhyError `PICTURE_CORRUPT`, `PICTURE_FORMAT_UNSUPPORTED` */
export function dicomHeader(dataSet: DataSet, where: string): DicomHeader {
  const missing = (what: string) => pictureErrors.corrupt(where, 'DICOM', `it has no ${what}`);
  const pixels = pixelsOf(dataSet);
  if (!pixels) throw missing('pixel data: it may be a report, a plan or a structure set');
  const rows = dataSet.uint16(TAGS.rows) ?? 0;
  const columns = dataSet.uint16(TAGS.columns) ?? 0;
  if (rows === 0 || columns === 0) throw missing('size');
  const bitsAllocated = pixels.floats ?? dataSet.uint16(TAGS.bitsAllocated) ?? 0;
  if (!pixels.floats && ![1, 8, 16, 32].includes(bitsAllocated))
    throw pictureErrors.corrupt(where, 'DICOM', `${bitsAllocated} bits are allocated for a sample`);
  const bitsStored = dataSet.uint16(TAGS.bitsStored) ?? bitsAllocated;
  const highBit = dataSet.uint16(TAGS.highBit) ?? bitsStored - 1;
  const samples = dataSet.uint16(TAGS.samples) ?? 1;
  if (bitsStored < 1 || bitsStored > bitsAllocated || highBit >= bitsAllocated || highBit + 1 < bitsStored)
    throw pictureErrors.corrupt(
      where,
      'DICOM',
      `${bitsStored} bits up to bit ${highBit} are stored in ${bitsAllocated}`,
    );
  if (samples !== 1 && samples !== 3) throw pictureErrors.unsupported(where, `DICOM of ${samples} samples a pixel`);
  return {
    dataSet,
    transferSyntax: dataSet.string(TAGS.transferSyntax) ?? '1.2.840.10008.1.2',
    rows,
    columns,
    frames: Math.max(1, dataSet.intString(TAGS.frames) ?? 1),
    samples,
    photometric: dataSet.string(TAGS.photometric) ?? (samples === 3 ? 'RGB' : 'MONOCHROME2'),
    planar: samples === 3 && dataSet.uint16(TAGS.planar) === 1,
    bitsAllocated,
    bitsStored,
    highBit,
    signed: dataSet.uint16(TAGS.representation) === 1,
    pixels,
  };
}

function pixelsOf({ elements }: DataSet): DicomHeader['pixels'] | undefined {
  const { [TAGS.pixels]: whole, [TAGS.floatPixels]: float, [TAGS.doublePixels]: double } = elements;
  if (whole) return { element: whole };
  if (float) return { element: float, floats: 32 };
  return double && { element: double, floats: 64 };
}

/** Text of an element in its character set (UTF-8, else Latin). */
export function dicomText(dataSet: DataSet, tag: string): string | undefined {
  const element = dataSet.elements[tag];
  if (!element || element.length <= 0 || element.length > 1 << 16) return undefined;
  const charset = dataSet.string('x00080005') ?? '';
  const bytes = dataSet.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
  const text = new TextDecoder(charset.includes('192') ? 'utf-8' : 'windows-1252').decode(bytes);
  const clean = text.replace(/[\0 ]+$/g, '').trim();
  return clean === '' ? undefined : clean;
}
