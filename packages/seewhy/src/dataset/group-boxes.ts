import { GrowingNumbers } from '../growing-numbers.ts';
import type { MaskRegion } from './contract.ts';
import type { LabelSets } from './label-sets.ts';

/** Boxes and sets of labels by group, packed: a million boxes in 44 MB. */
export class GroupBoxes {
  readonly #heads: Int32Array;
  readonly #next = new GrowingNumbers(Int32Array, 1024);
  readonly #set = new GrowingNumbers(Int32Array, 1024);
  readonly #box = new GrowingNumbers(Float64Array, 4096);
  #size = 0;

  constructor(groups: number) {
    this.#heads = new Int32Array(groups).fill(-1);
  }

  clear(group: number): void {
    this.#heads[group] = -1;
  }

  /** A set without a box is kept too. */
  add(group: number, set: number, regions: readonly MaskRegion[]): void {
    if (regions.length === 0) this.#push(group, set, [Number.NaN, 0, 0, 0]);
    for (const region of regions) if ('box' in region) this.#push(group, set, region.box);
  }

  #push(group: number, set: number, box: readonly number[]): void {
    const at = this.#size++;
    this.#next.set(at, this.#heads[group]!);
    this.#set.set(at, set);
    for (const [side, value] of box.entries()) this.#box.set(at * 4 + side, value);
    this.#heads[group] = at;
  }

  *#of(group: number): Iterable<number> {
    for (let at = this.#heads[group]!; at >= 0; at = this.#next.get(at)) yield at;
  }

  sets(group: number): ReadonlySet<number> {
    return new Set([...this.#of(group)].map((at) => this.#set.get(at)));
  }

  /** Each box once, sorted by label and place. */
  regions(group: number, sets: LabelSets): MaskRegion[] {
    const found = new Map<string, MaskRegion>();
    for (const at of this.#of(group)) {
      const side = (number: number) => this.#box.get(at * 4 + number);
      const [x, y, width, height] = [side(0), side(1), side(2), side(3)];
      if (Number.isNaN(x)) continue;
      const labels = sets.get(this.#set.get(at));
      const region: MaskRegion = {
        ...(labels?.length === 1 ? { label: labels[0]! } : {}),
        box: [x, y, width, height],
      };
      found.set(JSON.stringify([labels ?? null, region.box]), region);
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, region]) => region);
  }
}
