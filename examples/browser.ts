import { explain, Model, ortRuntime, type Picture, preprocessPicture, preprocessPreset } from '@seewhy/core';
import { readGraph } from '@seewhy/onnx';
import * as ort from 'onnxruntime-web/webgpu'; // or onnxruntime-web/wasm, with device 'wasm'

/** Explains a picture that the user dropped. Nothing leaves the page. */
export async function explainFile(modelUrl: string, file: File) {
  const bytes = new Uint8Array(await (await fetch(modelUrl)).arrayBuffer());
  const model = await Model.load(readGraph(bytes), { runtime: ortRuntime(ort, { device: 'webgpu' }) });

  const spec = preprocessPreset('imagenet', model.image);
  const { tensor } = preprocessPicture(await decode(file), spec);
  const [explanations] = await explain(model, [tensor], { methods: ['gradcam'], targets: 'top' });

  const { predictions, map, diagnosis } = explanations![0]!;
  return { predictions, map, warnings: diagnosis.warnings }; // map: { width, height, data: Float32Array }
}

async function decode(file: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const rgb = rgba.filter((_, i) => i % 4 < 3);
  return { width, height, channels: 3, data: new Uint8Array(rgb) };
}
