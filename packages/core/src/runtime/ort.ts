import type { ProfileName } from '@seewhy/autodiff';
import { type DataType, type Graph, SeewhyError, type TensorData, writeShared } from '@seewhy/onnx';
import type { RunTensor, Runtime, Session, SessionOptions } from './runtime.ts';
import { withoutTelemetry } from './telemetry.ts';

interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

interface OrtSession {
  run(feeds: Record<string, unknown>, fetches?: readonly string[]): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** The part of onnxruntime-node and onnxruntime-web that seewhy uses: either module fits. */
export interface OrtModule {
  readonly InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<unknown> };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => unknown;
  readonly env: { readonly versions?: unknown };
}

/** How ONNX Runtime is used. */
export interface OrtOptions {
  /** Shown to people; default from the module's version. */
  name?: string;
  /** Execution provider: `cpu` (default), `webgpu`, `cuda`, `wasm`, `coreml`, `dml` …; those the module knows. */
  device?: string;
  /** Threads of one run; default: the runtime's own choice. onnxruntime-web takes it from `env.wasm.numThreads` instead. */
  threads?: number;
  /** Form of the emitted graph; default by device: `webgpu`, `wasm`, else `native`. */
  profile?: ProfileName;
}

const PROFILE_OF: Readonly<Record<string, ProfileName>> = { wasm: 'wasm', webgpu: 'webgpu', webnn: 'webgpu' };

/**
 * An ONNX Runtime module (onnxruntime-node, onnxruntime-web) as a runtime. Sessions are opened and run one after the other. The telemetry of
 * onnxruntime-node is switched off, where `ORT_DISABLE_TELEMETRY` does not say otherwise and no session was made before.
 */
export function ortRuntime(ort: OrtModule, options: OrtOptions = {}): Runtime {
  withoutTelemetry();
  const device = options.device ?? 'cpu';
  let queue: Promise<unknown> = Promise.resolve();
  // The WebGPU providers fail on concurrent create and run; one CPU run uses all threads anyway.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work, work);
    queue = turn.catch(() => undefined);
    return turn;
  };
  return {
    name: options.name ?? `ONNX Runtime, ${device}`,
    profile: options.profile ?? PROFILE_OF[device] ?? 'native',
    open: (graph, opening) => inTurn(() => openSession(ort, graph, device, options, opening ?? {}, inTurn)),
  };
}

async function openSession(
  ort: OrtModule,
  graph: Graph,
  device: string,
  { threads }: OrtOptions,
  opening: SessionOptions,
  inTurn: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Session> {
  const { model, files } = writeShared(graph);
  let session: OrtSession;
  try {
    session = (await ort.InferenceSession.create(model, {
      executionProviders: [device],
      graphOptimizationLevel: opening.optimization ?? 'all',
      // What is wrong is thrown; told on stderr as well it would be said twice.
      logSeverityLevel: 4,
      externalData: files.map(({ location, data }) => ({ path: location, data })),
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      // By default the threads of a session spin for a while after a run, in case another comes. Whatever runs next, another session or the
      // decoding of a picture, then has to share the cores with them: measured with 2 threads, 25 ms lost at every change of session.
      extra: { session: { force_spinning_stop: '1' } },
    })) as OrtSession;
  } catch (cause) {
    throw refusedBy(cause, device);
  }
  let open = true;
  return {
    run: (feeds, outputs) =>
      inTurn(async () => {
        if (!open)
          throw new SeewhyError({
            code: 'SESSION_RELEASED',
            what: 'This session was released',
            cure: 'Load the model again.',
          });
        const ortFeeds = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(ort, tensor)]));
        let results: Record<string, OrtTensor>;
        try {
          results = await (outputs ? session.run(ortFeeds, outputs) : session.run(ortFeeds));
        } catch (cause) {
          throw failedIn(cause);
        }
        return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
      }),
    release: async () => {
      if (!open) return;
      open = false;
      await session.release();
    },
  };
}

