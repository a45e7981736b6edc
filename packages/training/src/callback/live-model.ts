import { type ImportOptions, importKeras } from '@seewhy/keras';
import type { Graph } from '@seewhy/onnx';
import type { LayersModel } from '@tensorflow/tfjs';

/** One weight as a manifest of TensorFlow.js tells it. */
interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/**
 * A `tf.LayersModel` in memory as an ONNX graph, again and again while it trains: the topology is read once, the weights are
 * read from the backend at each call, into one buffer that is kept.
 */
export class LiveModel {
  private readonly model: LayersModel;
  private readonly options: ImportOptions;
  private readonly json: Uint8Array;
  private readonly bytes: Uint8Array;

  constructor(model: LayersModel, options: ImportOptions = {}) {
    this.model = model;
    this.options = options;
    const specs = model.weights.map(
      (weight): WeightSpec => ({
        name: weight.originalName,
        shape: weight.shape.map((dim) => dim ?? 0),
        dtype: weight.dtype,
      }),
    );
    const manifest = {
      format: 'layers-model',
      modelTopology: model.toJSON(null, false),
      weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
    };
    this.json = new TextEncoder().encode(JSON.stringify(manifest));
    // All that a trained weight can be (float32, int32) takes four bytes but bool, which takes one.
    const size = ({ shape, dtype }: WeightSpec) =>
      shape.reduce((product, dim) => product * dim, dtype === 'bool' ? 1 : 4);
    this.bytes = new Uint8Array(specs.reduce((sum, spec) => sum + size(spec), 0));
  }

  /** The graph with the weights of now. The next call changes them: what was made of the graph has to be done with by then. */
  async graph(): Promise<Graph> {
    let at = 0;
    for (const weight of this.model.weights) {
      const { buffer, byteOffset, byteLength } = await weight.read().data();
      this.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at += byteLength;
    }
    const files = new Map([
      ['model.json', this.json],
      ['weights.bin', this.bytes],
    ]);
    return (await importKeras(files, this.options)).graph;
  }
}
