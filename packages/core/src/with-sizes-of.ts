import type { Graph } from '@seewhy/onnx';
import type { RunTensor } from './runtime/runtime.ts';

/**
 * The graph for inputs of the sizes that are fed; inputs that are not fed stay as they are. ONNX Runtime then knows the shape of every value, and
 * adds within a convolution or keeps in its blocks of channels what it otherwise could not tell to be of one shape (kernel time of
 * saliency on a Keras MobileNetV2, whose file leaves the batch free: 4.8 -> 3.6 predictions).
 */
export const withSizesOf = (graph: Graph, feeds: Readonly<Record<string, RunTensor>>): Graph =>
  graph.with({
    inputs: graph.inputs.map((input) => {
      const fed = feeds[input.name];
      return fed ? input.withShape(fed.dims) : input;
    }),
  });
