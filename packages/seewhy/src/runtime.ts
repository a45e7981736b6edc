import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { type OrtModule, ortRuntime, type Runtime } from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import { errors } from './errors.ts';

/** What models are to run on. */
export interface RuntimeChoice {
  /** `cpu` (default), `webgpu`, `cuda`, `coreml`, `dml` … of onnxruntime-node, or `wasm`. */
  readonly device?: string;
  /** Threads of one run; default: all cores. */
  readonly threads?: number;
}

/** The runtime that was taken, and what to tell about it. */
export interface ChosenRuntime {
  readonly runtime: Runtime;
  /** `onnxruntime-node` or `onnxruntime-web`. */
  readonly package: string;
  readonly version: string;
  readonly device: string;
  /** What was fallen back on, in a sentence. */
  readonly notice?: string;
}

/** An ONNX Runtime module with what `doctor` asks of it. */
export type LoadedOrt = OrtModule & {
  readonly listSupportedBackends?: () => { readonly name: string; readonly bundled: boolean }[];
  readonly env: {
    logLevel?: string;
    readonly versions?: { readonly common?: string; readonly node?: string; readonly web?: string };
    readonly wasm?: { numThreads?: number; wasmPaths?: unknown };
  };
};

// An addon is loaded with require: no promise, no second parse of its ESM wrapper.
const require = createRequire(import.meta.url);

/** Loads onnxruntime-node; throws what its loading threw. */
export function loadNative(): LoadedOrt {
  if (process.env.SEEWHY_RUNTIME === 'wasm') throw new Error('SEEWHY_RUNTIME=wasm asks for onnxruntime-web');
  const ort = require('onnxruntime-node') as LoadedOrt;
  ort.env.logLevel = 'fatal';
  return ort;
}

/** Loads the WebAssembly build: the copy inside this package, or an installed onnxruntime-web. */
export async function loadWasm(): Promise<LoadedOrt> {
  try {
    return (await import(new URL('./wasm/ort.node.min.mjs', import.meta.url).href)) as LoadedOrt;
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    // Started from the sources, where the copy does not exist.
    const name = 'onnxruntime-web';
    return (await import(name)) as LoadedOrt;
  }
}

/** The devices of a loaded onnxruntime-node, `cpu` first. */
export function devicesOf(ort: LoadedOrt): string[] {
  const listed = ort.listSupportedBackends?.().map((backend) => backend.name) ?? [];
  return ['cpu', ...listed.filter((name) => name !== 'cpu')];
}

/**
 * Chooses what the models run on: onnxruntime-node where it is installed and works, else onnxruntime-web (WebAssembly), and says so.
 * @throws SeewhyError `OPTION_INVALID` (a device that is not there), `RUNTIME_MISSING`
 */
export async function chooseRuntime(choice: RuntimeChoice = {}): Promise<ChosenRuntime> {
  const device = choice.device?.toLowerCase();
  const problems: string[] = [];
  if (device !== 'wasm') {
    try {
      const ort = loadNative();
      const devices = device && device !== 'cpu' ? devicesOf(ort) : ['cpu'];
      if (device && !devices.includes(device)) throw errors.device(device, [...devices, 'wasm']);
      const version = ort.env.versions?.node ?? ort.env.versions?.common ?? '';
      const threads =
        choice.threads === undefined ? '' : `, ${choice.threads} ${choice.threads === 1 ? 'thread' : 'threads'}`;
      const name = `onnxruntime-node ${version}, ${device ?? 'cpu'}${threads}`;
      const runtime = ortRuntime(ort, {
        name,
        device: device ?? 'cpu',
        ...(choice.threads === undefined ? {} : { threads: choice.threads }),
      });
      return { runtime, package: 'onnxruntime-node', version, device: device ?? 'cpu' };
    } catch (cause) {
      if (isSeewhyError(cause)) throw cause;
      problems.push(`onnxruntime-node: ${reason(cause)}`);
      if (device && device !== 'cpu') throw errors.noRuntime(problems[0]!);
    }
  }
  try {
    const ort = await loadWasm();
    const version = ort.env.versions?.web ?? ort.env.versions?.common ?? '';
    const threads = choice.threads ?? Math.min(availableParallelism(), 8);
    if (ort.env.wasm) ort.env.wasm.numThreads = threads;
    const runtime = ortRuntime(ort, {
      name: `onnxruntime-web ${version}, wasm, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      device: 'wasm',
    });
    const notice = `Running on onnxruntime-web (WebAssembly), several times slower: ${problems[0]}. 'npm install onnxruntime-node' gets the fast one.`;
    return { runtime, package: 'onnxruntime-web', version, device: 'wasm', ...(problems.length > 0 ? { notice } : {}) };
  } catch (cause) {
    throw errors.noRuntime([...problems, `onnxruntime-web: ${reason(cause)}`].join('; '));
  }
}

/** The first line of what a failed import says. */
export function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/Cannot find (module|package) '/.test(text)) return 'not installed';
  return text.split('\n')[0]!.slice(0, 200);
}
