import { type AttributeInput, AttributeReader, type Attributes, attributesFrom } from './attribute.ts';
import { AttributeProto_AttributeType, type GraphProto, type NodeProto } from './proto/onnx-ml_pb.ts';

/** What a node is made of. */
export interface NodeFields {
  readonly op: string;
  readonly domain?: string;
  readonly name?: string;
  /** Value names; an empty string is an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Attributes;
  readonly origin?: NodeProto;
}

/** One operation of a graph; never changed after it was made. */
export class Node {
  readonly op: string;
  /** '' is the standard domain (`ai.onnx` is read as ''). */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** The message it was read from: doc string, overload, metadata and unknown fields survive a round trip through it. */
  readonly origin: NodeProto | undefined;

  constructor(fields: NodeFields) {
    this.op = fields.op;
    this.domain = fields.domain === 'ai.onnx' ? '' : (fields.domain ?? '');
    this.name = fields.name ?? '';
    this.inputs = fields.inputs;
    this.outputs = fields.outputs;
    this.attributes = fields.attributes ?? new Map();
    this.origin = fields.origin;
  }

  static make(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
    rest: { name?: string; domain?: string } = {},
  ): Node {
    return new Node({ op, inputs, outputs, attributes: attributesFrom(attributes), ...rest });
  }

  /** A copy with some fields changed; the origin (unknown fields, metadata) is kept. */
  with(changes: Partial<NodeFields>): Node {
    return new Node({ ...this, ...changes });
  }

  /** `Relu`, or `com.microsoft.FusedConv` outside the standard domain: the key of rule tables. */
  get type(): string {
    return this.domain === '' ? this.op : `${this.domain}.${this.op}`;
  }

  /** For messages: op, node name if any, and first output. */
  get label(): string {
    const output = this.outputs.find((value) => value !== '') ?? '';
    return `${this.type} node ${this.name && this.name !== output ? `'${this.name}', ` : ''}output '${output}'`;
  }

  get attribute(): AttributeReader {
    return new AttributeReader(this.attributes, this.label);
  }

  /** Inputs plus the outer values that subgraphs (If, Loop, Scan bodies) refer to. */
  get uses(): readonly string[] {
    const captured = new Set<string>();
    for (const { type, g, graphs } of this.attributes.values()) {
      if (g && (type === AttributeProto_AttributeType.GRAPH || type === AttributeProto_AttributeType.UNDEFINED))
        capture(g, captured);
      for (const graph of graphs) capture(graph, captured);
    }
    const inputs = this.inputs.filter((value) => value !== '');
    return captured.size === 0 ? inputs : [...inputs, ...captured];
  }
}

/** Adds the free value names of a subgraph to `names`. */
function capture(graph: GraphProto, names: Set<string>): void {
  const own = new Set<string>();
  for (const value of graph.input) own.add(value.name);
  for (const tensor of graph.initializer) own.add(tensor.name);
  for (const node of graph.node) for (const output of node.output) own.add(output);
  const free = new Set<string>();
  for (const node of graph.node) {
    for (const input of node.input) free.add(input);
    for (const proto of node.attribute) {
      if (proto.g) capture(proto.g, free);
      for (const inner of proto.graphs) capture(inner, free);
    }
  }
  for (const value of graph.output) free.add(value.name);
  for (const name of free) if (name !== '' && !own.has(name)) names.add(name);
}
