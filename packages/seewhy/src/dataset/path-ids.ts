import { IdTable } from './id-table.ts';

/** A path without its last ending. */
export const withoutEnding = (path: string): string => path.replace(/(?<=[^/\\])\.[^./\\]+$/, '');

/** A path as an id is made of it: slashes, and no `./` before it. */
export const plainPath = (path: string): string => path.replaceAll('\\', '/').replace(/^(\.\/)+/, '');

/**
 * Ids made of paths: without the ending, unless that would give two of the pictures one id (`a.png`, `a.jpg`): those keep theirs. Which
 * ids there are does not depend on the order of the paths.
 */
export class PathIds {
  readonly #paths = new IdTable();
  readonly #stems = new IdTable();
  readonly #shared = new Set<number>();

  constructor(paths: Iterable<string> = []) {
    for (const path of paths) this.add(path);
  }

  /** Takes a picture in; false where its path is known already. */
  add(path: string): boolean {
    const plain = plainPath(path);
    if (this.#paths.seen(plain)) return false;
    const before = this.#stems.size;
    const stem = this.#stems.add(withoutEnding(plain));
    if (stem < before) this.#shared.add(stem);
    return true;
  }

  /** True when no picture's id would be that of another without its ending. */
  get simple(): boolean {
    return this.#shared.size === 0;
  }

  /** The id of a picture that was taken in. */
  idOf(path: string): string {
    const plain = plainPath(path);
    const stem = withoutEnding(plain);
    // `a.png` keeps its ending beside `a.jpg`: then it must not be what is left of `a.png.jpg`.
    const taken = stem !== plain && this.#paths.find(stem) >= 0 && this.#isShared(withoutEnding(stem));
    return taken || this.#isShared(stem) ? plain : stem;
  }

  #isShared(stem: string): boolean {
    return this.#shared.has(this.#stems.find(stem));
  }
}
