import { readdirSync, readFileSync } from 'node:fs';
import { create, fromBinary, isMessage, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  attribute,
  attributeType,
  DATA_TYPES,
  type DataType,
  externalLocations,
  externalReferences,
  float,
  float32ToFloat16,
  Graph,
  GraphBuilder,
  graphFromModel,
  Node,
  prepare,
  readGraph,
  readModel,
  Tensor,
  Value,
  writeExternal,
  writeGraph,
  writeShared,
} from '../src/index.ts';
import {
  AttributeProto_AttributeType,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
} from '../src/proto/onnx-ml_pb.ts';
import { encodeModel, externalEntries } from './encode.ts';

const raw = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const entry = (key: string, value: string) => ({ key, value });
const tensorType = (elemType: number, ...dims: (bigint | string)[]) => ({
  value: {
    case: 'tensorType' as const,
    value: {
      elemType,
      shape: {
        dim: dims.map((dim) => ({
          denotation: 'DATA_BATCH',
          value:
            typeof dim === 'string'
              ? { case: 'dimParam' as const, value: dim }
              : { case: 'dimValue' as const, value: dim },
        })),
      },
    },
  },
  denotation: 'IMAGE',
});

/** A model with something in every field that ONNX has. */
function everything(): ModelProto {
  const tensor = (name: string) => ({
    name,
    dataType: TensorProto_DataType.FLOAT,
    dims: [2n],
    rawData: raw([1, 2]),
    docString: `what ${name} is`,
    metadataProps: [entry('layer', name)],
  });
  const sparse = (name: string) => ({
    values: tensor(name),
    indices: { name: '', dataType: TensorProto_DataType.INT64, dims: [2n], rawData: new Uint8Array(16) },
    dims: [7n],
  });
  const body = {
    name: 'body',
    docString: 'inner',
    node: [{ opType: 'Relu', input: ['x'], output: ['b'], docString: 'in a body' }],
    output: [{ name: 'b' }],
    initializer: [tensor('inner')],
  };
  return create(ModelProtoSchema, {
    irVersion: 10n,
    producerName: 'somebody',
    producerVersion: '1.2',
    domain: 'org.example',
    modelVersion: 7n,
    docString: 'a model',
    opsetImport: [
      { domain: 'ai.onnx', version: 17n },
      { domain: 'com.example', version: 2n },
    ],
    metadataProps: [entry('labels', 'cat,dog'), entry('Image.NominalPixelRange', 'Normalized_0_1')],
    trainingInfo: [
      {
        algorithm: { name: 'step', node: [{ opType: 'Sub', input: ['w', 'w'], output: ['w1'] }] },
        updateBinding: [entry('w', 'w1')],
      },
    ],
    functions: [
      {
        name: 'F',
        domain: 'com.example',
        overload: 'v2',
        input: ['a'],
        output: ['o'],
        attribute: ['alpha'],
        attributeProto: [attribute('beta', float(0.5))],
        node: [{ opType: 'Relu', input: ['a'], output: ['o'] }],
        opsetImport: [{ domain: '', version: 17n }],
        docString: 'a function',
        valueInfo: [{ name: 'a' }],
        metadataProps: [entry('from', 'torch')],
      },
    ],
    graph: {
      name: 'main',
      docString: 'the graph',
      metadataProps: [entry('scope', 'root')],
      input: [{ name: 'x', type: tensorType(1, 'N', 3n), docString: 'a picture', metadataProps: [entry('k', 'v')] }],
      output: [{ name: 'y', type: tensorType(1, 'N', 3n) }],
      valueInfo: [
        { name: 'h', type: tensorType(1, 'N', 3n) },
        { name: 's', type: { value: { case: 'sequenceType', value: { elemType: tensorType(1, 3n) } } } },
      ],
      initializer: [tensor('w')],
      sparseInitializer: [sparse('thin')],
      quantizationAnnotation: [{ tensorName: 'h', quantParameterTensorNames: [entry('SCALE_TENSOR', 'w')] }],
      node: [
        {
          opType: 'F',
          domain: 'com.example',
          overload: 'v2',
          name: 'call',
          input: ['x', ''],
          output: ['h'],
          docString: 'a call',
          metadataProps: [entry('pkg.torch.onnx.name_scopes', '["", "layer1"]')],
          deviceConfigurations: [{ configurationId: 'gpu', pipelineStage: 1 }],
          attribute: [
            attribute('i', 5),
            attribute('is', [1, 2]),
            attribute('f', float(0.1)),
            attribute('fs', float([0.1, 0.2])),
            attribute('s', 'text'),
            attribute('ss', ['a', 'b']),
            { name: 't', type: AttributeProto_AttributeType.TENSOR, t: tensor('in an attribute'), docString: 'why' },
            { name: 'p', type: AttributeProto_AttributeType.SPARSE_TENSOR, sparseTensor: sparse('thin too') },
            { name: 'g', type: AttributeProto_AttributeType.GRAPH, g: body },
            { name: 'gs', type: AttributeProto_AttributeType.GRAPHS, graphs: [body, body] },
            { name: 'y', type: AttributeProto_AttributeType.TYPE_PROTO, tp: tensorType(1, 4n) },
          ],
        },
        { opType: 'Add', input: ['h', 'w'], output: ['y'] },
      ],
    },
  });
}

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

