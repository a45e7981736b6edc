import { differentiate } from '@seewhy/autodiff';
import { Graph, GraphBuilder, Node, Tensor, Value, writeGraph } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';

/** A model of two nodes: scores = Relu(image · weights). */
const model = new Graph({
  opsets: new Map([['', 17]]),
  inputs: [new Value('image', 'float32', [1, 2])],
  outputs: [new Value('scores')],
  initializers: new Map([['weights', Tensor.floats([1, -2, 3, 0, 5, -1], [2, 3])]]),
  nodes: [Node.make('MatMul', ['image', 'weights'], ['sums']), Node.make('Relu', ['sums'], ['scores'])],
});

/** The gradient of the third score by the image: more nodes behind the model, run like any other output. */
export async function gradientOfThirdScore(): Promise<number[]> {
  const builder = new GraphBuilder(model);
  const seed = builder.constant(Tensor.floats([0, 0, 1], [1, 3]));
  const shapes = new Map([
    ['image', [1, 2]],
    ['sums', [1, 3]],
    ['scores', [1, 3]],
  ]);
  const gradients = differentiate(builder, model, { of: 'scores', seed, wrt: ['image'], shapes });
  builder.output(gradients.get('image')!, 'gradient');

  const session = await ort.InferenceSession.create(writeGraph(builder.build()));
  const result = await session.run({ image: new ort.Tensor('float32', [2, 1], [1, 2]) });
  return Array.from(result.gradient!.data as Float32Array); // [3, -1]: the third column of the weights
}
