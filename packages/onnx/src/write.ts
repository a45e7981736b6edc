import { create, toBinary } from '@bufbuild/protobuf';
import { copyMessage } from './copy-message.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';
import {
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
} from './proto/onnx-ml_pb.ts';
import type { Tensor } from './tensor.ts';

/** Where weights go when they are not written inside the model: a name, and the bytes under it. */
export interface ExternalFile {
  location: string;
  data: Uint8Array;
}

/** Below this many bytes a tensor stays inside the model: shape constants must be readable to a runtime's shape inference. */
export const EXTERNAL_FROM = 1024;
/** The same for lists of whole numbers: a Split into hundreds of steps has as many sizes. */
const LIST_EXTERNAL_FROM = 64 * 1024;

const staysInside = ({ strings, bytes, dims, type }: Tensor): boolean =>
  strings !== undefined || bytes.length < (type === 'int64' && dims.length <= 1 ? LIST_EXTERNAL_FROM : EXTERNAL_FROM);

/**
 * A graph as the bytes of an `.onnx` file with all weights inside.
 * @throws RangeError above 2 GB (protobuf's limit): use `writeExternal` then
 */
export function writeGraph(graph: Graph): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    modelFromGraph(graph, (name, tensor) => tensor.toProto(name)),
  );
}

/**
 * A graph as a small model whose larger weights point into the memory they already lie in: nothing is copied. The files are to be
 * given to the runtime under their locations (ONNX Runtime's `externalData` option).
 */
export function writeShared(graph: Graph): { model: Uint8Array; files: ExternalFile[] } {
  const buffers = new Map<ArrayBufferLike, string>();
  const model = modelFromGraph(graph, (name, tensor) => {
    if (staysInside(tensor)) return tensor.toProto(name);
    const { buffer } = tensor.bytes;
    let location = buffers.get(buffer);
    if (!location) {
      location = `memory-${buffers.size}`;
      buffers.set(buffer, location);
    }
    return tensor.toExternalProto(name, location, tensor.bytes.byteOffset);
  });
  const files = [...buffers].map(([buffer, location]) => ({ location, data: new Uint8Array(buffer) }));
  return { model: toBinary(ModelProtoSchema, model), files };
}

/** External data begins at multiples of this, so that a runtime may map it into memory. */
const ALIGNMENT = 4096;

/**
 * A graph as a model plus one weights file. `chunks` is the weights file in order, to be written one after the other, so that
 * models above 2 GB need no single array.
 * @param location name of the weights file as the model will refer to it
 */
export function writeExternal(graph: Graph, location: string): { model: Uint8Array; chunks: Uint8Array[] } {
  const chunks: Uint8Array[] = [];
  let end = 0;
  const model = modelFromGraph(graph, (name, tensor) => {
    if (staysInside(tensor)) return tensor.toProto(name);
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    if (offset > end) chunks.push(new Uint8Array(offset - end));
    chunks.push(tensor.bytes);
    end = offset + tensor.bytes.length;
    return tensor.toExternalProto(name, location, offset);
  });
  return { model: toBinary(ModelProtoSchema, model), chunks };
}

function modelFromGraph(graph: Graph, write: (name: string, tensor: Tensor) => TensorProto): ModelProto {
  const origin = graph.origin;
  // Copying the origin's own fields carries doc strings, producers and unknown fields along.
  const model = create(ModelProtoSchema, {
    ...(origin ? withoutType(origin.model) : {}),
    irVersion: BigInt(graph.irVersion),
  });
  if (origin?.model.$unknown) model.$unknown = origin.model.$unknown;
  if (!origin) model.producerName = 'seewhy';
  // Entries that did not change are written as they were read: they may carry unknown fields too.
  const imports = new Map(origin?.model.opsetImport.map((entry) => [standardDomain(entry.domain), entry]));
  model.opsetImport = [...graph.opsets].map(([domain, version]) => {
    const before = imports.get(domain);
    if (before?.version === BigInt(version)) return before;
    return { $typeName: 'onnx.OperatorSetIdProto', domain, version: BigInt(version) };
  });
  const entries = new Map(origin?.model.metadataProps.map((entry) => [entry.key, entry]));
  model.metadataProps = [...graph.metadata].map(([key, value]) => {
    const before = entries.get(key);
    return before?.value === value ? before : { $typeName: 'onnx.StringStringEntryProto', key, value };
  });
  model.functions = [...graph.functions];
  model.graph = graphToProto(graph, write);
  return model;
}

/** The graph itself as a message: what a body of If, Loop or Scan is. */
export function graphToProto(
  graph: Graph,
  write: (name: string, tensor: Tensor) => TensorProto = (name, tensor) => tensor.toProto(name),
): GraphProto {
  const { origin } = graph;
  const proto = create(GraphProtoSchema, { ...(origin ? withoutType(origin.graph) : {}), name: graph.name });
  if (origin?.graph.$unknown) proto.$unknown = origin.graph.$unknown;
  proto.node = graph.nodes.map(nodeToProto);
  proto.input = graph.inputs.map((value) => value.toProto());
  proto.output = graph.outputs.map((value) => value.toProto());
  proto.valueInfo = [...graph.values.values()].map((value) => value.toProto());
  proto.initializer = [...graph.initializers].map(([name, tensor]) => write(name, tensor));
  return proto;
}

function standardDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function withoutType<T extends object>(message: T): Omit<T, '$typeName' | '$unknown'> {
  const { $typeName: _type, $unknown: _unknown, ...fields } = message as T & { $typeName?: string; $unknown?: unknown };
  return fields as Omit<T, '$typeName' | '$unknown'>;
}

/** One node as a message: the message it was read from, with what was changed since. */
export function nodeToProto(node: Node): NodeProto {
  const { origin } = node;
  const fields = {
    opType: node.op,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: [...node.attributes.values()],
  };
  const proto = origin ? copyMessage(origin, fields) : create(NodeProtoSchema, fields);
  if (node.name !== proto.name) proto.name = node.name;
  if (node.domain !== standardDomain(proto.domain)) proto.domain = node.domain;
  return proto;
}
