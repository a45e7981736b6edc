import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  DATA_TYPES,
  type DataType,
  float32ToFloat16,
  Graph,
  readGraph,
  Tensor,
  Value,
  writeGraph,
  writeShared,
} from '../src/index.ts';
import { type TensorProto, TensorProtoSchema } from '../src/proto/onnx-ml_pb.ts';
import { raw } from './every-field.ts';

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
