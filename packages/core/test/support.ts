import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  decodeNpy,
  Model,
  type ModelOptions,
  npyToFloat32,
  ortRuntime,
  type RunTensor,
  type Runtime,
} from '@seewhy/core';
import { type Graph, readGraph } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const fixture = (path: string) => join(root, 'fixtures', path);

/** ONNX Runtime on one thread: results do not depend on the machine's cores. */
export const runtime: Runtime = ortRuntime(ort as never, { threads: 1 });

/** A fixture model's graph, its external data read from its own folder. */
export function readFixture(path: string): Graph {
  const file = fixture(path);
  return readGraph(new Uint8Array(readFileSync(file)), {
    external: (location, offset, length) => {
      const beside = join(dirname(file), location);
      if (!existsSync(beside)) throw new Error(`${location} is missing`);
      return new Uint8Array(readFileSync(beside)).subarray(offset, length === undefined ? undefined : offset + length);
    },
  });
}

export function loadFixture(path: string, options: Partial<ModelOptions> = {}): Promise<Model> {
  return Model.load(readFixture(path), { runtime, ...options });
}

/** A .npy fixture as float32. */
export function npy(path: string): RunTensor & { data: Float32Array } {
  const array = decodeNpy(new Uint8Array(readFileSync(fixture(path))), path);
  return { type: 'float32', dims: array.dims, data: npyToFloat32(array) };
}

/** Largest difference relative to the largest reference value. */
export function relativeError(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (found.length !== reference.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = 0;
  for (let index = 0; index < reference.length; index++) {
    const gap = Math.abs(found[index]! - reference[index]!);
    if (!(gap <= difference)) difference = gap;
    scale = Math.max(scale, Math.abs(reference[index]!));
  }
  return difference / Math.max(scale, 1e-30);
}
