import type { OrtModule, Picture } from '@seewhy/core';

/** Which build of onnxruntime-web a device needs. */
const BUILDS: Record<string, string> = { wasm: '/ort/ort.wasm.min.mjs', webgpu: '/ort/ort.webgpu.min.mjs' };

type OrtWeb = OrtModule & { env: { wasm: { wasmPaths: string; numThreads: number }; logLevel: string } };

/** onnxruntime-web for a device, in a page of browser.ts. */
export async function ortInPage(device: string): Promise<OrtModule> {
  const ort = (await import(/* @vite-ignore */ BUILDS[device]!)) as OrtWeb;
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = 2;
  ort.env.logLevel = 'error';
  return ort;
}

async function fixture(path: string): Promise<Response> {
  const response = await fetch(`/fixtures/${path}`);
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response;
}

/** The bytes of a file below fixtures/. */
export async function fixtureBytes(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fixture(path)).arrayBuffer());
}

/** A picture below fixtures/ as the browser decodes it, bytes untouched by colour management. */
export async function fixturePicture(path: string): Promise<Picture> {
  const blob = await (await fixture(path)).blob();
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
