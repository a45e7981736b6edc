import { errors } from '../errors.ts';
import { threefry } from './threefry.ts';
import { normalTail, type UniformSource, ziggurat } from './ziggurat.ts';

const TO_UNIT_32 = 2 ** -32;
const TO_UNIT_24 = 2 ** -24;

/**
 * The stream of random numbers that belongs to a seed and a path: `randomStream(7, 'noise', i)` are the numbers of sample `i`, whatever
 * was drawn before, in whatever order and batch. Other paths give streams that have nothing to do with one another.
 *
 * The path is hashed into the generator's state; parts are told apart by type and length, so `('a', 'b')` is not `('ab')` and `1` is not
 * `'1'`.
 * @param seed any finite number
 * @param path numbers (finite) and texts
 * @throws SeewhyError `SEED_INVALID`
 */
export function randomStream(seed: number, ...path: readonly (number | string)[]): RandomStream {
  const hash = new PathHash();
  hash.add(seed);
  for (const part of path) hash.add(part);
  return new RandomStream(hash.state());
}

/**
 * Random numbers of one stream: the generator xoshiro128** (D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM
 * TOMS 47, 2021), period 2¹²⁸ − 1. Made by {@link randomStream}.
 */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param state four words, not all zero */
  constructor(state: ArrayLike<number>) {
    this.#a = state[0]! | 0;
    this.#b = state[1]! | 0;
    this.#c = state[2]! | 0;
    this.#d = state[3]! | 0;
  }

  /** The next 32 bits, as a whole number of 0 … 2³² − 1. */
  bits(): number {
    return this.#next() >>> 0;
  }

  #next(): number {
    const b = this.#b;
    const five = Math.imul(b, 5);
    const word = Math.imul((five << 7) | (five >>> 25), 9);
    const c = this.#c ^ this.#a;
    const d = this.#d ^ b;
    this.#b = b ^ c;
    this.#a ^= d;
    this.#c = c ^ (b << 9);
    this.#d = (d << 11) | (d >>> 21);
    return word;
  }

  /** Uniform in [0, 1), in steps of 2⁻³². */
  uniform(): number {
    return (this.#next() >>> 0) * TO_UNIT_32;
  }

  /** A whole number of 0 … n − 1, each as likely. @param n 1 … 2³² */
  uniformInt(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 2 ** 32))
      throw errors.numberInvalid('n', n, 'a whole number from 1 to 2^32');
    // Words beyond the last whole multiple of n would favour small results.
    const limit = 2 ** 32 - (2 ** 32 % n);
    let word = this.#next() >>> 0;
    while (word >= limit) word = this.#next() >>> 0;
    return word % n;
  }

  /** Fills `values` uniformly in [low, high), in steps of 2⁻²⁴ of the range, one word a value. Returns `values`. */
  fillUniform(values: Float32Array, low = 0, high = 1): Float32Array {
    const step = (high - low) * TO_UNIT_24;
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let i = 0; i < values.length; i++) {
      const five = Math.imul(b, 5);
      values[i] = low + (Math.imul((five << 7) | (five >>> 25), 9) >>> 8) * step;
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = (d << 11) | (d >>> 21);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
    return values;
  }

  /** Fills `values` with 0 and 1, 1 with the given probability (to 2⁻³²), one word a value. Returns `values`. */
  fillBits(values: Uint8Array, probability = 0.5): Uint8Array {
    const limit = probability * 2 ** 32;
    for (let i = 0; i < values.length; i++) values[i] = this.#next() >>> 0 < limit ? 1 : 0;
    return values;
  }

  /** Fills `values` with normally distributed numbers. The resolution is that of 24 random bits. Returns `values`. */
  fillNormal(values: Float32Array, mean = 0, sigma = 1): Float32Array {
    let filled = 0;
    while (filled < values.length) {
      const count = Math.min(BLOCK, values.length - filled);
      this.#draw(block, count);
      const ahead = new DrawnWords(this, count);
      while (ahead.at < count) {
        const end = insideLayers(block, ahead.at, count, values, filled, mean, sigma);
        filled += end - ahead.at;
        ahead.at = end;
        if (end < count) values[filled++] = mean + sigma * normalFrom(ahead);
      }
    }
    return values;
  }

  /** Words into the first places of an array. */
  #draw(words: Int32Array, count: number): void {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let i = 0; i < count; i++) {
      const five = Math.imul(b, 5);
      words[i] = Math.imul((five << 7) | (five >>> 25), 9);
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = (d << 11) | (d >>> 21);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** One normally distributed number, mean 0 and σ 1. */
  normal(): number {
    return normalFrom(this);
  }

  /** The whole numbers 0 … n − 1 in random order (Fisher and Yates). */
  permutation(n: number): Int32Array {
    return this.subset(n, n);
  }

  /** `size` different whole numbers of 0 … n − 1, in random order. */
  subset(n: number, size: number): Int32Array {
    if (!(Number.isInteger(size) && size >= 0 && size <= n))
      throw errors.numberInvalid('size', size, `a whole number from 0 to ${n}`);
    const all = new Int32Array(n);
    for (let i = 0; i < n; i++) all[i] = i;
    for (let i = 0; i < Math.min(size, n - 1); i++) {
      const j = i + this.uniformInt(n - i);
      const held = all[i]!;
      all[i] = all[j]!;
      all[j] = held;
    }
    return all.subarray(0, size);
  }

  /** One of the items, each as likely. */
  choice<T>(items: ArrayLike<T>): T {
    return items[this.uniformInt(items.length)]!;
  }
}

