import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { importKeras } from '../src/index.ts';
import { FIXTURES } from './support.ts';

// Its WebAssembly costs a quarter of a second and 40 MB, which a file as Keras writes it must not.
vi.mock('h5wasm', () => {
  throw new Error('the HDF5 library was loaded');
});

const FILES = readdirSync(FIXTURES).filter((name) => /\.(h5|keras)$/.test(name) && name !== 'architecture.weights.h5');

it.each(FILES)('%s is imported without the HDF5 library', async (name) => {
  const { graph } = await importKeras(new Uint8Array(readFileSync(join(FIXTURES, name))), { name });
  expect(graph.nodes.length).toBeGreaterThan(0);
});
