import { createHash } from 'node:crypto';
import { GrowingNumbers } from '../growing-numbers.ts';

/** Two words that stand for a text: the first eight bytes of its SHA-256. Two of a million texts are told apart but for one case in 10⁷. */
export function keyOf(text: string): readonly [number, number] {
  const digest = createHash('sha256').update(text).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

/**
 * Numbers texts in the order they are added, in some 20 bytes each however long they are: a million ids take 32 MB, not the several
 * hundred of a Map of texts.
 */
export class IdTable {
  #slots = new Int32Array(1024).fill(-1);
  readonly #low = new GrowingNumbers(Uint32Array, 512);
  readonly #high = new GrowingNumbers(Uint32Array, 512);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of a text; −1 when it was not added. */
  find(text: string): number {
    const [low, high] = keyOf(text);
    return this.#slots[this.#slot(low, high)]!;
  }

  /** The number of a text, which is added where it is new (then it equals the former `size`). */
  add(text: string): number {
    const [low, high] = keyOf(text);
    const slot = this.#slot(low, high);
    const known = this.#slots[slot]!;
    if (known >= 0) return known;
    const at = this.#size++;
    this.#low.set(at, low);
    this.#high.set(at, high);
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    else this.#slots[slot] = at;
    return at;
  }

  /** Takes a text in; true where it came before. */
  seen(text: string): boolean {
    const before = this.#size;
    return this.add(text) < before;
  }

  /** A number in [0, 1) that follows from the text and the seed alone: an order that does not depend on that of the rows. */
  share(at: number, seed: number): number {
    return shareOf(this.#low.get(at), this.#high.get(at), seed);
  }

  #slot(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    let slot = low & mask;
    for (;;) {
      const at = this.#slots[slot]!;
      if (at < 0 || (this.#low.get(at) === low && this.#high.get(at) === high)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    for (let at = 0; at < this.#size; at++) this.#slots[this.#slot(this.#low.get(at), this.#high.get(at))] = at;
  }
}

/** A number in [0, 1) that follows from a text and a seed alone. */
export const shareOfText = (text: string, seed: number): number => shareOf(...keyOf(text), seed);

/** Mixes the words with the seed (the finaliser of MurmurHash3, by A. Appleby). */
function shareOf(low: number, high: number, seed: number): number {
  const mix = (word: number) => {
    let x = word;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return x ^ (x >>> 16);
  };
  const a = mix(low ^ mix(seed | 0)) >>> 0;
  const b = mix(high ^ a ^ mix(Math.floor(seed / 2 ** 32))) >>> 0;
  return (a * 2 ** 21 + (b >>> 11)) / 2 ** 53;
}
