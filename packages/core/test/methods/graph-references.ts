import { readFileSync } from 'node:fs';
import {
  type ExplainOptions,
  type Explanation,
  explain,
  type MethodOptions,
  type Model,
  type RunTensor,
  rectify,
} from '@seewhy/core';
import { fixture, npy } from '../support.ts';

/** A row of fixtures/parity/methods.json: one map of a peer. */
export interface Reference {
  readonly model: string;
  readonly peer: string;
  readonly version: string;
  readonly method: string;
  readonly variant: string | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly target: number | null;
  readonly layer: string | null;
  readonly value: string | null;
  readonly raw: string;
  readonly finished: string | null;
  readonly layout: Readonly<Record<string, string>>;
  readonly peerError: number | null;
}

/** How a method of the table is run here, where that is more than its name. */
export interface Run {
  readonly method: string;
  readonly options: Partial<MethodOptions>;
}

export const REFERENCES = JSON.parse(readFileSync(fixture('parity/methods.json'), 'utf8')) as Reference[];

/** The values of a peer's map with its folder's model file. */
export const valuesOf = (file: string): Float32Array => npy(`parity/${file}`).data;

export const modelFile = (folder: string): string =>
  (JSON.parse(readFileSync(fixture(`parity/${folder}/case.json`), 'utf8')) as { model: string }).model.replace(
    /^fixtures\//,
    '',
  );

/** Our raw map as far as the peer's goes: behind a ReLU, or with the peer's arbitrary sign. */
export function asPeer(found: Float32Array, reference: Float32Array, options: Reference['options']): Float32Array {
  if (options.rectified === true) return rectify({ width: found.length, height: 1, data: found }, 'relu').data;
  if (options.sign !== 'arbitrary') return found;
  const agreement = found.reduce((sum, value, at) => sum + value * reference[at]!, 0);
  return agreement < 0 ? found.map((value) => -value) : found;
}

/** Difference and reference as lengths: ‖a − b‖ / ‖b‖. */
export function relativeLength(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (found.length !== reference.length) return Number.POSITIVE_INFINITY;
  let [difference, length] = [0, 0];
  for (let at = 0; at < reference.length; at++) {
    difference += (found[at]! - reference[at]!) ** 2;
    length += reference[at]! ** 2;
  }
  return Math.sqrt(difference / Math.max(length, 1e-60));
}

/** The one explanation of one picture. */
export async function explainOne(model: Model, image: RunTensor, options: ExplainOptions): Promise<Explanation> {
  return (await explain(model, [image], options))[0]![0]!;
}
