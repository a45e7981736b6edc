import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LogFolder } from '../log-folder.ts';
import { makeFolders } from './make-folders.ts';

/** A folder on a disk. It is made when the first file is. */
export class DiskFolder implements LogFolder {
  readonly name: string;

  constructor(path: string) {
    this.name = path;
  }

  async create(file: string): Promise<boolean> {
    const path = await this.place(file);
    try {
      await (await open(path, 'wx')).close();
      return true;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw cause;
    }
  }

  async append(file: string, bytes: Uint8Array): Promise<void> {
    const handle = await open(join(this.name, file), 'a');
    try {
      await handle.appendFile(bytes);
    } finally {
      await handle.close();
    }
  }

  /** Under its name a file is seen only when complete. */
  async write(file: string, bytes: Uint8Array): Promise<void> {
    const path = await this.place(file);
    const temporary = join(dirname(path), `.${basename(path).slice(0, 80)}.${process.pid}.part`);
    try {
      const handle = await open(temporary, 'w');
      try {
        await handle.writeFile(bytes);
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw cause;
    }
  }

  async list(): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.name, { withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw cause;
    }
  }

  read(file: string): Promise<Uint8Array> {
    return readFile(join(this.name, file));
  }

  private async place(file: string): Promise<string> {
    const path = join(this.name, file);
    await makeFolders(dirname(path));
    return path;
  }
}
