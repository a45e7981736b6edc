import { removeDeadNodes, Value } from '@seewhy/onnx';
import type { Model } from '../model.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { Target } from '../target.ts';
import { toFloat32 } from '../tensors.ts';

/**
 * The target "similar to that picture": cosine similarity of the explained output's vector (before the activation) to that of a second
 * picture, which is run once, here.
 * @param image the second picture as the model takes it, batch 1
 * @param name what results call it
 */
export async function similarTo(model: Model, image: RunTensor, name: string): Promise<Target> {
  const { output, graph } = model;
  const session = await model.runtime.open(removeDeadNodes(graph.with({ outputs: [new Value(output.logits)] })));
  try {
    const results = await session.run(model.feeds([image]));
    return { kind: 'similar', vector: toFloat32(results[output.logits]!).slice(), name, asked: `similar:${name}` };
  } finally {
    await session.release();
  }
}
