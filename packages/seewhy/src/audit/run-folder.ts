import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errors, systemCode } from '../errors.ts';
import { makeFolder, publish } from '../output-files.ts';
import { auditErrors } from './audit-errors.ts';

export const DEFAULT_FOLDER = 'seewhy-audit';
const LOCK = '.lock';
export const JOURNAL = 'journal.jsonl';

/** What an audit writes: only these are ever removed. */
const OWN = [
  'run.json',
  JOURNAL,
  'predictions.jsonl',
  'predictions.parquet',
  'findings.json',
  'report.html',
  'maps',
  'panels',
];

interface Lock {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system counts: another process may get the number of a dead one. */
  readonly begun: string;
}

/** The folder of one run, held by a lock until `release`. */
export class RunFolder {
  readonly path: string;
  /** True when a journal of an earlier process lies in it. */
  readonly resumed: boolean;

  private constructor(path: string, resumed: boolean) {
    this.path = path;
    this.resumed = resumed;
  }

  file(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  /**
   * Claims a folder.
   * - new run: the folder asked for, or numbered (`seewhy-audit-2`) when it holds something; `force` empties a former run's folder instead
   * - `resume`: the folder that holds the run; without `--out` the one with the highest number
   * @throws AUDIT_FOLDER_LOCKED, AUDIT_FOLDER_TAKEN, OUTPUT_UNWRITABLE
   */
  static async claim(out: string | undefined, how: { resume: boolean; force: boolean }): Promise<RunFolder> {
    const asked = (out ?? DEFAULT_FOLDER).replace(/(?<=.)[\\/]+$/, '');
    if (how.resume) return RunFolder.#resume(out === undefined ? await latest(asked) : asked);
    await makeFolder(dirname(asked));
    for (let number = 1; ; number++) {
      const path = number === 1 ? asked : `${asked}-${number}`;
      await makeDirectory(path);
      const inside = await readdir(path);
      if (inside.length > 0 && !(how.force && number === 1)) continue;
      if (how.force && !isEmptyOrRun(inside)) throw auditErrors.isRun(path);
      try {
        await lock(path);
      } catch (error) {
        // Another audit took the empty folder between the look and the claim.
        if (!how.force && (error as { code?: string }).code === 'AUDIT_FOLDER_LOCKED') continue;
        throw error;
      }
      if (inside.length > 0) for (const name of OWN) await rm(join(path, name), { recursive: true, force: true });
      else if ((await readdir(path)).some((name) => !name.startsWith(LOCK))) {
        await rm(join(path, LOCK), { force: true });
        continue;
      }
      await makeFolder(path);
      return new RunFolder(path, false);
    }
  }

  /** Nothing there yet (a process killed at its very start): a new run. */
  static async #resume(path: string): Promise<RunFolder> {
    await makeFolder(path);
    const found = existsSync(join(path, JOURNAL));
    if (!found && (await readdir(path)).some((name) => !OWN.includes(name) && !isLeftOver(name)))
      throw auditErrors.isRun(path);
    await lock(path);
    for (const folder of ['.', 'maps', 'panels'])
      for (const name of await readdir(join(path, folder)).catch(() => []))
        if (isLeftOver(name) && name !== LOCK) await rm(join(path, folder, name), { force: true });
    return new RunFolder(path, found);
  }

  async release(): Promise<void> {
    await rm(this.file(LOCK), { force: true });
  }
}

/** Locks of dead processes, and files that they had not finished. */
const isLeftOver = (name: string): boolean => name.startsWith(LOCK) || name.endsWith('.part');

const isEmptyOrRun = (names: readonly string[]): boolean =>
  names.length === 0 || names.includes(JOURNAL) || names.includes('run.json');

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'EEXIST') {
      const inside = await readdir(path).catch(() => undefined);
      if (inside !== undefined) return;
    }
    throw errors.outputFailed(path, code, cause);
  }
}

/** The folder of that name with the highest number that holds a journal. */
async function latest(asked: string): Promise<string> {
  const names = await readdir(dirname(asked)).catch(() => [] as string[]);
  const stem = basename(asked);
  let best = { number: 0, path: asked };
  for (const name of names) {
    const number = name === stem ? 1 : name.startsWith(`${stem}-`) ? Number(name.slice(stem.length + 1)) : Number.NaN;
    const path = join(dirname(asked), name);
    if (Number.isInteger(number) && number > best.number && existsSync(join(path, JOURNAL))) best = { number, path };
  }
  return best.path;
}

/** Takes the lock of a folder; one whose process is gone is taken over. */
async function lock(folder: string): Promise<void> {
  const path = join(folder, LOCK);
  const own: Lock = { pid: process.pid, host: hostname(), begun: begunOf(process.pid) };
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      // Appears complete or not at all: a half-written lock would look like a dead one.
      const whole = join(folder, `${LOCK}.${process.pid}.part`);
      await writeFile(whole, JSON.stringify(own));
      await publish(whole, path, false).finally(() => rm(whole, { force: true }));
      return;
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST') throw errors.outputFailed(path, systemCode(cause), cause);
    }
    const holder = await holderOf(path);
    if (holder && alive(holder))
      throw auditErrors.locked(folder, holder.pid, holder.host === own.host ? '' : holder.host);
    // Renamed first: of two processes that find the same dead lock only one succeeds.
    const aside = join(folder, `${LOCK}.${process.pid}.${attempt}`);
    await rename(path, aside).catch(() => undefined);
    await rm(aside, { force: true });
  }
  const holder = await holderOf(path);
  throw auditErrors.locked(folder, holder?.pid ?? 0, holder?.host ?? '');
}

async function holderOf(path: string): Promise<Lock | undefined> {
  try {
    const found = JSON.parse(await readFile(path, 'utf8')) as Lock;
    return Number.isInteger(found.pid) && typeof found.host === 'string' ? found : undefined;
  } catch {
    // Cut off while it was written (a killed process, a full disk): nobody holds it.
    return undefined;
  }
}

/** A process of another machine counts as alive: nobody here can tell. */
function alive({ pid, host, begun }: Lock): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (cause) {
    return systemCode(cause) === 'EPERM';
  }
  const now = begunOf(pid);
  return begun === '' || now === '' || now === begun;
}

/** The start of a process in clock ticks since boot (Linux: field 22 of /proc/PID/stat); empty where that is not known. */
function begunOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
