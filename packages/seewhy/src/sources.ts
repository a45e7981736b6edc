import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, resolve, sep } from 'node:path';
import { SeewhyError } from '@seewhy/onnx';
import { errors, systemCode } from './errors.ts';
import { naturalOrder } from './natural-order.ts';

/** One thing to explain, not read yet. */
export interface Source {
  /** As people know it: the path, or `stdin`. */
  readonly path: string;
  /** File name without folder and ending: what the output files are named after. */
  readonly stem: string;
  readonly kind: 'picture' | 'tensor';
  /** Further cells of the manifest's row. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Folder of the manifest that names it: other files of the row lie beside it. */
  readonly folder?: string;
  /** Reads the bytes. */
  read(): Promise<Uint8Array>;
}

export interface FoundSources {
  readonly sources: readonly Source[];
  /** What was left out, in sentences. */
  readonly notices: readonly string[];
}

const PICTURES = new Set(
  '.png .apng .jpg .jpeg .jpe .jfif .webp .gif .tif .tiff .bmp .dib .avif .heic .heif .jp2 .j2k .jxl .ppm .pgm .pbm .pnm .dcm .dicom'.split(
    ' ',
  ),
);
const MAX_BYTES = 2 ** 30;

/** True for file names that a folder's walk takes for pictures. */
export const looksLikePicture = (name: string): boolean => PICTURES.has(extname(name).toLowerCase());

/** Finds everything that the arguments name: files, folders (with what lies below), globs, manifests, tensors, `-`. */
export async function findSources(args: readonly string[]): Promise<FoundSources> {
  if (args.length === 0) throw errors.noSource();
  if (args.filter((arg) => arg === '-').length > 1) throw errors.stdinTwice();
  const notices: string[] = [];
  const sources: Source[] = [];
  for (const arg of args) for (const source of await expand(arg, notices)) sources.push(source);
  return { sources: withoutRepeats(sources, notices), notices };
}

/** The same file named twice (a folder and a glob) is explained once. */
function withoutRepeats(sources: readonly Source[], notices: string[]): Source[] {
  const seen = new Set<string>();
  const kept = sources.filter((source) => {
    const key = source.path === 'stdin' ? '-' : resolve(source.path);
    return seen.has(key) ? false : seen.add(key);
  });
  const dropped = sources.length - kept.length;
  if (dropped > 0)
    notices.push(`${dropped} ${dropped === 1 ? 'file was' : 'files were'} named twice and will be explained once.`);
  return kept;
}

async function expand(arg: string, notices: string[]): Promise<Source[]> {
  if (arg === '-') return [standardInput()];
  let info: Awaited<ReturnType<typeof stat>> | undefined;
  try {
    info = await stat(arg);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'EACCES') throw errors.file(arg, 'may not be read', 'Change its permissions.', cause);
    if (code === 'ELOOP') throw errors.file(arg, 'is a symbolic link to itself', 'Give another file.', cause);
    if (/[*?[\]{}!]/.test(arg)) return globbed(arg);
    if (/^[a-z]+:\/\//i.test(arg))
      throw errors.file(
        arg,
        'is an address, and seewhy never downloads',
        'Download it first, or pipe it: curl -s URL | seewhy explain MODEL -',
      );
    throw errors.sourceMissing(arg, await neighbours(arg));
  }
  if (info.isDirectory()) return folder(arg, notices);
  const ending = extname(arg).toLowerCase();
  if (ending === '.csv' || ending === '.tsv') return csvManifest(arg);
  if (ending === '.jsonl' || ending === '.ndjson') return jsonlManifest(arg);
  if (ending === '.zip') return zipped(arg, notices);
  return [fileSource(arg)];
}

/** Names to offer when `path` does not exist. */
export async function neighbours(path: string): Promise<string[]> {
  const at = dirname(path);
  try {
    return (await readdir(at))
      .slice(0, 5000)
      .map((name) => (at === '.' && !path.startsWith('.') ? name : join(at, name)));
  } catch {
    return [];
  }
}

