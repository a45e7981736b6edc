import { Node, type ValueName } from '@seewhy/onnx';

/**
 * Dense blocks write `Concat(a, b)`, `Concat(a, b, c)`, `Concat(a, b, c, d)` …: each as the one before and what is new, for the
 * backward walk. Its pieces are then added up once a step instead of once for every later step. The graph itself is not changed.
 * @param keep values whose own gradient is asked for: a Concat among them must not receive what belongs to its parts
 */
export function chainConcats(nodes: readonly Node[], keep: ReadonlySet<ValueName>): readonly Node[] {
  const byInputs = new Map<string, ValueName>();
  for (const node of nodes) {
    if (node.type === 'Concat' && node.inputs.length > 1 && !keep.has(node.outputs[0]!))
      byInputs.set(key(node, node.inputs.length), node.outputs[0]!);
  }
  if (byInputs.size < 2) return nodes;
  return nodes.map((node) => {
    if (node.type !== 'Concat') return node;
    for (let count = node.inputs.length - 1; count > 1; count--) {
      const whole = byInputs.get(key(node, count));
      if (whole !== undefined) return shortened(node, whole, count);
    }
    return node;
  });
}

const key = (node: Node, count: number) =>
  `${node.attribute.int('axis', 0)}\u0000${node.inputs.slice(0, count).join('\u0000')}`;

const shortened = (node: Node, whole: ValueName, count: number) =>
  Node.make(
    'Concat',
    [whole, ...node.inputs.slice(count)],
    node.outputs,
    { axis: node.attribute.int('axis', 0) },
    { name: node.name },
  );
