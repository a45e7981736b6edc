import type { AuditRecord } from '../../audit-record.ts';
import type { Finding } from '../../finding.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted, pictures, severityOf } from '../context.ts';

/** Bits of the fingerprint that may differ, and levels (of 255) that two thumbs may differ on average. */
const BITS = 4;
const LEVELS = 4;
/** Where at most four bits differ, two of six parts of the 64 are equal. */
const PARTS = 6;
/** Two parts that more pictures share say nothing (plain pictures all have the same bits): only equal files are then found. */
const CROWD = 2000;
/** Thumbs held at once. */
const THUMBS = 4096;

/** Ways in which two pictures that are one may be filed. */
const FILED = [
  {
    one: 'but lies in two splits',
    many: 'but lie in two splits',
    high: true,
    medium: false,
    advice: 'What a model was trained on is no test of it: take them out of one split and audit again.',
  },
  {
    one: 'but has different labels',
    many: 'but have different labels',
    high: false,
    medium: true,
    advice: 'One of the two labels is wrong, or the question has no single answer.',
  },
  {
    one: 'and counts twice',
    many: 'and count twice',
    high: false,
    medium: false,
    advice: 'They count twice, and intervals are narrower than they should be.',
  },
] as const;
const [SPLITS, LABELS, TWICE] = [0, 1, 2] as const;

/**
 * `near-duplicates`: the same picture twice, perhaps recompressed or rescaled. Two pictures are taken for one when their files are equal, or their
 * fingerprints differ in at most 4 of 64 bits and their thumbs by at most 4 of 255 on average (plain pictures have few bits that mean anything).
 * No test: each pair is told; of many equal pictures each with the first.
 * - in two splits: the test has seen the answer (`high`)
 * - with two different labels: one is wrong (`medium`)
 * - else: counted twice (`low`)
 *
 * Pairs are found without comparing all with all: of six parts of the 64 bits at least two are equal where at most four bits differ. Where more
 * than 2000 pictures have the same two parts, their number is told, and only equal files are found among them.
 */
export function nearDuplicates({ records }: Context): Finding[] {
  const twins = new Twins(records);
  twins.ofFiles();
  twins.ofPrints();
  const found = FILED.flatMap((filed, kind) => tell(records, twins.pairs(kind), filed, twins.crowded));
  return found.length === 0 && twins.crowded > 0 ? [untold(twins.crowded)] : found;
}

type Pair = readonly [number, number];

function tell(
  records: readonly AuditRecord[],
  pairs: readonly Pair[],
  filed: (typeof FILED)[number],
  crowded: number,
): Finding[] {
  const [first] = pairs;
  if (!first) return [];
  const shown = [...new Set(pairs.flat())];
  const exact = pairs.filter(([a, b]) => sameFile(records[a]!, records[b]!)).length;
  const alike = pairs.length - exact;
  const one = pairs.length === 1;
  return [
    {
      kind: 'near-duplicates',
      title: `${counted(pairs.length, 'pair')} of pictures ${one ? 'looks' : 'look'} the same ${one ? filed.one : filed.many}`,
      severity: severityOf(filed.high, filed.medium),
      evidence: [
        alike === 0
          ? `${one ? 'The two files are' : 'The files of each pair are'} equal byte for byte.`
          : `${exact === 0 ? '' : `${counted(exact, 'pair is', 'pairs are')} equal byte for byte; ${exact === pairs.length - 1 ? 'in the other' : 'in the others'} `}${exact === 0 ? 'F' : 'f'}ingerprints differ in at most ${BITS} of 64 bits and pixels by at most ${LEVELS} of 255 levels on average.`,
        `${one ? 'They are' : 'The first pair is'} “${records[first[0]]!.id}” and “${records[first[1]]!.id}”.`,
        ...(crowded > 0
          ? [
              `${counted(crowded, 'picture')} with little in them could not be told apart so: among these only equal files were found.`,
            ]
          : []),
        filed.advice,
      ].join(' '),
      figures: { pairs: pairs.length, exact, pictures: shown.length, ...(crowded > 0 && { crowded }) },
      ...pictures(shown, (at) => records[at]!.id),
    },
  ];
}

/** A crowd without a pair: that nothing was found means less than it seems. */
const untold = (crowded: number): Finding => ({
  kind: 'near-duplicates',
  title: `${counted(crowded, 'picture')} look too much alike to say which of them are the same`,
  severity: 'low',
  evidence:
    'They are plain or nearly so, and their fingerprints agree by chance: only equal files would have been found among them, and there are none.',
  figures: { crowded },
  ids: [],
});

const sameFile = (a: AuditRecord, b: AuditRecord) => a.sha256 !== '' && a.sha256 === b.sha256;

/** For each picture the first one before it that is the same, by the way the two are filed. Held are numbers, some 50 bytes a picture. */
class Twins {
  /** Pictures in a crowd that was not compared. */
  crowded = 0;
  readonly #first: readonly Int32Array[];
  readonly #splits: Int32Array;
  readonly #labels: Int32Array;
  readonly #thumbs = new Map<number, Uint8Array>();

