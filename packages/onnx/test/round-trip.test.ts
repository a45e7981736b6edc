import { readdirSync, readFileSync } from 'node:fs';
import { fromBinary, isMessage, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { attribute, attributeType, Node, prepare, readGraph, readModel, Tensor, writeGraph } from '../src/index.ts';
import {
  AttributeProto_AttributeType,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
} from '../src/proto/onnx-ml_pb.ts';
import { encodeModel } from './encode.ts';
import { everything } from './every-field.ts';

/** Puts a field that no version of ONNX knows into every message, of each wire type in turn. */
function withUnknownFields(model: ModelProto): { model: ModelProto; messages: number } {
  let messages = 0;
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (value instanceof Uint8Array) return;
    else if (isMessage(value)) {
      messages++;
      const text = new TextEncoder().encode(`secret ${messages}`);
      value.$unknown = [
        { no: 7001, wireType: 0, data: Uint8Array.of(0x80 | (messages & 0x7f), 0x01) },
        { no: 7002, wireType: 2, data: Uint8Array.of(text.length, ...text) },
        { no: 7003, wireType: 5, data: Uint8Array.of(1, 2, 3, 4) },
      ];
      for (const inner of Object.values(value)) visit(inner);
    } else if (value !== null && typeof value === 'object') Object.values(value).forEach(visit);
  };
  visit(model);
  return { model, messages };
}

describe('a model that is read and written', () => {
  test('keeps every field that ONNX has, byte for byte', () => {
    const bytes = encodeModel(everything());
    expect(Buffer.from(writeGraph(readGraph(bytes))).equals(bytes)).toBe(true);
  });

  test('keeps unknown fields in every message, byte for byte', () => {
    const { model, messages } = withUnknownFields(everything());
    expect(messages).toBeGreaterThan(70);
    const bytes = encodeModel(model);
    expect(count(bytes, 'secret ')).toBe(messages);
    expect(Buffer.from(writeGraph(readGraph(bytes))).equals(bytes)).toBe(true);
  });

  test('keeps them also where something next to them is changed', () => {
    const { model } = withUnknownFields(everything());
    const graph = readGraph(encodeModel(model));
    const changed = graph.with({
      nodes: graph.nodes.map((node) => (node.op === 'Add' ? node.with({ op: 'Sub' }) : node)),
      inputs: graph.inputs.map((value) => value.withShape([1, 3])),
      metadata: new Map(graph.metadata).set('new', 'entry'),
    });
    const written = readModel(writeGraph(changed));
    expect(written.graph!.node[1]!.opType).toBe('Sub');
    expect(written.graph!.node[1]!.$unknown).toHaveLength(3);
    expect(written.graph!.input[0]!.docString).toBe('a picture');
    expect(written.graph!.input[0]!.$unknown).toHaveLength(3);
    expect(written.metadataProps.map(({ key, $unknown }) => [key, $unknown?.length])).toEqual([
      ['labels', 3],
      ['Image.NominalPixelRange', 3],
      ['new', undefined],
    ]);
    expect(written.trainingInfo).toHaveLength(1);
    expect(written.graph!.sparseInitializer).toHaveLength(1);
    expect(count(writeGraph(changed), 'secret ')).toBeGreaterThan(60);
  });

  const folder = new URL('../../../fixtures/models/', import.meta.url);
  test.each(readdirSync(folder).filter((name) => name.endsWith('.onnx') && !name.includes('external')))(
    '%s means the same',
    (name) => {
      const bytes = new Uint8Array(readFileSync(new URL(name, folder)));
      const before = fromBinary(ModelProtoSchema, bytes);
      const after = fromBinary(ModelProtoSchema, writeGraph(readGraph(bytes)));
      // Weights in typed fields come back as raw bytes of the same numbers.
      for (const model of [before, after]) for (const tensor of model.graph!.initializer) toRaw(tensor);
      expect(Buffer.from(toBinary(ModelProtoSchema, after)).equals(toBinary(ModelProtoSchema, before))).toBe(true);
    },
  );
});

function toRaw(tensor: TensorProto): void {
  tensor.rawData = Tensor.fromProto(tensor).bytes;
  tensor.floatData = [];
  tensor.int64Data = [];
  tensor.int32Data = [];
}

function count(bytes: Uint8Array, text: string): number {
  return Buffer.from(bytes).toString('latin1').split(text).length - 1;
}

test('attributes without a type, as files before IR 2 have them, are read by their content', () => {
  const proto = attribute('axis', 3);
  proto.type = AttributeProto_AttributeType.UNDEFINED;
  expect(attributeType(proto)).toBe(AttributeProto_AttributeType.INT);
  const node = new Node({ op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: new Map([['axis', proto]]) });
  expect(node.attribute.int('axis')).toBe(3);
});

test('prepare keeps metadata, doc strings and producer', () => {
  const written = readModel(writeGraph(prepare(readGraph(encodeModel(everything())))));
  expect(written.producerName).toBe('somebody');
  expect(written.docString).toBe('a model');
  expect(written.metadataProps).toHaveLength(2);
  expect(written.graph!.docString).toBe('the graph');
  expect(written.graph!.quantizationAnnotation).toHaveLength(1);
});
