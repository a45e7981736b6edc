import { isSeewhyError } from '@seewhy/onnx';
import { unzipSync } from 'fflate';
import { errors } from '../errors.ts';
import { staysInside } from './files.ts';

/** Zip entries may be this many times their packed size, above a free allowance: float weights pack to half at best. */
const MOST_RATIO = 200;
const FREE_BYTES = 16 << 20;
/** fflate unpacks into one array. */
const MOST_BYTES = 4 * 2 ** 30 - 1;
const MOST_ENTRIES = 10_000;

/** True for the bytes of a zip archive. */
export function isZip(bytes: Uint8Array): boolean {
  return (
    bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5) && (bytes[3] === 4 || bytes[3] === 6)
  );
}

/**
 * The asked entries of a zip archive; nothing else of it is unpacked. What is stored as it is, as Keras stores everything, is a view on the
 * archive's bytes.
 * @throws ARCHIVE_INVALID, ARCHIVE_ESCAPES (an entry with `..` or an absolute path, wanted or not), ARCHIVE_TOO_LARGE
 */
export function unzip(bytes: Uint8Array, name: string, wanted: (entry: string) => boolean): Map<string, Uint8Array> {
  const seen = new Set<string>();
  const stored = new Map<string, Uint8Array>();
  let total = 0;
  let offsets: ReadonlyMap<string, number> | undefined;
  let unpacked: Record<string, Uint8Array>;
  try {
    unpacked = unzipSync(bytes, {
      filter: ({ name: entry, size, originalSize, compression }) => {
        if (!staysInside(entry)) throw errors.archiveEscapes(name, entry);
        if (seen.has(entry)) throw errors.badArchive(name, `two entries are called '${entry}'`);
        seen.add(entry);
        if (seen.size > MOST_ENTRIES) throw errors.archiveBomb(name, entry, `one of more than ${MOST_ENTRIES} files`);
        if (!wanted(entry)) return false;
        if (compression !== 0 && compression !== 8)
          throw errors.badArchive(name, `'${entry}' is packed by method ${compression}, which Keras does not use`);
        if (originalSize > MOST_BYTES || originalSize > FREE_BYTES + MOST_RATIO * size)
          throw errors.archiveBomb(name, entry, `${originalSize} bytes from ${size}`);
        if (size > bytes.length) throw errors.badArchive(name, `'${entry}' is cut off`);
        // Many entries may share the same packed bytes.
        total += originalSize;
        if (total > FREE_BYTES + MOST_RATIO * bytes.length)
          throw errors.archiveBomb(name, entry, `${total} bytes with those before it, from ${bytes.length}`);
        if (compression !== 0 || size !== originalSize) return true;
        offsets ??= localHeaders(bytes);
        const view = storedAt(bytes, offsets.get(entry), size);
        if (view) stored.set(entry, view);
        return view === undefined;
      },
    });
  } catch (cause) {
    if (isSeewhyError(cause)) throw cause;
    throw errors.badArchive(name, 'it is not a complete zip archive', cause);
  }
  return new Map([...Object.entries(unpacked), ...stored]);
}

/** Where the local headers of entries lie, by name, as the directory at the archive's end says; what it does not say plainly is left out. */
function localHeaders(bytes: Uint8Array): Map<string, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, number>();
  // The end record has 22 bytes and a comment of at most 65535.
  let end = bytes.length - 22;
  while (end >= 0 && end >= bytes.length - 22 - 0xffff && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) return found;
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) break;
    const name = at + 46;
    const next = name + view.getUint16(at + 28, true);
    found.set(new TextDecoder().decode(bytes.subarray(name, next)), view.getUint32(at + 42, true));
    at = next + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return found;
}

/** The bytes of a stored entry; undefined where its local header is not where it should be. */
function storedAt(bytes: Uint8Array, at: number | undefined, size: number): Uint8Array | undefined {
  if (at === undefined || at + 30 > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(at, true) !== 0x04034b50) return undefined;
  const begin = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  return begin + size <= bytes.length ? bytes.subarray(begin, begin + size) : undefined;
}
