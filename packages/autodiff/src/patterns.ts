import { type Graph, Node, type ValueName } from '@seewhy/onnx';
import type { RuleTable } from './rule.ts';

export interface FuseOptions {
  /** Values that must stay visible: the differentiated one and those differentiated with respect to. */
  keep: ReadonlySet<ValueName>;
  /** A pattern is fused only when the table has a rule for it. */
  rules: RuleTable;
}

/** Domain of nodes that exist only for the backward walk. */
export const PATTERN_DOMAIN = 'seewhy';

/**
 * The nodes of a graph as the backward walk sees them: groups of nodes that are one function (Sigmoid + Mul = SiLU) become one
 * virtual node, whose gradient is shorter and keeps the runtime's fusion of the forward pair. The graph itself is not changed.
 */
export function fusePatterns(graph: Graph, options: FuseOptions): readonly Node[] {
  const replaced = new Map<Node, Node | null>();
  for (const node of graph.nodes) {
    const match = silu(graph, node);
    if (!match) continue;
    const virtual = new Node({
      op: match.op,
      domain: PATTERN_DOMAIN,
      inputs: match.inputs,
      outputs: node.outputs,
      name: node.name,
    });
    if (!Object.hasOwn(options.rules, virtual.type)) continue;
    const hidden = match.inner.flatMap((inner) => inner.outputs);
    if (hidden.some((value) => options.keep.has(value) || graph.outputs.some((output) => output.name === value)))
      continue;
    for (const inner of match.inner) replaced.set(inner, null);
    replaced.set(node, virtual);
  }
  if (replaced.size === 0) return graph.nodes;
  return graph.nodes.flatMap((node) => {
    const by = replaced.get(node);
    return by === undefined ? [node] : by === null ? [] : [by];
  });
}

interface Match {
  op: string;
  inputs: ValueName[];
  /** Nodes swallowed, besides the one whose output stays. */
  inner: Node[];
}

/** x · Sigmoid(x), where nothing else reads the sigmoid. */
function silu(graph: Graph, node: Node): Match | undefined {
  if (node.type !== 'Mul') return undefined;
  for (const [x, gate] of [
    [node.inputs[0]!, node.inputs[1]!],
    [node.inputs[1]!, node.inputs[0]!],
  ] as const) {
    const sigmoid = graph.producers.get(gate);
    if (sigmoid?.type === 'Sigmoid' && sigmoid.inputs[0] === x && graph.consumers.get(gate)?.length === 1) {
      return { op: 'Silu', inputs: [x], inner: [sigmoid] };
    }
  }
  return undefined;
}
