import {
  type Model,
  type Picture,
  type Preprocess,
  preprocessPicture,
  type RunTensor,
  type Session,
  stack,
  toFloat32,
} from '@seewhy/core';

/**
 * Plain predictions: the model without anything appended. Every run has the same number of pictures (the last is filled up), so that a
 * picture's scores do not depend on which others it went with, to the last bit.
 */
export class Predictor {
  readonly batch: number;
  readonly #model: Model;
  readonly #session: Session;

  private constructor(model: Model, session: Session, batch: number) {
    this.#model = model;
    this.#session = session;
    this.batch = batch;
  }

  /** @param batch pictures of one run; 1 where the graph takes no more */
  static async open(model: Model, batch: number): Promise<Predictor> {
    const { removeDeadNodes, Value } = await import('@seewhy/onnx');
    const { logits } = model.output;
    const outputs = [new Value(logits, model.types.get(logits) ?? 'float32')];
    const session = await model.runtime.open(removeDeadNodes(model.graph.with({ outputs })));
    return new Predictor(model, session, model.batch === 'fixed' ? 1 : batch);
  }

  /** Scores before the activation, of each picture. */
  async run(tensors: readonly RunTensor[]): Promise<Float32Array[]> {
    const scores: Float32Array[] = [];
    for (let from = 0; from < tensors.length; from += this.batch) {
      const own = tensors.slice(from, from + this.batch);
      const filled = [...own];
      while (filled.length < this.batch) filled.push(own[own.length - 1]!);
      const results = await this.#session.run(this.#model.feeds([filled.length === 1 ? filled[0]! : stack(filled)]));
      const all = toFloat32(results[this.#model.output.logits]!);
      const each = all.length / this.batch;
      for (let at = 0; at < own.length; at++) scores.push(all.slice(at * each, (at + 1) * each));
    }
    return scores;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** The tensor of a picture that is of the model's size already: nothing is resized or cropped any more. */
export function tensorOfSeen(picture: Picture, preprocess: Preprocess): RunTensor {
  return preprocessPicture(picture, { ...preprocess, resize: { mode: 'none' }, crop: null }).tensor;
}
