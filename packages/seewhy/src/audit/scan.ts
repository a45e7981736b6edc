import type { Dataset, DatasetRow } from '../dataset/contract.ts';
import { IdTable, keyOf } from '../dataset/id-table.ts';
import type { Problems } from './problems.ts';

/** A class that pictures of the data set belong to, as written. */
export interface FoundLabel {
  readonly label: string;
  readonly count: number;
}

export interface ScanOptions {
  /** Only the first rows of the data set. */
  readonly limit: number | undefined;
  /** So many rows, the shares of the labels kept. */
  readonly sample: number | undefined;
  readonly split: string | undefined;
  readonly seed: number;
}

/** Rows that the tables have room for at first; what of a row is remembered are some 40 bytes, so that a million fit. */
const STEP = 1024;

/**
 * What a first walk over the rows found: how many there are, which belong to the audit, which labels occur. The rows themselves are not kept;
 * a later walk asks `take` for each whether it is wanted.
 */
export class Scan {
  readonly ids: IdTable;
  readonly labels: readonly FoundLabel[];
  /** True when some row has several labels, or an empty list of them; what rows of one picture contradict each other in does not count. */
  readonly several: boolean;
  readonly splits: ReadonlySet<string>;
  /** Rows that were looked at, bad ones included. */
  readonly walked: number;
  /** Rows that cannot be audited: problems of the data set, and second rows of an id. */
  readonly bad: number;
  /** Rows of the audit. */
  readonly rows: number;
  /** Rows of the audit that have a label. */
  readonly labelled: number;
  readonly #kept: Uint8Array;
  readonly #variants: Float64Array;

  constructor(found: Collected, kept: Uint8Array, rows: number, labelled: number) {
    this.ids = found.ids;
    this.labels = [...found.labels].map(([label, count]) => ({ label, count }));
    this.several = found.several;
    this.splits = found.splits;
    this.walked = found.walked;
    this.bad = found.bad;
    this.rows = rows;
    this.labelled = labelled;
    this.#kept = kept;
    this.#variants = found.variants;
  }

  /** The number of a row that belongs to the audit; −1 for another one. Of rows with one id only the one that was kept counts. */
  numberOf(row: DatasetRow): number {
    const at = this.ids.find(row.id);
    return at >= 0 && this.#kept[at] === 1 && this.#variants[at] === variantOf(row) ? at : -1;
  }
}

interface Collected {
  readonly ids: IdTable;
  readonly labels: Map<string, number>;
  readonly splits: Set<string>;
  several: boolean;
  variants: Float64Array;
  walked: number;
  bad: number;
}

