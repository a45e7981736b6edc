import {
  explain,
  Model,
  type OrtModule,
  ortRuntime,
  type Picture,
  preprocessPicture,
  preprocessPreset,
} from '@seewhy/core';
import { importKeras } from '@seewhy/keras';

/** The same network in each kind of file, below fixtures/keras: tools/keras/photo.py. */
export const KINDS: Readonly<Record<string, readonly string[]>> = {
  keras: ['photo.keras'],
  hdf5: ['photo.h5'],
  'tfjs-layers': ['photo-layers/model.json', 'photo-layers/group1-shard1of1.bin'],
  'tfjs-graph': ['photo-graph/model.json', 'photo-graph/model.bin'],
};

/** What is read and explained, plain enough to leave a page. */
export interface Outcome {
  readonly format: string;
  readonly layers: readonly string[];
  readonly target: number;
  readonly probabilities: readonly number[];
  readonly raw: { readonly dims: readonly number[]; readonly data: readonly number[] };
  readonly map: readonly number[];
}

/**
 * Reads a model's files and explains a picture with Grad-CAM, on an ONNX Runtime module (onnxruntime-node or onnxruntime-web).
 * @param picture a photo, or the values of an input of the model's size
 */
export async function perform(
  ort: OrtModule,
  device: string,
  files: ReadonlyMap<string, Uint8Array>,
  picture: Picture | Float32Array,
): Promise<Outcome> {
  const { graph, format } = await importKeras(new Map(files));
  const model = await Model.load(graph, { runtime: ortRuntime(ort, { device }) });
  const { image } = model;
  const tensor =
    picture instanceof Float32Array
      ? { type: 'float32' as const, dims: [1, image.height, image.width, image.channels], data: picture }
      : preprocessPicture(picture, preprocessPreset('keras-tf', image), image).tensor;
  const [explanations] = await explain(model, [tensor], { methods: ['gradcam'] });
  const { layers, target, predictions, raw, map } = explanations![0]!;
  return {
    format,
    layers: layers.map(({ name }) => name),
    target: target.index,
    probabilities: [...predictions].sort((a, b) => a.index - b.index).map(({ probability }) => probability),
    raw: { dims: [...raw[0]!.dims], data: Array.from(raw[0]!.data) },
    map: Array.from(map.data),
  };
}

/** The picture of photo.json. */
export const pattern = () => Float32Array.from({ length: 48 * 48 * 3 }, (_, i) => Math.fround(Math.sin(i * 0.7)));
