import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const found = (path: string) => stat(path).catch(() => undefined);

/**
 * Makes a folder and those above it, where they are not there. Step by step: Node's own recursive mkdir never ends where a file system says of
 * a folder that is to be made that it does not exist (Linux: /proc).
 * @throws the system's error: `EEXIST` where a file has the name, `ENOTDIR` where a part of the path above is a file
 */
export async function makeFolders(path: string): Promise<void> {
  const missing = [resolve(path)];
  while (!(await found(dirname(missing[0]!)))) missing.unshift(dirname(missing[0]!));
  for (const folder of missing) {
    try {
      await mkdir(folder);
    } catch (cause) {
      // It was there before, or another process made it meanwhile.
      if (!(await found(folder))?.isDirectory()) throw cause;
    }
  }
}
