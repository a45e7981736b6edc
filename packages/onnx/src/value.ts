import { create } from '@bufbuild/protobuf';
import { copyMessage } from './copy-message.ts';
import { DATA_TYPES, type DataType, dataTypeOf } from './data-type.ts';
import {
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './proto/onnx-ml_pb.ts';

/** A dimension: a number, a name (`batch`), or null when nothing is known. */
export type DeclaredDim = number | string | null;

/** A named value with what the file declares about it: input, output or value_info entry. */
export class Value {
  readonly name: string;
  /** Undefined when undeclared, or when the value is not a tensor. */
  readonly type: DataType | undefined;
  /** Undefined when the rank is not declared. */
  readonly shape: readonly DeclaredDim[] | undefined;
  readonly origin: ValueInfoProto | undefined;

  constructor(name: string, type?: DataType, shape?: readonly DeclaredDim[], origin?: ValueInfoProto) {
    this.name = name;
    this.type = type;
    this.shape = shape;
    this.origin = origin;
  }

  /** The same declaration with another shape. */
  withShape(shape: readonly DeclaredDim[] | undefined): Value {
    const bare = new Value(this.name, this.type, shape);
    // Doc string, metadata and unknown fields stay; only the type is written anew.
    const origin = this.origin && copyMessage(this.origin, { type: bare.toProto().type });
    return new Value(this.name, this.type, shape, origin);
  }

  /** The same declaration under another name. */
  withName(name: string): Value {
    const origin = this.origin && copyMessage(this.origin, { name });
    return new Value(name, this.type, this.shape, origin);
  }

  /** False for sequences, maps, optionals and sparse tensors. */
  get isTensor(): boolean {
    const kind = this.origin?.type?.value.case;
    return kind === undefined || kind === 'tensorType';
  }

  static fromProto(proto: ValueInfoProto): Value {
    const kind = proto.type?.value;
    if (kind?.case !== 'tensorType') return new Value(proto.name, undefined, undefined, proto);
    const shape = kind.value.shape?.dim.map((dim): DeclaredDim => {
      if (dim.value.case === 'dimValue')
        return dim.value.value > 0n ? Number(dim.value.value) : dim.value.value === 0n ? 0 : null;
      if (dim.value.case === 'dimParam') return dim.value.value === '' ? null : dim.value.value;
      return null;
    });
    return new Value(proto.name, dataTypeOf(kind.value.elemType), shape, proto);
  }

  toProto(): ValueInfoProto {
    if (this.origin) return this.origin;
    const proto = create(ValueInfoProtoSchema, { name: this.name });
    if (this.type === undefined) return proto;
    const tensor = create(TypeProto_TensorSchema, { elemType: DATA_TYPES[this.type].code });
    if (this.shape) {
      tensor.shape = create(TensorShapeProtoSchema, {
        dim: this.shape.map((dim) =>
          create(TensorShapeProto_DimensionSchema, {
            value:
              dim === null
                ? { case: undefined }
                : typeof dim === 'number'
                  ? { case: 'dimValue', value: BigInt(dim) }
                  : { case: 'dimParam', value: dim },
          }),
        ),
      });
    }
    proto.type = create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } });
    return proto;
  }
}