describe('tensors', () => {
  const half = (values: number[]) => values.map(float32ToFloat16);
  // Typed data fields as onnx.proto prescribes them, and what they mean.
  const typed: [DataType, Partial<TensorProto>, number[]][] = [
    ['float32', { floatData: [1.5, -2] }, [1.5, -2]],
    ['float64', { doubleData: [0.1, -2] }, [0.1, -2]],
    ['float16', { int32Data: half([1.5, -2]) }, [1.5, -2]],
    ['bfloat16', { int32Data: [0x3fc0, 0xc000] }, [1.5, -2]],
    ['int8', { int32Data: [5, -3] }, [5, -3]],
    ['uint8', { int32Data: [5, 250] }, [5, 250]],
    ['int16', { int32Data: [5, -300] }, [5, -300]],
    ['uint16', { int32Data: [5, 65000] }, [5, 65000]],
    ['int32', { int32Data: [5, -300000] }, [5, -300000]],
    ['uint32', { uint64Data: [5n, 4000000000n] }, [5, 4000000000]],
    ['int64', { int64Data: [5n, -(2n ** 40n)] }, [5, -(2 ** 40)]],
    ['uint64', { uint64Data: [5n, 2n ** 52n] }, [5, 2 ** 52]],
    ['bool', { int32Data: [1, 0] }, [1, 0]],
  ];
  test.each(typed)('%s: typed fields and raw bytes are the same numbers', (type, fields, values) => {
    const proto = create(TensorProtoSchema, {
      name: 't',
      dataType: DATA_TYPES[type].code,
      dims: [2n],
      ...(fields as object),
    });
    const tensor = Tensor.fromProto(proto);
    expect(tensor.numbers()).toEqual(values);
    const again = tensor.toProto('t');
    expect(again.rawData.length).toBe((DATA_TYPES[type].bits / 8) * 2);
    expect(Tensor.fromProto(again).numbers()).toEqual(values);
    expect(Tensor.fromProto(fromBinary(TensorProtoSchema, toBinary(TensorProtoSchema, again))).bytes).toEqual(
      tensor.bytes,
    );
  });

  test.each(Object.keys(DATA_TYPES) as DataType[])('%s survives a model, empty and not', (type) => {
    const { bits } = DATA_TYPES[type];
    const strings =
      type === 'string' ? { strings: [new TextEncoder().encode('é'), new Uint8Array(0), Uint8Array.of(255)] } : {};
    for (const size of [3, 0]) {
      const bytes = Uint8Array.from({ length: Math.ceil((size * bits) / 8) }, (_, at) => at * 37);
      const tensor = new Tensor(type, [size, 1], bytes, size === 0 && type === 'string' ? { strings: [] } : strings);
      const graph = new Graph({ initializers: new Map([['t', tensor]]), outputs: [new Value('t')] });
      const back = readGraph(writeGraph(graph)).initializers.get('t')!;
      expect([back.type, back.dims, [...back.bytes]]).toEqual([type, [size, 1], [...bytes]]);
      if (type === 'string') expect(back.strings).toEqual(size === 0 ? [] : strings.strings);
    }
  });

  test('weights are views on the bytes of the file, also at odd offsets', () => {
    const graph = new Graph({
      name: 'odd'.repeat(7),
      initializers: new Map([['w', Tensor.floats(new Float32Array(1000).fill(0.5))]]),
      outputs: [new Value('w')],
    });
    const bytes = writeGraph(graph);
    const read = readGraph(bytes).initializers.get('w')!;
    expect(read.bytes.buffer).toBe(bytes.buffer);
    expect(new Set(read.numbers())).toEqual(new Set([0.5]));
    const shared = writeShared(readGraph(bytes));
    expect(shared.files.map(({ data }) => data.buffer)).toEqual([bytes.buffer]);
    expect(shared.model.length).toBeLessThan(500);
  });

  test.each([
    ['too few bytes', { dims: [3n], rawData: raw([1]) }],
    ['too many bytes', { dims: [1n], rawData: raw([1, 2]) }],
    ['no bytes', { dims: [3n] }],
    ['a negative dimension', { dims: [-1n], rawData: raw([1]) }],
    ['dimensions that overflow', { dims: [2n ** 40n, 2n ** 40n] }],
    ['a dimension bomb', { dims: [2n ** 31n, 2n ** 20n], rawData: raw([1]) }],
    ['an unknown type', { dims: [1n], rawData: raw([1]), dataType: 999 }],
    ['typed values of another number', { dims: [3n], floatData: [1, 2] }],
    [
      'a segment',
      {
        dims: [1n],
        rawData: raw([1]),
        segment: { $typeName: 'onnx.TensorProto.Segment' as const, begin: 0n, end: 1n },
      },
    ],
  ])('%s: refused before memory is asked for', (_, fields) => {
    const proto = create(TensorProtoSchema, { name: 'bad', dataType: 1, ...(fields as object) });
    const before = process.memoryUsage().rss;
    expect(() => Tensor.fromProto(proto)).toThrow(expect.objectContaining({ code: 'TENSOR_INVALID' }));
    expect(() => Tensor.fromProto(proto)).toThrow(/tensor 'bad'/);
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
  });
});

