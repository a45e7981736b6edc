import { strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { importKeras } from '../src/index.ts';
import { run } from './support.ts';

const LAST = -1;
const [HEIGHT, WIDTH, CHANNELS] = [3, 4, 2];

interface Pool {
  readonly paddings: readonly (readonly [begin: number, end: number])[];
  readonly size: number;
  readonly strides: number;
  readonly same?: boolean;
  /** The padding is in the layout of Keras, and a Transpose lies between it and the pool. */
  readonly reshaped?: boolean;
}

const described = ({ paddings, size, strides, same, reshaped }: Pool) => {
  const layers = [
    // An average over single pixels changes nothing; behind it the padding is in the layout that the pool reads.
    { class_name: 'AveragePooling2D', config: { name: 'same', pool_size: [1, 1], strides: [1, 1] } },
    ...(reshaped
      ? [{ class_name: 'Reshape', config: { name: 'shaped', target_shape: [HEIGHT, WIDTH, CHANNELS] } }]
      : []),
    ...paddings.map((pads, at) => ({
      class_name: 'ZeroPadding2D',
      config: { name: `pad${at}`, padding: [pads, pads] },
    })),
    {
      class_name: 'MaxPooling2D',
      config: {
        name: 'max',
        pool_size: [size, size],
        strides: [strides, strides],
        padding: same ? 'same' : 'valid',
      },
    },
  ];
  const input = { batch_input_shape: [null, HEIGHT, WIDTH, CHANNELS] };
  return layers.map((layer, at) => (at === 0 ? { ...layer, config: { ...layer.config, ...input } } : layer));
};

/** By definition: zeros around the picture count, what `same` adds around them does not. */
function expected({ paddings, size, strides, same }: Pool, x: Float32Array): number[] {
  const [before, after] = [0, 1].map((side) => paddings.reduce((sum, pads) => sum + pads[side]!, 0)) as [
    number,
    number,
  ];
  const [rows, columns] = [HEIGHT + before + after, WIDTH + before + after];
  const places = (n: number) => {
    const count = same ? Math.ceil(n / strides) : Math.floor((n - size) / strides) + 1;
    const missing = same ? Math.max(0, (count - 1) * strides + size - n) : 0;
    return Array.from({ length: count }, (_, at) => at * strides - Math.floor(missing / 2));
  };
  const at = (row: number, column: number, channel: number) => {
    if (row < 0 || column < 0 || row >= rows || column >= columns) return Number.NEGATIVE_INFINITY;
    const [i, j] = [row - before, column - before];
    return i < 0 || j < 0 || i >= HEIGHT || j >= WIDTH ? 0 : x[(i * WIDTH + j) * CHANNELS + channel]!;
  };
  const window = Array.from({ length: size * size }, (_, k) => [Math.floor(k / size), k % size] as const);
  return places(rows).flatMap((row) =>
    places(columns).flatMap((column) =>
      Array.from({ length: CHANNELS }, (_, channel) =>
        Math.max(...window.map(([i, j]) => at(row + i, column + j, channel))),
      ),
    ),
  );
}

describe('the largest of windows behind a padding of zeros, of negative numbers', () => {
  it.each<[string, Pool]>([
    ['one pixel around', { paddings: [[1, 1]], size: 2, strides: 1 }],
    ['one pixel around and windows of three', { paddings: [[1, 1]], size: 3, strides: 2 }],
    ['one pixel around, channels last', { paddings: [[1, 1]], size: 2, strides: 1, reshaped: true }],
    ['a wide one, channels last', { paddings: [[2, 3]], size: 2, strides: 2, reshaped: true }],
    ['as wide as the window', { paddings: [[2, 2]], size: 2, strides: 1 }],
    ['wider than the window', { paddings: [[3, 0]], size: 2, strides: 2 }],
    [
      'twice',
      {
        paddings: [
          [1, 0],
          [1, 2],
        ],
        size: 2,
        strides: 1,
      },
    ],
    ['and one that does not count', { paddings: [[1, 1]], size: 2, strides: 1, same: true }],
  ])('%s', async (_, pool) => {
    const config = { name: 'tiny', layers: described(pool) };
    const modelTopology = { class_name: 'Sequential', config, keras_version: '2.15.0' };
    const { graph } = await importKeras({
      'model.json': strToU8(JSON.stringify({ modelTopology, weightsManifest: [] })),
    });
    const x = new Float32Array(HEIGHT * WIDTH * CHANNELS).map((_, i) => LAST - ((i * 7) % 24));
    const [result] = await run(graph, {
      [graph.inputs[0]!.name]: {
        dims: [1, HEIGHT, WIDTH, CHANNELS],
        data: x,
      },
    });
    expect([...result!.data]).toEqual(expected(pool, x));
  });
});
