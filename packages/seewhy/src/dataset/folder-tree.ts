import { createReadStream } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isSeewhyError } from '@seewhy/onnx';
import { systemCode } from '../errors.ts';
import { naturalOrder } from '../natural-order.ts';
import { datasetErrors, shown } from './dataset-errors.ts';
import type { FileTree, RandomAccess, TreeFile, TreeListing } from './file-tree.ts';
import { PICTURE_ENDINGS } from './picture-endings.ts';

const MOST_BYTES = 2 ** 30;
/** Links to folders that a notice names. */
const MOST_LINKS = 5;

/** True for paths that lie in a folder, or are it. Both absolute, nothing is resolved. */
const inside = (path: string, folder: string): boolean => {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
};

/** A folder on the disk. Files are read where they lie in it or in the image root, links resolved. */
export class FolderTree implements FileTree {
  readonly path: string;
  readonly prefix = '';
  private readonly root: string;
  private readonly imageRoot: string | undefined;
  private readonly named: string | undefined;
  /** Allowed folders with their links resolved, once they are needed. */
  private real: Promise<readonly string[]> | undefined;

  /** @param named a file that the caller named, which may be a link to anywhere */
  constructor(path: string, imageRoot?: string, named?: string) {
    this.path = path;
    this.named = named === undefined ? undefined : resolve(named);
    this.root = resolve(path);
    this.imageRoot = imageRoot === undefined ? undefined : resolve(imageRoot);
  }

