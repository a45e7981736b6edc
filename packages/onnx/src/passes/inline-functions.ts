import { attributeType } from '../attribute.ts';
import { copyMessage } from '../copy-message.ts';
import { errors } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { Node } from '../node.ts';
import { changedBetween } from '../operators.ts';
import type { AttributeProto, FunctionProto, GraphProto } from '../proto/onnx-ml_pb.ts';
import { nodeFromProto } from '../read.ts';
import { mapSubgraphs, Names, renameNode } from '../subgraph.ts';
import { nodeToProto } from '../write.ts';

/** Functions that call functions can unfold exponentially: no model comes near this many nodes. */
const MAX_NODES = 250_000;

/**
 * Replaces every call of a model-local function by the nodes of its body, with fresh names, and drops the functions. Attribute
 * references are filled from the call or the function's defaults; calls inside bodies and inside If, Loop and Scan are followed.
 * Operator sets that only a function imports are imported by the model.
 * @throws FUNCTION_RECURSIVE, FUNCTION_TOO_LARGE, FUNCTION_OPSET
 */
export function inlineFunctions(graph: Graph): Graph {
  if (graph.functions.length === 0) return graph;
  return new Inliner(graph).run();
}

const key = (domain: string, name: string, overload: string) =>
  `${domain === 'ai.onnx' ? '' : domain}\u0000${name}\u0000${overload}`;

class Inliner {
  private readonly functions = new Map<string, FunctionProto>();
  private readonly names: Names;
  private readonly opsets: Map<string, number>;
  private readonly used = new Set<FunctionProto>();
  private count = 0;
  private readonly graph: Graph;

  constructor(graph: Graph) {
    this.graph = graph;
    this.names = new Names(graph);
    this.opsets = new Map(graph.opsets);
    for (const proto of graph.functions) this.functions.set(key(proto.domain, proto.name, proto.overload), proto);
  }

  run(): Graph {
    const nodes = this.inlineAll(this.graph.nodes, []);
    return this.graph.with({ nodes, functions: [], opsets: this.opsets });
  }

  private inlineAll(nodes: readonly Node[], stack: readonly FunctionProto[]): Node[] {
    const result: Node[] = [];
    for (const node of nodes) this.inline(node, stack, result);
    return result;
  }

  private inline(node: Node, stack: readonly FunctionProto[], result: Node[]): void {
    const proto = this.functions.get(key(node.domain, node.op, node.origin?.overload ?? ''));
    if (!proto) {
      if (++this.count > MAX_NODES) throw errors.functionsTooLarge(MAX_NODES);
      result.push(mapSubgraphs(node, (body) => this.inlineBody(body, stack)));
      return;
    }
    if (stack.includes(proto)) {
      throw errors.recursiveFunction([...stack.slice(stack.indexOf(proto)), proto].map(({ name }) => name).join(' → '));
    }
    if (!this.used.has(proto)) {
      this.used.add(proto);
      this.mergeOpsets(proto);
    }
    for (const inner of this.body(node, proto)) this.inline(inner, [...stack, proto], result);
  }

  private inlineBody(body: GraphProto, stack: readonly FunctionProto[]): GraphProto {
    return copyMessage(body, { node: this.inlineAll(body.node.map(nodeFromProto), stack).map(nodeToProto) });
  }

  /** The nodes of one call: formal names become the caller's, inner names fresh ones, attribute references values. */
  private body(call: Node, proto: FunctionProto): Node[] {
    const prefix = call.name || call.outputs.find((name) => name !== '') || proto.name;
    const names = new Map<string, string>();
    proto.input.forEach((name, index) => {
      names.set(name, call.inputs[index] ?? '');
    });
    const made = new Set(proto.node.flatMap((node) => node.output));
    const copies: Node[] = [];
    proto.output.forEach((name, index) => {
      const target = call.outputs[index] ?? '';
      if (made.has(name) && !names.has(name)) names.set(name, target || this.names.fresh(`${prefix}/${name}`));
      else if (target !== '') copies.push(Node.make('Identity', [names.get(name) ?? name], [target]));
    });
    for (const name of made) {
      if (name !== '' && !names.has(name)) names.set(name, this.names.fresh(`${prefix}/${name}`));
    }
    const nodes = proto.node.map((inner) => {
      const node = resolveAttributes(nodeFromProto(inner), call, proto);
      return renameNode(node.with({ name: this.names.fresh(`${prefix}/${inner.name || inner.opType}`) }), names);
    });
    return [...nodes, ...copies];
  }

  /** A model has one version of an operator set. A function's other version is fine where none of the ops it uses changed in between. */
  private mergeOpsets(proto: FunctionProto): void {
    for (const { domain: imported, version } of proto.opsetImport) {
      const domain = imported === 'ai.onnx' ? '' : imported;
      const own = Number(version);
      const model = this.opsets.get(domain);
      if (model === undefined) this.opsets.set(domain, own);
      else if (model !== own) {
        const changed = proto.node.find(
          (node) =>
            (node.domain === 'ai.onnx' ? '' : node.domain) === domain &&
            !this.functions.has(key(node.domain, node.opType, node.overload)) &&
            (domain !== '' || changedBetween(node.opType, own, model)),
        );
        if (changed) throw errors.functionOpset(proto.name, domain, own, model, changed.opType);
      }
    }
  }
}

/** Fills `ref_attr_name` from the call, else from the function's default, else leaves the attribute out; also inside bodies. */
function resolveAttributes(node: Node, call: Node, proto: FunctionProto): Node {
  const attributes = resolveList([...node.attributes.values()], call, proto);
  return node.with({ attributes: new Map(attributes.map((entry) => [entry.name, entry])) });
}

function resolveList(list: readonly AttributeProto[], call: Node, proto: FunctionProto): AttributeProto[] {
  const resolved: AttributeProto[] = [];
  for (const entry of list) {
    if (entry.refAttrName !== '') {
      const given =
        call.attributes.get(entry.refAttrName) ?? proto.attributeProto.find(({ name }) => name === entry.refAttrName);
      if (given) resolved.push(copyMessage(given, { name: entry.name, type: attributeType(given) }));
    } else if (entry.g || entry.graphs.length > 0) {
      const inside = (body: GraphProto): GraphProto =>
        copyMessage(body, {
          node: body.node.map((node) => copyMessage(node, { attribute: resolveList(node.attribute, call, proto) })),
        });
      resolved.push(
        copyMessage(entry, { ...(entry.g ? { g: inside(entry.g) } : {}), graphs: entry.graphs.map(inside) }),
      );
    } else resolved.push(entry);
  }
  return resolved;
}
