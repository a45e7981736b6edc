import { type Graph, Node, type ValueName } from '@seewhy/onnx';

/**
 * y = HardSwish(x) as x · h where the graph has h = HardSigmoid(x, 1/6, ½) already, as its gradient does: ONNX Runtime's CPU provider has no
 * kernel for HardSwish and makes h once more. Without a gradient the node stays, which the runtime merges with the convolution before it.
 */
export function gatesOnce(graph: Graph): Graph {
  const gates = new Map<ValueName, Node>();
  for (const node of graph.nodes) if (isGate(node)) gates.set(node.inputs[0]!, node);
  const gateOf = (node: Node) => (node.type === 'HardSwish' ? gates.get(node.inputs[0]!) : undefined);
  const shared = new Set(graph.nodes.flatMap((node) => gateOf(node) ?? []));
  if (shared.size === 0) return graph;
  const placed = new Set<Node>();
  /** A shared gate stands before whatever needs it first. */
  const place = (gate: Node): Node[] => {
    if (placed.has(gate)) return [];
    placed.add(gate);
    return [gate];
  };
  const nodes = graph.nodes.flatMap((node) => {
    if (shared.has(node)) return place(node);
    const gate = gateOf(node);
    if (!gate) return [node];
    return [
      ...place(gate),
      Node.make('Mul', [node.inputs[0]!, gate.outputs[0]!], node.outputs, {}, { name: node.name }),
    ];
  });
  return graph.with({ nodes });
}

const isGate = ({ type, attribute }: Node) =>
  type === 'HardSigmoid' &&
  Math.fround(attribute.float('alpha', 0.2)) === Math.fround(1 / 6) &&
  attribute.float('beta', 0.5) === 0.5;
