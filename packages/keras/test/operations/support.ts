import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Numbers } from '../support.ts';

export const FOLDER = fileURLToPath(new URL('../../../../fixtures/keras-graph/', import.meta.url));

/** A tiny graph model with what TensorFlow computes: tools/keras-graph/cases.py. */
export interface GraphCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Numbers>>;
  /** By TensorFlow's name. */
  readonly outputs: Readonly<Record<string, Numbers>>;
}

interface Encoded {
  dims: number[];
  data: string;
}

export function graphCases(): GraphCase[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.case.json'))
    .map((file) => {
      const json = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Record<
        'inputs' | 'outputs',
        Record<string, Encoded>
      >;
      return {
        name: file.replace('.case.json', ''),
        inputs: decoded(json.inputs),
        outputs: decoded(json.outputs),
      };
    });
}

/** model.json and weights of a case. */
export function graphFiles(name: string): Map<string, Uint8Array> {
  return new Map(
    [`${name}.json`, `${name}.bin`].map((file) => [file, new Uint8Array(readFileSync(join(FOLDER, file)))]),
  );
}

function decoded(values: Record<string, Encoded>): Record<string, Numbers> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { dims, data }]) => {
      const bytes = new Uint8Array(Buffer.from(data, 'base64'));
      return [name, { dims, data: new Float32Array(bytes.buffer) }];
    }),
  );
}