/** Words that are drawn together: loops that do one thing run twice as fast as one that does all. */
const BLOCK = 1024;
const block = /* @__PURE__ */ new Int32Array(BLOCK);

/** The rest of a block, then the stream behind it: the order in which single numbers would take them. */
class DrawnWords implements WordSource {
  at = 0;
  readonly #stream: RandomStream;
  readonly #count: number;

  constructor(stream: RandomStream, count: number) {
    this.#stream = stream;
    this.#count = count;
  }

  bits(): number {
    return this.at < this.#count ? block[this.at++]! >>> 0 : this.#stream.bits();
  }

  uniform(): number {
    return this.bits() * TO_UNIT_32;
  }
}

interface WordSource extends UniformSource {
  bits(): number;
}

/**
 * The numbers of words `from … to − 1`, as far as their places lie inside their layers.
 * @returns the first word whose place does not (some 1.5 in 100: near the density, or in the tail), or `to`
 */
function insideLayers(
  words: Int32Array,
  from: number,
  to: number,
  values: Float32Array,
  into: number,
  mean: number,
  sigma: number,
): number {
  const { scale, inner } = ziggurat;
  const shift = into - from;
  let at = from;
  for (; at < to; at++) {
    const word = words[at]!;
    const layer = word & 255;
    const place = word >> 8;
    // Places p and ~p mirror one another about 0; no branch on the sign, which nobody can predict.
    if ((place ^ (place >> 31)) >= inner[layer]!) break;
    values[at + shift] = mean + sigma * ((place + 0.5) * scale[layer]!);
  }
  return at;
}

/** One normally distributed number of as many words as it takes. */
function normalFrom(source: WordSource): number {
  const { edge, scale, height } = ziggurat;
  for (;;) {
    const word = source.bits() | 0;
    const layer = word & 255;
    const x = ((word >> 8) + 0.5) * scale[layer]!;
    if (Math.abs(x) < edge[layer + 1]!) return x;
    if (layer === 0) return x < 0 ? -normalTail(source) : normalTail(source);
    // Between the layer's bottom and its top: under the density or not.
    const y = height[layer]! + source.uniform() * (height[layer + 1]! - height[layer]!);
    if (y < Math.exp(-0.5 * x * x)) return x;
  }
}

const KINDS = { number: 1, text: 2, end: 3 } as const;

/** Chains {@link threefry} over the parts of a path: the image of each block under the key so far is the next key. */
class PathHash {
  readonly #key = new Int32Array(2);

  add(part: number | string): void {
    if (typeof part === 'number') {
      if (!Number.isFinite(part)) throw errors.seedInvalid(part);
      // + 0 makes −0 the same as 0.
      const [low, high] = new Int32Array(new Float64Array([part + 0]).buffer);
      this.#block(KINDS.number, 0);
      this.#block(low!, high!);
    } else {
      this.#block(KINDS.text, part.length);
      for (let i = 0; i < part.length; i += 2) this.#block(part.charCodeAt(i), part.charCodeAt(i + 1) || 0);
    }
  }

  state(): Int32Array {
    this.#block(KINDS.end, 0);
    const state = new Int32Array(4);
    for (let i = 0; i < 2; i++) {
      const words = state.subarray(2 * i, 2 * i + 2);
      words[0] = i;
      threefry(words, this.#key[0]!, this.#key[1]!);
    }
    // Two different blocks have different images: the four words are never all zero.
    return state;
  }

  #block(first: number, second: number): void {
    const key0 = this.#key[0]!;
    const key1 = this.#key[1]!;
    this.#key[0] = first;
    this.#key[1] = second;
    threefry(this.#key, key0, key1);
  }
}
