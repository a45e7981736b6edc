import { attributeType } from './attribute.ts';
import { type ErrorFacts, SeewhyError } from './errors.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import { type Operator, operators } from './operators.ts';
import { sortNodes } from './passes/sort-nodes.ts';
import { type AttributeProto, type GraphProto, AttributeProto_AttributeType as Type } from './proto/onnx-ml_pb.ts';
import { nodeFromProto } from './read.ts';

/** One thing that is wrong with a graph: code, what, where (the node or value) and cure. */
export type Problem = ErrorFacts;

/** Letters of the operator table. */
const TYPE_LETTERS: Readonly<Record<string, Type>> = {
  f: Type.FLOAT,
  i: Type.INT,
  s: Type.STRING,
  t: Type.TENSOR,
  g: Type.GRAPH,
  p: Type.SPARSE_TENSOR,
  y: Type.TYPE_PROTO,
  F: Type.FLOATS,
  I: Type.INTS,
  S: Type.STRINGS,
  T: Type.TENSORS,
  G: Type.GRAPHS,
  P: Type.SPARSE_TENSORS,
  Y: Type.TYPE_PROTOS,
};

/** A damaged file can have a problem in every node; nobody reads more than this. */
const MAX_PROBLEMS = 100;
const CURE = 'The file is damaged or was written by a faulty exporter; export the model again.';

/**
 * What is wrong with a graph, most basic first; an empty list when nothing is: values that are read but made nowhere or made twice, node names
 * given twice,
 * cycles, operator sets that are used but not imported, attributes of the wrong type, missing outputs. Operators the standard does
 * not know are left to the runtime (`unknownOperators` lists them). At most 100 problems.
 */
export function check(graph: Graph): Problem[] {
  const problems: Problem[] = [];
  const report = (code: string, what: string, where?: string, cure = CURE) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ code, what, where, cure });
  };
  const names = checkNames(graph, report);
  for (const node of graph.nodes) {
    checkNode(node, graph, report);
    for (const input of new Set(node.uses)) {
      if (!names.has(input)) report('VALUE_MISSING', `Nothing makes the value '${input}' that it reads`, node.label);
    }
    checkBodies(node, graph, report);
  }
  if (graph.outputs.length === 0) report('GRAPH_NO_OUTPUT', 'The graph has no output');
  for (const output of graph.outputs) {
    if (!names.has(output.name)) report('VALUE_MISSING', `Nothing makes the output '${output.name}'`);
  }
  try {
    sortNodes(graph);
  } catch (error) {
    if (!(error instanceof SeewhyError)) throw error;
    report(error.code, error.what, error.where, error.cure);
  }
  return problems;
}

/**
 * Returns the graph when `check` finds nothing.
 * @throws the first problem, under its own code; the message says how many more there are
 */
export function assertValid(graph: Graph): Graph {
  const [first, ...others] = check(graph);
  if (!first) return graph;
  const more = others.length === 0 ? '' : ` (and ${others.length} more problem${others.length > 1 ? 's' : ''})`;
  throw new SeewhyError({ ...first, what: first.what + more });
}

/** Nodes of the standard domain whose operator the standard (as known here) has not got: new ones, experimental ones, misspelt ones. */
export function unknownOperators(graph: Graph): Node[] {
  const local = new Set(graph.functions.map(({ domain, name }) => `${domain === 'ai.onnx' ? '' : domain}:${name}`));
  return graph.nodes.filter(
    (node) => node.domain === '' && !operators().has(node.op) && !local.has(`${node.domain}:${node.op}`),
  );
}

type Report = (code: string, what: string, where?: string, cure?: string) => void;

