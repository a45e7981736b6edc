import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errors } from '../errors.ts';
import { DiskFolder } from './disk-folder.ts';

/** Where the results of a checkpoint go. */
export interface Place {
  readonly step: number;
  /** Of a checkpoint without a step in its name beside others: `best`, whose steps and tags are its own. */
  readonly series?: string;
}

interface Done extends Partial<Place> {
  readonly signature: string;
}

/** A checkpoint whose results are being written. */
interface Begun extends Place {
  readonly name: string;
  readonly signature: string;
}

/**
 * What a watch has done, in a file: so that each checkpoint is explained once, also over several runs. Before results are written the
 * file says of what (`begin`), afterwards that they are (`add`): of a run that is killed in between, the next one knows.
 */
export class WatchState {
  readonly path: string;
  private readonly done: Map<string, Done>;
  private begun: Begun | undefined;

  private constructor(path: string, done: Map<string, Done>, begun?: Begun) {
    this.path = path;
    this.done = done;
    this.begun = begun;
  }

  /** @throws WATCH_STATE_INVALID */
  static async open(path: string): Promise<WatchState> {
    const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw errors.watchState(path, cause.message);
    });
    if (text === undefined) return new WatchState(path, new Map());
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      throw errors.watchState(path, (cause as Error).message);
    }
    const entries = (json as { schema?: unknown; done?: unknown } | null)?.done;
    if ((json as { schema?: unknown } | null)?.schema !== 'seewhy/watch/v1' || !Array.isArray(entries))
      throw errors.watchState(path, 'it is not of this format');
    const done = new Map<string, Done>();
    for (const { name, signature, step, series } of entries as (Done & { name: string })[])
      done.set(String(name), {
        signature: String(signature),
        ...(Number.isSafeInteger(step) ? { step: step! } : {}),
        ...(typeof series === 'string' ? { series } : {}),
      });
    const { begun } = json as { begun?: Begun };
    const whole = typeof begun?.name === 'string' && Number.isSafeInteger(begun.step);
    return new WatchState(path, done, whole ? { ...begun, signature: String(begun.signature) } : undefined);
  }

  /** Whether a checkpoint, with these contents, was explained or given up. */
  has(name: string, signature: string): boolean {
    return this.done.get(name)?.signature === signature;
  }

  /** Where an earlier run has begun to write results of a checkpoint with these contents. */
  begunAt(name: string, signature: string): Place | undefined {
    if (this.begun?.name !== name || this.begun.signature !== signature) return undefined;
    const { step, series } = this.begun;
    return { step, ...(series === undefined ? {} : { series }) };
  }

  /** The last step of a series that was explained, or begun; without a name: of those that have none. */
  last(series?: string): number | undefined {
    const all = [...(this.begun ? [this.begun] : []), ...this.done.values()];
    const steps = all.flatMap((one) => (one.step === undefined || one.series !== series ? [] : [one.step]));
    return steps.length > 0 ? Math.max(...steps) : undefined;
  }

  /** Names of what was explained or given up. */
  get names(): readonly string[] {
    return [...this.done.keys()];
  }

  /** Where a checkpoint of this name was explained. */
  placeOf(name: string): Partial<Place> | undefined {
    return this.done.get(name);
  }

  /** Remembers that results of a checkpoint are being written, on the disk before it returns. */
  async begin(name: string, signature: string, place: Place): Promise<void> {
    this.begun = { name, signature, ...place };
    await this.write();
  }

  /** Remembers a checkpoint as done, on the disk before it returns. */
  async add(name: string, signature: string, place?: Place): Promise<void> {
    // A file that is written again keeps its highest step.
    const { signature: _, ...before } = this.done.get(name) ?? { signature };
    this.done.set(name, { signature, ...(place ?? before) });
    this.begun = undefined;
    await this.write();
  }

  private async write(): Promise<void> {
    const done = [...this.done].map(([name, value]) => ({ name, ...value }));
    const json = { schema: 'seewhy/watch/v1', done, ...(this.begun ? { begun: this.begun } : {}) };
    const bytes = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
    await new DiskFolder(dirname(this.path)).write(basename(this.path), bytes);
  }
}
