import { create } from '@bufbuild/protobuf';
import { attribute, type Node } from '../src/index.ts';
import { AttributeProto_AttributeType, FunctionProtoSchema } from '../src/proto/onnx-ml_pb.ts';
import { nodeToProto } from '../src/write.ts';

/** A model-local function of opset 17 (and `local`, so that it may call others). */
export function functionProto(
  domain: string,
  name: string,
  input: string[],
  output: string[],
  nodes: readonly Node[],
  attributes: string[] = [],
) {
  return create(FunctionProtoSchema, {
    domain,
    name,
    input,
    output,
    attribute: attributes,
    node: nodes.map(nodeToProto),
    opsetImport: [
      { domain: '', version: 17n },
      { domain: 'local', version: 1n },
    ],
  });
}

/** An attribute of an inner node that takes the value of the function's attribute `from`. */
export function refAttribute(name: string, from: string) {
  const proto = attribute(name, 0);
  proto.refAttrName = from;
  proto.type = AttributeProto_AttributeType.FLOAT;
  return proto;
}
