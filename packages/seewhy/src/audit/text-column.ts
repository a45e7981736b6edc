import { GrowingNumbers } from '../growing-numbers.ts';

/** Bytes of texts in one piece of memory. */
const PIECE = 1 << 20;
/** Different texts that are remembered; what comes later is written out each time. */
const MOST_KNOWN = 4096;
const NONE = 0xffffffff;

/**
 * Texts by row in UTF-8, or none; some that repeat are held once. A row takes four bytes and those of its text, where objects of strings would
 * take a hundred.
 */
export class TextColumn {
  readonly #pieces: Buffer[] = [];
  /** Place of each row's entry: four bytes of length, then the text. Places count in units of four bytes. */
  readonly #places: GrowingNumbers<Uint32Array>;
  #size = 0;
  readonly #known = new Map<string, number>();

  constructor(rows: number) {
    this.#places = new GrowingNumbers(Uint32Array, rows, NONE);
  }

  set(row: number, text: string | undefined): void {
    if (text !== undefined) this.#places.set(row, this.#known.get(text) ?? this.#write(text));
  }

  get(row: number): string | undefined {
    const place = this.#places.get(row);
    if (place === NONE) return undefined;
    const piece = this.#pieces[Math.floor((place * 4) / PIECE)]!;
    const at = (place * 4) % PIECE;
    return piece.toString('utf8', at + 4, at + 4 + piece.readUInt32LE(at));
  }

  #write(text: string): number {
    const length = Buffer.byteLength(text);
    const whole = Math.ceil((length + 4) / 4) * 4;
    let room = this.#size % PIECE;
    // An entry lies in one piece; one that is longer than a piece has its own, and the pieces it stands for are empty.
    if (this.#pieces.length * PIECE < this.#size + whole) {
      if (room > 0) this.#size += PIECE - room;
      room = 0;
      const pieces = Math.max(1, Math.ceil(whole / PIECE));
      this.#pieces.push(Buffer.alloc(pieces * PIECE), ...Array.from({ length: pieces - 1 }, () => Buffer.alloc(0)));
    }
    const piece = this.#pieces[Math.floor(this.#size / PIECE)]!;
    piece.writeUInt32LE(length, room);
    piece.write(text, room + 4, 'utf8');
    const place = this.#size / 4;
    this.#size = whole > PIECE ? this.#pieces.length * PIECE : this.#size + whole;
    if (this.#known.size < MOST_KNOWN) this.#known.set(text, place);
    return place;
  }
}
