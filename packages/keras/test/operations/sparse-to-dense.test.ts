import { expect, it } from 'vitest';
import { importKeras } from '../../src/index.ts';
import { run } from '../support.ts';

const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: String(size) })) });
const ints = (name: string, tensorShape: object, ...intVal: number[]) => ({
  name,
  op: 'Const',
  attr: { dtype: { type: 'DT_INT32' }, value: { tensor: { dtype: 'DT_INT32', tensorShape, intVal } } },
});

it('a shape that is put together from places and values is known', async () => {
  const attr = { dtype: { type: 'DT_FLOAT' }, shape: { shape: dims(-1, 6) } };
  const node = [
    { name: 'x', op: 'Placeholder', attr },
    ints('places', dims(2, 1), 2, 0),
    ints('size', dims(1), 3),
    ints('values', dims(2), 3, -1),
    ints('rest', dims(), 2),
    { name: 'shape', op: 'SparseToDense', input: ['places', 'size', 'values', 'rest'] },
    { name: 'y', op: 'Reshape', input: ['x', 'shape'] },
  ];
  const model = { format: 'graph-model', modelTopology: { node }, weightsManifest: [] };
  const { graph } = await importKeras({ 'model.json': new TextEncoder().encode(JSON.stringify(model)) });
  const data = Float32Array.from({ length: 12 }, (_, at) => at);
  const [result] = await run(graph, { x: { dims: [2, 6], data } });
  // [-1, 2, 3]: 3 at the end, -1 at the beginning, 2 where nothing is said.
  expect(result!.dims).toEqual([2, 2, 3]);
  expect(result!.data).toEqual(data);
});
