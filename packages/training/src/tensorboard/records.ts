import { maskedCrc32c } from './crc32c.ts';

/** Length and its checksum before the bytes, their checksum behind them. */
const HEAD = 12;
const TAIL = 4;

/** Bytes as a record of a TFRecord file: length (u64), its masked CRC-32C, the bytes, their masked CRC-32C; little endian. */
export function frameRecord(bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(HEAD + bytes.length + TAIL);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, maskedCrc32c(framed.subarray(0, 8)), true);
  framed.set(bytes, HEAD);
  view.setUint32(HEAD + bytes.length, maskedCrc32c(bytes), true);
  return framed;
}

export interface ReadRecords {
  /** Views on the file's bytes. */
  readonly records: readonly Uint8Array[];
  /** How the file ends: after a record, within one (a writer that was stopped, or that still writes), or in bytes that are no record. */
  readonly end: 'whole' | 'truncated' | 'corrupt';
  /** Bytes up to the end of the last good record. */
  readonly length: number;
}

/** Reads the records of a TFRecord file up to the first one that is not whole. Never throws. */
export function readRecords(file: Uint8Array): ReadRecords {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  let at = 0;
  const stop = (end: ReadRecords['end']): ReadRecords => ({ records, end, length: at });
  while (at < file.length) {
    if (file.length - at < HEAD) return stop('truncated');
    if (view.getUint32(at + 8, true) !== maskedCrc32c(file.subarray(at, at + 8))) return stop('corrupt');
    const length = Number(view.getBigUint64(at, true));
    if (length > file.length - at - HEAD - TAIL) return stop('truncated');
    const bytes = file.subarray(at + HEAD, at + HEAD + length);
    if (view.getUint32(at + HEAD + length, true) !== maskedCrc32c(bytes)) return stop('corrupt');
    records.push(bytes);
    at += HEAD + length + TAIL;
  }
  return stop('whole');
}
