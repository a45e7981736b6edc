import { readFileSync } from 'node:fs';
import { type Graph, writeShared } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';

/** Numbers with their shape, as NumPy saves them. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** Opens a graph in ONNX Runtime, its weights shared with it. */
export async function openGraph(graph: Graph, threads = 2): Promise<ort.InferenceSession> {
  const { model, files } = writeShared(graph);
  const externalData = files.map(({ location, data }) => ({ path: location, data }));
  return ort.InferenceSession.create(model, { externalData, intraOpNumThreads: threads, logSeverityLevel: 3 });
}

/** Runs a graph once; outputs by name. */
export async function runGraph(
  graph: Graph,
  feeds: Readonly<Record<string, Numbers>>,
): Promise<Record<string, Numbers>> {
  const session = await openGraph(graph);
  try {
    const tensors = Object.entries(feeds).map(
      ([name, { dims, data }]) => [name, new ort.Tensor('float32', Float32Array.from(data), [...dims])] as const,
    );
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        { dims, data: Float32Array.from(data as Float32Array) },
      ]),
    );
  } finally {
    await session.release();
  }
}

/** Reads a `.npy` file of float32 or float64 in C order: what the scripts here write. */
export function readNpy(path: string): Numbers {
  const file = readFileSync(path);
  const bytes = new Uint8Array(file);
  const length = file.readUInt16LE(8);
  const header = file.toString('latin1', 10, 10 + length);
  const type = /'descr': '<f(4|8)'/.exec(header)?.[1];
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!type || shape === undefined || !header.includes("'fortran_order': False"))
    throw new Error(`${path} is no float array in C order`);
  const dims = shape
    .split(',')
    .map((dim) => dim.trim())
    .filter((dim) => dim !== '')
    .map(Number);
  const { buffer } = bytes.slice(10 + length);
  return { dims, data: type === '4' ? new Float32Array(buffer) : new Float64Array(buffer) };
}

/** max |a − b| / max |b|; NaN where either has one. */
export function relativeError(got: Numbers, expected: Numbers): number {
  if (got.dims.join() !== expected.dims.join()) throw new Error(`shape [${got.dims}], not [${expected.dims}]`);
  let difference = 0;
  let largest = 0;
  got.data.forEach((value, index) => {
    const away = Math.abs(value - expected.data[index]!);
    difference = Number.isNaN(away) ? Number.NaN : Math.max(difference, away);
    largest = Math.max(largest, Math.abs(expected.data[index]!));
  });
  return largest === 0 ? difference : difference / largest;
}
