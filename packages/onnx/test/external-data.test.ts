import { describe, expect, test } from 'vitest';
import {
  externalLocations,
  externalReferences,
  Graph,
  GraphBuilder,
  graphFromModel,
  Node,
  readGraph,
  readModel,
  Tensor,
  Value,
  writeExternal,
  writeGraph,
  writeShared,
} from '../src/index.ts';
import { type TensorProto, TensorProto_DataLocation } from '../src/proto/onnx-ml_pb.ts';
import { encodeModel, externalEntries } from './encode.ts';
import { everything, raw } from './every-field.ts';

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
