import { isObject, type Json } from '../archive/json.ts';
import { errors } from '../errors.ts';
import { MOST_NODES } from '../model/emitter.ts';
import { Attributes, readShape } from './attributes.ts';

/** One output of a node. */
export interface Port {
  readonly node: string;
  readonly index: number;
}

/** One node of a TensorFlow graph. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** Data inputs; those that only order the execution (`^name`) are left out: nothing here has side effects. */
  readonly inputs: readonly Port[];
  readonly attributes: Attributes;
  /** For messages. */
  readonly label: string;
}

/** What a graph is called with, or gives. */
export interface PortView {
  readonly port: Port;
  /** Dimensions by the signature; undefined where it says nothing. */
  readonly shape?: readonly (number | null)[];
}

export interface GraphDef {
  readonly nodes: ReadonlyMap<string, NodeDef>;
  readonly inputs: readonly PortView[];
  readonly outputs: readonly PortView[];
}

/** Not computed for a result. */
const SILENT = new Set(['NoOp', 'Assert', 'Const', 'Placeholder', 'PlaceholderWithDefault']);

/**
 * Reads the JSON of a GraphDef. Inputs and outputs are those of the signature, or else the placeholders and the nodes that none reads.
 * @throws GRAPH_INVALID
 */
export function readGraphDef(topology: Json, signature: unknown): GraphDef {
  const list = topology.node;
  if (!Array.isArray(list)) throw errors.badGraph('modelTopology', 'it has no list of nodes');
  if (list.length > MOST_NODES) throw errors.tooLarge('nodes', MOST_NODES);
  const nodes = new Map<string, NodeDef>();
  for (const json of list) {
    const node = readNode(json);
    if (nodes.has(node.name)) throw errors.badGraph(node.label, 'the name is given twice');
    nodes.set(node.name, node);
  }
  for (const { label, inputs } of nodes.values())
    for (const { node } of inputs) if (!nodes.has(node)) throw errors.inputMissing(label, node, nodes.keys());
  const signed = isObject(signature) ? signature : {};
  const inputs = ports(signed.inputs, nodes, 'inputs of the signature');
  const outputs = ports(signed.outputs, nodes, 'outputs of the signature');
  const read = new Set([...nodes.values()].flatMap((node) => node.inputs.map((port) => port.node)));
  const ends = [...nodes.values()].filter(({ name, op }) => !read.has(name) && !SILENT.has(op));
  const result = {
    nodes,
    inputs:
      inputs.length > 0
        ? inputs
        : [...nodes.values()].filter(isPlaceholder).map(({ name }) => ({ port: { node: name, index: 0 } })),
    outputs: outputs.length > 0 ? outputs : ends.map(({ name }) => ({ port: { node: name, index: 0 } })),
  };
  if (result.outputs.length === 0) throw errors.badGraph('modelTopology', 'it has no output');
  return result;
}

export function isPlaceholder({ op }: NodeDef): boolean {
  return op === 'Placeholder' || op === 'PlaceholderV2' || op === 'PlaceholderWithDefault';
}

function readNode(json: unknown): NodeDef {
  if (!isObject(json) || typeof json.name !== 'string' || typeof json.op !== 'string' || json.name === '')
    throw errors.badGraph('a node of modelTopology', 'it has no name or no op');
  const { name, op } = json;
  const label = `${op.slice(0, 60)} node '${name}'`;
  const inputs = json.input ?? [];
  if (!Array.isArray(inputs) || inputs.length > 10_000 || !inputs.every((input) => typeof input === 'string'))
    throw errors.badGraph(label, 'its inputs are no list of names');
  const attributes = json.attr ?? {};
  if (!isObject(attributes)) throw errors.badGraph(label, 'its attributes are no object');
  return {
    name,
    op,
    label,
    inputs: (inputs as string[]).filter((input) => !input.startsWith('^')).map(portOf),
    attributes: new Attributes(attributes, label),
  };
}

/** `name`, `name:1` or (in function bodies) `name:output:0`. */
function portOf(text: string): Port {
  const [node, ...rest] = text.split(':');
  const index = Number(rest.at(-1) ?? 0);
  return { node: node!, index: Number.isSafeInteger(index) && index >= 0 ? index : 0 };
}

function ports(value: unknown, nodes: ReadonlyMap<string, NodeDef>, where: string): PortView[] {
  if (!isObject(value)) return [];
  return Object.entries(value).map(([key, entry]) => {
    const text = isObject(entry) && typeof entry.name === 'string' ? entry.name : key;
    const port = portOf(text);
    if (!nodes.has(port.node)) throw errors.inputMissing(where, port.node, nodes.keys());
    const shape = isObject(entry)
      ? readShape(entry.tensorShape, () => errors.badGraph(where, `the shape of '${key}' is malformed`))
      : undefined;
    return { port, ...(shape ? { shape } : {}) };
  });
}

/**
 * The nodes that the outputs need, each after those it reads.
 * @param meet called with each before its inputs are followed: loops are refused as what they are, not as a cycle
 * @throws GRAPH_CYCLE
 */
export function inOrder({ nodes, outputs }: GraphDef, meet: (node: NodeDef) => void): NodeDef[] {
  const order: NodeDef[] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const { port } of outputs) {
    const stack: { node: NodeDef; next: number }[] = [];
    const enter = (name: string) => {
      if (state.get(name) === 'done') return;
      if (state.get(name) === 'open') throw errors.graphCycle(stack.map(({ node }) => node.name).slice(-5));
      state.set(name, 'open');
      const node = nodes.get(name)!;
      meet(node);
      stack.push({ node, next: 0 });
    };
    enter(port.node);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      if (top.next < top.node.inputs.length) enter(top.node.inputs[top.next++]!.node);
      else {
        state.set(top.node.name, 'done');
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
