import { readFileSync } from 'node:fs';
import { decodeNpy } from '../../src/npy.ts';
import type { Picture } from '../../src/picture/picture.ts';
import type { Segmentation } from '../../src/segmentation/segmentation.ts';

const folder = new URL('../../../../fixtures/segmentation/', import.meta.url);

/** Files written by tools/segmentation/reference.py. */
export const referenceJson = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
export const referenceArray = (file: string) => decodeNpy(readFileSync(new URL(file, folder)), file);

export function referencePicture(file: string): Picture {
  const { dims, data } = referenceArray(file);
  return { height: dims[0]!, width: dims[1]!, channels: 3, data: data as Uint8Array };
}

/** Labels numbered in order of appearance. */
export function byAppearance(labels: ArrayLike<number>): number[] {
  const index = new Map<number, number>();
  return Array.from(labels, (label) => {
    if (!index.has(label)) index.set(label, index.size);
    return index.get(label)!;
  });
}

/** Adjusted Rand index of two partitions (Hubert and Arabie 1985): 1 the same, 0 no more alike than by chance. */
export function adjustedRand(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = (counts: Map<string | number, number>) =>
    [...counts.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
  const count = (key: (i: number) => string | number) => {
    const counts = new Map<string | number, number>();
    for (let i = 0; i < a.length; i++) counts.set(key(i), (counts.get(key(i)) ?? 0) + 1);
    return counts;
  };
  const both = pairs(count((i) => `${a[i]} ${b[i]}`));
  const first = pairs(count((i) => a[i]!));
  const second = pairs(count((i) => b[i]!));
  const chance = (first * second) / ((a.length * (a.length - 1)) / 2);
  return (both - chance) / ((first + second) / 2 - chance);
}

/** How many connected pieces (4-neighbours) the regions have. */
export function pieces({ labels, height, width }: Segmentation): number {
  const parent = Int32Array.from(labels, (_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) at = parent[at] = parent[parent[at]!]!;
    return at;
  };
  for (let i = 0; i < labels.length; i++) {
    if ((i + 1) % width !== 0 && labels[i] === labels[i + 1]) parent[root(i)] = root(i + 1);
    if (i < (height - 1) * width && labels[i] === labels[i + width]) parent[root(i)] = root(i + width);
  }
  return new Set(labels.map((_, i) => root(i))).size;
}
