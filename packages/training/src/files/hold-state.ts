import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errors } from '../errors.ts';

/**
 * Keeps other processes from the record at `path` while this one works with it, by a file `path.lock` that names the process. What a process
 * left behind that is no longer there is taken over. Where no file can be written nothing is held: writing the record says why.
 * @returns gives it free again
 * @throws WATCH_BUSY where another process has it
 */
export async function holdState(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const own = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let tries = 0; tries < 2; tries++) {
    try {
      await writeFile(lock, own, { flag: 'wx' });
      return () => rm(lock, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') return async () => undefined;
    }
    const holder = await holderOf(lock);
    if (holder !== undefined && holder !== process.pid) throw errors.watchBusy(path, lock, holder);
    await rm(lock, { force: true });
  }
  return async () => undefined;
}

/** The process that a lock names, if it is there; of another machine's that cannot be told, and it counts as there. */
async function holderOf(lock: string): Promise<number | undefined> {
  try {
    const { pid, host } = JSON.parse(await readFile(lock, 'utf8')) as { pid: unknown; host: unknown };
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0) return undefined;
    if (host === hostname()) process.kill(pid as number, 0);
    return pid as number;
  } catch (cause) {
    // No such process, or no such lock any more; another user's process may not be asked, but is there.
    return (cause as NodeJS.ErrnoException).code === 'EPERM' ? -1 : undefined;
  }
}
