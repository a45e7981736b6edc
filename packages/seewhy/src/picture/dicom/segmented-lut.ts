import type { DataSet } from 'dicom-parser';
import { pictureErrors } from '../picture-errors.ts';
import type { DicomHeader } from './dicom-header.ts';
import { elementBytes } from './element-bytes.ts';
import type { Lut } from './grey-levels.ts';

/** Segments that one file may have run, those that are pointed to counted each time. */
const MOST_SEGMENTS = 100_000;

/**
 * A palette written in segments (PS3.3, C.7.9.2): entries one by one, straight lines from the last entry to a given one, and
 * repetitions of segments before.
 * @throws SeewhyError `PICTURE_CORRUPT`
 */
export function segmentedLut(
  dataSet: DataSet,
  descriptor: string,
  data: string,
  header: DicomHeader,
  where: string,
): Lut {
  const corrupt = (detail: string) => pictureErrors.corrupt(where, 'DICOM', detail);
  const element = dataSet.elements[data]!;
  if (!dataSet.elements[descriptor]) throw corrupt('a palette of it has no size');
  const count = dataSet.uint16(descriptor, 0) || 65536;
  const first = (header.signed ? dataSet.int16(descriptor, 1) : dataSet.uint16(descriptor, 1)) ?? 0;
  const bits = (dataSet.uint16(descriptor, 2) ?? 16) <= 8 ? 8 : 16;
  const words = element.length / (bits / 8);
  const bytes = elementBytes({ dataSet, transferSyntax: header.transferSyntax }, element, 0, element.length);
  const word = (at: number): number => {
    if (at >= words) throw corrupt('a segmented palette is cut off');
    return bits === 8 ? bytes[at]! : dataSet.uint16(data, at)!;
  };
  const entries: number[] = [];
  let segments = 0;

  /** Runs some segments from a word on; returns the word behind them. */
  const run = (from: number, most: number, nested: boolean): number => {
    let at = from;
    for (let done = 0; done < most && entries.length < count; done++) {
      if (++segments > MOST_SEGMENTS) throw corrupt('a segmented palette goes round in circles');
      const [kind, length] = [word(at), word(at + 1)];
      at += 2;
      if (kind === 0) {
        for (let i = 0; i < length; i++) entries.push(word(at++));
      } else if (kind === 1) {
        const [start, end] = [entries.at(-1), word(at++)];
        if (start === undefined) throw corrupt('a segmented palette begins with a line from nowhere');
        for (let i = 1; i <= length; i++) entries.push(Math.round(start + ((end - start) * i) / length));
      } else if (kind === 2 && !nested) {
        // Two words, or four bytes, tell at which byte the segments begin.
        const parts = bits === 8 ? [0, 1, 2, 3].map((i) => word(at + i)) : [word(at), word(at + 1)];
        at += parts.length;
        const offset = parts.reduceRight((sum, part) => sum * 2 ** bits + part, 0);
        run(offset / (bits / 8), length, true);
      } else throw corrupt('a segmented palette has a segment of an unknown kind');
    }
    return at;
  };
  run(0, Number.POSITIVE_INFINITY, false);
  if (entries.length !== count) throw corrupt(`a segmented palette has ${entries.length} entries, not ${count}`);
  return { first, entries, largest: 2 ** bits - 1 };
}
