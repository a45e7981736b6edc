import { attributeType } from './attribute.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import { type AttributeProto, AttributeProto_AttributeType as Type } from './proto/onnx-ml_pb.ts';
import { Tensor } from './tensor.ts';

const text = new TextDecoder();
const MAX_LISTED = 12;

/** A node as one readable line: `y = Conv(x, w) {strides=[2, 2]}`. */
export function printNode(node: Node): string {
  const attributes = [...node.attributes.values()].map((proto) => `${proto.name}=${printAttribute(proto)}`).sort();
  const inputs = node.inputs.map((input) => (input === '' ? '-' : input)).join(', ');
  return `${node.outputs.join(', ')} = ${node.type}(${inputs})${attributes.length > 0 ? ` {${attributes.join(', ')}}` : ''}`;
}

/** Nodes as lines; small integer and scalar constants are written in place of their names. */
export function printNodes(graph: Graph, nodes: readonly Node[] = graph.nodes): string {
  const inline = (name: string) => {
    const tensor = graph.initializers.get(name);
    return tensor && tensor.size <= MAX_LISTED && !tensor.strings ? printTensor(tensor) : name;
  };
  return nodes.map((node) => printNode(node.with({ inputs: node.inputs.map(inline) }))).join('\n');
}

function printTensor(tensor: Tensor): string {
  if (!/^(float(16|32|64)|u?int(8|16|32|64)|bool)$/.test(tensor.type)) return `${tensor.type}[${tensor.dims}]`;
  const values = tensor
    .numbers()
    .map((value) => (Number.isInteger(value) ? String(value) : value.toPrecision(7).replace(/\.?0+$/, '')));
  if (tensor.dims.length === 0) return values[0]!;
  return tensor.dims.length === 1 ? `[${values.join(', ')}]` : `${tensor.dims.join('x')}[${values.join(', ')}]`;
}

function printAttribute(proto: AttributeProto): string {
  switch (attributeType(proto)) {
    case Type.FLOAT:
      return String(Number(proto.f.toPrecision(7)));
    case Type.INT:
      return String(proto.i);
    case Type.STRING:
      return JSON.stringify(text.decode(proto.s));
    case Type.INTS:
      return `[${proto.ints.join(', ')}]`;
    case Type.FLOATS:
      return `[${proto.floats.join(', ')}]`;
    case Type.STRINGS:
      return `[${proto.strings.map((s) => JSON.stringify(text.decode(s))).join(', ')}]`;
    case Type.TENSOR:
      return proto.t ? printTensor(Tensor.fromProto(proto.t)) : 'tensor';
    default:
      return 'graph';
  }
}
