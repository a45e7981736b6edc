/** How a DICOM file begins. */
export type DicomStart =
  /** As PS3.10 wants it: a preamble of 128 bytes, then `DICM`. */
  | 'preamble'
  /** The meta information without what belongs before it. */
  | 'meta'
  /** The data set alone, as devices and old archives write it: its elements name their kind of value, or do not. */
  | 'explicit'
  | 'implicit';

/** Bytes that are enough to tell. */
export const START_BYTES = 512;

/** Elements that must follow one another for a data set that names no kinds of values: anything may look like one of them. */
const ENOUGH = 3;
const VALUE_KINDS = new Set(
  'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV'.split(' '),
);
/** Kinds whose length takes four bytes, after two that are kept free. */
const LONG = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));

/** Whether and how the first bytes are those of a DICOM file; undefined for anything else. */
export function dicomStart(bytes: Uint8Array): DicomStart | undefined {
  const text = (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));
  if (text(128, 4) === 'DICM') return 'preamble';
  if (bytes.length < 16) return undefined;
  const [group, kind] = [bytes[0]! + bytes[1]! * 256, text(4, 2)];
  if (group === 0x0002) return /^(UL|OB|UI)$/.test(kind) && isElements(bytes, true) ? 'meta' : undefined;
  if (group !== 0x0008) return undefined;
  if (VALUE_KINDS.has(kind)) return isElements(bytes, true) ? 'explicit' : undefined;
  return isElements(bytes, false) ? 'implicit' : undefined;
}

/** Elements of rising tags and even lengths, one after the other, as far as the bytes reach. */
function isElements(bytes: Uint8Array, explicit: boolean): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, START_BYTES));
  let last = -1;
  let count = 0;
  for (let at = 0; at + 12 <= view.byteLength && count < ENOUGH; count++) {
    const tag = view.getUint16(at, true) * 65536 + view.getUint16(at + 2, true);
    if (tag <= last || tag >= 0x00300000) return false;
    last = tag;
    const kind = String.fromCharCode(bytes[at + 4]!, bytes[at + 5]!);
    if (explicit && !VALUE_KINDS.has(kind)) return false;
    const header = explicit && LONG.has(kind) ? 12 : 8;
    const length = !explicit
      ? view.getUint32(at + 4, true)
      : header === 12
        ? view.getUint32(at + 8, true)
        : view.getUint16(at + 6, true);
    // A sequence may leave its length open; then what follows is not looked at.
    if (length === 0xffffffff) return count > 0;
    if (length % 2 !== 0 || length > 2 ** 20) return false;
    at += header + length;
  }
  return count > 0;
}
