import { toBinary } from '@bufbuild/protobuf';
import type { readModel } from '../src/index.ts';
import { ModelProtoSchema } from '../src/proto/onnx-ml_pb.ts';

type Model = ReturnType<typeof readModel>;

/** The bytes of a model message as it is, valid or not: what an attacker or a damaged disk may give. */
export function encodeModel(model: Model): Uint8Array {
  return toBinary(ModelProtoSchema, model);
}

/** External-data entries as a message holds them. */
export function externalEntries(facts: Readonly<Record<string, string | number | undefined>>) {
  return Object.entries(facts)
    .filter((entry) => entry[1] !== undefined)
    .map(([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto' as const, key, value: String(value) }));
}
