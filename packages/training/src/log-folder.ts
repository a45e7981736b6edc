/**
 * Where results of a training are written: a folder on a disk (`@seewhy/training/node`), or the memory of a page (`MemoryFolder`).
 * Names may have folders, with slashes.
 */
export interface LogFolder {
  /** What people call it: a path. */
  readonly name: string;
  /** Makes an empty file; false when the name is taken. */
  create(file: string): Promise<boolean>;
  /** Adds bytes at a file's end in one write. */
  append(file: string, bytes: Uint8Array): Promise<void>;
  /** Writes a whole file, in place of an earlier one. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Names of the files right in the folder; none where it does not exist yet. */
  list(): Promise<readonly string[]>;
  read(file: string): Promise<Uint8Array>;
}

/** A folder in memory: for a browser, which offers its files for download, and for tests. */
export class MemoryFolder implements LogFolder {
  readonly name: string;
  readonly files = new Map<string, Uint8Array>();

  constructor(name = 'memory') {
    this.name = name;
  }

  async create(file: string): Promise<boolean> {
    if (this.files.has(file)) return false;
    this.files.set(file, new Uint8Array(0));
    return true;
  }

  async append(file: string, bytes: Uint8Array): Promise<void> {
    const before = this.files.get(file) ?? new Uint8Array(0);
    const whole = new Uint8Array(before.length + bytes.length);
    whole.set(before);
    whole.set(bytes, before.length);
    this.files.set(file, whole);
  }

  async write(file: string, bytes: Uint8Array): Promise<void> {
    this.files.set(file, bytes.slice());
  }

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()].filter((name) => !name.includes('/'));
  }

  async read(file: string): Promise<Uint8Array> {
    return this.files.get(file) ?? new Uint8Array(0);
  }
}
