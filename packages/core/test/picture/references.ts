import { readFileSync } from 'node:fs';
import type { HeatMap } from '../../src/heatmap/heatmap.ts';
import { decodeNpy, npyToFloat32 } from '../../src/npy.ts';
import type { Picture } from '../../src/picture/picture.ts';

const folder = new URL('../../../../fixtures/pictures/references/', import.meta.url);

/** Files written by tools/pictures/references.py. */
export const referenceBytes = (file: string) => readFileSync(new URL(file, folder));
export const referenceJson = (file: string) => JSON.parse(referenceBytes(file).toString('utf8'));
export const referenceArray = (file: string) => decodeNpy(referenceBytes(file), file);

export function referencePicture(file: string): Picture {
  const { dims, data } = referenceArray(file);
  return { width: dims[1]!, height: dims[0]!, channels: 3, data: data as Uint8Array };
}

export function referenceMap(file: string): HeatMap {
  const array = referenceArray(file);
  return { width: array.dims[1]!, height: array.dims[0]!, data: npyToFloat32(array) };
}

/** Largest |a - b|; infinite when they differ in length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