function toOrt(ort: OrtModule, { type, dims, data }: RunTensor): unknown {
  const make = (data: unknown) => new ort.Tensor(type as never, data as never, [...dims]);
  // Where the platform has Float16Array the runtime insists on it; the bits are the same.
  const Float16 = (
    globalThis as { Float16Array?: new (buffer: ArrayBufferLike, offset: number, length: number) => unknown }
  ).Float16Array;
  if (type !== 'float16' || !Float16) return make(data);
  const tensor = make(new Float16(data.buffer, data.byteOffset, data.length));
  // onnxruntime-node 1.30 finds a Float16Array of its tensor empty (its pull request 32323): it reads the bits instead.
  return isNative(ort) ? Object.defineProperty(tensor as object, 'data', { value: data }) : tensor;
}

/** Whether it is onnxruntime-node. */
function isNative({ env }: OrtModule): boolean {
  return (env.versions as { node?: string } | undefined)?.node !== undefined;
}

function fromOrt(tensor: OrtTensor): RunTensor {
  let data = tensor.data as TensorData;
  if (tensor.type === 'float16' && !(data instanceof Uint16Array))
    data = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  return { type: tensor.type as DataType, dims: tensor.dims, data };
}

/** As the middle of a sentence: its own full stops would be doubled. */
const firstLine = (cause: unknown) =>
  (cause instanceof Error ? cause.message : String(cause))
    .split('\n')[0]!
    .slice(0, 400)
    .replace(/[.\s]+$/, '');

/** What ONNX Runtime says where a device, its driver or its part of the package is missing. */
const NO_DEVICE =
  /no available backend|failed to load shared library|WebGPU adapter|is not supported in current environment/i;

/** What it says where the types within a file do not fit together. */
const CONTRADICTION = /bound to different types|does not match expected type/i;

/** What to do where a device is missing. */
const WITHOUT: Readonly<Record<string, string>> = {
  wasm: 'Make its .wasm files reachable (ort.env.wasm.wasmPaths), served as application/wasm.',
  webgpu:
    "Import 'onnxruntime-web/webgpu' in a browser that has WebGPU (navigator.gpu), or take device 'wasm'; in Node 'cpu'.",
};

function refusedBy(cause: unknown, device: string): SeewhyError {
  const detail = firstLine(cause);
  if (NO_DEVICE.test(detail))
    return new SeewhyError({
      code: 'DEVICE_MISSING',
      what: `The runtime has no device '${device}' here: ${detail}`,
      cure:
        WITHOUT[device] ??
        "Take device 'cpu' in Node, 'wasm' in a browser; another one needs its driver and a runtime built for it.",
      cause,
    });
  const memory = /alloc|memory/i.test(detail);
  return new SeewhyError({
    code: memory ? 'RUNTIME_OUT_OF_MEMORY' : 'RUNTIME_REFUSED',
    what: `The runtime cannot load the model: ${detail}`,
    cure: memory
      ? 'Close other programs, or use a machine with more memory.'
      : CONTRADICTION.test(detail)
        ? "The file's own types contradict each other, as converters to float16 may leave them: explain the model it was made from, or convert it anew (with onnxconverter-common: keep_io_types, op_block_list)."
        : 'Check the file with another program (Netron, onnx.checker); an operator or opset may be newer than the runtime.',
    cause,
  });
}

/** What ONNX Runtime, its WebAssembly build and JavaScript say when memory is at its end. */
const OUT_OF_MEMORY =
  /failed to allocate|bad_alloc|out of memory|\bOOM\b|(array buffer|typed array).*alloc|could not allocate/i;

function failedIn(cause: unknown): SeewhyError {
  const detail = firstLine(cause);
  if (OUT_OF_MEMORY.test(detail))
    return new SeewhyError({
      code: 'OUT_OF_MEMORY',
      what: `The memory was at its end while the model ran: ${detail}`,
      cure: 'Run fewer items at once (--batch 1), smaller pictures (--size) where the model takes them, or fewer methods, layers and targets together.',
      cause,
    });
  return new SeewhyError({
    code: 'RUN_FAILED',
    what: `The runtime stopped while running the model: ${detail}`,
    cure: 'Check the size, layout and values of the inputs.',
    cause,
  });
}
