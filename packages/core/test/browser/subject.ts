import {
  explain,
  Model,
  type OrtModule,
  ortRuntime,
  type Picture,
  preprocessPicture,
  preprocessPreset,
  type RunTensor,
} from '@seewhy/core';
import { float32ToFloat16, readGraph } from '@seewhy/onnx';

/** What is done the same way in Node and in the browser, and must come out the same. */
export interface Task {
  /** Path below fixtures/. */
  readonly model: string;
  /** Photo below fixtures/ and the preset of its preprocessing; without one a fixed pattern is explained. */
  readonly photo?: string;
  readonly preprocess?: string;
  readonly methods: readonly string[];
}

/** An explanation, plain enough to leave a page. */
export interface Outcome {
  readonly method: string;
  readonly target: number;
  readonly layers: readonly string[];
  readonly probability: number;
  readonly raw: { readonly dims: readonly number[]; readonly data: readonly number[] };
  readonly map: readonly number[];
}

/**
 * Explains on an ONNX Runtime module (onnxruntime-node or onnxruntime-web).
 * @param picture the task's photo, decoded
 */
export async function perform(
  ort: OrtModule,
  device: string,
  task: Task,
  file: Uint8Array,
  picture: Picture | undefined,
): Promise<Outcome[]> {
  const model = await Model.load(readGraph(file), { runtime: ortRuntime(ort, { device }) });
  const [explanations] = await explain(model, [inputOf(model, task, picture)], { methods: task.methods });
  return explanations!.map(({ method, target, layers, predictions, raw, map }) => ({
    method,
    target: target.index,
    layers: layers.map((layer) => layer.name),
    probability: predictions[0]!.probability,
    raw: { dims: [...raw[0]!.dims], data: Array.from(raw[0]!.data) },
    map: Array.from(map.data),
  }));
}

function inputOf(model: Model, task: Task, picture: Picture | undefined): RunTensor {
  const { channels, height, width, layout } = model.image;
  if (picture) {
    const spec = preprocessPreset(task.preprocess!, { channels, height, width, layout, dtype: 'float32' });
    return preprocessPicture(picture, spec, { height, width }).tensor;
  }
  // A picture-like input that is the same everywhere: no random numbers, no decoder.
  const data = Float32Array.from({ length: channels * height * width }, (_, i) => ((i * 37) % 101) / 101 - 0.5);
  const dims = layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels];
  if (model.image.type === 'float16')
    return { type: 'float16', dims, data: Uint16Array.from(data, (value) => float32ToFloat16(value)) };
  return { type: 'float32', dims, data };
}