function stemOf(path: string): string {
  const name = basename(path);
  const stem = name.slice(0, name.length - extname(name).length);
  return stem || name;
}

function fileSource(path: string, fields?: Readonly<Record<string, unknown>>): Source {
  return {
    path,
    stem: stemOf(path),
    kind: extname(path).toLowerCase() === '.npy' ? 'tensor' : 'picture',
    ...(fields && Object.keys(fields).length > 0 ? { fields } : {}),
    read: () => readBytes(path),
  };
}

async function readBytes(path: string): Promise<Uint8Array> {
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw errors.file(path, 'is a folder', 'Give a picture.');
    // A pipe or device could block or never end; /dev/stdin is what '-' is for.
    if (!info.isFile()) throw errors.file(path, 'is not a regular file', "Use '-' to read from a pipe.");
    if (info.size > MAX_BYTES) throw errors.file(path, 'is larger than 1 GiB', 'Give a smaller picture.');
    handle = await open(path, 'r');
    return await handle.readFile();
  } catch (cause) {
    if (cause instanceof SeewhyError) throw cause;
    const code = systemCode(cause);
    if (code === 'ENOENT') throw errors.file(path, 'does not exist', 'Check the path.', cause);
    if (code === 'EACCES' || code === 'EPERM')
      throw errors.file(path, 'may not be read', 'Change its permissions.', cause);
    throw errors.file(
      path,
      `cannot be read (${code || (cause as Error).message})`,
      'Check the file and the disk.',
      cause,
    );
  } finally {
    await handle?.close();
  }
}

/** A file that is not walked to but named, such as a mask. */
export const sourceOf = (path: string): Source => fileSource(path);

function standardInput(): Source {
  let bytes: Promise<Uint8Array> | undefined;
  const readAll = async () => {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of process.stdin) {
      size += part.length;
      if (size > MAX_BYTES) throw errors.file('stdin', 'gave more than 1 GiB', 'Give a smaller picture.');
      parts.push(part);
    }
    if (size === 0) throw errors.stdinEmpty();
    return Buffer.concat(parts);
  };
  return {
    path: 'stdin',
    stem: 'stdin',
    kind: 'picture',
    read: () => {
      bytes ??= readAll();
      return bytes;
    },
  };
}

async function folder(path: string, notices: string[]): Promise<Source[]> {
  let entries: { name: string; path: string }[];
  try {
    entries = await walk(path);
  } catch (cause) {
    throw errors.file(path, `cannot be listed (${systemCode(cause)})`, 'Check its permissions.', cause);
  }
  const pictures = entries.filter((entry) => looksLikePicture(entry.name)).map((entry) => entry.path);
  if (pictures.length === 0) {
    const arrays = entries.filter((entry) => entry.name.endsWith('.npy')).length;
    const hint =
      arrays > 0
        ? `holds no pictures (and ${arrays} .npy files: name those with a glob, '${join(path, '*.npy')}')`
        : 'holds no pictures';
    throw errors.sourceEmpty(path, hint);
  }
  const others = entries.length - pictures.length;
  if (others > 0)
    notices.push(
      `${path}: ${others} ${others === 1 ? 'file that is not a picture was' : 'files that are not pictures were'} left out.`,
    );
  return pictures.sort(naturalOrder).map((file) => fileSource(file));
}

/** Pictures in a zip, unpacked as they are needed. */
async function zipped(path: string, notices: string[]): Promise<Source[]> {
  const { zipPictures } = await import('./dataset/zip-pictures.ts');
  const zip = await zipPictures(path);
  const pictures = zip.files.filter((file) => looksLikePicture(file.path));
  if (pictures.length === 0) throw errors.sourceEmpty(path, 'holds no pictures');
  notices.push(...zip.notices);
  return pictures.map((file) => ({
    path: `${path}/${file.path}`,
    stem: stemOf(file.path),
    kind: 'picture' as const,
    read: file.read,
  }));
}

