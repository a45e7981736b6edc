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
 * Unpacks the asked entries of a zip archive into memory; nothing else of it is unpacked.
 * @throws ARCHIVE_INVALID, ARCHIVE_ESCAPES (an entry with `..` or an absolute path, wanted or not), ARCHIVE_TOO_LARGE
 */
export function unzip(bytes: Uint8Array, name: string, wanted: (entry: string) => boolean): Map<string, Uint8Array> {
  const seen = new Set<string>();
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
        return true;
      },
    });
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'SeewhyError') throw cause;
    throw errors.badArchive(name, 'it is not a complete zip archive', cause);
  }
  return new Map(Object.entries(unpacked));
}
