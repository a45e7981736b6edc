import * as ort from 'onnxruntime-node';
import { type DataType, type Graph, Tensor, type TensorData, writeShared } from '../src/index.ts';

// ONNX Runtime writes warnings and errors to stderr too: 4 = fatal ones only; errors are thrown anyway.
const quiet = { logSeverityLevel: 4 } as const;

/** Named tensors in our own form. */
export type Feeds = Readonly<Record<string, Tensor>>;
export type Results = Readonly<Record<string, Tensor>>;

/** Runs a model as it lies in a file: the reference for what a pass must not change. */
export async function runBytes(model: Uint8Array, feeds: Feeds, optimize = true): Promise<Results> {
  return run(await ort.InferenceSession.create(model, options(optimize)), feeds);
}

/** Runs a graph, its weights shared with the file they came from. */
export async function runGraph(graph: Graph, feeds: Feeds, optimize = true): Promise<Results> {
  const { model, files } = writeShared(graph);
  const externalData = files.map(({ location, data }) => ({ path: location, data }));
  return run(await ort.InferenceSession.create(model, { ...options(optimize), externalData }), feeds);
}

function options(optimize: boolean): ort.InferenceSession.SessionOptions {
  return { ...quiet, intraOpNumThreads: 1, graphOptimizationLevel: optimize ? 'all' : 'disabled' };
}

function toOrt(tensor: Tensor): ort.Tensor {
  const data = tensor.data();
  const make = (values: unknown) => new ort.Tensor(tensor.type as 'float32', values as Float32Array, tensor.dims);
  const { Float16Array: Half } = globalThis as {
    Float16Array?: new (buffer: ArrayBufferLike, offset: number, length: number) => unknown;
  };
  if (tensor.type !== 'float16' || !Half) return make(data);
  // From Node 24 on a Float16Array is wanted, and then found empty (onnxruntime's pull request 32323): the bits are read instead.
  return Object.defineProperty(make(new Half(data.buffer, data.byteOffset, data.length)), 'data', { value: data });
}

async function run(session: ort.InferenceSession, feeds: Feeds): Promise<Results> {
  try {
    const given: Record<string, ort.Tensor> = {};
    for (const name of session.inputNames) {
      const tensor = feeds[name];
      if (tensor) given[name] = toOrt(tensor);
    }
    const results = await session.run(given);
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [
        name,
        Tensor.of(type as DataType, dims, (data as TensorData).slice() as TensorData),
      ]),
    );
  } finally {
    await session.release();
  }
}

/** A seeded tensor: xorshift32, floats between -1 and 1. */
export function noise(dims: readonly number[], seed = 1, type: DataType = 'float32'): Tensor {
  let state = seed * 2654435761 || 1;
  const size = dims.reduce((product, dim) => product * dim, 1);
  const values = Float32Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  });
  return Tensor.floats(values, dims, type);
}

/** The same names, types, dimensions and bits. Returns what differs, or undefined. */
export function difference(a: Results, b: Results): string | undefined {
  const names = Object.keys(a);
  if (names.join() !== Object.keys(b).join()) return `outputs ${names} and ${Object.keys(b)}`;
  for (const name of names) {
    const [left, right] = [a[name]!, b[name]!];
    if (left.type !== right.type || left.dims.join() !== right.dims.join())
      return `${name}: ${left.type}[${left.dims}] and ${right.type}[${right.dims}]`;
    const at = left.bytes.findIndex((byte, index) => byte !== right.bytes[index]);
    if (at >= 0) return `${name}: byte ${at} of ${left.bytes.length} differs`;
  }
  return undefined;
}
