import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, isSeewhyError } from '@seewhy/onnx';
import { unzipSync, zipSync } from 'fflate';
import { expect } from 'vitest';
import { importKeras } from '../src/index.ts';
import { FIXTURES } from './support.ts';

/** Milliseconds of computing for one file, where a few are usual: what passes this does not end. */
export const HANG = 30_000;

export const load = (name: string) => new Uint8Array(readFileSync(join(FIXTURES, name)));
export const text = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The code of the clear error, or 'ok'. */
export async function survives(files: Uint8Array | Map<string, Uint8Array>): Promise<string> {
  try {
    const { graph } = await importKeras(files);
    return check(graph).length === 0 ? 'ok' : 'INVALID_GRAPH';
  } catch (error) {
    if (isSeewhyError(error)) {
      // One line, not the whole file.
      expect(error.message.length).toBeLessThan(1500);
      expect(error.cure).toBeTruthy();
      return error.code;
    }
    throw error;
  }
}

export const archive = () => unzipSync(load('structure.keras'));

/** The archive with its parts damaged from inside, so that the zip itself is sound. */
export function repacked(change: (entries: Record<string, Uint8Array>) => void): Uint8Array {
  const entries = archive();
  change(entries);
  return zipSync(entries, { level: 0 });
}
