import type { AuditRecord } from '@seewhy/report';
import { GrowingNumbers } from '../growing-numbers.ts';
import type { JournalRecords } from './journal-records.ts';
import { TextColumn } from './text-column.ts';
import { ValueColumn } from './value-column.ts';

/** Words of 32 bits: eight of a SHA-256, two of a fingerprint. */
const WORDS = 10;

/**
 * What findings, figures and panels need of every picture of a run, as numbers: some 220 bytes a row of two classes, however much the journal
 * says of it. Maps, probes, thumbs and paths stay in the journal and are read from there when asked for; maps and probes of those rows only
 * that `records` is asked for.
 */
export class RecordTable {
  readonly #journal: JournalRecords;
  #count = 0;
  readonly #ids: TextColumn;
  readonly #groups: TextColumn;
  readonly #splits: TextColumn;
  readonly #columns = new Map<string, ValueColumn>();
  /** Number of the label's set of classes; 0: none is known. */
  readonly #labels: GrowingNumbers<Uint32Array>;
  readonly #labelSets: (readonly number[] | undefined)[] = [undefined];
  readonly #labelNumbers = new Map<string, number>();
  /** Where the scores of a row end; those before it are of the rows before. */
  readonly #scoreEnds: GrowingNumbers<Uint32Array>;
  readonly #scoreClasses: GrowingNumbers<Uint16Array>;
  readonly #scores: GrowingNumbers<Float64Array>;
  readonly #widths: GrowingNumbers<Uint32Array>;
  readonly #heights: GrowingNumbers<Uint32Array>;
  readonly #colours: GrowingNumbers<Float64Array>;
  /** Eight words of the file's hash, two of the fingerprint. */
  readonly #hashes: GrowingNumbers<Uint32Array>;
  /** 1: masked, 2: it has maps or probes. */
  readonly #flags: GrowingNumbers<Uint8Array>;

  /** @param journal whose records are taken in, in their order */
  constructor(journal: JournalRecords) {
    const rows = journal.count;
    this.#journal = journal;
    this.#ids = new TextColumn(rows);
    this.#groups = new TextColumn(rows);
    this.#splits = new TextColumn(rows);
    this.#labels = new GrowingNumbers(Uint32Array, rows);
    this.#scoreEnds = new GrowingNumbers(Uint32Array, rows);
    this.#scoreClasses = new GrowingNumbers(Uint16Array, 2 * rows);
    this.#scores = new GrowingNumbers(Float64Array, 2 * rows);
    this.#widths = new GrowingNumbers(Uint32Array, rows);
    this.#heights = new GrowingNumbers(Uint32Array, rows);
    this.#colours = new GrowingNumbers(Float64Array, 4 * rows);
    this.#hashes = new GrowingNumbers(Uint32Array, WORDS * rows);
    this.#flags = new GrowingNumbers(Uint8Array, rows);
  }

  get count(): number {
    return this.#count;
  }

  /** Takes in the next record in the order of the journal's. */
  add(record: AuditRecord): void {
    const row = this.#count++;
    this.#ids.set(row, record.id);
    this.#groups.set(row, record.group);
    this.#splits.set(row, record.split);
    for (const [name, value] of Object.entries(record.columns)) {
      const column = this.#columns.get(name) ?? new ValueColumn(this.#journal.count);
      this.#columns.set(name, column);
      column.set(row, value);
    }
    this.#labels.set(row, this.#numberOf(record.label));
    let at = row > 0 ? this.#scoreEnds.get(row - 1) : 0;
    for (const [index, score] of record.scores) {
      this.#scoreClasses.set(at, index);
      this.#scores.set(at++, score);
    }
    this.#scoreEnds.set(row, at);
    this.#widths.set(row, record.width);
    this.#heights.set(row, record.height);
    for (let c = 0; c < 4; c++) this.#colours.set(4 * row + c, record.colour[c]!);
    const hashes = record.sha256.padEnd(64, '0') + record.fingerprint;
    for (let word = 0; word < WORDS; word++)
      this.#hashes.set(WORDS * row + word, Number.parseInt(hashes.slice(8 * word, 8 * word + 8), 16));
    this.#flags.set(row, (record.masked ? 1 : 0) + (record.maps || record.probes ? 2 : 0));
  }

