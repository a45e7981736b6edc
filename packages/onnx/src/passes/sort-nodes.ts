import { errors } from '../errors.ts';
import type { Graph } from '../graph.ts';
import type { Node } from '../node.ts';

/**
 * Nodes in an order in which each stands after what it reads; nodes that may keep their place do. The same graph when it is in
 * order already. O(nodes + links), without recursion.
 * @throws GRAPH_CYCLE naming nodes that lie on the cycle
 */
export function sortNodes(graph: Graph): Graph {
  if (inOrder(graph)) return graph;
  const { producers, nodes } = graph;
  const waits = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  for (const node of nodes) {
    const before = new Set<Node>();
    for (const name of node.uses) {
      const producer = producers.get(name);
      if (producer) before.add(producer);
    }
    waits.set(node, before.size);
    for (const producer of before) {
      const list = readers.get(producer);
      if (list) list.push(node);
      else readers.set(producer, [node]);
    }
  }
  // Kahn's algorithm; the queue is taken in file order, so that a graph which is nearly in order changes little.
  const ready = nodes.filter((node) => waits.get(node) === 0);
  for (let next = 0; next < ready.length; next++) {
    for (const reader of readers.get(ready[next]!) ?? []) {
      const left = waits.get(reader)! - 1;
      waits.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  if (ready.length < nodes.length) throw errors.cycle(describeCycle(graph, new Set(ready)));
  return graph.with({ nodes: ready });
}

function inOrder(graph: Graph): boolean {
  const { producers } = graph;
  const seen = new Set<Node>();
  for (const node of graph.nodes) {
    for (const name of node.uses) {
      const producer = producers.get(name);
      if (producer && !seen.has(producer)) return false;
    }
    seen.add(node);
  }
  return true;
}

/** Walks backwards among the nodes that could not be placed until one comes a second time: those in between are the cycle. */
function describeCycle(graph: Graph, placed: ReadonlySet<Node>): string {
  const path: Node[] = [];
  const at = new Map<Node, number>();
  let node = graph.nodes.find((candidate) => !placed.has(candidate))!;
  while (!at.has(node)) {
    at.set(node, path.length);
    path.push(node);
    node = node.uses.map((name) => graph.producers.get(name)).find((maker) => maker && !placed.has(maker))!;
  }
  const cycle = path.slice(at.get(node)!).reverse();
  // Told from the node that stands first in the file.
  const order = new Map(graph.nodes.map((member, index) => [member, index]));
  const first = cycle.reduce(
    (best, member, index) => (order.get(member)! < order.get(cycle[best]!)! ? index : best),
    0,
  );
  cycle.push(...cycle.splice(0, first));
  const shown = cycle.slice(0, 5).map((member) => member.label);
  return shown.join(' → ') + (cycle.length > shown.length ? ` → … (${cycle.length} nodes)` : '');
}
