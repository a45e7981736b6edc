import { fromBinary } from '@bufbuild/protobuf';
import { copyMessage } from './copy-message.ts';
import { errors } from './errors.ts';
import { Graph } from './graph.ts';
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
} from './proto/onnx-ml_pb.ts';
import { type ExternalReader, externalFacts, Tensor } from './tensor.ts';

/** Where a tensor's bytes lie outside the model file. */
export interface ExternalReference {
  readonly tensor: string;
  /** As the file says it: pass it through `confinedLocation` before touching the disk. */
  readonly location: string;
  readonly offset: number;
  /** Undefined: up to the end of the file. */
  readonly length: number | undefined;
}

/**
 * Every external-data reference of a model: initializers, tensors in attributes, in bodies, in functions, sparse ones.
 * @throws TENSOR_INVALID for entries that are not in the specification or no numbers
 */
export function externalReferences(source: Uint8Array | ModelProto | Graph): ExternalReference[] {
  const model =
    source instanceof Uint8Array
      ? fromBinary(ModelProtoSchema, source)
      : source instanceof Graph
        ? source.origin?.model
        : source;
  if (!model) return [];
  return externalTensors(model).map((proto) => ({ tensor: proto.name, ...externalFacts(proto) }));
}

/** The distinct weights files a model refers to, as it names them. */
export function externalLocations(source: Uint8Array | ModelProto | Graph): string[] {
  return [...new Set(externalReferences(source).map(({ location }) => location))];
}

/**
 * A location that stays in the model's folder by its spelling: relative, with `/` between parts, no `..`, no empty or `.` part, no
 * drive, no backslash, no control characters. Links are for whoever opens the file to resolve.
 * @throws EXTERNAL_DATA_ESCAPES
 */
export function confinedLocation(location: string): string {
  const refuse = (detail: string) => errors.externalEscapes(location, detail);
  if (location === '') throw refuse('has no name');
  if (location.length > 4096) throw refuse('has a name of more than 4096 characters');
  if (/\p{Cc}/u.test(location)) throw refuse('has a control character in its name');
  if (location.startsWith('/') || location.startsWith('\\')) throw refuse('is an absolute path');
  if (/^[A-Za-z]:/.test(location)) throw refuse('names a drive');
  if (location.includes('\\')) throw refuse('has a backslash in its name');
  const parts = location.split('/');
  if (parts.includes('..')) throw refuse('leaves the folder of the model');
  if (parts.some((part) => part === '' || part === '.')) throw refuse('has an empty part in its path');
  return location;
}

/** All tensors of a model whose bytes lie elsewhere. */
export function externalTensors(model: ModelProto): TensorProto[] {
  const found: TensorProto[] = [];
  const take = (tensor: TensorProto | undefined) => {
    if (tensor?.dataLocation === TensorProto_DataLocation.EXTERNAL) found.push(tensor);
  };
  const attributes = (list: readonly AttributeProto[]) => {
    for (const entry of list) {
      take(entry.t);
      entry.tensors.forEach(take);
      for (const sparse of [entry.sparseTensor, ...entry.sparseTensors]) {
        take(sparse?.values);
        take(sparse?.indices);
      }
      if (entry.g) graph(entry.g);
      entry.graphs.forEach(graph);
    }
  };
  const graph = (proto: GraphProto) => {
    proto.initializer.forEach(take);
    for (const sparse of proto.sparseInitializer) {
      take(sparse.values);
      take(sparse.indices);
    }
    for (const node of proto.node) attributes(node.attribute);
  };
  if (model.graph) graph(model.graph);
  for (const { initialization, algorithm } of model.trainingInfo) {
    if (initialization) graph(initialization);
    if (algorithm) graph(algorithm);
  }
  for (const proto of model.functions) {
    for (const node of proto.node) attributes(node.attribute);
    attributes(proto.attributeProto);
  }
  return found;
}

/**
 * Brings the bytes of every external tensor outside the main graph's initializers into the model, in place: attributes and bodies are
 * read where no reader is at hand, and would otherwise still point at a file when the model is saved elsewhere.
 */
export function resolveExternal(model: ModelProto, external: ExternalReader | undefined): void {
  const read = new Set(model.graph?.initializer);
  for (const proto of externalTensors(model)) {
    if (read.has(proto)) continue;
    const inside = Tensor.fromProto(proto, external).toProto(proto.name);
    Object.assign(proto, copyMessage(inside, {}), { dataLocation: TensorProto_DataLocation.DEFAULT, externalData: [] });
  }
}
