import type { Element } from 'dicom-parser';
import { BIG_ENDIAN, type DicomHeader } from './dicom-header.ts';

/**
 * Bytes `[from, to)` of an element whose values are single bytes. Where it is written as words (`OW`) in a big-endian file, the two bytes
 * of each word stand the other way round (PS3.5, 8.1.2).
 */
export function elementBytes(
  { dataSet, transferSyntax }: Pick<DicomHeader, 'dataSet' | 'transferSyntax'>,
  element: Element,
  from: number,
  to: number,
): Uint8Array {
  const { byteArray } = dataSet;
  const start = element.dataOffset;
  if (transferSyntax !== BIG_ENDIAN || element.vr !== 'OW') return byteArray.subarray(start + from, start + to);
  return Uint8Array.from({ length: to - from }, (_, i) => byteArray[start + ((from + i) ^ 1)]!);
}
