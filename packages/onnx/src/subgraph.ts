import { copyMessage } from './copy-message.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import type { AttributeProto, GraphProto, NodeProto } from './proto/onnx-ml_pb.ts';

/** The bodies of a control-flow node (If, Loop, Scan); empty for every other node. */
export function subgraphs(node: Node): GraphProto[] {
  const found: GraphProto[] = [];
  for (const { g, graphs } of node.attributes.values()) {
    if (g) found.push(g);
    if (graphs.length > 0) found.push(...graphs);
  }
  return found;
}

/** A node whose bodies were replaced by `change`; the same node when it has none. */
export function mapSubgraphs(node: Node, change: (body: GraphProto, attribute: string) => GraphProto): Node {
  let attributes: Map<string, AttributeProto> | undefined;
  for (const [name, proto] of node.attributes) {
    if (!proto.g && proto.graphs.length === 0) continue;
    attributes ??= new Map(node.attributes);
    attributes.set(
      name,
      copyMessage(proto, {
        ...(proto.g ? { g: change(proto.g, name) } : {}),
        graphs: proto.graphs.map((body) => change(body, name)),
      }),
    );
  }
  return attributes ? node.with({ attributes }) : node;
}

/** A node that reads and makes values under other names, also inside its bodies. Names that are not in the map stay. */
export function renameNode(node: Node, names: ReadonlyMap<string, string>): Node {
  const to = (name: string) => names.get(name) ?? name;
  return mapSubgraphs(node.with({ inputs: node.inputs.map(to), outputs: node.outputs.map(to) }), (body) =>
    renameCaptures(body, names),
  );
}

/** A body in which the values it takes from outside have other names; its own values shadow them. */
export function renameCaptures(body: GraphProto, names: ReadonlyMap<string, string>): GraphProto {
  const own = ownNames(body);
  const outer = new Map([...names].filter(([name]) => !own.has(name)));
  if (outer.size === 0) return body;
  const to = (name: string) => outer.get(name) ?? name;
  return copyMessage(body, {
    node: body.node.map((node) => renameNodeProto(node, to, outer)),
    output: body.output.map((value) => (outer.has(value.name) ? copyMessage(value, { name: to(value.name) }) : value)),
  });
}

function renameNodeProto(node: NodeProto, to: (name: string) => string, names: ReadonlyMap<string, string>): NodeProto {
  return copyMessage(node, {
    input: node.input.map(to),
    output: node.output.map(to),
    attribute: node.attribute.map((proto) =>
      proto.g || proto.graphs.length > 0
        ? copyMessage(proto, {
            ...(proto.g ? { g: renameCaptures(proto.g, names) } : {}),
            graphs: proto.graphs.map((inner) => renameCaptures(inner, names)),
          })
        : proto,
    ),
  });
}

/** Names that a body defines itself: inputs, initializers and node outputs. */
export function ownNames(body: GraphProto): Set<string> {
  const own = new Set<string>();
  for (const value of body.input) own.add(value.name);
  for (const tensor of body.initializer) own.add(tensor.name);
  for (const sparse of body.sparseInitializer) if (sparse.values) own.add(sparse.values.name);
  for (const node of body.node) for (const output of node.output) own.add(output);
  return own;
}

/** Every value and node name of a graph and its bodies, and the means to make another one. */
export class Names {
  readonly taken: Set<string>;
  /** The next number to try under a stem: keeps `fresh` linear where thousands of values share a name. */
  private readonly counters = new Map<string, number>();

  constructor(graph: Graph) {
    this.taken = graph.valueNames;
    for (const value of graph.values.keys()) this.taken.add(value);
    for (const output of graph.outputs) this.taken.add(output.name);
    for (const node of graph.nodes) {
      if (node.name) this.taken.add(node.name);
      for (const body of subgraphs(node)) this.addBody(body);
    }
  }

  private addBody(body: GraphProto): void {
    for (const name of ownNames(body)) this.taken.add(name);
    for (const node of body.node) {
      if (node.name) this.taken.add(node.name);
      for (const proto of node.attribute) {
        if (proto.g) this.addBody(proto.g);
        for (const inner of proto.graphs) this.addBody(inner);
      }
    }
  }

  /** `stem` itself when it is free, else `stem_1`, `stem_2` … */
  fresh(stem: string): string {
    let count = this.counters.get(stem) ?? 0;
    let name = count === 0 ? stem : `${stem}_${count}`;
    while (name === '' || this.taken.has(name)) name = `${stem}_${++count}`;
    this.counters.set(stem, count + 1);
    this.taken.add(name);
    return name;
  }
}
