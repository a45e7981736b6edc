import { readFileSync } from 'node:fs';
import type { Model } from '@seewhy/core';
import { expect } from 'vitest';
import { fixture, loadFixture, npy } from '../support.ts';

/** Relative L2 distance. */
export function distance(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  expect(found.length).toBe(reference.length);
  let [apart, size] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    apart += (found[i]! - reference[i]!) ** 2;
    size += reference[i]! ** 2;
  }
  return Math.sqrt(apart / Math.max(size, 1e-30));
}

const models = new Map<string, Promise<Model>>();
/** Model and picture of a case of fixtures/parity. */
export const caseOf = (name: string) =>
  JSON.parse(readFileSync(fixture(`parity/${name}/case.json`), 'utf8')) as { model: string; input: string };

/** The model of a case, loaded once. */
export function load(name: string): Promise<Model> {
  const known = models.get(name) ?? loadFixture(caseOf(name).model.replace(/^fixtures\//, ''), { batch: 'free' });
  models.set(name, known);
  return known;
}

/** The picture of a case. */
export const pictureOf = (name: string) => npy(`parity/${name}/${caseOf(name).input}`);
