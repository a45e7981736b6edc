import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, lstat, open, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import {
  confinedLocation,
  type ExternalReader,
  externalReferences,
  type Graph,
  graphFromModel,
  readModel,
  writeExternal,
  writeGraph,
} from '@seewhy/onnx';
import type { KerasFacts } from './keras-file.ts';
import { modelFileErrors as errors } from './model-file-errors.ts';

/** A model read from disk. */
export interface ModelFile {
  graph: Graph;
  /** The bytes of the `.onnx` file itself; the graph's weights are views on them and on the weights files. */
  bytes: Uint8Array;
  path: string;
  /** What a user may want to know: which weights files were read. */
  notices: string[];
  /** Of a Keras or TensorFlow.js model. */
  keras?: KerasFacts;
}

/** How a model is written to the disk. */
export interface WriteModelOptions {
  /**
   * Weights in a second file, `<name>.onnx.data`: `auto` (default) where the model would pass protobuf's limit of 2 GB, `always`, or
   * `never` (too large is then an error).
   */
  external?: 'auto' | 'never' | 'always';
  /** Overwrite what is there. Default false. */
  force?: boolean;
}

/** Protobuf messages end at 2^31 - 1 bytes; what is left over is room for nodes and names. */
const INLINE_LIMIT = 2 ** 31 - 1 - (16 << 20);
/** Larger weights files are held in several pieces: one read, and one typed array of older Node versions, ends near 2 GB. */
const PIECE = 2 ** 30;
const CHUNK = 64 << 20;

/**
 * Reads an ONNX model and the weights files it names. Weights are only read from regular files in the model's own folder, links
 * resolved; the Hugging Face cache, where model and weights are links into the same repository's `blobs/`, is understood.
 * @throws MODEL_FILE_MISSING, MODEL_FILE_SPECIAL, MODEL_NOT_ONNX, MODEL_TRUNCATED, TENSOR_INVALID, EXTERNAL_DATA_MISSING,
 *   EXTERNAL_DATA_ESCAPES, EXTERNAL_DATA_SPECIAL, EXTERNAL_DATA_BEYOND
 */
export async function readModelFile(path: string): Promise<ModelFile> {
  const real = await realpath(path).catch((cause) => {
    throw errors.missing(path, cause);
  });
  const bytes = await withRegularFile(real, errors.special(path), async (file, { size }) => {
    if (size > 2 ** 31 - 1) throw errors.tooLargeToRead(path, size);
    return readRange(file, 0, size);
  });
  const model = readModel(bytes);
  const { reader, notices } = await readWeights(path, externalReferences(model));
  return { graph: graphFromModel(model, { external: reader }), bytes, path, notices };
}

type Reference = ReturnType<typeof externalReferences>[number];
/** A stretch of a weights file in memory. */
interface Piece {
  begin: number;
  bytes: Uint8Array;
}

/** Reads the stretches of the weights files that tensors refer to; everything is checked before memory is asked for. */
async function readWeights(modelPath: string, references: readonly Reference[]) {
  const files = new Map<string, Reference[]>();
  for (const reference of references) {
    const list = files.get(reference.location);
    if (list) list.push(reference);
    else files.set(reference.location, [reference]);
  }
  const pieces = new Map<string, Piece[]>();
  const notices: string[] = [];
  for (const [location, list] of files) {
    const real = await resolveWeights(modelPath, location, list[0]!.tensor);
    await withRegularFile(real, errors.weightsSpecial(location), async (file, { size }) => {
      for (const { tensor, offset, length } of list) {
        const end = offset + (length ?? 0);
        if (end > size) throw errors.weightsBeyond(tensor, location, offset, end, size);
      }
      const read: Piece[] = [];
      for (const [begin, end] of stretches(list, size)) read.push({ begin, bytes: await readRange(file, begin, end) });
      pieces.set(location, read);
    });
    notices.push(`Weights read from ${location}.`);
  }
  const reader: ExternalReader = (location, offset, length) => {
    const end = offset + (length ?? 0);
    const piece = pieces.get(location)?.find(({ begin, bytes }) => begin <= offset && end <= begin + bytes.length);
    // A tensor that does not say its length may still ask for more than the file has.
    if (!piece) throw errors.weightsBeyond('', location, offset, end, undefined);
    return piece.bytes.subarray(offset - piece.begin, end - piece.begin);
  };
  return { reader, notices };
}

/** Stretches of a file, each up to about `PIECE` long, such that every tensor lies in one of them; gaps between tensors of a page or two are read along. */
function stretches(list: readonly Reference[], size: number): [begin: number, end: number][] {
  const GAP = 1 << 16;
  const ranges = list
    .map(({ offset, length }): [number, number] => [offset, length === undefined ? size : offset + length])
    .sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [begin, end] of ranges) {
    const last = merged.at(-1);
    const overlaps = last && begin < last[1];
    if (last && (overlaps || (begin <= last[1] + GAP && Math.max(end, last[1]) - last[0] <= PIECE)))
      last[1] = Math.max(last[1], end);
    else merged.push([begin, end]);
  }
  return merged;
}

/**
 * The real path of a weights file. Its spelling must stay in the folder, and so must what links lead to. Hard links cannot be told
 * from the file itself, and whoever can make them in the folder can copy: they are accepted.
 */
