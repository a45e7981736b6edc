import type { AuditRecord } from '../../audit-record.ts';
import type { Finding } from '../../finding.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted, severityOf } from '../context.ts';

/** Bits of the fingerprint that may differ, and levels (of 255) that two thumbs may differ on average. */
const BITS = 4;
const LEVELS = 4;
const BANDS = BITS + 1;
/** A band that more pictures than this share says nothing (plain pictures all have the same bits): only equal files are then compared. */
const CROWD = 2000;

/**
 * `near-duplicates`: the same picture twice, perhaps recompressed or rescaled. Two pictures are taken for one when their files are equal, or their
 * fingerprints differ in at most 4 of 64 bits and their thumbs by at most 4 of 255 on average (plain pictures have few bits that mean anything).
 * No test: each pair is told.
 * - in two splits: the test has seen the answer (`high`)
 * - with two different labels: one is wrong (`medium`)
 * - else: counted twice (`low`)
 *
 * Pairs are found without comparing all with all: of five bands of the 64 bits at least one is equal where at most four bits differ.
 */
export function nearDuplicates({ records }: Context): Finding[] {
  const pairs = pairsOf(records);
  const splits = pairs.filter(([a, b]) => a.split !== undefined && b.split !== undefined && a.split !== b.split);
  const labels = pairs.filter(([a, b]) => a.label?.length && b.label?.length && !sameLabels(a, b));
  const graver = new Set([...splits, ...labels]);
  const others = pairs.filter((pair) => !graver.has(pair));
  return [
    ...tell(
      splits,
      'in two splits',
      true,
      false,
      'What a model was trained on is no test of it: take them out of one split and audit again.',
    ),
    ...tell(
      labels,
      'with different labels',
      false,
      true,
      'One of the two labels is wrong, or the question has no single answer.',
    ),
    ...tell(
      others,
      'in the data set twice',
      false,
      false,
      'They count twice, and intervals are narrower than they should be.',
    ),
  ];
}

type Pair = readonly [AuditRecord, AuditRecord];

function tell(pairs: readonly Pair[], what: string, high: boolean, medium: boolean, advice: string): Finding[] {
  if (pairs.length === 0) return [];
  const ids = [...new Set(pairs.flatMap(([a, b]) => [a.id, b.id]))];
  const exact = pairs.filter(([a, b]) => a.sha256 === b.sha256).length;
  const [first] = pairs;
  return [
    {
      kind: 'near-duplicates',
      title: `${counted(pairs.length, 'pair')} of pictures that look the same ${what}`,
      severity: severityOf(high, medium),
      evidence: `${exact} ${exact === 1 ? 'pair is' : 'pairs are'} equal byte for byte, in the others fingerprints differ in at most ${BITS} of 64 bits and the pictures by at most ${LEVELS} of 255 levels. The first: “${first![0].id}” and “${first![1].id}”. ${advice}`,
      figures: { pairs: pairs.length, exact, pictures: ids.length },
      ids,
    },
  ];
}

function sameLabels(a: AuditRecord, b: AuditRecord): boolean {
  return a.label!.length === b.label!.length && a.label!.every((index) => b.label!.includes(index));
}

/** Pairs of the same picture, by id; of many equal ones each with the first. */
function pairsOf(records: readonly AuditRecord[]): Pair[] {
  const found = new Map<string, Pair>();
  const add = (i: number, j: number) => found.set(`${i}/${j}`, [records[i]!, records[j]!]);
  const files = new Map<string, number>();
  records.forEach(({ sha256 }, i) => {
    const first = sha256 ? files.get(sha256) : undefined;
    if (first === undefined) files.set(sha256, i);
    else add(first, i);
  });
  const prints = records.map(({ fingerprint }) =>
    /^[0-9a-f]{16}$/i.test(fingerprint) ? BigInt(`0x${fingerprint}`) : undefined,
  );
  const thumbs = new Map<number, Uint8Array>();
  const thumbOf = (i: number) => {
    if (records[i]!.thumb === undefined) return undefined;
    const known = thumbs.get(i) ?? decodeGrid(records[i]!.thumb!);
    thumbs.set(i, known);
    return known;
  };
  for (let band = 0; band < BANDS; band++) {
    const from = BigInt(Math.round((band * 64) / BANDS));
    const width = BigInt(Math.round(((band + 1) * 64) / BANDS)) - from;
    const buckets = new Map<bigint, number[]>();
    prints.forEach((print, i) => {
      if (print === undefined) return;
      const key = (print >> from) & ((1n << width) - 1n);
      const bucket = buckets.get(key);
      if (bucket) bucket.push(i);
      else buckets.set(key, [i]);
    });
    for (const bucket of buckets.values()) {
      if (bucket.length > CROWD) continue;
      for (let b = 1; b < bucket.length; b++) {
        for (let a = 0; a < b; a++) {
          const [i, j] = [bucket[a]!, bucket[b]!];
          if (found.has(`${i}/${j}`) || bits(prints[i]! ^ prints[j]!) > BITS) continue;
          const [x, y] = [thumbOf(i), thumbOf(j)];
          if (x && y && apart(x, y) <= LEVELS) add(i, j);
        }
      }
    }
  }
  return [...found].sort((a, b) => order(a[0], b[0])).map(([, pair]) => pair);
}

const order = (a: string, b: string) => {
  const [i, j] = a.split('/').map(Number) as [number, number];
  const [k, l] = b.split('/').map(Number) as [number, number];
  return i - k || j - l;
};

function bits(value: bigint): number {
  let count = 0;
  for (let left = value; left > 0n; left &= left - 1n) count++;
  return count;
}

function apart(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