/** Walks over the rows once. Problems of rows go to `problems`. */
export async function scanRows(dataset: Dataset, options: ScanOptions, problems: Problems): Promise<Scan> {
  const found: Collected = {
    ids: new IdTable(),
    labels: new Map(),
    splits: new Set(),
    several: false,
    variants: new Float64Array(STEP),
    walked: 0,
    bad: 0,
  };
  // Sets of labels by number: rows of one set are a layer of the sample.
  const sets = new Map<string, number>();
  let strata = new Int32Array(STEP);
  for await (const item of dataset.rows()) {
    if (options.limit !== undefined && found.walked >= options.limit) break;
    if ('problem' in item) {
      found.walked++;
      found.bad++;
      problems.add(item.problem);
      continue;
    }
    if (item.split !== undefined) found.splits.add(item.split);
    if (options.split !== undefined && item.split !== options.split) continue;
    found.walked++;
    const before = found.ids.size;
    const at = found.ids.add(item.id);
    const variant = variantOf(item);
    if (at < before) {
      found.bad++;
      problems.add({
        code: 'ID_TWICE',
        where: item.id,
        what: `the id '${item.id}' is that of several rows${item.line === undefined ? '' : `, one of them row ${item.line}`}; one of them is taken`,
      });
      // Which of them is taken follows from what they are, not from which comes first.
      if (variant >= found.variants[at]!) continue;
    } else if (at >= strata.length) {
      strata = doubled(strata, new Int32Array(strata.length * 2));
      found.variants = doubled(found.variants, new Float64Array(found.variants.length * 2));
    }
    found.variants[at] = variant;
    const set = item.labels === undefined ? '' : `\u0001${[...item.labels].sort().join('\u0000')}`;
    let number = sets.get(set);
    if (number === undefined) {
      number = sets.size;
      sets.set(set, number);
    }
    strata[at] = number;
    if (item.labels && item.labels.length !== 1 && !item.contradictory) found.several = true;
  }
  const count = found.ids.size;
  const kept = new Uint8Array(count).fill(1);
  if (options.sample !== undefined && options.sample < count)
    keepSample(kept, strata, found.ids, [...sets.keys()], options.sample, options.seed);
  const names = [...sets.keys()];
  let rows = 0;
  let labelled = 0;
  for (let at = 0; at < count; at++) {
    if (kept[at] === 0) continue;
    rows++;
    const name = names[strata[at]!]!;
    if (name === '') continue;
    labelled++;
    for (const label of labelsOf(name)) found.labels.set(label, (found.labels.get(label) ?? 0) + 1);
  }
  return new Scan(found, kept, rows, labelled);
}

const labelsOf = (set: string): string[] => (set.length > 1 ? set.slice(1).split('\u0000') : []);

function doubled<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from as never);
  return to;
}

/** What tells rows of one id apart. */
function variantOf({ path, frame, labels }: DatasetRow): number {
  const [low, high] = keyOf(JSON.stringify([path, frame ?? -1, labels ?? null]));
  return high * 2 ** 21 + (low >>> 11);
}

/**
 * Keeps `size` rows: of each layer its share by largest remainders, at least one where there is room; within a layer those whose ids come
 * first in an order drawn with the seed. The order of the rows has no say.
 */
function keepSample(
  kept: Uint8Array,
  strata: Int32Array,
  ids: IdTable,
  names: readonly string[],
  size: number,
  seed: number,
): void {
  const sizes = new Array<number>(names.length).fill(0);
  for (let at = 0; at < kept.length; at++) sizes[strata[at]!]!++;
  const quotas = allotted(sizes, names, size);
  const order = new Float64Array(kept.length);
  const indexes = new Int32Array(kept.length);
  for (let at = 0; at < order.length; at++) {
    order[at] = ids.share(at, seed);
    indexes[at] = at;
  }
  indexes.sort((a, b) => strata[a]! - strata[b]! || order[a]! - order[b]!);
  for (const at of indexes) kept[at] = quotas[strata[at]!]!-- > 0 ? 1 : 0;
}

/** Shares of `size` in proportion to `counts`, by largest remainders; layers that would get nothing get one as long as there is room. */
export function allotted(counts: readonly number[], names: readonly string[], size: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (size >= total) return [...counts];
  const layers = counts.map((count, layer) => ({ layer, count, exact: (count * size) / total }));
  const quotas = layers.map(({ exact, count }) =>
    size >= counts.length && count > 0 ? Math.max(1, Math.floor(exact)) : Math.floor(exact),
  );
  const byName = (a: number, b: number) => (names[a]! < names[b]! ? -1 : 1);
  let left = size - quotas.reduce((sum, quota) => sum + quota, 0);
  while (left !== 0) {
    const step = Math.sign(left);
    const [next] = layers
      .filter(({ layer, count }) => (step > 0 ? quotas[layer]! < count : quotas[layer]! > 1))
      .sort((a, b) => step * (b.exact - quotas[b.layer]! - (a.exact - quotas[a.layer]!)) || byName(a.layer, b.layer));
    if (!next) break;
    quotas[next.layer]! += step;
    left -= step;
  }
  return quotas;
}
