import { knownSizes, type Model } from '@seewhy/core';
import { foldBranches, type Graph, prepare, printNode, removeDeadNodes, removeUnusedInputs } from '@seewhy/onnx';

/**
 * A loaded model with the weights of another graph of the same topology, without asking the runtime for shapes again.
 * @returns undefined where the graphs differ in more than their weights
 */
export function withWeightsOf(model: Model, source: Graph): Model | undefined {
  const shapes = knownSizes(model.shapes);
  // As Model.load does it.
  const graph = removeDeadNodes(foldBranches(removeUnusedInputs(prepare(source)).graph, { shapes }));
  const structure = structureOf(graph);
  return structure !== undefined && structure === structureOf(model.graph)
    ? model.withWeights(graph.initializers)
    : undefined;
}

/** Everything about a graph but the values of its weights; undefined where nodes hold graphs of their own, which may hold weights. */
function structureOf(graph: Graph): string | undefined {
  const values = (list: Graph['inputs']) => list.map(({ name, type, shape }) => [name, type, shape]);
  const nodes = graph.nodes.map(printNode);
  if (nodes.some((line) => line.includes('=graph'))) return undefined;
  return JSON.stringify([
    graph.opset,
    values(graph.inputs),
    values(graph.outputs),
    [...graph.initializers].map(([name, { type, dims }]) => [name, type, dims]),
    nodes,
  ]);
}
