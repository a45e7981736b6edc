import { fromBinary } from '@bufbuild/protobuf';
import { errors } from './errors.ts';
import { resolveExternal } from './external.ts';
import { Graph } from './graph.ts';
import { Node } from './node.ts';
import { type GraphProto, type ModelProto, ModelProtoSchema, type NodeProto } from './proto/onnx-ml_pb.ts';
import { type ExternalReader, Tensor } from './tensor.ts';
import { Value } from './value.ts';

/** What reading a model needs beside its own bytes. */
export interface ReadOptions {
  /** Gives the bytes of external-data files. Without it a model with external data is refused. */
  external?: ExternalReader;
}

/**
 * Reads the bytes of an `.onnx` file. Weights stay views on `bytes`; unknown fields are kept.
 * @throws MODEL_NOT_ONNX, MODEL_TRUNCATED, MODEL_NO_GRAPH, TENSOR_INVALID, EXTERNAL_DATA_MISSING
 */
export function readGraph(bytes: Uint8Array, options: ReadOptions = {}): Graph {
  return graphFromModel(readModel(bytes), options);
}

/**
 * Decodes the bytes of an `.onnx` file without making a graph: to see which weights files it needs (`externalReferences`) before
 * `graphFromModel`.
 * @throws MODEL_NOT_ONNX, MODEL_TRUNCATED, MODEL_NO_GRAPH
 */
export function readModel(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) throw errors.notAModel('the file is empty');
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 64));
  if (start.startsWith('version https://git-lfs')) throw errors.notAModel('it is a Git LFS pointer to one');
  if (/^\s*<(!doctype|html|\?xml)/i.test(start)) throw errors.notAModel('it is a web page');
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    // A real model begins with ir_version (field 1, varint): anything else never was one.
    if (bytes[0] === 0x08) throw errors.truncated(cause);
    throw errors.notAModel('it is not in the protobuf format', cause);
  }
  if (!model.graph) {
    if (model.irVersion === 0n && model.opsetImport.length === 0) throw errors.notAModel('none of its fields is there');
    throw errors.noGraph();
  }
  return model;
}

/** A decoded model as a graph. External tensors of bodies and attributes are brought into `model`. */
export function graphFromModel(model: ModelProto, options: ReadOptions = {}): Graph {
  if (!model.graph) throw errors.noGraph();
  resolveExternal(model, options.external);
  const opsets = new Map(
    model.opsetImport.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, Number(version)]),
  );
  const metadata = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
  return new Graph({
    ...graphFields(model.graph, options),
    irVersion: Number(model.irVersion),
    opsets,
    metadata,
    functions: model.functions,
    origin: { model, graph: model.graph },
  });
}

/** The parts of a graph message that a model's main graph and a subgraph share. */
export function graphFields(proto: GraphProto, options: ReadOptions = {}) {
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer) {
    if (initializers.has(tensor.name)) throw errors.badTensor(tensor.name, 'two initializers have this name');
    initializers.set(tensor.name, Tensor.fromProto(tensor, options.external));
  }
  return {
    name: proto.name,
    inputs: proto.input.map(Value.fromProto),
    outputs: proto.output.map(Value.fromProto),
    initializers,
    nodes: proto.node.map(nodeFromProto),
    values: new Map(proto.valueInfo.map((value) => [value.name, Value.fromProto(value)])),
  };
}

/** One node message as a node. */
export function nodeFromProto(proto: NodeProto): Node {
  return new Node({
    op: proto.opType,
    domain: proto.domain,
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: new Map(proto.attribute.map((entry) => [entry.name, entry])),
    origin: proto,
  });
}
