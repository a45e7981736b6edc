import { type OrtModule, ortRuntime } from '@seewhy/core';
import { type ExplainedPicture, TrainingExplainer } from '@seewhy/training';
import { LiveModel } from '@seewhy/training/tfjs';
import * as tf from '@tensorflow/tfjs';
import { bars, smallNetwork } from '../callback/small-network.ts';

/** An explained picture, plain enough to leave a page. */
export interface Shown {
  readonly step: number;
  readonly tag: string;
  readonly probability: number;
  readonly raw: readonly number[];
  readonly map: readonly number[];
  /** RGB. */
  readonly overlay: readonly number[];
}

export const METHODS = ['gradcam', 'saliency'];
export const NAMES = ['standing', 'lying'];

/** The pictures that are explained: the first two of those that are trained on. */
export const shownPictures = () => bars(16).images.slice(0, 2);

export const plain = ({ step, tag, explanation, overlay }: ExplainedPicture): Shown => ({
  step,
  tag,
  probability: explanation.predictions.find(({ index }) => index === explanation.target.index)!.probability,
  raw: Array.from(explanation.raw[0]!.data),
  map: Array.from(explanation.map.data),
  overlay: Array.from(overlay.data),
});

/** A training of smallNetwork on bars. */
export function train(model: tf.LayersModel, epochs: number, callbacks: tf.Callback[]) {
  const { images, labels, marked } = bars(16);
  return model.fit(images, labels, { epochs, batchSize: 8, shuffle: false, verbose: 0, callbacks }).finally(() => {
    tf.dispose([images, labels, marked]);
  });
}

export const weightsOf = async (model: tf.LayersModel): Promise<number[][]> =>
  Promise.all(model.getWeights().map(async (weight) => Array.from(await weight.data())));

/** The pictures explained with given weights, without a training. */
export async function explainWith(ort: OrtModule, weights: readonly number[][], step: number): Promise<Shown[]> {
  const model = smallNetwork();
  model.setWeights(model.getWeights().map((one, at) => tf.tensor(weights[at]!, one.shape)));
  const images = shownPictures();
  const stack = await images.data();
  const size = stack.length / NAMES.length;
  const explainer = new TrainingExplainer({
    runtime: ortRuntime(ort, { threads: 1 }),
    images: NAMES.map((_, at) => ({
      type: 'float32',
      dims: [1, ...images.shape.slice(1)],
      data: Float32Array.from(stack.subarray(at * size, (at + 1) * size)),
    })),
    names: NAMES,
    methods: METHODS,
    to: [],
  });
  return (await explainer.explain(await new LiveModel(model).graph(), step)).map(plain);
}
