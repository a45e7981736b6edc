import { errors } from '../errors.ts';
import type { LogFolder } from '../log-folder.ts';
import { encodeEvent, FILE_VERSION, type SummaryValue } from './event.ts';
import { frameRecord } from './records.ts';

/** What an event file's name is made of. */
export interface EventWriterOptions {
  /** Part of the file's name that tells machines apart; default `seewhy`. */
  readonly host?: string;
  /** Part of the file's name that tells processes apart; default a random number. */
  readonly process?: number;
  /** Milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number;
}

const MOST_TRIES = 1000;

/**
 * Writes an event file of TensorBoard. Each writer has a file of its own, `events.out.tfevents.<seconds>.<host>.<process>.<n>`, made at
 * the first value under a name that nobody has: a run that goes on and runs beside it share a folder without harm. Each call appends
 * whole records in one write.
 */
export class EventWriter {
  private readonly folder: LogFolder;
  private readonly options: Required<EventWriterOptions>;
  private file: Promise<string> | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(folder: LogFolder, options: EventWriterOptions = {}) {
    this.folder = folder;
    this.options = {
      host: (options.host ?? 'seewhy').replace(/[^\w.-]+/g, '-').slice(0, 60) || 'seewhy',
      process: options.process ?? Math.floor(Math.random() * 1e9),
      now: options.now ?? Date.now,
    };
  }

  /**
   * Appends values of one step.
   * @throws STEP_INVALID, EVENT_FILE_CLOSED, and what the folder throws
   */
  write(step: number, values: readonly SummaryValue[]): Promise<void> {
    if (!Number.isSafeInteger(step)) throw errors.step(step);
    const done = this.queue.then(() => this.append(step, values));
    this.queue = done.catch(() => undefined);
    return done;
  }

  /** Waits for what is being written; nothing can be written afterwards. */
  async close(): Promise<void> {
    await this.queue;
    this.closed = true;
  }

  private async append(step: number, values: readonly SummaryValue[]): Promise<void> {
    if (this.closed) throw errors.writerClosed((await this.file) ?? this.folder.name);
    if (values.length === 0) return;
    this.file ??= this.create();
    let name: string;
    try {
      name = await this.file;
    } catch (cause) {
      // A folder that could not be written to may be, next time.
      this.file = undefined;
      throw cause;
    }
    const wallTime = this.options.now() / 1000;
    await this.folder.append(name, frameRecord(encodeEvent({ wallTime, step, values })));
  }

  private async create(): Promise<string> {
    const { host, process, now } = this.options;
    const seconds = String(Math.floor(now() / 1000)).padStart(10, '0');
    for (let n = 0; n < MOST_TRIES; n++) {
      const name = `events.out.tfevents.${seconds}.${host}.${process}.${n}`;
      if (!(await this.folder.create(name))) continue;
      const first = encodeEvent({ wallTime: now() / 1000, step: 0, fileVersion: FILE_VERSION, values: [] });
      await this.folder.append(name, frameRecord(first));
      return name;
    }
    throw errors.nameTaken(`events.out.tfevents.${seconds}.${host}.${process}.${MOST_TRIES - 1}`, MOST_TRIES);
  }
}
