import { constants, writeFile } from 'node:fs';
import { access, link, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { SeewhyError } from '@seewhy/onnx';
import { makeFolders } from '@seewhy/training/folders';
import { errors, systemCode } from './errors.ts';

/** What can be saved, and how its file ends. */
export const SAVES = {
  overlay: '.png',
  heatmap: '.heatmap.png',
  panel: '.panel.png',
  map: '.map.npy',
  raw: '.raw.npy',
  json: '.json',
} as const;

export type SaveKind = keyof typeof SAVES;
export const SAVE_KINDS = Object.keys(SAVES) as SaveKind[];

/** Where results go: a folder, or one named file. */
export type Destination =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'file'; readonly file: string };

const ENDINGS: Readonly<Record<string, readonly SaveKind[]>> = {
  '.png': ['overlay', 'heatmap', 'panel'],
  '.npy': ['map', 'raw'],
  '.json': ['json'],
};

/**
 * Reads `--out` and `--save` together. An existing folder, a name that ends in a slash or one without a known ending is a
 * folder; `out.png`, `out.npy` and `out.json` are one file, whose kind `--save` may name.
 */
export async function destinationOf(
  out: string | undefined,
  save: readonly SaveKind[] | undefined,
): Promise<{ to: Destination; save: readonly SaveKind[] }> {
  const folder = out ?? 'seewhy-out';
  const info = await stat(folder).catch(() => undefined);
  const ending = extname(folder).toLowerCase();
  const kinds = ENDINGS[ending];
  const named = !/[\\/]$/.test(folder) && !info?.isDirectory();
  if (named && /^\.(jpe?g|webp|gif|tiff?|bmp|html?|pdf)$/.test(ending))
    throw errors.outputKind(folder, save ?? ['overlay']);
  if (!named || !kinds) return { to: { kind: 'folder', folder }, save: save ?? ['overlay', 'json'] };
  const one = save ?? [kinds[0]!];
  if (one.length > 1) throw errors.outputMany(folder, `${one.length} kinds of file (${one.join(', ')})`);
  if (!kinds.includes(one[0]!)) throw errors.outputKind(folder, one);
  return { to: { kind: 'file', file: folder }, save: one };
}

/** One file to be written. */
export interface OutputFile {
  /** Its name in records: `overlay`, `raw`, `raw/layer4.2`. */
  readonly key: string;
  /** What follows the stem: `.gradcam.282.png`. Unused for a destination that is one file. */
  readonly suffix: string;
  /** The bytes; called with the paths of all files of the same group, so that a record can name its pictures. */
  bytes(paths: Readonly<Record<string, string>>): Uint8Array | Promise<Uint8Array>;
}

/** `.gradcam.282.png` */
export const suffixOf = (kind: SaveKind, method: string, target: string): string =>
  `.${fileName(method)}.${fileName(target)}${SAVES[kind]}`;

