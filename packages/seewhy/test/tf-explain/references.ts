import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeNpy, type NpyArray, npyToFloat32, type RunTensor } from '@seewhy/core';
import { expect } from 'vitest';
import type { Grid, RawValues } from '../../src/tf-explain/index.ts';

export const fixtures = fileURLToPath(new URL('../../../../fixtures/', import.meta.url));
export const npy = (file: string): NpyArray => decodeNpy(readFileSync(join(fixtures, 'tf-explain', `${file}.npy`)));
export const model = (name: string) => join(fixtures, 'tf-explain', `${name}.h5`);

export interface Facts {
  readonly classIndex: number;
  readonly layers: readonly string[];
  readonly patchSize: number;
  readonly nSteps: number;
  readonly noise: number;
}

export const factsOf = (name: string): Facts =>
  JSON.parse(readFileSync(join(fixtures, 'tf-explain', name, 'facts.json'), 'utf8'));

export const floats = (array: NpyArray): RunTensor => ({
  type: 'float32',
  dims: array.dims,
  data: npyToFloat32(array),
});

/** Largest difference, relative to the largest reference value. */
export function relative(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  expect(found.length).toBe(reference.length);
  let [difference, largest] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    const apart = Math.abs(found[i]! - reference[i]!);
    difference = Math.max(difference, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
    largest = Math.max(largest, Math.abs(reference[i]!));
  }
  return difference / largest;
}

export const TOLERANCE = 1e-4;

export function expectRaw(found: RawValues, reference: RunTensor): void {
  expect(found.dims).toEqual(reference.dims);
  expect(relative(found.data, reference.data as Float32Array)).toBeLessThan(TOLERANCE);
}

/** Values on the border of two colours may fall on either: a step of the table is up to 4 levels, and hardly any value does. */
export function expectGrid(found: Grid, reference: NpyArray): void {
  const [height, width, channels = 1] = reference.dims as [number, number, number?];
  expect([found.height, found.width]).toEqual([height, width]);
  const data = reference.data as Uint8Array;
  let unequal = 0;
  for (let i = 0; i < found.data.length; i++) {
    const apart = Math.abs(found.data[i]! - data[channels === 3 ? i : Math.floor(i / 3)]!);
    expect(apart).toBeLessThanOrEqual(4);
    if (apart > 0) unequal++;
  }
  expect(unequal / found.data.length).toBeLessThan(0.005);
}
