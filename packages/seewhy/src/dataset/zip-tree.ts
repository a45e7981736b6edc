import { posix } from 'node:path';
import { createInflateRaw, inflateRaw } from 'node:zlib';
import { isSeewhyError } from '@seewhy/onnx';
import { naturalOrder } from '../natural-order.ts';
import { datasetErrors } from './dataset-errors.ts';
import type { FileTree, RandomAccess, TreeFile, TreeListing } from './file-tree.ts';
import { PICTURE_ENDINGS } from './picture-endings.ts';

interface Entry {
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
  readonly encrypted: boolean;
}

const MOST_ENTRIES = 2_000_000;
const MOST_BYTES = 2 ** 30;
/** Deflate packs zeros to a thousandth; what claims more is made to hurt. */
const MOST_RATIO = 1100;
const DIRECTORY_END = 0x06054b50;
const DIRECTORY_END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

/**
 * The files of a zip archive, unpacked one by one as they are read. Only its directory is held in memory. Names that leave the archive,
 * links, encrypted entries and those that unpack to more than 1 GiB are refused; archives in it are not opened.
 * Source: PKWARE APPNOTE 6.3.10.
 */
export class ZipTree implements FileTree {
  readonly path: string;
  readonly prefix = 'zip/';
  private readonly file: RandomAccess;
  private readonly entries: ReadonlyMap<string, Entry>;
  private readonly listing: TreeListing;

  private constructor(path: string, file: RandomAccess, entries: ReadonlyMap<string, Entry>, listing: TreeListing) {
    this.path = path;
    this.file = file;
    this.entries = entries;
    this.listing = listing;
  }

  /** @throws SeewhyError `ZIP_INVALID` for what is no complete archive */
  static async open(path: string, file: RandomAccess): Promise<ZipTree> {
    try {
      const directory = await readDirectory(path, file);
      const { entries, listing } = readEntries(path, directory.bytes, directory.count, file.size);
      return new ZipTree(path, file, entries, listing);
    } catch (cause) {
      await file.close();
      if (isSeewhyError(cause)) throw cause;
      throw datasetErrors.zip(path, 'its directory is damaged', cause);
    }
  }

  async list(): Promise<TreeListing> {
    return this.listing;
  }