  hasMaps(row: number): boolean {
    return (this.#flags.get(row) & 2) !== 0;
  }

  /**
   * Rows as records, by id: views that read what they are asked for, as long as the journal is open.
   * @param mapped rows whose maps and probes are shown
   * @param rows default all
   */
  records(mapped: (row: number) => boolean, rows?: readonly number[]): AuditRecord[] {
    const record = (row: number): AuditRecord => new Row(this, row, this.hasMaps(row) && mapped(row));
    return rows ? rows.map(record) : Array.from({ length: this.#count }, (_, row) => record(row));
  }

  // What rows ask.

  id = (row: number) => this.#ids.get(row)!;
  group = (row: number) => this.#groups.get(row);
  split = (row: number) => this.#splits.get(row);
  label = (row: number) => this.#labelSets[this.#labels.get(row)];
  width = (row: number) => this.#widths.get(row);
  height = (row: number) => this.#heights.get(row);
  masked = (row: number) => (this.#flags.get(row) & 1) !== 0;
  thumb = (row: number) => this.#journal.thumb(row);
  read = (row: number) => this.#journal.read(row);

  colour(row: number): AuditRecord['colour'] {
    const at = (c: number) => this.#colours.get(4 * row + c);
    return [at(0), at(1), at(2), at(3)];
  }

  sha256 = (row: number) => this.#hexadecimal(row, 0, 8);
  fingerprint = (row: number) => this.#hexadecimal(row, 8, WORDS);

  scores(row: number): AuditRecord['scores'] {
    const scores: [number, number][] = [];
    const end = this.#scoreEnds.get(row);
    for (let at = row > 0 ? this.#scoreEnds.get(row - 1) : 0; at < end; at++)
      scores.push([this.#scoreClasses.get(at), this.#scores.get(at)]);
    return scores;
  }

  columns(row: number): AuditRecord['columns'] {
    const entries: [string, string | number | boolean][] = [];
    for (const [name, column] of this.#columns) {
      const value = column.get(row);
      if (value !== undefined) entries.push([name, value]);
    }
    return Object.fromEntries(entries);
  }

  #hexadecimal(row: number, from: number, to: number): string {
    let text = '';
    for (let at = from; at < to; at++)
      text += this.#hashes
        .get(WORDS * row + at)
        .toString(16)
        .padStart(8, '0');
    return text;
  }

  #numberOf(label: readonly number[] | undefined): number {
    if (label === undefined) return 0;
    const name = label.join();
    const known = this.#labelNumbers.get(name);
    if (known !== undefined) return known;
    this.#labelNumbers.set(name, this.#labelSets.length);
    return this.#labelSets.push(label) - 1;
  }
}

/** One row of a table as a record. */
class Row implements AuditRecord {
  readonly #table: RecordTable;
  readonly #row: number;
  readonly #mapped: boolean;

  constructor(table: RecordTable, row: number, mapped: boolean) {
    this.#table = table;
    this.#row = row;
    this.#mapped = mapped;
  }

  get id() {
    return this.#table.id(this.#row);
  }
  get path() {
    return this.#table.read(this.#row).path;
  }
  get label() {
    return this.#table.label(this.#row);
  }
  get scores() {
    return this.#table.scores(this.#row);
  }
  get group() {
    return this.#table.group(this.#row);
  }
  get split() {
    return this.#table.split(this.#row);
  }
  get columns() {
    return this.#table.columns(this.#row);
  }
  get width() {
    return this.#table.width(this.#row);
  }
  get height() {
    return this.#table.height(this.#row);
  }
  get sha256() {
    return this.#table.sha256(this.#row);
  }
  get fingerprint() {
    return this.#table.fingerprint(this.#row);
  }
  get colour() {
    return this.#table.colour(this.#row);
  }
  get thumb() {
    return this.#table.thumb(this.#row);
  }
  get masked() {
    return this.#table.masked(this.#row);
  }
  get maps() {
    return this.#mapped ? this.#table.read(this.#row).maps : undefined;
  }
  get probes() {
    return this.#mapped ? this.#table.read(this.#row).probes : undefined;
  }
  get notes() {
    return this.#table.read(this.#row).notes;
  }
}
