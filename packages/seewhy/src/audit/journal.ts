import { closeSync, existsSync, fdatasync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { AuditRecord, MapRecord } from '@seewhy/report';
import { errors, systemCode } from '../errors.ts';
import { auditErrors } from './audit-errors.ts';
import type { RowProblem } from './problems.ts';

/** One line of `journal.jsonl`: the head, then one a picture and stage, in the order they were done. */
export type JournalLine =
  | {
      readonly kind: 'run';
      /** ISO 8601, UTC. */
      readonly started: string;
      /** What a later process must have in common with this one. */
      readonly identity: Readonly<Record<string, string | number | boolean | null>>;
    }
  | {
      readonly kind: 'predicted';
      readonly id: string;
      /** With its maps where both were made in one run. */
      readonly record: AuditRecord;
      readonly problems?: readonly RowProblem[];
    }
  | {
      readonly kind: 'explained';
      readonly id: string;
      readonly maps: Readonly<Record<string, MapRecord>>;
      readonly probes?: NonNullable<AuditRecord['probes']>;
      /** Why there is no map after all. */
      readonly problem?: RowProblem;
    }
  | { readonly kind: 'failed'; readonly id: string; readonly problem: RowProblem };

const NEWLINE = 10;
const SYNC_EVERY = 5000;
const CHUNK = 1 << 20;

/**
 * The append-only file of an audit: what stands in it is done. A line is written at once and whole; one that a killed process or a full
 * disk cut off has no line end and is dropped when the file is opened again.
 */
export class Journal {
  readonly path: string;
  readonly #file: number;
  #synced = performance.now();
  #broken = false;

  private constructor(path: string, file: number) {
    this.path = path;
    this.#file = file;
  }

  /** Opens a journal for appending; a torn last line is cut off. */
  static open(path: string): Journal {
    let file: number | undefined;
    try {
      file = openSync(path, existsSync(path) ? 'r+' : 'wx+');
      ftruncateSync(file, wholeLines(file));
      closeSync(file);
      return new Journal(path, openSync(path, 'a'));
    } catch (cause) {
      throw errors.outputFailed(path, systemCode(cause), cause);
    }
  }

  /** Appends one line. @throws DISK_FULL, OUTPUT_UNWRITABLE; nothing more can be appended then */
  append(line: JournalLine): void {
    if (this.#broken) return;
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (cause) {
      // What comes after a torn line would be lost with it.
      this.#broken = true;
      throw errors.outputFailed(this.path, systemCode(cause), cause);
    }
    const now = performance.now();
    if (now - this.#synced > SYNC_EVERY) {
      this.#synced = now;
      // A machine that loses its power loses seconds, not hours. A disk that cannot sync says so with the next write.
      fdatasync(this.#file, () => undefined);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Length of a file up to its last line end. */
function wholeLines(file: number): number {
  let end = fstatSync(file).size;
  const chunk = Buffer.alloc(CHUNK);
  while (end > 0) {
    const from = Math.max(0, end - CHUNK);
    const read = readSync(file, chunk, 0, end - from, from);
    const at = chunk.lastIndexOf(NEWLINE, read - 1);
    if (at >= 0 && at < read) return from + at + 1;
    end = from;
  }
  return 0;
}

/** A line of a file, with its place: offset of its first byte and length in bytes, the line end left out. */
interface PlacedLine {
  readonly text: string;
  readonly at: number;
  readonly length: number;
}

/** The lines of a text file, one megabyte held at a time. */
async function* placedLinesOf(path: string): AsyncGenerator<PlacedLine> {
  const { createReadStream } = await import('node:fs');
  const stream = createReadStream(path, { highWaterMark: CHUNK });
  let rest: Buffer[] = [];
  let at = 0;
  const line = (): PlacedLine => {
    const bytes = rest.length === 1 ? rest[0]! : Buffer.concat(rest);
    const placed = { text: bytes.toString('utf8'), at, length: bytes.length };
    rest = [];
    at += placed.length + 1;
    return placed;
  };
  for await (const part of stream) {
    let chunk = part as Buffer;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE)) {
      rest.push(chunk.subarray(0, end));
      yield line();
      chunk = chunk.subarray(end + 1);
    }
    if (chunk.length > 0) rest.push(chunk);
  }
  if (rest.length > 0) yield line();
}

/** The texts of {@link placedLinesOf}. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const { text } of placedLinesOf(path)) yield text;
}

/** Everything in a journal with its place, in the order it was written. @throws AUDIT_JOURNAL_DAMAGED */
export async function* readPlaced(
  path: string,
): AsyncGenerator<{ readonly line: JournalLine; readonly at: number; readonly length: number }> {
  let number = 0;
  for await (const { text, at, length } of placedLinesOf(path)) {
    number++;
    let line: JournalLine | undefined;
    try {
      line = JSON.parse(text) as JournalLine;
    } catch {
      line = undefined;
    }
    if (typeof line?.kind !== 'string') throw auditErrors.journal(path, number);
    yield { line, at, length };
  }
}

/** Everything in a journal, in the order it was written. @throws AUDIT_JOURNAL_DAMAGED */
export async function* readJournal(path: string): AsyncGenerator<JournalLine> {
  for await (const { line } of readPlaced(path)) yield line;
}