async function resolveWeights(modelPath: string, location: string, tensor: string): Promise<string> {
  const folder = dirname(resolve(modelPath));
  const asked = join(folder, ...confinedLocation(location).split('/'));
  const real = await realpath(asked).catch((cause) => {
    throw errors.weightsMissing(tensor, location, asked, cause);
  });
  if (isInside(await realpath(folder), real)) return real;
  const blobs = await huggingFaceBlobs(folder);
  if (blobs !== undefined && dirname(real) === blobs) return real;
  throw errors.weightsEscape(location, real);
}

/** `<repository>/blobs` of a folder `<repository>/snapshots/<revision>[/…]`, when it is a real folder of that repository. */
async function huggingFaceBlobs(folder: string): Promise<string | undefined> {
  const parts = folder.split(sep);
  const at = parts.lastIndexOf('snapshots');
  if (at < 1 || at === parts.length - 1) return undefined;
  const repository = await realpath(parts.slice(0, at).join(sep) || sep);
  const blobs = join(repository, 'blobs');
  // The revision's folder must lie in the repository, and `blobs` must not be a link to somewhere else.
  if (!isInside(repository, await realpath(folder))) return undefined;
  return (await realpath(blobs).catch(() => undefined)) === blobs ? blobs : undefined;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && resolve(folder, way) === path;
}

/** Opens a resolved path for reading without following a last link and without waiting for a pipe's other end. */
async function withRegularFile<T>(
  path: string,
  special: Error,
  use: (file: FileHandle, stats: Stats) => Promise<T>,
): Promise<T> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)).catch(
    (cause: NodeJS.ErrnoException) => {
      // A socket cannot be opened, a link put there since cannot either.
      if (cause.code === 'ENXIO' || cause.code === 'ELOOP') throw special;
      throw errors.unreadable(path, cause);
    },
  );
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw special;
    return await use(file, stats);
  } finally {
    await file.close();
  }
}

async function readRange(file: FileHandle, begin: number, end: number): Promise<Uint8Array> {
  // Not from Buffer's shared pool, so that the bytes can be given to a runtime as they are.
  const bytes = new Uint8Array(end - begin);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(CHUNK, bytes.length - at), begin + at);
    if (bytesRead === 0) throw errors.shrank();
    at += bytesRead;
  }
  return bytes;
}

/**
 * Writes a graph as an `.onnx` file, and its weights as `<name>.onnx.data` where asked or needed. Each file is written under another
 * name first and then renamed: an interrupted run leaves what was there. A link of that name is replaced, never followed, and names
 * inside the model are never used as paths.
 * @returns the paths written
 * @throws OUTPUT_EXISTS without `force`; OUTPUT_FOLDER_MISSING; OUTPUT_SPECIAL; MODEL_TOO_LARGE
 */
export async function writeModelFile(graph: Graph, path: string, options: WriteModelOptions = {}): Promise<string[]> {
  const { external = 'auto', force = false } = options;
  const folder = await realpath(dirname(resolve(path))).catch((cause) => {
    throw errors.noFolder(dirname(path), cause);
  });
  const name = basename(path);
  const target = join(folder, name);
  let weights = 0;
  for (const tensor of graph.initializers.values()) weights += tensor.bytes.length;
  const split = external === 'always' || (external === 'auto' && weights > INLINE_LIMIT);
  if (!split && weights > INLINE_LIMIT) throw errors.tooLargeToWrite(path, weights);

  const parts = split ? writeExternal(graph, `${name}.data`) : { model: writeGraph(graph), chunks: [] };
  // Weights first: a model file never stands there without them.
  const files: [string, readonly Uint8Array[]][] = [[target, [parts.model]]];
  if (split) files.unshift([`${target}.data`, parts.chunks]);
  for (const [file] of files) await checkTarget(file, force);
  const temporary: string[] = [];
  try {
    for (const [file, chunks] of files) {
      const other = join(folder, `.${basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
      await writeNew(other, chunks, temporary);
    }
    for (const [index, [file]] of files.entries()) await place(temporary[index]!, file, force);
  } finally {
    for (const file of temporary) await unlink(file).catch(() => {});
  }
  return files.map(([file]) => join(dirname(path), basename(file))).reverse();
}

async function checkTarget(path: string, force: boolean): Promise<void> {
  const stats = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw errors.unwritable(path, cause);
  });
  if (!stats) return;
  if (!stats.isFile() && !stats.isSymbolicLink()) throw errors.outputSpecial(path);
  if (!force) throw errors.outputExists(path);
}

/** Writes a file that must not exist yet (no link is followed either); large chunks in parts, as one write ends at 2 GB. */
async function writeNew(path: string, chunks: readonly Uint8Array[], made: string[]): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o666);
    made.push(path);
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length; ) {
          const { bytesWritten } = await file.write(chunk, at, Math.min(CHUNK, chunk.length - at));
          at += bytesWritten;
        }
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw errors.unwritable(path, cause);
  }
}

/** Gives a finished file its name; without `force` only where nothing has it, also when something came in the meantime. */
async function place(from: string, to: string, force: boolean): Promise<void> {
  if (!force) {
    try {
      await link(from, to);
      return;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw errors.outputExists(to);
      // Not every file system has hard links.
    }
  }
  await rename(from, to).catch((cause) => {
    throw errors.unwritable(to, cause);
  });
}
