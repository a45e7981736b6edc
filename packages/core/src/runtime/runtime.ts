import type { ProfileName } from '@seewhy/autodiff';
import type { DataType, Graph, TensorData } from '@seewhy/onnx';

/** A tensor that goes into or comes out of a run. float16 is held as its bits in a Uint16Array, bool as Uint8Array. */
export interface RunTensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** How one session is opened. */
export interface SessionOptions {
  /** `disabled` opens fastest (one run of a probe); default `all`. */
  optimization?: 'disabled' | 'all';
}

/** A loaded graph. */
export interface Session {
  /** Runs the graph; `outputs` names those to be returned (default all). */
  run(feeds: Readonly<Record<string, RunTensor>>, outputs?: readonly string[]): Promise<Record<string, RunTensor>>;
  /** Frees its memory; may be called twice. */
  release(): Promise<void>;
}

/** Something that runs ONNX graphs: injected, so that the same program runs in Node and in the browser. */
export interface Runtime {
  /** For people: `onnxruntime-node 1.30.0, CPU, 2 threads`. */
  readonly name: string;
  /** The form of masks and scatters that is fastest (or possible) on it. */
  readonly profile: ProfileName;
  open(graph: Graph, options?: SessionOptions): Promise<Session>;
}
