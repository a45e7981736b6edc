import { readGraph } from '@seewhy/onnx';
import { type OrtModule, ortRuntime } from '../../src/runtime/ort.ts';
import type { RunTensor } from '../../src/runtime/runtime.ts';

/** What is done the same way in Node and in the browser, and must come out the same. */
export interface Task {
  /** Path below fixtures/. */
  readonly model: string;
  /** Shape of the input, filled with a fixed pattern. */
  readonly dims: readonly number[];
}

/** Numbers by name, plain enough to leave a page. */
export type Outcome = Record<string, { dims: number[]; data: number[] }>;

/** A picture-like input that is the same everywhere: no random numbers, no decoder. */
function pattern(dims: readonly number[]): RunTensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: size }, (_, i) => Math.fround(((i * 37) % 101) / 101 - 0.5));
  return { type: 'float32', dims, data };
}

/** Runs the task on an ONNX Runtime module (onnxruntime-node or onnxruntime-web). Swap in `explain` here: both sides follow. */
export async function perform(ort: OrtModule, device: string, task: Task, model: Uint8Array): Promise<Outcome> {
  const graph = readGraph(model);
  const session = await ortRuntime(ort, { device }).open(graph);
  try {
    const results = await session.run({ [graph.inputs[0]!.name]: pattern(task.dims) });
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        { dims: [...dims], data: Array.from(data as Float32Array) },
      ]),
    );
  } finally {
    await session.release();
  }
}
