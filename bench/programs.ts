import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  chooseMethods,
  Explainer,
  findMethod,
  graphMethods,
  imageDims,
  Model,
  ortRuntime,
  type RunTensor,
  TOP,
} from '@seewhy/core';
import { readGraph } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { type Side, timed } from './measure.ts';
import { cache } from './places.ts';

export const THREADS = 2;

export interface OpenedModel {
  /** Each run: one prediction by the file itself, or one explanation by its program, inputs and results in JavaScript. */
  readonly sides: { readonly plain: Side; readonly gradcam: Side; readonly saliency: Side };
  release(): Promise<void>;
}

/** Bytes of a model of the benchmark. */
export const modelBytes = (name: string) => new Uint8Array(readFileSync(join(cache, `${name}.onnx`)));

/** The image that both sides are fed: seeded noise, as after the usual normalisation. */
export function noiseImage(dims: readonly number[]): RunTensor {
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
  let state = 20;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  for (let index = 0; index < data.length; index++)
    data[index] = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return { type: 'float32', dims, data };
}

/** A plain session of a file, on two threads. */
export function openSession(bytes: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: THREADS,
    logSeverityLevel: 3,
  });
}

export const openModel = (name: string): Promise<OpenedModel> => openFile(modelBytes(name));

/**
 * A model with its plain session (the file as it is) and its explanation programs, all on two threads.
 * @param imageOf the picture it is fed, of these dimensions
 */
export async function openFile(bytes: Uint8Array, imageOf = noiseImage): Promise<OpenedModel> {
  const plain = await openSession(bytes);
  const model = await Model.load(readGraph(bytes), { runtime: ortRuntime(ort as never, { threads: THREADS }) });
  const image = imageOf(imageDims(model.image));
  const open = (method: string) =>
    Explainer.open(model, {
      methods: graphMethods(chooseMethods([findMethod(method)])),
      layers: [model.defaultLayer!],
      targets: [TOP],
      score: 'logit',
    });
  const [gradcam, saliency] = [await open('gradcam'), await open('saliency')];
  const tensor = new ort.Tensor('float32', image.data as Float32Array, [...image.dims]);
  const feeds = { [model.image.name]: tensor };
  return {
    sides: {
      plain: () => timed(() => plain.run(feeds)),
      gradcam: () => timed(() => gradcam.run([image])),
      saliency: () => timed(() => saliency.run([image])),
    },
    async release() {
      await plain.release();
      await gradcam.release();
      await saliency.release();
    },
  };
}
