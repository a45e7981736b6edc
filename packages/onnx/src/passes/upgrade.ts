import { copyMessage } from '../copy-message.ts';
import type { DataType } from '../data-type.ts';
import { errors } from '../errors.ts';
import { Graph } from '../graph.ts';
import { inferTypes } from '../infer-types.ts';
import type { Node } from '../node.ts';
import type { GraphProto } from '../proto/onnx-ml_pb.ts';
import { graphFields } from '../read.ts';
import { mapSubgraphs, Names } from '../subgraph.ts';
import type { Tensor } from '../tensor.ts';
import { nodeToProto } from '../write.ts';
import { inferRanks } from './infer-ranks.ts';
import { inlineFunctions } from './inline-functions.ts';
import { promoteConstants } from './promote-constants.ts';
import { UPGRADE_RULES } from './upgrade-rules.ts';

/** The opset that older models are brought to, and that every emitted node is written for. */
export const BASE_OPSET = 13;
const OLDEST = 7;
/** Opset 13 came with ONNX 1.8, whose files are IR 7. */
const BASE_IR = 7;

/** What a rule may ask and make while it rewrites one node. */
export interface UpgradeContext {
  /** The model's own opset, 7 to 12. */
  readonly opset: number;
  /** Element type of a value where it is known. */
  type(name: string): DataType | undefined;
  /** Number of dimensions of a value where it is known. */
  rank(name: string): number | undefined;
  /** A constant (initializer or Constant node) by name. */
  constant(name: string): Tensor | undefined;
  /** True when some node, body or graph output reads the value. */
  used(name: string): boolean;
  /** Adds a constant; returns its name. */
  add(tensor: Tensor, hint: string): string;
  /** A value name that nothing has yet. */
  fresh(hint: string): string;
}

/**
 * Brings a model of opset 7 to 12 to opset 13: operators that changed are rewritten, the others mean the same. Newer models are
 * returned as they are. Bodies of If, Loop and Scan are upgraded too. Initializers that are listed as inputs become constants.
 * @throws OPSET_TOO_OLD below 7; UPGRADE_UNSUPPORTED, naming the node, for what opset 13 cannot express
 */
export function upgrade(graph: Graph): Graph {
  if (!graph.opsets.has('') && graph.nodes.every((node) => node.domain !== '')) return graph;
  if (graph.opset >= BASE_OPSET) return graph;
  if (graph.opset < OLDEST) throw errors.opsetTooOld(graph.opset);
  const base = promoteConstants(graph.functions.length > 0 ? inlineFunctions(graph) : graph);
  const names = new Names(base);
  const constants = new Map<string, Tensor>();
  const nodes = upgradeNodes(base, names, constants, {
    type: () => undefined,
    rank: () => undefined,
    constant: () => undefined,
  });
  return base.with({
    nodes,
    initializers: constants.size > 0 ? new Map([...base.initializers, ...constants]) : base.initializers,
    opsets: new Map(base.opsets).set('', BASE_OPSET),
    irVersion: Math.max(BASE_IR, base.irVersion),
  });
}

type Outer = Pick<UpgradeContext, 'type' | 'rank' | 'constant'>;

function upgradeNodes(graph: Graph, names: Names, constants: Map<string, Tensor>, outer: Outer, opset = graph.opset) {
  const types = inferTypes(graph);
  const ranks = inferRanks(graph);
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const context: UpgradeContext = {
    opset,
    type: (name) => types.get(name) ?? outer.type(name),
    rank: (name) => ranks.get(name) ?? outer.rank(name),
    constant: (name) => {
      const maker = graph.producers.get(name);
      if (maker) return maker.op === 'Constant' && maker.domain === '' ? maker.attribute.tensor('value') : undefined;
      return graph.initializers.get(name) ?? outer.constant(name);
    },
    used: (name) => graph.consumers.has(name) || outputs.has(name),
    add: (tensor, hint) => {
      const name = names.fresh(hint);
      // Constants of a body lie in the main graph as well: a body may read what stands outside it.
      constants.set(name, tensor);
      return name;
    },
    fresh: (hint) => names.fresh(hint),
  };
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const inner = mapSubgraphs(node, (body) => upgradeBody(body, names, constants, context));
    // An op may be called `constructor`: only the table's own entries count.
    const rule = node.domain === '' && Object.hasOwn(UPGRADE_RULES, node.op) ? UPGRADE_RULES[node.op] : undefined;
    if (rule) nodes.push(...rule(inner, context));
    else nodes.push(inner);
  }
  return nodes;
}

function upgradeBody(body: GraphProto, names: Names, constants: Map<string, Tensor>, context: UpgradeContext) {
  const graph = new Graph(graphFields(body));
  const nodes = upgradeNodes(graph, names, constants, context, context.opset);
  return copyMessage(body, { node: nodes.map(nodeToProto) });
}
