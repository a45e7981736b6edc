import { describe, expect, it } from 'vitest';
import { importKeras } from '../src/index.ts';
import { type Numbers, run } from './support.ts';

const history = (layer: string) => ({ class_name: '__keras_tensor__', config: { keras_history: [layer, 0, 0] } });

/** `keras.ops.reshape` one after the other, of an input `[batch, 4, 2, 3]`: a file of TensorFlow.js, which may have no weights at all. */
function reshapes(batch: number | null, ...targets: number[][]): Map<string, Uint8Array> {
  const layers = targets.map((newshape, at) => ({
    module: 'keras.src.ops.numpy',
    class_name: 'Reshape',
    name: `reshape${at}`,
    config: { name: `reshape${at}` },
    inbound_nodes: [{ args: [history(at === 0 ? 'image' : `reshape${at - 1}`), newshape], kwargs: {} }],
  }));
  const image = { class_name: 'InputLayer', name: 'image', config: { name: 'image', batch_shape: [batch, 4, 2, 3] } };
  const config = {
    name: 'model',
    layers: [{ ...image, inbound_nodes: [] }, ...layers],
    input_layers: [['image', 0, 0]],
    output_layers: [[`reshape${targets.length - 1}`, 0, 0]],
  };
  const topology = { keras_version: '3.15.1', model_config: { class_name: 'Functional', config } };
  const json = { format: 'layers-model', modelTopology: topology, weightsManifest: [] };
  return new Map([['model.json', new TextEncoder().encode(JSON.stringify(json))]]);
}

/** `keras.ops.concatenate` of numbers before the input. */
function joined(batch: number | null, numbers: unknown): Map<string, Uint8Array> {
  const files = reshapes(batch, [-1, 4, 2, 3]);
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json')!));
  const [, layer] = json.modelTopology.model_config.config.layers;
  layer.class_name = 'Concatenate';
  layer.config.axis = 1;
  layer.inbound_nodes[0].args = [
    [{ class_name: '__tensor__', config: { value: numbers, dtype: 'float32' } }, history('image')],
  ];
  return new Map([['model.json', new TextEncoder().encode(JSON.stringify(json))]]);
}

/** Three pictures, also where the model fixes another batch: the graph's is free. */
const image: Numbers = { dims: [3, 4, 2, 3], data: Float32Array.from({ length: 72 }, (_, at) => at) };

describe('a reshape that names the batch', () => {
  it.each([
    ['cuts each item into two', null, [[-1, 4, 3]], [6, 4, 3]],
    [
      'cuts and joins again',
      null,
      [
        [-1, 4, 3],
        [-1, 2, 2],
        [-1, 24],
      ],
      [3, 24],
    ],
    ['keeps a batch that the model fixes', 4, [[4, -1, 3]], [3, 8, 3]],
    ['cuts the items of a fixed batch', 4, [[8, 4, 3]], [6, 4, 3]],
    ['cuts the items of a fixed batch into an open size', 4, [[16, -1, 3]], [12, 2, 3]],
    [
      'cuts and joins those of a fixed batch',
      4,
      [
        [8, 4, 3],
        [4, 24],
      ],
      [3, 24],
    ],
    ['keeps a batch of one', 1, [[1, 8, 3]], [3, 8, 3]],
  ] as const)('%s', async (_, batch, targets, dims) => {
    const { graph } = await importKeras(reshapes(batch, ...targets.map((target) => [...target])));
    const [result] = await run(graph, { image });
    // Row by row the same numbers: a reshape moves none.
    expect(result).toEqual({ dims, data: image.data });
  });

  it.each([
    ['mixes the items of a fixed batch', 4, [[2, 16, 3]], 'a reshape of the batch'],
    [
      'has an open size where an item has become several',
      null,
      [
        [-1, 4, 3],
        [1, -1, 3],
      ],
      'to an open size behind one',
    ],
    ['fits no number of parts', null, [[-1, 5, 3]], 'cannot become [5, 3]'],
  ] as const)('is refused where it %s', async (_, batch, targets, message) => {
    const files = reshapes(batch, ...targets.map((target) => [...target]));
    await expect(importKeras(files)).rejects.toThrow(message);
  });
});

describe('numbers joined to the values of the batch', () => {
  const row = [
    [
      [7, 8, 9],
      [7, 8, 9],
    ],
  ];
  it.each([
    ['are the same for every item', 1, [row]],
    ['are kept once, where a fixed batch has them alike', 2, [row, row]],
  ])('%s', async (_, batch, numbers) => {
    const { graph } = await importKeras(joined(batch, numbers));
    const [result] = await run(graph, { image });
    const item = (at: number) => [7, 8, 9, 7, 8, 9, ...image.data.slice(24 * at, 24 * (at + 1))];
    expect(result).toEqual({ dims: [3, 5, 2, 3], data: Float32Array.from([0, 1, 2].flatMap(item)) });
  });

  it('are refused where each item of a fixed batch has its own', async () => {
    const other = [
      [
        [7, 8, 9],
        [7, 8, 0],
      ],
    ];
    await expect(importKeras(joined(2, [row, other]))).rejects.toThrow('of their own for each item of a fixed batch');
  });

  it('are refused where they fit no batch', async () => {
    await expect(importKeras(joined(null, [row, row]))).rejects.toThrow('cannot be joined along axis 1');
  });
});
