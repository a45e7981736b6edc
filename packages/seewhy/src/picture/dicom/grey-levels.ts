import type { DataSet } from 'dicom-parser';
import { pictureErrors } from '../picture-errors.ts';
import type { PixelWindow } from '../window.ts';
import { type DicomHeader, TAGS } from './dicom-header.ts';
import { elementBytes } from './element-bytes.ts';

export interface Lut {
  /** Value that the first entry stands for; smaller ones get it too. */
  readonly first: number;
  readonly entries: ArrayLike<number>;
  /** Largest entry that its bits allow. */
  readonly largest: number;
}

/**
 * Stored values of a grey frame as 0..255: rescaled (slope and intercept, or a modality table), through a window (its first centre and
 * width, or a table), `MONOCHROME1` turned round.
 *
 * `auto` is the file's own window; without one, 8-bit values are as they are, and others go from the smallest to the largest, padding left
 * out. `[low, high]` and `range` are in rescaled values. Source: DICOM PS3.3, C.11.1 and C.11.2.
 */
export function greyLevels(
  stored: ArrayLike<number>,
  header: DicomHeader,
  frame: number,
  window: PixelWindow,
  where: string,
): { data: Uint8Array; note?: string } {
  const groups = functionalGroups(header.dataSet, frame);
  const find = (tag: string, sequence?: string): DataSet | undefined =>
    [...groups.map((group) => (sequence ? item(group, sequence) : group)), header.dataSet].find(
      (one) => one?.elements[tag],
    );
  const modality = modalityOf(find, header, where);
  const values = Float64Array.from({ length: stored.length }, (_, i) => modality(stored[i]!));
  const { map, note } = voiOf({ values, stored, header, find, modality, window, where });
  const inverted = header.photometric === 'MONOCHROME1';
  const data = Uint8Array.from(values, (value) => {
    const level = Math.min(255, Math.max(0, Math.round(map(value))));
    return inverted ? 255 - level : level;
  });
  return { data, ...(note === undefined ? {} : { note }) };
}

type Find = (tag: string, sequence?: string) => DataSet | undefined;

/** Enhanced files keep window and rescaling per frame, or once for all. */
function functionalGroups(dataSet: DataSet, frame: number): DataSet[] {
  const per = dataSet.elements[TAGS.frameGroups]?.items?.[frame]?.dataSet;
  const shared = dataSet.elements[TAGS.sharedGroups]?.items?.[0]?.dataSet;
  return [per, shared].filter((group) => group !== undefined);
}

const item = (dataSet: DataSet, sequence: string): DataSet | undefined =>
  dataSet.elements[sequence]?.items?.[0]?.dataSet;

function modalityOf(find: Find, header: DicomHeader, where: string): (value: number) => number {
  const luts = header.dataSet.elements[TAGS.modalityLuts]?.items?.[0]?.dataSet;
  if (luts) {
    const lut = lutOf(luts, header, where);
    return (value) => lut.entries[place(lut, value)]!;
  }
  const holder = find(TAGS.rescaleSlope, TAGS.pixelTransformation);
  const slope = holder?.floatString(TAGS.rescaleSlope) ?? 1;
  const intercept = find(TAGS.rescaleIntercept, TAGS.pixelTransformation)?.floatString(TAGS.rescaleIntercept) ?? 0;
  return (value) => value * slope + intercept;
}

interface VoiRequest {
  readonly values: Float64Array;
  readonly stored: ArrayLike<number>;
  readonly header: DicomHeader;
  readonly find: Find;
  readonly modality: (value: number) => number;
  readonly window: PixelWindow;
  readonly where: string;
}

