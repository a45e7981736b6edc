import type { Graph } from '../graph.ts';
import type { Node } from '../node.ts';
import type { Value } from '../value.ts';

/**
 * Leaves only what the outputs need: nodes, initializers and declarations of values. Inputs stay, also unused ones
 * (`removeUnusedInputs` drops those). Values that a subgraph captures count as needed.
 */
export function removeDeadNodes(graph: Graph): Graph {
  const { producers } = graph;
  const needed = new Set<string>();
  const alive = new Set<Node>();
  const queue = graph.outputs.map((output) => output.name);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    const node = producers.get(name);
    if (!node || alive.has(node)) continue;
    alive.add(node);
    queue.push(...node.uses);
  }
  const kept = new Set(needed);
  for (const node of alive) for (const output of node.outputs) kept.add(output);
  for (const input of graph.inputs) kept.add(input.name);
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  const values = new Map<string, Value>([...graph.values].filter(([name]) => kept.has(name)));
  const inputs = graph.inputs.filter((input) => needed.has(input.name) || !graph.initializers.has(input.name));
  if (
    alive.size === graph.nodes.length &&
    initializers.size === graph.initializers.size &&
    values.size === graph.values.size &&
    inputs.length === graph.inputs.length
  )
    return graph;
  return graph.with({ nodes: graph.nodes.filter((node) => alive.has(node)), initializers, values, inputs });
}

/**
 * Drops inputs that no node reads and that are no output: some Keras exports leave such inputs, which a runtime then insists on
 * being fed. Returns their names so that the caller can say so.
 */
export function removeUnusedInputs(graph: Graph): { graph: Graph; dropped: string[] } {
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const unused = (value: Value) =>
    !graph.initializers.has(value.name) && !graph.consumers.has(value.name) && !outputs.has(value.name);
  const dropped = graph.inputs.filter(unused).map((value) => value.name);
  if (dropped.length === 0) return { graph, dropped };
  return { graph: graph.with({ inputs: graph.inputs.filter((value) => !unused(value)) }), dropped };
}
