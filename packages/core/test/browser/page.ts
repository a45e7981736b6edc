import type { OrtModule } from '../../src/runtime/ort.ts';
import { type Outcome, perform, type Task } from './subject.ts';

/** Which build of onnxruntime-web a device needs. */
const BUILDS: Record<string, string> = { wasm: '/ort/ort.wasm.min.mjs', webgpu: '/ort/ort.webgpu.min.mjs' };

type OrtWeb = OrtModule & { env: { wasm: { wasmPaths: string; numThreads: number }; logLevel: string } };

/** Does a task in the page; the test calls it from outside. */
async function explainInPage(device: string, task: Task): Promise<Outcome> {
  const ort = (await import(/* @vite-ignore */ BUILDS[device]!)) as OrtWeb;
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = 2;
  ort.env.logLevel = 'error';
  const response = await fetch(`/fixtures/${task.model}`);
  if (!response.ok) throw new Error(`${task.model}: HTTP ${response.status}`);
  return perform(ort, device, task, new Uint8Array(await response.arrayBuffer()));
}

/** Work handed to the graphics device since the page was opened. */
let submissions = 0;
if ('GPUQueue' in globalThis) {
  const { prototype } = (globalThis as unknown as { GPUQueue: { prototype: { submit(buffers: unknown): void } } })
    .GPUQueue;
  const { submit } = prototype;
  prototype.submit = function (buffers) {
    submissions++;
    submit.call(this, buffers);
  };
}

const globals = { explainInPage, submissions: () => submissions };
export type PageGlobals = typeof globals;
Object.assign(globalThis, globals);