  constructor(readonly records: readonly AuditRecord[]) {
    this.#first = FILED.map(() => new Int32Array(records.length).fill(-1));
    this.#splits = numbered(records, ({ split }) => split);
    this.#labels = numbered(records, ({ label }) =>
      label?.length ? label.toSorted((a, b) => a - b).join() : undefined,
    );
  }

  /** By the first picture, then the second. */
  pairs(kind: number): Pair[] {
    const pairs: Pair[] = [];
    for (const [b, a] of this.#first[kind]!.entries()) if (a >= 0) pairs.push([a, b]);
    return pairs.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  }

  /** Equal files: of each way to be filed the first is compared with. */
  ofFiles(): void {
    const { records } = this;
    const keys = Float64Array.from(records, ({ sha256 }) => (sha256 === '' ? Number.NaN : hashOf(sha256)));
    for (const run of runsOf(keys)) {
      const files = new Map<string, Map<string, number>>();
      for (const b of run) {
        const { sha256 } = records[b]!;
        const filed = files.get(sha256) ?? new Map<string, number>();
        files.set(sha256, filed);
        for (const a of filed.values()) this.#note(a, b, this.#kindsOf(a, b));
        const own = `${this.#splits[b]} ${this.#labels[b]}`;
        if (!filed.has(own)) filed.set(own, b);
      }
    }
  }

  ofPrints(): void {
    const { records } = this;
    const words = new Uint32Array(2 * records.length);
    const known = new Uint8Array(records.length);
    for (const [i, { fingerprint }] of records.entries()) {
      if (!/^[0-9a-f]{16}$/i.test(fingerprint)) continue;
      known[i] = 1;
      for (const word of [0, 1]) words[2 * i + word] = Number.parseInt(fingerprint.slice(8 * word, 8 * word + 8), 16);
    }
    const apart = (a: number, b: number) =>
      ones(words[2 * a]! ^ words[2 * b]!) + ones(words[2 * a + 1]! ^ words[2 * b + 1]!);
    const crowd = new Uint8Array(records.length);
    for (let p = 0; p < PARTS; p++)
      for (let q = p + 1; q < PARTS; q++) {
        const keys = Float64Array.from(known, (one, i) =>
          one === 1 ? partOf(words, i, p) * 2 ** 11 + partOf(words, i, q) : Number.NaN,
        );
        for (const run of runsOf(keys)) {
          if (run.length > CROWD) for (const i of run) crowd[i] = 1;
          else this.#compare(run, apart);
        }
      }
    this.crowded = crowd.reduce((sum, one) => sum + one, 0);
  }

  /** Compares pictures of which any two may be the same. */
  #compare(run: Int32Array, apart: (a: number, b: number) => number): void {
    for (const [at, b] of run.entries())
      for (const a of run.subarray(0, at)) {
        if (apart(a, b) > BITS) continue;
        const kinds = this.#kindsOf(a, b).filter((kind) => {
          const known = this.#first[kind]![b]!;
          return known < 0 || known > a;
        });
        if (kinds.length > 0 && this.#look(a, b)) this.#note(a, b, kinds);
      }
  }

  #kindsOf(a: number, b: number): readonly number[] {
    const splits = differ(this.#splits, a, b);
    const labels = differ(this.#labels, a, b);
    return KINDS[(splits ? 1 : 0) + (labels ? 2 : 0)]!;
  }

  #note(a: number, b: number, kinds: readonly number[]): void {
    for (const kind of kinds) {
      const first = this.#first[kind]!;
      if (first[b]! < 0 || first[b]! > a) first[b] = a;
    }
  }

  #look(a: number, b: number): boolean {
    const [x, y] = [this.#thumb(a), this.#thumb(b)];
    return x !== undefined && y !== undefined && meanDifference(x, y) <= LEVELS;
  }

  #thumb(at: number): Uint8Array | undefined {
    const known = this.#thumbs.get(at);
    if (known) return known;
    const { thumb } = this.records[at]!;
    if (thumb === undefined) return undefined;
    if (this.#thumbs.size === THUMBS) this.#thumbs.clear();
    const bytes = decodeGrid(thumb);
    this.#thumbs.set(at, bytes);
    return bytes;
  }
}

/** Ways by whether splits (1) and labels (2) differ. */
const KINDS: readonly (readonly number[])[] = [[TWICE], [SPLITS], [LABELS], [SPLITS, LABELS]];

/** Both are known, and not the same. */
const differ = (codes: Int32Array, a: number, b: number) => codes[a]! >= 0 && codes[b]! >= 0 && codes[a] !== codes[b];

/** Equal texts have equal numbers; −1: none. */
function numbered(records: readonly AuditRecord[], textOf: (record: AuditRecord) => string | undefined): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(records, (record) => {
    const text = textOf(record);
    if (text === undefined) return -1;
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  });
}

/** Places of equal keys (whole numbers below 2²²; NaN: none), rising, where there are two or more. */
function* runsOf(keys: Float64Array): Generator<Int32Array> {
  const room = 2 ** 31;
  // Key and place in one number: sorted without a call for each comparison.
  const sorted = keys.map((key, at) => key * room + at).sort();
  for (let from = 0; from < sorted.length && !Number.isNaN(sorted[from]); ) {
    const key = Math.floor(sorted[from]! / room);
    let to = from + 1;
    while (to < sorted.length && Math.floor(sorted[to]! / room) === key) to++;
    if (to - from > 1) yield Int32Array.from(sorted.subarray(from, to), (value) => value % room);
    from = to;
  }
}

/** FNV-1a (G. Fowler, L. Noll, K.-P. Vo), folded to 22 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 22)) & 0x3fffff;
}

/** Bits of one of six parts: 11 of the first four, 10 of the last two. */
function partOf(words: Uint32Array, at: number, part: number): number {
  const from = part < 5 ? 11 * part : 54;
  const width = part < 4 ? 11 : 10;
  let bits = 0;
  for (let bit = from; bit < from + width; bit++)
    bits = bits * 2 + ((words[2 * at + (bit >> 5)]! >>> (31 - (bit & 31))) & 1);
  return bits;
}

/** Bits that are set. */
function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
