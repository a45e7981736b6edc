import { create } from '@bufbuild/protobuf';
import { errors } from './errors.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  AttributeProto_AttributeType as Type,
  type TypeProto,
} from './proto/onnx-ml_pb.ts';
import { Tensor } from './tensor.ts';

/** Marks a number as a float attribute: plain numbers are integers, as ONNX tells the two apart and JavaScript does not. */
export class FloatAttribute {
  readonly value: number | readonly number[];
  constructor(value: number | readonly number[]) {
    this.value = value;
  }
}

/** A float attribute (`alpha`, `epsilon`) or a list of floats. */
export function float(value: number | readonly number[]): FloatAttribute {
  return new FloatAttribute(value);
}

/** What a builder accepts as attribute: whole numbers and lists of them are ints, `float(x)` floats, strings, a tensor, a subgraph. */
export type AttributeInput =
  | number
  | bigint
  | string
  | FloatAttribute
  | Tensor
  | readonly (number | bigint)[]
  | readonly string[]
  | { readonly graph: GraphProto }
  | undefined;

/** A node's attributes by name. */
export type Attributes = ReadonlyMap<string, AttributeProto>;

const text = new TextDecoder();
const encode = new TextEncoder();

/** One attribute message. */
export function attribute(name: string, input: Exclude<AttributeInput, undefined>): AttributeProto {
  if (input instanceof FloatAttribute) {
    return typeof input.value === 'number'
      ? create(AttributeProtoSchema, { name, type: Type.FLOAT, f: input.value })
      : create(AttributeProtoSchema, { name, type: Type.FLOATS, floats: [...input.value] });
  }
  if (input instanceof Tensor) return create(AttributeProtoSchema, { name, type: Type.TENSOR, t: input.toProto('') });
  if (typeof input === 'string')
    return create(AttributeProtoSchema, { name, type: Type.STRING, s: encode.encode(input) });
  if (typeof input === 'number' || typeof input === 'bigint') {
    return create(AttributeProtoSchema, { name, type: Type.INT, i: BigInt(input) });
  }
  if ('graph' in input) return create(AttributeProtoSchema, { name, type: Type.GRAPH, g: input.graph });
  if (typeof input[0] === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: Type.STRINGS,
      strings: (input as readonly string[]).map((s) => encode.encode(s)),
    });
  }
  return create(AttributeProtoSchema, {
    name,
    type: Type.INTS,
    ints: (input as readonly (number | bigint)[]).map((i) => BigInt(i)),
  });
}

/** A map of attribute messages; undefined entries are left out. */
export function attributesFrom(inputs: Readonly<Record<string, AttributeInput>>): Map<string, AttributeProto> {
  const map = new Map<string, AttributeProto>();
  for (const [name, input] of Object.entries(inputs)) {
    if (input !== undefined) map.set(name, attribute(name, input));
  }
  return map;
}

/** The type a message really carries: writers before IR 2 left the `type` field out. */
export function attributeType(proto: AttributeProto): Type {
  if (proto.type !== Type.UNDEFINED) return proto.type;
  if (proto.t) return Type.TENSOR;
  if (proto.g) return Type.GRAPH;
  if (proto.ints.length > 0) return Type.INTS;
  if (proto.floats.length > 0) return Type.FLOATS;
  if (proto.strings.length > 0) return Type.STRINGS;
  if (proto.s.length > 0) return Type.STRING;
  if (proto.f !== 0) return Type.FLOAT;
  return Type.INT;
}

/** Reads typed attributes of a node; every reader throws ATTRIBUTE_INVALID, naming the node, when the type is another one. */
export class AttributeReader {
  readonly attributes: Attributes;
  private readonly where: string;

  constructor(attributes: Attributes, where: string) {
    this.attributes = attributes;
    this.where = where;
  }

  has(name: string): boolean {
    return this.attributes.has(name);
  }

  private get(name: string, type: Type): AttributeProto | undefined {
    const proto = this.attributes.get(name);
    if (!proto) return undefined;
    const found = attributeType(proto);
    // An empty list without a type cannot be told from 0: take the reader's word for it.
    if (found !== type && proto.type !== Type.UNDEFINED) {
      throw errors.badAttribute(this.where, name, `has type ${Type[found] ?? found}, not ${Type[type]}`);
    }
    return proto;
  }

  int(name: string, fallback: number): number;
  int(name: string): number | undefined;
  int(name: string, fallback?: number): number | undefined {
    const proto = this.get(name, Type.INT);
    return proto ? Number(proto.i) : fallback;
  }

  ints(name: string): number[] | undefined {
    return this.get(name, Type.INTS)?.ints.map(Number);
  }

  float(name: string, fallback: number): number;
  float(name: string): number | undefined;
  float(name: string, fallback?: number): number | undefined {
    const proto = this.get(name, Type.FLOAT);
    return proto ? proto.f : fallback;
  }

  floats(name: string): number[] | undefined {
    const proto = this.get(name, Type.FLOATS);
    return proto ? [...proto.floats] : undefined;
  }

  string(name: string, fallback: string): string;
  string(name: string): string | undefined;
  string(name: string, fallback?: string): string | undefined {
    const proto = this.get(name, Type.STRING);
    return proto ? text.decode(proto.s) : fallback;
  }

  strings(name: string): string[] | undefined {
    return this.get(name, Type.STRINGS)?.strings.map((s) => text.decode(s));
  }

  tensor(name: string): Tensor | undefined {
    const proto = this.get(name, Type.TENSOR);
    return proto?.t ? Tensor.fromProto(proto.t) : undefined;
  }

  graph(name: string): GraphProto | undefined {
    return this.get(name, Type.GRAPH)?.g;
  }

  typeProto(name: string): TypeProto | undefined {
    return this.get(name, Type.TYPE_PROTO)?.tp;
  }
}