/** A part of a file name that every file system takes. */
export function fileName(text: string): string {
  const safe = text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be replaced
    .replace(/[\u0000-\u001f<>:"/\\|?*\s]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100);
  return safe || 'x';
}

/**
 * Writes groups of files (all files of one picture) into a destination. Nothing is overwritten without `force`: a group whose
 * names are taken, by an earlier run or by a picture of the same stem from another folder, is numbered (`cat-2.gradcam.282.png`).
 * Files appear under their name only when complete.
 */
export class OutputFiles {
  readonly to: Destination;
  readonly force: boolean;
  /** Names used in this run, lower case: file systems may not tell cases apart. */
  readonly #used = new Set<string>();
  #ready: Promise<void> | undefined;
  #naming: Promise<unknown> = Promise.resolve();

  constructor(to: Destination, force: boolean) {
    this.to = to;
    this.force = force;
  }

  /** Makes the folder and checks that it can be written to, so that a long run does not fail at its end. */
  prepare(): Promise<void> {
    this.#ready ??= this.#prepare();
    return this.#ready;
  }

  async #prepare(): Promise<void> {
    const folder = this.to.kind === 'folder' ? this.to.folder : dirname(this.to.file);
    await makeFolder(folder);
    if (this.to.kind === 'file' && !this.force && (await exists(this.to.file))) throw errors.exists(this.to.file);
  }

  /** Writes one picture's files; returns their paths by kind, in the order of `groups`. */
  async write(stem: string, groups: readonly (readonly OutputFile[])[]): Promise<Record<string, string>[]> {
    await this.prepare();
    for (;;) {
      const paths = await this.#namesInTurn(stem, groups);
      const done: string[] = [];
      try {
        for (const [index, group] of groups.entries()) {
          const named = paths[index]!;
          // All are begun before the first is awaited: pictures are encoded in threads of their own.
          const payloads = group.map(async (file) => file.bytes(named));
          for (const payload of payloads) payload.catch(() => undefined);
          for (const [at, file] of group.entries()) {
            await writeAtomically(named[file.key]!, await payloads[at]!, this.force);
            done.push(named[file.key]!);
          }
        }
        return paths;
      } catch (cause) {
        // Another process took a name between the look and the write: take back and number anew.
        if (systemCode(cause) === 'EEXIST' && this.to.kind === 'folder') {
          await Promise.all(done.map((path) => rm(path, { force: true })));
          continue;
        }
        if (systemCode(cause) === 'EEXIST' && this.to.kind === 'file') throw errors.exists(this.to.file);
        throw cause;
      }
    }
  }

  /** Names are given in the order of the calls, so that the numbers do not depend on how fast the disk answers. */
  #namesInTurn(stem: string, groups: readonly (readonly OutputFile[])[]): Promise<Record<string, string>[]> {
    const names = this.#naming.then(() => this.#names(stem, groups));
    this.#naming = names;
    return names;
  }

  async #names(stem: string, groups: readonly (readonly OutputFile[])[]): Promise<Record<string, string>[]> {
    const { to } = this;
    if (to.kind === 'file') return groups.map((group) => Object.fromEntries(group.map((file) => [file.key, to.file])));
    for (let number = 1; ; number++) {
      const name = number === 1 ? fileStem(stem) : `${fileStem(stem)}-${number}`;
      const paths = groups.map((group) =>
        Object.fromEntries(group.map((file) => [file.key, join(to.folder, name + file.suffix)])),
      );
      const all = paths.flatMap((group) => Object.values(group));
      if (all.some((path) => this.#used.has(path.toLowerCase()))) continue;
      for (const path of all) this.#used.add(path.toLowerCase());
      if (this.force || !(await Promise.all(all.map(exists))).some(Boolean)) return paths;
    }
  }
}

/** A stem may hold what its own file system took; only its length is limited, so that the suffix still fits. */
const fileStem = (stem: string) => (Buffer.byteLength(stem) > 150 ? Array.from(stem).slice(0, 60).join('') : stem);

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

/** Makes a folder and those above it; throws `OUTPUT_UNWRITABLE` when it cannot be written to. */
export async function makeFolder(folder: string, option?: string): Promise<void> {
  try {
    await makeFolders(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw errors.outputFailed(folder, systemCode(cause), cause, option);
  }
}

// Half the cost of the same through a FileHandle.
const write = promisify(writeFile);

let serial = 0;

/**
 * Writes a file so that its name only ever shows complete bytes: into a hidden neighbour first, then linked (fails with `EEXIST`
 * when the name is taken) or, with `force`, renamed over the old one.
 */
export async function writeAtomically(path: string, bytes: Uint8Array, force: boolean): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 80)}.${process.pid}.${serial++}.part`);
  try {
    await write(temporary, bytes, { flag: 'wx' });
    await publish(temporary, path, force);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (cause instanceof SeewhyError || systemCode(cause) === 'EEXIST') throw cause;
    throw errors.outputFailed(path, systemCode(cause), cause);
  }
}

/** Gives a finished file its name. Throws the system's `EEXIST` when the name is taken and `force` is off. */
export async function publish(temporary: string, path: string, force: boolean): Promise<void> {
  if (force) return rename(temporary, path);
  try {
    await link(temporary, path);
    await rm(temporary, { force: true });
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') throw cause;
    // File systems without hard links (FAT, some network shares): look, then rename.
    if (await exists(path)) throw Object.assign(new Error('exists'), { code: 'EEXIST' });
    await rename(temporary, path);
  }
}
