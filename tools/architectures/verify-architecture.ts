import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differentiate } from '@seewhy/autodiff';
import { decodeNpy, ortRuntime, probe, type RunTensor, settleBranches, toFloat32 } from '@seewhy/core';
import {
  float32ToFloat16,
  fold,
  type Graph,
  GraphBuilder,
  inferTypes,
  prepare,
  readGraph,
  removeDeadNodes,
  removeUnusedInputs,
  Tensor,
} from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';

/** The record that export.py writes for each model. */
export interface ArchitectureRecord {
  name: string;
  family: string;
  exporter: string;
  model: string;
  opset: number;
  input: { name: string; type: string; shape: number[]; file: string };
  output: { name: string; shape: number[] };
  target: number[];
  logit: number;
  gradient: { file: string; by: string };
  error: { max: number } & Record<string, number>;
}

export interface ArchitectureResult {
  name: string;
  family: string;
  exporter: string;
  opset: number;
  /** Relative L2 error of seewhy's input gradient against the framework's float64 one. */
  error: number;
  /** The framework's own float32 error. */
  frameworkError: number;
  /** Allowed: 1e-4, or 2.5 times the framework's own error. */
  allowed: number;
  passed: boolean;
  message?: string;
  seconds: number;
}

/** The record of one export, if it is complete. */
export function readRecord(folder: string, file: string): ArchitectureRecord {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as ArchitectureRecord;
}

/** Input gradient of one output element of an exported model by seewhy, held against the framework's float64 gradient. */
export async function verifyArchitecture(folder: string, record: ArchitectureRecord): Promise<ArchitectureResult> {
  const start = performance.now();
  const allowed = Math.max(1e-4, 2.5 * record.error.max);
  const base = {
    name: record.name,
    family: record.family,
    exporter: record.exporter,
    opset: record.opset,
    frameworkError: record.error.max,
    allowed,
  };
  try {
    const error = await gradientError(folder, record);
    return { ...base, error, passed: error <= allowed, seconds: (performance.now() - start) / 1000 };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { ...base, error: Number.NaN, passed: false, message, seconds: (performance.now() - start) / 1000 };
  }
}

async function gradientError(folder: string, record: ArchitectureRecord): Promise<number> {
  const runtime = ortRuntime(ort as never, { threads: 2 });
  const input = readNpy(join(folder, record.input.file));
  const half = record.input.type === 'float16';
  const image: RunTensor = {
    type: half ? 'float16' : 'float32',
    dims: input.dims,
    data: half ? Uint16Array.from(input.data, float32ToFloat16) : Float32Array.from(input.data),
  };
  const feeds = { [record.input.name]: image };
  const read = removeUnusedInputs(prepare(readModel(folder, record.model))).graph;
  let graph: Graph = await settleBranches(runtime, read, feeds);
  const { shapes } = await probe(runtime, graph, feeds);
  graph = removeDeadNodes(fold(graph, { shapes: shapes as ReadonlyMap<string, readonly number[]> }));
  const types = inferTypes(graph);
  const of = record.output.name;
  const shape = shapes.get(of) as readonly number[];
  const seed = new Float64Array(shape.reduce((a, b) => a * b, 1));
  seed[record.target.reduce((at, index, axis) => at * shape[axis]! + index, 0)] = 1;
  const builder = new GraphBuilder(graph.with({ outputs: [] }));
  const seedValue = builder.constant(Tensor.floats(seed, shape, types.get(of) ?? 'float32'), 'seed');
  const gradients = differentiate(builder, graph, { of, seed: seedValue, wrt: [record.input.name], shapes, types });
  builder.output(gradients.get(record.input.name)!, 'gradient');
  const session = await runtime.open(builder.build());
  try {
    const result = toFloat32((await session.run(feeds)).gradient!);
    const reference = readNpy(join(folder, record.gradient.file)).data;
    if (result.length !== reference.length)
      throw new Error(`gradient has ${result.length} elements, not ${reference.length}`);
    let difference = 0;
    let norm = 0;
    result.forEach((value, index) => {
      difference += (value - reference[index]!) ** 2;
      norm += reference[index]! ** 2;
    });
    if (norm === 0) throw new Error('the reference gradient is zero');
    return Math.sqrt(difference / norm);
  } finally {
    await session.release();
  }
}

function readModel(folder: string, file: string): Graph {
  const files = new Map<string, Uint8Array>();
  return readGraph(new Uint8Array(readFileSync(join(folder, file))), {
    external: (location, offset, length) => {
      let bytes = files.get(location);
      if (!bytes) {
        const path = join(folder, location);
        if (!existsSync(path)) throw new Error(`${location} is missing`);
        bytes = new Uint8Array(readFileSync(path));
        files.set(location, bytes);
      }
      return bytes.subarray(offset, length === undefined ? undefined : offset + length);
    },
  });
}

function readNpy(path: string): { dims: number[]; data: Float64Array } {
  const { dims, data } = decodeNpy(new Uint8Array(readFileSync(path)), path);
  return { dims: [...dims], data: Float64Array.from(data as Float32Array | Float64Array) };
}
