import { closeSync, openSync, readSync } from 'node:fs';
import type { AuditRecord } from '@seewhy/report';
import { errors, systemCode } from '../errors.ts';
import { GrowingNumbers } from '../growing-numbers.ts';
import { type JournalLine, readPlaced } from './journal.ts';
import type { Problems } from './problems.ts';
import { sortedLines } from './sorted-lines.ts';

type Line<Kind extends JournalLine['kind']> = Extract<JournalLine, { readonly kind: Kind }>;

/** What stands before a thumb in a line, and nowhere else: the list of colours ends there. Base64 needs no escapes. */
const THUMB = Buffer.from('],"thumb":"');
const QUOTE = 34;

/**
 * The finished records of a journal by rising id, in whatever order they were made: what was explained later is joined to what was predicted.
 * Only the places of the lines are held (24 bytes a row); a record is read from the journal when it is asked for.
 */
export class JournalRecords {
  readonly #path: string;
  readonly #file: number;
  /** Offset and length of the prediction's line, and of what was found out later (length 0: nothing). */
  readonly #predicted = new GrowingNumbers(Float64Array, 1024);
  readonly #later = new GrowingNumbers(Float64Array, 1024);
  readonly #predictedLength = new GrowingNumbers(Uint32Array, 1024);
  readonly #laterLength = new GrowingNumbers(Uint32Array, 1024);
  #count = 0;
  #bytes = Buffer.alloc(1 << 14);

  private constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, 'r');
    } catch (cause) {
      throw errors.file(path, `cannot be read (${systemCode(cause)})`, 'Begin a new run.', cause);
    }
  }

  /**
   * @param folder for parts of the sort, which are gone afterwards
   * @param problems told what failed
   * @throws AUDIT_JOURNAL_DAMAGED
   */
  static async open(path: string, folder: string, problems: Problems): Promise<JournalRecords> {
    const records = new JournalRecords(path);
    try {
      await records.#index(folder, problems);
    } catch (error) {
      records.close();
      throw error;
    }
    return records;
  }

  /** How many pictures were predicted. */
  get count(): number {
    return this.#count;
  }

  /** The record at a place in the order of the ids. */
  read(row: number): AuditRecord {
    const { record } = this.#parse<'predicted'>(this.#predicted.get(row), this.#predictedLength.get(row));
    if (this.#laterLength.get(row) === 0) return record;
    const { maps, probes } = this.#parse<'explained'>(this.#later.get(row), this.#laterLength.get(row));
    return {
      ...record,
      ...(Object.keys(maps ?? {}).length > 0 ? { maps } : {}),
      ...(probes ? { probes } : {}),
    };
  }

  /** The thumb of a record, without reading the rest of it. */
  thumb(row: number): string | undefined {
    const line = this.#line(this.#predicted.get(row), this.#predictedLength.get(row));
    const before = line.indexOf(THUMB);
    if (before < 0) return undefined;
    const from = before + THUMB.length;
    return line.toString('latin1', from, line.indexOf(QUOTE, from));
  }

  close(): void {
    closeSync(this.#file);
  }

  async #index(folder: string, problems: Problems): Promise<void> {
    async function* places(path: string) {
      for await (const { line, at, length } of readPlaced(path)) {
        if (line.kind === 'run') continue;
        if (line.kind === 'failed') {
          problems.add(line.problem);
          continue;
        }
        if (line.kind === 'predicted') for (const problem of line.problems ?? []) problems.add(problem);
        else if (line.problem) problems.add(line.problem);
        // The prediction sorts before what was found out later.
        yield { key: `${line.id}\u0000${line.kind === 'predicted' ? 0 : 1}`, text: `${at} ${length}` };
      }
    }
    let id: string | undefined;
    for await (const { key, text } of sortedLines(places(this.#path), folder)) {
      const [at, length] = text.split(' ').map(Number) as [number, number];
      if (key.endsWith('0')) {
        id = key.slice(0, -2);
        this.#predicted.set(this.#count, at);
        this.#predictedLength.set(this.#count++, length);
      } else if (id === key.slice(0, -2)) {
        this.#later.set(this.#count - 1, at);
        this.#laterLength.set(this.#count - 1, length);
      }
    }
  }

  #parse<Kind extends JournalLine['kind']>(at: number, length: number): Line<Kind> {
    return JSON.parse(this.#line(at, length).toString('utf8')) as Line<Kind>;
  }

  #line(at: number, length: number): Buffer {
    if (length > this.#bytes.length) this.#bytes = Buffer.alloc(length * 2);
    let read = 0;
    while (read < length) {
      const more = readSync(this.#file, this.#bytes, read, length - read, at + read);
      if (more === 0) throw errors.file(this.#path, 'was cut off while it was read', 'Begin a new run.');
      read += more;
    }
    return this.#bytes.subarray(0, length);
  }
}
