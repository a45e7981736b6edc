import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Graph, writeShared } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';

export const FIXTURES = fileURLToPath(new URL('../../../fixtures/keras/', import.meta.url));

export interface Numbers {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A tiny model with what Keras predicts: tools/keras/layers.py. */
export interface LayerRecord {
  readonly file: string;
  readonly model: string;
  readonly version: string;
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly outputs: readonly Numbers[];
}

interface Encoded {
  dims: number[];
  data: string;
}

const decode = ({ dims, data }: Encoded): Numbers => {
  const bytes = new Uint8Array(Buffer.from(data, 'base64'));
  return { dims, data: new Float32Array(bytes.buffer) };
};

export function layerRecords(): LayerRecord[] {
  return readdirSync(FIXTURES)
    .filter((file) => /\.(tf_)?keras\.json$|\.tfjs\.json$/.test(file))
    .map((file) => {
      const json = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as {
        model: string;
        version: string;
        inputs: Record<string, Encoded>;
        outputs: Encoded[];
      };
      const inputs = Object.fromEntries(Object.entries(json.inputs).map(([name, input]) => [name, decode(input)]));
      return { file, model: json.model, version: json.version, inputs, outputs: json.outputs.map(decode) };
    });
}

/** The bytes of a fixture; all files of its folder where it is a JSON that describes the others. */
export function fixture(name: string): Map<string, Uint8Array> {
  const path = join(FIXTURES, name);
  if (!/(^|\/)(model|config)\.json$/.test(name)) return new Map([[basename(name), new Uint8Array(readFileSync(path))]]);
  const folder = join(path, '..');
  return new Map(readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))]));
}

/** Runs a graph once in ONNX Runtime; outputs in the graph's order. */
export async function run(graph: Graph, feeds: Readonly<Record<string, Numbers>>): Promise<Numbers[]> {
  const { model, files } = writeShared(graph);
  const externalData = files.map(({ location, data }) => ({ path: location, data }));
  const session = await ort.InferenceSession.create(model, { externalData, intraOpNumThreads: 1, logSeverityLevel: 4 });
  try {
    const given = graph.inputs.map(
      ({ name }) => [name, new ort.Tensor('float32', feeds[name]!.data, [...feeds[name]!.dims])] as const,
    );
    const results = await session.run(Object.fromEntries(given));
    return graph.outputs.map(({ name }) => {
      const { dims, data } = results[name]!;
      return { dims, data: Float32Array.from(data as Float32Array) };
    });
  } finally {
    await session.release();
  }
}

/** max |a − b| / max |b|. */
export function relativeError(got: Numbers, expected: Numbers): number {
  if (got.dims.join() !== expected.dims.join()) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let largest = 0;
  for (const [index, value] of got.data.entries()) {
    const away = Math.abs(value - expected.data[index]!);
    difference = Number.isNaN(away) ? Number.POSITIVE_INFINITY : Math.max(difference, away);
    largest = Math.max(largest, Math.abs(expected.data[index]!));
  }
  return largest === 0 ? difference : difference / largest;
}