function voiOf({ values, stored, header, find, modality, window, where }: VoiRequest): {
  map: (value: number) => number;
  note?: string;
} {
  const { bitsStored, signed, dataSet } = header;
  const range = (low: number, high: number) => (value: number) =>
    high > low ? (255 * (value - low)) / (high - low) : value > low ? 255 : 0;
  const full = () => {
    const ends = signed ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] : [0, 2 ** bitsStored - 1];
    const [a, b] = ends.map(modality) as [number, number];
    return range(Math.min(a, b), Math.max(a, b));
  };
  if (window === 'full' && !header.pixels.floats) return { map: full() };
  if (typeof window !== 'string') return { map: range(window[0], window[1]) };
  if (window === 'auto') {
    const luts = dataSet.elements[TAGS.voiLuts]?.items?.[0]?.dataSet;
    if (luts) {
      const lut = lutOf(luts, header, where);
      return { map: (value) => (255 * lut.entries[place(lut, Math.round(value))]!) / lut.largest };
    }
    const holder = find(TAGS.windowCenter, TAGS.frameVoi);
    const center = holder?.floatString(TAGS.windowCenter);
    const width = holder?.floatString(TAGS.windowWidth);
    const voi = holder?.string(TAGS.voiFunction)?.trim() ?? 'LINEAR';
    const map = center === undefined || width === undefined ? undefined : windowMap(voi, center, width);
    if (map) return { map };
    if (bitsStored <= 8 && !signed && !header.pixels.floats) return { map: full() };
  }
  const [low, high] = valueRange(values, stored, header);
  return {
    map: range(low, high),
    note: `DICOM without a window: its values, ${low} to ${high}, were stretched to black and white.`.replace(
      'DICOM without a window: its',
      window === 'range' ? 'Its' : 'DICOM without a window: its',
    ),
  };
}

/** PS3.3, C.11.2.1.2 and C.11.2.1.3; undefined where the width is not allowed. */
function windowMap(voi: string, center: number, width: number): ((value: number) => number) | undefined {
  if (!(Number.isFinite(center) && Number.isFinite(width)) || width <= 0) return undefined;
  if (voi === 'SIGMOID') return (value) => 255 / (1 + Math.exp((-4 * (value - center)) / width));
  if (voi === 'LINEAR_EXACT') return (value) => ((value - center) / width + 0.5) * 255;
  if (width < 1) return undefined;
  if (width === 1) return (value) => (value <= center - 0.5 ? 0 : 255);
  return (value) => ((value - (center - 0.5)) / (width - 1) + 0.5) * 255;
}

/** Smallest and largest value that is a number and no padding. */
function valueRange(
  values: Float64Array,
  stored: ArrayLike<number>,
  { dataSet, signed, pixels }: DicomHeader,
): [number, number] {
  const word = (tag: string) => (signed ? dataSet.int16(tag) : dataSet.uint16(tag));
  const padding =
    pixels.floats === 32
      ? dataSet.float(TAGS.floatPadding)
      : pixels.floats === 64
        ? dataSet.double(TAGS.doublePadding)
        : word(TAGS.padding);
  const limit = pixels.floats ? padding : (word(TAGS.paddingLimit) ?? padding);
  const isPadding = (value: number) =>
    padding !== undefined &&
    limit !== undefined &&
    value >= Math.min(padding, limit) &&
    value <= Math.max(padding, limit);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    if (isPadding(stored[i]!) || !Number.isFinite(values[i]!)) continue;
    if (values[i]! < low) low = values[i]!;
    if (values[i]! > high) high = values[i]!;
  }
  return low <= high ? [low, high] : [0, 0];
}

/** A table of a sequence's item. The first value is signed where the pixels are. */
export function lutOf(dataSet: DataSet, header: DicomHeader, where: string): Lut {
  return readLut(dataSet, TAGS.lutDescriptor, TAGS.lutData, header, where);
}

export function readLut(dataSet: DataSet, descriptor: string, data: string, header: DicomHeader, where: string): Lut {
  const count = dataSet.uint16(descriptor, 0) || 65536;
  const first = (header.signed ? dataSet.int16(descriptor, 1) : dataSet.uint16(descriptor, 1)) ?? 0;
  const bits = dataSet.uint16(descriptor, 2) ?? 16;
  const element = dataSet.elements[data];
  if (!element || !dataSet.elements[descriptor])
    throw pictureErrors.corrupt(where, 'DICOM', 'a table of it has no entries');
  // Eight-bit entries are packed two to a word, unless the file spends a word for each.
  const bytes = bits <= 8 && element.length < count * 2;
  if (element.length < count * (bytes ? 1 : 2)) throw pictureErrors.corrupt(where, 'DICOM', 'a table of it is cut off');
  const entries = bytes
    ? elementBytes({ dataSet, transferSyntax: header.transferSyntax }, element, 0, count)
    : Uint16Array.from({ length: count }, (_, i) => dataSet.uint16(data, i)!);
  return { first, entries, largest: 2 ** Math.min(16, Math.max(1, bits)) - 1 };
}

/** Entry of a value; what lies outside gets the first or the last. */
export const place = ({ first, entries }: Lut, value: number): number =>
  Math.min(entries.length - 1, Math.max(0, value - first));