describe('external data', () => {
  const values = Float32Array.from({ length: 2000 }, (_, at) => at / 3);
  const graph = new Graph({
    inputs: [new Value('x', 'float32', [2000])],
    outputs: [new Value('y')],
    initializers: new Map([
      ['w', Tensor.floats(values)],
      ['small', Tensor.int64([1, 2])],
      ['v', Tensor.floats(values.toReversed())],
    ]),
    nodes: [Node.make('Add', ['x', 'w'], ['t']), Node.make('Mul', ['t', 'v'], ['y'])],
  });

  test('lists of whole numbers stay inside: a runtime must know into how many parts a Split goes', () => {
    const sizes = new Array<number>(500).fill(1);
    const b = new GraphBuilder(new Graph({ name: 'steps', irVersion: 8, opsets: new Map([['', 17]]) }));
    b.input('x', 'float32', [1, 500]);
    b.output(b.split('x', sizes, 1)[499]!, 'last', 'float32', [1, 1]);
    expect(writeShared(b.build()).files).toEqual([]);
    expect(writeExternal(b.build(), 'w.data').chunks).toEqual([]);
  });

  test('goes out in aligned chunks and comes back the same; small tensors stay inside', () => {
    const { model, chunks } = writeExternal(graph, 'w.data');
    const file = new Uint8Array(Buffer.concat(chunks));
    const references = externalReferences(model);
    expect(references).toEqual([
      { tensor: 'w', location: 'w.data', offset: 0, length: 8000 },
      { tensor: 'v', location: 'w.data', offset: 8192, length: 8000 },
    ]);
    expect(externalLocations(model)).toEqual(['w.data']);
    const back = readGraph(model, { external: (_, offset, length) => file.subarray(offset, offset + length!) });
    for (const name of ['w', 'v', 'small'])
      expect(back.initializers.get(name)!.numbers()).toEqual(graph.initializers.get(name)!.numbers());
    expect(() => readGraph(model)).toThrow(expect.objectContaining({ code: 'EXTERNAL_DATA_MISSING' }));
    expect(() => readGraph(model, { external: () => new Uint8Array(5) })).toThrow(
      expect.objectContaining({ code: 'EXTERNAL_DATA_BEYOND' }),
    );
  });

  test('in attributes, bodies, functions and sparse tensors is found and brought inside', () => {
    const model = everything();
    const outside: TensorProto[] = [
      model.graph!.sparseInitializer[0]!.values!,
      model.graph!.node[0]!.attribute.find(({ name }) => name === 't')!.t!,
      model.graph!.node[0]!.attribute.find(({ name }) => name === 'g')!.g!.initializer[0]!,
    ];
    for (const [at, tensor] of outside.entries()) {
      tensor.rawData = new Uint8Array(0);
      tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
      tensor.externalData = externalEntries({ location: `part${at}`, offset: 8 * at, length: 8 });
    }
    const bytes = encodeModel(model);
    expect(externalLocations(bytes).sort()).toEqual(['part0', 'part1', 'part2']);
    const asked: [string, number, number | undefined][] = [];
    const read = graphFromModel(readModel(bytes), {
      external: (...question) => {
        asked.push(question);
        return raw([3, 4]);
      },
    });
    expect(asked.sort()).toEqual([
      ['part0', 0, 8],
      ['part1', 8, 8],
      ['part2', 16, 8],
    ]);
    expect(read.nodes[0]!.attribute.tensor('t')!.numbers()).toEqual([3, 4]);
    // Written elsewhere, the model does not point at files any more.
    expect(externalLocations(writeGraph(read))).toEqual([]);
    expect(() => readGraph(bytes)).toThrow(expect.objectContaining({ code: 'EXTERNAL_DATA_MISSING' }));
  });
});

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
