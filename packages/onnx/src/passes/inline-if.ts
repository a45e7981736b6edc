import type { DataType } from '../data-type.ts';
import type { Graph } from '../graph.ts';
import { Node } from '../node.ts';
import type { GraphProto } from '../proto/onnx-ml_pb.ts';
import { graphFields } from '../read.ts';
import { Names, ownNames, renameNode } from '../subgraph.ts';
import type { Tensor } from '../tensor.ts';
import type { Value } from '../value.ts';

/**
 * Replaces each If whose condition is a constant by the nodes of the branch that runs, also where branches are nested. Names of the
 * branch that something else has already are changed. Run `fold` first so that conditions are constants, and again after it when a
 * branch makes further conditions constant.
 */
export function inlineIf(graph: Graph): Graph {
  if (!graph.nodes.some(isIf)) return graph;
  const constants = new Map(graph.initializers);
  const values = new Map(graph.values);
  const names = new Names(graph);
  const nodes: Node[] = [];
  let changed = false;

  // A stack instead of recursion: an inlined branch is put on top, so that what it holds is looked at next.
  const waiting = [...graph.nodes].reverse();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const taken = isIf(node) ? truth(node, constants) : undefined;
    const branch = taken === undefined ? undefined : node.attribute.graph(taken ? 'then_branch' : 'else_branch');
    if (!branch) {
      if (node.op === 'Constant' && node.domain === '') {
        const tensor = node.attribute.tensor('value');
        if (tensor?.type === ('bool' satisfies DataType)) constants.set(node.outputs[0]!, tensor);
      }
      nodes.push(node);
      continue;
    }
    changed = true;
    waiting.push(...unfold(node, branch, names, constants, values).reverse());
  }
  if (!changed) return graph;
  // Bool constants noted from Constant nodes are looked up, not added.
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const initializers = new Map([...constants].filter(([name]) => !made.has(name)));
  return graph.with({ nodes, initializers, values });
}

function isIf(node: Node): boolean {
  return node.op === 'If' && node.domain === '';
}

/** The condition of an If where it is a constant. */
function truth(node: Node, constants: ReadonlyMap<string, Tensor>): boolean | undefined {
  const condition = constants.get(node.inputs[0] ?? '');
  return condition?.type === 'bool' && condition.size === 1 ? condition.bytes[0] !== 0 : undefined;
}

/** The branch's nodes under names of the outer graph; its constants and declarations are added to the outer ones. */
function unfold(
  node: Node,
  branch: GraphProto,
  names: Names,
  constants: Map<string, Tensor>,
  values: Map<string, Value>,
): Node[] {
  const body = graphFields(branch);
  const rename = new Map<string, string>();
  const produced = new Set(body.nodes.flatMap((inner) => inner.outputs));
  const copied: [name: string, target: string][] = [];
  body.outputs.forEach((output, index) => {
    const target = node.outputs[index] ?? '';
    if (target === '') return;
    // The value itself takes the If's name; what comes from outside, is a constant, or leaves twice gets an Identity.
    if (produced.has(output.name) && !rename.has(output.name)) rename.set(output.name, target);
    else copied.push([output.name, target]);
  });
  const prefix = node.name || node.outputs.find((name) => name !== '') || 'If';
  for (const name of ownNames(branch)) {
    if (name !== '' && !rename.has(name)) rename.set(name, names.fresh(`${prefix}/${name}`));
  }
  for (const [name, tensor] of body.initializers) constants.set(rename.get(name)!, tensor);
  for (const [name, value] of body.values) {
    const target = rename.get(name);
    if (target !== undefined && !values.has(target)) values.set(target, value.withName(target));
  }
  const inner = body.nodes.map((entry) =>
    renameNode(entry.with({ name: entry.name && names.fresh(`${prefix}/${entry.name}`) }), rename),
  );
  const copies = copied.map(([name, target]) => Node.make('Identity', [rename.get(name) ?? name], [target]));
  return [...inner, ...copies];
}
