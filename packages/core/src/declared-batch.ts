import type { Graph } from '@seewhy/onnx';
import type { ImageInput } from './image-input.ts';

/** The batch that a graph declares for its image; undefined: any. */
export function declaredBatch(graph: Graph, image: ImageInput): number | undefined {
  const batch = graph.inputs.find(({ name }) => name === image.name)?.shape?.[0];
  return typeof batch === 'number' ? batch : undefined;
}