  async list(): Promise<TreeListing> {
    const files: TreeFile[] = [];
    const refused: { path: string; error: Error }[] = [];
    const links: string[] = [];
    const bare: string[] = [];
    const walk = async (folder: string): Promise<void> => {
      let entries: Awaited<ReturnType<typeof readEntries>>;
      try {
        entries = await readEntries(join(this.root, folder));
      } catch (cause) {
        const error = datasetErrors.fileUnreadable(
          folder || this.path,
          `cannot be listed (${systemCode(cause)})`,
          cause,
        );
        if (folder === '') throw error;
        refused.push({ path: folder, error });
        return;
      }
      const seen = entries.filter(({ name }) => !name.startsWith('.') && name !== '__MACOSX');
      if (seen.length === 0 && folder !== '') bare.push(folder);
      for (const entry of seen) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) await walk(path);
        else if (entry.isFile() || entry.isSymbolicLink()) {
          const info = await stat(join(this.root, path)).catch(() => undefined);
          if (info?.isDirectory()) links.push(`'${shown(path)}'`);
          else if (info && !info.isFile()) continue;
          else if (entry.isSymbolicLink()) {
            const error = await this.refusal(join(this.root, path), path);
            if (error) refused.push({ path, error });
            else files.push({ path, size: info?.size ?? 0 });
          } else files.push({ path, size: info?.size ?? 0 });
        }
      }
    };
    await walk('');
    files.sort((a, b) => naturalOrder(a.path, b.path));
    links.sort(naturalOrder);
    const [first, ...more] = links;
    const others =
      more.length === 0 ? '' : ` (${links.slice(0, MOST_LINKS).join(', ')}${more.length < MOST_LINKS ? '' : ', …'})`;
    const notices =
      first === undefined
        ? []
        : more.length === 0
          ? [`${first} is a link to a folder, and was not followed.`]
          : [`${links.length} links to folders were not followed${others}.`];
    bare.sort(naturalOrder);
    return { files, refused, notices, bare };
  }

  locate(written: string, from: string): string {
    if (written.includes('\0')) throw datasetErrors.pathInvalid(written, 'holds a NUL character');
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(written)) throw datasetErrors.pathIsAddress(written);
    // Written on Windows: also `..\` must not lead out.
    const path = sep === '/' ? written.replaceAll('\\', '/') : written;
    const base = this.imageRoot ?? join(this.root, from);
    const found = resolve(base, path);
    if (this.allowed().some((folder) => inside(found, folder))) return found;
    throw datasetErrors.pathOutside(written, base, 'lies outside');
  }

  async below(from: string): Promise<readonly string[]> {
    const base = this.imageRoot ?? join(this.root, from);
    const { files } = await new FolderTree(base).list();
    return files.map(({ path }) => join(base, path));
  }

  key(path: string): string {
    return join(this.root, path);
  }

  async exists(key: string): Promise<boolean> {
    return (await stat(key).catch(() => undefined))?.isFile() === true;
  }

  async read(key: string): Promise<Uint8Array> {
    const path = await this.checked(key);
    return guarded(key, async () => {
      const handle = await open(path, 'r');
      try {
        const { size } = await handle.stat();
        if (size > MOST_BYTES) throw datasetErrors.fileUnreadable(key, 'is larger than 1 GiB');
        return await handle.readFile();
      } finally {
        await handle.close();
      }
    });
  }

  async head(key: string, bytes: number): Promise<Uint8Array> {
    const file = await this.random(key);
    try {
      return await file.slice(0, Math.min(bytes, file.size));
    } finally {
      await file.close();
    }
  }

  async *stream(key: string): AsyncIterable<Uint8Array> {
    const path = await this.checked(key);
    const file = createReadStream(path, { highWaterMark: 1 << 18 });
    try {
      yield* file as AsyncIterable<Uint8Array>;
    } catch (cause) {
      throw datasetErrors.fileUnreadable(key, `cannot be read (${systemCode(cause)})`, cause);
    } finally {
      file.destroy();
    }
  }

  async random(key: string): Promise<RandomAccess> {
    const path = await this.checked(key);
    return guarded(key, async () => {
      const handle = await open(path, 'r');
      const { size } = await handle.stat();
      return {
        size,
        close: () => handle.close(),
        slice: (start, end) =>
          guarded(key, async () => {
            const bytes = new Uint8Array(Math.max(0, end - start));
            let filled = 0;
            while (filled < bytes.length) {
              const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
              if (bytesRead === 0) throw datasetErrors.fileUnreadable(key, 'ended while it was read');
              filled += bytesRead;
            }
            return bytes;
          }),
      };
    });
  }

  async close(): Promise<void> {}

  private allowed(): string[] {
    return this.imageRoot === undefined ? [this.root] : [this.imageRoot, this.root];
  }

  /** A key as a path that may be opened: it exists, is a regular file, and no link leads it out. */
  private async checked(key: string): Promise<string> {
    const path = (await this.exists(key)) ? key : await this.withEnding(key);
    const refusal = path === this.named ? undefined : await this.refusal(path, key);
    if (refusal) throw refusal;
    return path;
  }

  /** Manifests often leave the ending away: `ISIC_0024306` means `ISIC_0024306.jpg`. */
  private async withEnding(key: string): Promise<string> {
    for (const ending of PICTURE_ENDINGS) if (await this.exists(key + ending)) return key + ending;
    const info = await stat(key).catch(() => undefined);
    // A pipe or device could block or never end.
    if (info) throw datasetErrors.fileUnreadable(key, info.isDirectory() ? 'is a folder' : 'is not a regular file');
    throw datasetErrors.pictureMissing(key);
  }

  private async refusal(path: string, shown: string): Promise<Error | undefined> {
    let found: string;
    try {
      found = await realpath(path);
    } catch (cause) {
      const code = systemCode(cause);
      return code === 'ENOENT'
        ? datasetErrors.pictureMissing(shown)
        : datasetErrors.fileUnreadable(shown, `cannot be read (${code})`, cause);
    }
    this.real ??= Promise.all(this.allowed().map((folder) => realpath(folder)));
    const folders = await this.real;
    return folders.some((folder) => inside(found, folder))
      ? undefined
      : datasetErrors.pathOutside(shown, resolve(this.path), 'is a link that leaves');
  }
}

const readEntries = (folder: string) => readdir(folder, { withFileTypes: true });

async function guarded<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isSeewhyError(cause)) throw cause;
    const code = systemCode(cause);
    if (code === 'ENOENT') throw datasetErrors.pictureMissing(key);
    const why = code === 'EACCES' || code === 'EPERM' ? 'may not be read' : `cannot be read (${code || cause})`;
    throw datasetErrors.fileUnreadable(key, why, cause);
  }
}
