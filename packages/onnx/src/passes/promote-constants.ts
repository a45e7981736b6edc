import type { Graph } from '../graph.ts';

/**
 * Makes initializers constants. Files of IR 3 must list each initializer as an input too, and `keep_initializers_as_inputs` does it
 * in newer ones: from IR 4 on that makes them defaults a caller may override, which runtimes neither fold nor fuse. Nobody feeds
 * them here, so they leave the list of inputs and the IR version is 4 at least.
 */
export function promoteConstants(graph: Graph): Graph {
  if (graph.irVersion >= 4 && !graph.inputs.some((value) => graph.initializers.has(value.name))) return graph;
  return graph.with({ irVersion: Math.max(4, graph.irVersion), inputs: graph.feeds });
}
