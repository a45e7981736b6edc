/** A file of a data set. */
export interface TreeFile {
  /** Below the root, with `/`. */
  readonly path: string;
  readonly size: number;
}

export interface TreeListing {
  /** Sorted as people sort names: `a2` before `a10`. */
  readonly files: readonly TreeFile[];
  /** Links and entries that may not be followed. */
  readonly refused: readonly { readonly path: string; readonly error: Error }[];
  readonly notices: readonly string[];
  /** Folders that hold nothing, sorted likewise. */
  readonly bare?: readonly string[];
}

/** The files a data set is made of, in a folder or in a zip. Nothing outside is ever opened. */
export interface FileTree {
  /** As people know it. */
  readonly path: string;
  /** What the kind of a data set in it begins with: `zip/`, or nothing. */
  readonly prefix: '' | 'zip/';
  /** Everything below the root. */
  list(): Promise<TreeListing>;
  /**
   * The key of a file that a manifest names, which need not exist.
   * @param from folder of the manifest below the root; '' is the root
   * @throws SeewhyError `PATH_OUTSIDE`, `PATH_INVALID`, `PATH_IS_ADDRESS`
   */
  locate(written: string, from: string): string;
  /** The keys of all files below the folder that a manifest's paths start from. */
  below(from: string): Promise<readonly string[]>;
  /** The key of a listed file. */
  key(path: string): string;
  exists(key: string): Promise<boolean>;
  /** @throws SeewhyError `PICTURE_MISSING`, `PATH_OUTSIDE` (a link that leaves), `PICTURE_UNREADABLE` */
  read(key: string): Promise<Uint8Array>;
  /** The first bytes of a file; fewer where it is shorter. */
  head(key: string, bytes: number): Promise<Uint8Array>;
  stream(key: string): AsyncIterable<Uint8Array>;
  /** For formats that are read from the end, such as Parquet. */
  random(key: string): Promise<RandomAccess>;
  close(): Promise<void>;
}

/** A file of which any part may be read. */
export interface RandomAccess {
  readonly size: number;
  slice(start: number, end: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
