import type { OrtModule, Picture } from '@seewhy/core';
import { type Outcome, perform, type Task } from './subject.ts';

/** Which build of onnxruntime-web a device needs. */
const BUILDS: Record<string, string> = { wasm: '/ort/ort.wasm.min.mjs', webgpu: '/ort/ort.webgpu.min.mjs' };

type OrtWeb = OrtModule & { env: { wasm: { wasmPaths: string; numThreads: number }; logLevel: string } };

/** Does a task in the page; the test calls it from outside. */
async function explainInPage(device: string, task: Task): Promise<Outcome[]> {
  const ort = (await import(/* @vite-ignore */ BUILDS[device]!)) as OrtWeb;
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = 2;
  ort.env.logLevel = 'error';
  const model = new Uint8Array(await (await fixture(task.model)).arrayBuffer());
  const picture = task.photo ? await decode(await (await fixture(task.photo)).blob()) : undefined;
  return perform(ort, device, task, model, picture);
}

async function fixture(path: string): Promise<Response> {
  const response = await fetch(`/fixtures/${path}`);
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response;
}

/** A picture as the browser decodes it, bytes untouched by colour management. */
async function decode(blob: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    data[to++] = rgba[from]!;
    data[to++] = rgba[from + 1]!;
    data[to++] = rgba[from + 2]!;
  }
  return { width, height, channels: 3, data };
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