/** Files below a folder; hidden ones and links to folders (which may go in circles) are left out. */
async function walk(path: string): Promise<{ name: string; path: string }[]> {
  const found: { name: string; path: string }[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const at = join(path, entry.name);
    if (entry.isDirectory()) found.push(...(await walk(at)));
    else if (entry.isFile()) found.push({ name: entry.name, path: at });
    else if (entry.isSymbolicLink() && (await stat(at).catch(() => undefined))?.isFile())
      found.push({ name: entry.name, path: at });
  }
  return found;
}

async function globbed(pattern: string): Promise<Source[]> {
  const { glob } = await import('tinyglobby');
  const found = await glob(pattern.split(sep).join('/'), {
    dot: false,
    onlyFiles: true,
    expandDirectories: false,
    absolute: isAbsolute(pattern),
  });
  const pictures = found.filter((name) => looksLikePicture(name) || name.endsWith('.npy'));
  if (pictures.length === 0) {
    throw errors.sourceEmpty(
      pattern,
      found.length > 0 ? `matches ${found.length} files, none of them a picture` : 'matches no file',
    );
  }
  return pictures.sort(naturalOrder).map((file) => fileSource(file));
}

const PATH_COLUMNS = ['path', 'file', 'filename', 'file_name', 'filepath', 'image', 'image_path', 'img'];

function rowSource(manifest: string, row: Readonly<Record<string, unknown>>, line: number): Source {
  const column = PATH_COLUMNS.find((name) => Object.hasOwn(row, name));
  if (column === undefined) {
    throw errors.manifest(
      manifest,
      `has no column 'path' (row ${line} has: ${Object.keys(row).slice(0, 8).join(', ') || 'nothing'})`,
    );
  }
  const value = row[column];
  if (typeof value !== 'string' || value.trim() === '') throw errors.manifest(manifest, `has no path in row ${line}`);
  const { [column]: _, ...fields } = row;
  // Relative to the manifest, so that a data set can be moved as a whole.
  const path = isAbsolute(value) ? value : join(dirname(manifest), value);
  return { ...fileSource(path, fields), folder: dirname(manifest) };
}

async function csvManifest(path: string): Promise<Source[]> {
  const { parse } = await import('csv-parse');
  const sources: Source[] = [];
  const delimiter = path.toLowerCase().endsWith('.tsv') ? '\t' : [',', ';', '\t'];
  const rows = createReadStream(path).pipe(
    parse({
      bom: true,
      columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()),
      delimiter,
      skip_empty_lines: true,
      trim: true,
    }),
  );
  try {
    for await (const row of rows as AsyncIterable<Record<string, unknown>>)
      sources.push(rowSource(path, row, sources.length + 1));
  } catch (cause) {
    if (cause instanceof SeewhyError) throw cause;
    throw errors.manifest(path, `is not valid CSV: ${(cause as Error).message}`);
  }
  if (sources.length === 0) throw errors.manifest(path, 'has no rows');
  return sources;
}

async function jsonlManifest(path: string): Promise<Source[]> {
  const lines = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '').split(/\r?\n/);
  const sources: Source[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch (cause) {
      throw errors.manifest(
        path,
        `has a line ${index + 1} that is not JSON (${(cause as Error).message})`,
        'A .jsonl manifest has one JSON object a line, with a key "path".',
      );
    }
    if (typeof row === 'string') row = { path: row };
    if (row === null || typeof row !== 'object' || Array.isArray(row)) {
      throw errors.manifest(
        path,
        `has a line ${index + 1} that is not an object`,
        'A .jsonl manifest has one JSON object a line, with a key "path".',
      );
    }
    sources.push(rowSource(path, row as Record<string, unknown>, index + 1));
  }
  if (sources.length === 0) throw errors.manifest(path, 'has no rows');
  return sources;
}