/** All value names; reports those that two things make. */
function checkNames(graph: Graph, report: Report): Set<string> {
  const names = new Set<string>();
  for (const input of graph.inputs) {
    if (names.has(input.name)) report('VALUE_DUPLICATE', `Two inputs are called '${input.name}'`);
    names.add(input.name);
  }
  // An initializer may carry the name of an input: it is its default.
  for (const name of [...graph.initializers.keys(), ...graph.sparseNames]) names.add(name);
  const outside = new Set(names);
  const labels = new Set<string>();
  for (const node of graph.nodes) {
    if (node.name !== '' && labels.has(node.name))
      report('NODE_DUPLICATE', `Another node is called '${node.name}' too`, node.label);
    labels.add(node.name);
    for (const output of node.outputs) {
      if (output === '') continue;
      if (outside.has(output)) report('VALUE_DUPLICATE', `'${output}' is an input or initializer already`, node.label);
      else if (names.has(output)) report('VALUE_DUPLICATE', `Another node makes '${output}' too`, node.label);
      names.add(output);
    }
  }
  const outputs = new Set<string>();
  for (const output of graph.outputs) {
    if (outputs.has(output.name)) report('VALUE_DUPLICATE', `Two outputs are called '${output.name}'`);
    outputs.add(output.name);
  }
  return names;
}

function checkNode(node: Node, graph: Graph, report: Report): void {
  if (node.op === '') report('OPERATOR_MISSING', 'A node names no operator', node.label);
  const local = graph.functions.some(
    ({ domain, name }) => name === node.op && (domain === 'ai.onnx' ? '' : domain) === node.domain,
  );
  if (!graph.opsets.has(node.domain) && !local) {
    const domain = node.domain === '' ? 'the standard operator set' : `the operator set '${node.domain}'`;
    report('OPSET_MISSING', `The model does not say which version of ${domain} it uses`, node.label);
  }
  if (node.domain !== '' || local) return;
  const operator = operators().get(node.op);
  if (operator) checkAgainst(node, operator, report);
}

function checkAgainst(node: Node, operator: Operator, report: Report): void {
  if (node.inputs.length > operator.mostInputs || node.inputs.length < operator.leastInputs) {
    const wanted =
      operator.mostInputs === operator.leastInputs
        ? `${operator.leastInputs}`
        : `${operator.leastInputs} to ${operator.mostInputs}`;
    report('NODE_INPUTS', `It has ${node.inputs.length} inputs; ${operator.name} takes ${wanted}`, node.label);
  }
  if (node.outputs.length > operator.mostOutputs || node.outputs.length === 0) {
    report(
      'NODE_OUTPUTS',
      `It has ${node.outputs.length} outputs; ${operator.name} makes 1 to ${operator.mostOutputs}`,
      node.label,
    );
  }
  for (const [name, proto] of node.attributes) {
    const letters = operator.attributes.get(name);
    if (letters && proto.refAttrName === '' && !fits(proto, letters)) {
      const wanted = [...letters].map((letter) => Type[TYPE_LETTERS[letter]!]).join(' or ');
      report(
        'ATTRIBUTE_INVALID',
        `The attribute '${name}' has type ${Type[attributeType(proto)]}, not ${wanted}`,
        node.label,
      );
    }
  }
}

function fits(proto: AttributeProto, letters: string): boolean {
  // Writers before IR 2 left the type out, and an empty list has none: the reader then trusts the operator.
  if (proto.type === Type.UNDEFINED) return true;
  return [...letters].some((letter) => TYPE_LETTERS[letter] === proto.type);
}

/** Inside bodies: duplicates and missing outputs; what they read from outside is in the node's `uses`. */
function checkBodies(node: Node, graph: Graph, report: Report): void {
  const waiting: GraphProto[] = [];
  const collect = (attributes: Iterable<AttributeProto>) => {
    for (const { g, graphs } of attributes) {
      if (g) waiting.push(g);
      waiting.push(...graphs);
    }
  };
  collect(node.attributes.values());
  for (let body = waiting.pop(); body; body = waiting.pop()) {
    const made = new Set<string>();
    for (const proto of body.node) {
      const inner = nodeFromProto(proto);
      checkNode(inner, graph, report);
      for (const output of proto.output) {
        if (output !== '' && made.has(output))
          report(
            'VALUE_DUPLICATE',
            `Another node of the body makes '${output}' too`,
            `${inner.label} in ${node.label}`,
          );
        made.add(output);
      }
      collect(proto.attribute);
    }
    if (body.output.length === 0 && body.node.length > 0) report('GRAPH_NO_OUTPUT', 'A body has no output', node.label);
  }
}