  locate(written: string, from: string): string {
    if (written.includes('\0')) throw datasetErrors.pathInvalid(written, 'holds a NUL character');
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(written)) throw datasetErrors.pathIsAddress(written);
    const path = written.replaceAll('\\', '/');
    if (path.startsWith('/') || /^[a-z]:/i.test(path)) throw datasetErrors.pathOutsideZip(written);
    const found = posix.normalize(posix.join(from, path));
    if (found === '..' || found.startsWith('../')) throw datasetErrors.pathOutsideZip(written);
    return found;
  }

  async below(from: string): Promise<readonly string[]> {
    const { files } = this.listing;
    return files.map(({ path }) => path).filter((path) => from === '' || path.startsWith(`${from}/`));
  }

  key(path: string): string {
    return path;
  }

  async exists(key: string): Promise<boolean> {
    return this.entries.has(key);
  }

  async read(key: string): Promise<Uint8Array> {
    const entry = this.entryOf(key);
    const packed = await this.packed(key, entry);
    if (entry.method === 0) return packed;
    return new Promise((done, fail) => {
      // No more is unpacked than the directory promises, whatever the data would give.
      inflateRaw(packed, { maxOutputLength: Math.max(1, entry.size) }, (cause, bytes) => {
        if (cause) fail(datasetErrors.zipEntry(key, 'is damaged, or larger than its directory says', cause));
        else if (bytes.length !== entry.size) fail(datasetErrors.zipEntry(key, 'is shorter than its directory says'));
        else done(bytes);
      });
    });
  }

  async head(key: string, bytes: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of this.stream(key)) {
      pieces.push(piece);
      length += piece.length;
      if (length >= bytes) break;
    }
    return Buffer.concat(pieces).subarray(0, bytes);
  }

  async *stream(key: string): AsyncIterable<Uint8Array> {
    const entry = this.entryOf(key);
    if (entry.method === 0) {
      yield* this.pieces(key, entry);
      return;
    }
    const inflate = createInflateRaw();
    const feed = async () => {
      try {
        for await (const piece of this.pieces(key, entry))
          if (!inflate.write(piece)) await new Promise((done) => inflate.once('drain', done).once('close', done));
        inflate.end();
      } catch (cause) {
        inflate.destroy(cause as Error);
      }
    };
    void feed();
    let length = 0;
    try {
      for await (const piece of inflate as AsyncIterable<Uint8Array>) {
        length += piece.length;
        if (length > entry.size) throw datasetErrors.zipEntry(key, 'is larger than its directory says');
        yield piece;
      }
    } catch (cause) {
      if (isSeewhyError(cause)) throw cause;
      throw datasetErrors.zipEntry(key, 'is damaged', cause);
    } finally {
      inflate.destroy();
    }
  }

  async random(key: string): Promise<RandomAccess> {
    const bytes = await this.read(key);
    return {
      size: bytes.length,
      slice: async (start, end) => bytes.slice(start, end),
      close: async () => {},
    };
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private entryOf(key: string): Entry {
    let entry = this.entries.get(key);
    for (const ending of PICTURE_ENDINGS) entry ??= this.entries.get(key + ending);
    if (!entry) throw datasetErrors.pictureMissing(key);
    if (entry.encrypted) throw datasetErrors.zipEntry(key, 'is encrypted');
    if (entry.method !== 0 && entry.method !== 8)
      throw datasetErrors.zipEntry(key, `is packed by method ${entry.method}, which is not read`);
    if (entry.size > MOST_BYTES) throw datasetErrors.zipEntry(key, 'is larger than 1 GiB');
    if (entry.size > MOST_RATIO * entry.packed + 1024)
      throw datasetErrors.zipEntry(key, `claims ${entry.size} bytes from ${entry.packed}: a zip bomb`);
    if (entry.method === 0 && entry.size !== entry.packed) throw datasetErrors.zipEntry(key, 'is damaged');
    return entry;
  }

  /** Where the data of an entry begins: behind its own header, which the directory does not know the length of. */
  private async start(key: string, { offset, packed }: Entry): Promise<number> {
    const header = offset + 30 <= this.file.size ? await this.file.slice(offset, offset + 30) : undefined;
    const view = header && viewOf(header);
    if (!view || view.getUint32(0, true) !== LOCAL_HEADER) throw datasetErrors.zipEntry(key, 'is damaged');
    const start = offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
    if (start + packed > this.file.size) throw datasetErrors.zipEntry(key, 'is cut off');
    return start;
  }

  private async packed(key: string, entry: Entry): Promise<Uint8Array> {
    const start = await this.start(key, entry);
    return this.file.slice(start, start + entry.packed);
  }

  private async *pieces(key: string, entry: Entry): AsyncIterable<Uint8Array> {
    const start = await this.start(key, entry);
    const step = 1 << 18;
    for (let at = 0; at < entry.packed; at += step)
      yield await this.file.slice(start + at, start + Math.min(entry.packed, at + step));
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

async function readDirectory(path: string, file: RandomAccess): Promise<{ bytes: Uint8Array; count: number }> {
  const tailStart = Math.max(0, file.size - 22 - 0xffff);
  const tail = viewOf(await file.slice(tailStart, file.size));
  let at = tail.byteLength - 22;
  while (
    at >= 0 &&
    !(tail.getUint32(at, true) === DIRECTORY_END && at + 22 + tail.getUint16(at + 20, true) <= tail.byteLength)
  )
    at--;
  if (at < 0) throw datasetErrors.zip(path, 'it has no directory: it is cut off, or no zip');
  let count = tail.getUint16(at + 10, true);
  let size = tail.getUint32(at + 12, true);
  let offset = tail.getUint32(at + 16, true);
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
    // The 64-bit directory is announced just before the old one.
    const locator = at >= 20 ? at - 20 : -1;
    if (locator >= 0 && tail.getUint32(locator, true) === LOCATOR_64) {
      const where = Number(tail.getBigUint64(locator + 8, true));
      if (where + 56 > file.size) throw datasetErrors.zip(path, 'its directory is damaged');
      const end = viewOf(await file.slice(where, where + 56));
      if (end.getUint32(0, true) !== DIRECTORY_END_64) throw datasetErrors.zip(path, 'its directory is damaged');
      count = Number(end.getBigUint64(32, true));
      size = Number(end.getBigUint64(40, true));
      offset = Number(end.getBigUint64(48, true));
    }
  }
  if (count > MOST_ENTRIES)
    throw datasetErrors.tooLarge(path, `holds ${count} files`, 'Unpack it and give the folder.');
  // An entry takes 46 bytes at least: a directory cannot be larger than its file, nor the count than it allows.
  if (offset + size > file.size || count * 46 > size) throw datasetErrors.zip(path, 'its directory is damaged');
  return { bytes: await file.slice(offset, offset + size), count };
}

function readEntries(
  path: string,
  directory: Uint8Array,
  count: number,
  fileSize: number,
): { entries: Map<string, Entry>; listing: TreeListing } {
  const view = viewOf(directory);
  const entries = new Map<string, Entry>();
  const files: TreeFile[] = [];
  const refused: { path: string; error: Error }[] = [];
  const spans: { start: number; end: number }[] = [];
  const folders: string[] = [];
  let archives = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > directory.length || view.getUint32(at, true) !== DIRECTORY_ENTRY)
      throw datasetErrors.zip(path, `its directory is damaged at entry ${i + 1}`);
    const flags = view.getUint16(at + 8, true);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const commentLength = view.getUint16(at + 32, true);
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > directory.length) throw datasetErrors.zip(path, `its directory is damaged at entry ${i + 1}`);
    const name = entryName(directory.subarray(at + 46, at + 46 + nameLength), (flags & 0x800) !== 0);
    const long = longNumbers(view, at, at + 46 + nameLength, extraLength);
    const mode = view.getUint16(at + 4, true) >> 8 === 3 ? view.getUint16(at + 40, true) >>> 0 : 0;
    const entry: Entry = { method: view.getUint16(at + 10, true), encrypted: (flags & 1) !== 0, ...long };
    at = next;
    const clean = name.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
    const parts = clean.split('/');
    if (
      parts.some(
        (part) =>
          part === '__MACOSX' || part === '.DS_Store' || (part.startsWith('.') && part !== '..' && part !== '.'),
      )
    )
      continue;
    if (clean.endsWith('/')) {
      folders.push(clean.slice(0, -1));
      continue;
    }
    const refuse = (error: Error) => refused.push({ path: name, error });
    if (clean.startsWith('/') || /^[a-z]:/i.test(clean) || parts.includes('..'))
      refuse(datasetErrors.pathOutsideZip(name));
    else if (parts.some((part) => part === '' || part === '.') || /\0/.test(clean))
      refuse(datasetErrors.pathInvalid(name, 'is no path'));
    else if (((mode >> 12) & 0xf) === 0xa) refuse(datasetErrors.zipEntry(name, 'is a link'));
    else if (entries.has(clean)) refuse(datasetErrors.zipEntry(name, 'stands in it twice; the first is kept'));
    else if (entry.offset + entry.packed > fileSize) refuse(datasetErrors.zipEntry(name, 'is cut off'));
    else {
      if (/\.(zip|tar|tgz|gz|7z|rar)$/i.test(clean)) archives++;
      entries.set(clean, entry);
      files.push({ path: clean, size: entry.size });
      spans.push({ start: entry.offset, end: entry.offset + entry.packed });
    }
  }
  spans.sort((a, b) => a.start - b.start);
  for (let i = 1; i < spans.length; i++)
    if (spans[i]!.start < spans[i - 1]!.end) throw datasetErrors.zip(path, 'its files overlap: a zip bomb');
  files.sort((a, b) => naturalOrder(a.path, b.path));
  const notices =
    archives > 0
      ? [
          `${archives} ${archives === 1 ? 'archive' : 'archives'} inside the zip ${archives === 1 ? 'was' : 'were'} not opened.`,
        ]
      : [];
  const holding = new Set([...files.map(({ path }) => path), ...folders].flatMap(foldersAbove));
  const bare = folders.filter((folder) => !holding.has(folder)).sort(naturalOrder);
  return { entries, listing: { files, refused, notices, bare } };
}

/** `a` and `a/b` of `a/b/c.png`. */
const foldersAbove = (path: string): string[] => {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
};

function entryName(bytes: Uint8Array, utf8: boolean): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Old archives carry the code page of some machine; Latin letters at least stay.
    return new TextDecoder(utf8 ? 'utf-8' : 'windows-1252').decode(bytes);
  }
}

/** Sizes and place of an entry; what does not fit 32 bits stands in the extra field 1. */
function longNumbers(
  view: DataView,
  at: number,
  extra: number,
  extraLength: number,
): Pick<Entry, 'packed' | 'size' | 'offset'> {
  let packed = view.getUint32(at + 20, true);
  let size = view.getUint32(at + 24, true);
  let offset = view.getUint32(at + 42, true);
  for (let field = extra; field + 4 <= extra + extraLength; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue;
    let from = field + 4;
    const end = Math.min(from + view.getUint16(field + 2, true), extra + extraLength);
    const long = (value: number): number => {
      if (value !== 0xffffffff || from + 8 > end) return value;
      from += 8;
      return Number(view.getBigUint64(from - 8, true));
    };
    size = long(size);
    packed = long(packed);
    offset = long(offset);
    break;
  }
  return { packed, size, offset };
}
