import type { Model } from '../model.ts';

/** Bytes that the activations of one run may take. */
const MOST_BYTES = 1.5e9;

/**
 * How many samples fit into one run: the largest activations are alive together in the backward pass, so all values of the graph are
 * counted as alive, four bytes each.
 */
export function mostSamplesInMemory(model: Pick<Model, 'shapes' | 'graph'>): number {
  let bytes = 0;
  for (const node of model.graph.nodes) {
    for (const value of node.outputs) {
      const shape = model.shapes.get(value);
      if (shape)
        bytes += 4 * shape.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : dim.batch), 1);
    }
  }
  return Math.max(1, Math.floor(MOST_BYTES / Math.max(bytes, 1)));
}
