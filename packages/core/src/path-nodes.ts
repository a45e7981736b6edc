import type { DataType, Graph, Node } from '@seewhy/onnx';

/** What indices, sizes and conditions are: a value behind them chooses what is explained, but is no part of it. */
const CHOICES: readonly (DataType | undefined)[] = ['int64', 'bool'];

/**
 * Nodes that depend on `from` and that `to` depends on, in topological order; not by way of indices, sizes and conditions (what a
 * NonMaxSuppression or a TopK keeps).
 */
export function pathNodes(
  { graph, types }: { graph: Graph; types: ReadonlyMap<string, DataType> },
  from: string,
  to: string,
): Node[] {
  const needed = new Set<Node>();
  const stack = [to];
  while (stack.length > 0) {
    const node = graph.producers.get(stack.pop()!);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    stack.push(...node.uses.filter((value) => value === from || !CHOICES.includes(types.get(value))));
  }
  // The order of the needed nodes by a walk from the input that waits for all needed producers.
  const waiting = new Map<Node, number>();
  const ready: Node[] = [];
  for (const node of graph.nodes) {
    if (!needed.has(node)) continue;
    const producers = new Set(
      node.uses
        .map((value) => graph.producers.get(value))
        .filter((producer) => producer !== undefined && needed.has(producer)),
    );
    waiting.set(node, producers.size);
    if (producers.size === 0) ready.push(node);
  }
  const order: Node[] = [];
  for (let index = 0; index < ready.length; index++) {
    const node = ready[index]!;
    order.push(node);
    const readers = new Set(node.outputs.flatMap((value) => [...(graph.consumers.get(value) ?? [])]));
    for (const reader of readers) {
      const left = waiting.get(reader);
      if (left === undefined) continue;
      waiting.set(reader, left - 1);
      if (left === 1) ready.push(reader);
    }
  }
  const reached = new Set<string>([from]);
  return order.filter((node) => {
    if (!node.uses.some((value) => reached.has(value))) return false;
    for (const output of node.outputs) reached.add(output);
    return true;
  });
}
