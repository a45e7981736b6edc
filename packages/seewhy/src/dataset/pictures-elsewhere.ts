import { isSeewhyError } from '@seewhy/onnx';
import { datasetErrors } from './dataset-errors.ts';
import type { FileTree } from './file-tree.ts';
import { MASK_FOLDERS } from './mask-folders.ts';
import { plainPath, withoutEnding } from './path-ids.ts';

/**
 * The pictures of a manifest whose paths do not lead to them from where it lies. Published data sets name pictures without the folders
 * that they were packed in (`ISIC_0024306` lies in `images_part_1`), and exports of labelling tools encode paths as addresses
 * (`my%20pictures`). Such a picture is the one file whose path *ends* with all that is written; of several, none. A path from the root of another
 * machine (`/kaggle/input/skin/train/1.png`, `C:\\data\\train\\1.png`) is the other way round: the file all of whose path below the manifest's folder
 * (`train/1.png`) is the end of what is written; of several the longest.
 */
export class PicturesElsewhere {
  /** Whether any picture was found so. */
  used = false;
  readonly #tree: FileTree;
  readonly #from: string;
  #keys: Promise<ReadonlyMap<string, readonly string[]>> | undefined;

  /** @param from folder of the manifest below the tree's root */
  constructor(tree: FileTree, from: string) {
    this.#tree = tree;
    this.#from = from;
  }

  /** The picture that a manifest names. @throws SeewhyError as {@link FileTree.read}, and `PICTURE_AMBIGUOUS` */
  async read(written: string, key: string): Promise<Uint8Array> {
    try {
      return await this.#tree.read(key);
    } catch (error) {
      if (!isMissing(error)) throw error;
      const other = await this.#find(written);
      if (other === undefined) throw error;
      const bytes = await this.#tree.read(other);
      this.used = true;
      return bytes;
    }
  }

  /** A picture that {@link ofAnotherMachine} found. */
  async readMoved(key: string): Promise<Uint8Array> {
    const bytes = await this.#tree.read(key);
    this.used = true;
    return bytes;
  }

  /** The key of a picture that is found elsewhere, to look into it; undefined for one that lies where it says, and for one that cannot be read. */
  async keyOf(written: string, key: string): Promise<string | undefined> {
    try {
      await this.#tree.head(key, 1);
      return undefined;
    } catch (error) {
      if (!isMissing(error)) return undefined;
    }
    try {
      return await this.#find(written);
    } catch (error) {
      // Reading it tells.
      if (isSeewhyError(error)) return undefined;
      throw error;
    }
  }

  async #find(written: string): Promise<string | undefined> {
    const plain = plainPath(written);
    const decoded = decodedPath(plain);
    if (decoded !== undefined) {
      const key = this.#tree.locate(decoded, this.#from);
      if (await this.#tree.exists(key)) return key;
    }
    return (await this.#endingWith(plain)) ?? (decoded === undefined ? undefined : this.#endingWith(decoded));
  }

  async #endingWith(path: string): Promise<string | undefined> {
    // What is written from further up says where it lies: nowhere else is meant.
    if (/(^|\/)\.\.(\/|$)/.test(path)) return undefined;
    if (isFromRoot(path)) return this.ofAnotherMachine(path);
    this.#keys ??= this.#byName();
    const end = `/${path}`;
    const keys = (await this.#keys).get(baseName(path)) ?? [];
    const whole = keys.filter((key) => `/${plainPath(key)}`.endsWith(end));
    const found = whole.length > 0 ? whole : keys.filter((key) => withoutEnding(`/${plainPath(key)}`).endsWith(end));
    // A mask has its picture's name.
    const pictures = found.filter(
      (key) =>
        !plainPath(key)
          .split('/')
          .some((folder) => MASK_FOLDERS.has(folder.toLowerCase())),
    );
    const [first, ...others] = pictures.length > 0 ? pictures : found;
    if (others.length > 0) throw datasetErrors.pictureAmbiguous(path, [first!, ...others]);
    return first;
  }

  /**
   * The key of a picture that is written from the root of another machine; undefined where none is meant, or where the path leads to something on this one.
   * @param path as written
   */
  async ofAnotherMachine(path: string): Promise<string | undefined> {
    const written = plainPath(path);
    if (!isFromRoot(written) || /(^|\/)\.\.(\/|$)/.test(written) || (await this.#tree.exists(path))) return undefined;
    this.#keys ??= this.#byName();
    const base = plainPath(this.#tree.locate('-', this.#from)).length - 1;
    const below = (key: string) => plainPath(key).slice(base);
    const found = ((await this.#keys).get(baseName(written)) ?? []).filter((key) => written.endsWith(`/${below(key)}`));
    return found.toSorted((a, b) => below(b).length - below(a).length)[0];
  }

  /** Keys by the names that may be meant by them: with their ending, and without. */
  async #byName(): Promise<ReadonlyMap<string, readonly string[]>> {
    const keys = new Map<string, string[]>();
    for (const key of await this.#tree.below(this.#from)) {
      const name = baseName(plainPath(key));
      for (const one of new Set([name, withoutEnding(name)])) {
        const known = keys.get(one);
        if (known) known.push(key);
        else keys.set(one, [key]);
      }
    }
    return keys;
  }
}

/** From the root of a file system, or of a drive of Windows. */
const isFromRoot = (path: string): boolean => /^\/|^[a-z]:\//i.test(path);

const isMissing = (error: unknown): boolean => isSeewhyError(error) && error.code === 'PICTURE_MISSING';

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A path that is encoded as part of an address, decoded; undefined for any other. */
function decodedPath(path: string): string | undefined {
  if (!/%[0-9a-f]{2}/i.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
