import { expect, it } from 'vitest';
import { importKeras } from '../../src/index.ts';
import { type Numbers, run } from '../support.ts';

const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: String(size) })) });
const placeholder = (name: string, ...sizes: number[]) => ({
  name,
  op: 'Placeholder',
  attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: dims(...sizes) } },
});

/** What a graph model without weights gives. */
async function result(node: object[], feeds: Record<string, Numbers>): Promise<Numbers> {
  const model = { format: 'graph-model', modelTopology: { node }, weightsManifest: [] };
  const { graph } = await importKeras({ 'model.json': new TextEncoder().encode(JSON.stringify(model)) });
  const [first] = await run(graph, feeds);
  return first!;
}

it('Atan2 in all quadrants, on the axes and at the origin', async () => {
  const places = [-2, -1, -0.25, 0, 0.25, 1, 2];
  const pairs = places.flatMap((y) => places.map((x) => [y, x] as const));
  const column = (at: 0 | 1) => ({ dims: [1, pairs.length], data: Float32Array.from(pairs, (pair) => pair[at]) });
  const node = [
    placeholder('y', -1, pairs.length),
    placeholder('x', -1, pairs.length),
    { name: 'angle', op: 'Atan2', input: ['y', 'x'] },
  ];
  const { data } = await result(node, { y: column(0), x: column(1) });
  pairs.forEach(([y, x], at) => {
    expect(data[at], `${y} ${x}`).toBeCloseTo(Math.atan2(y, x), 6);
  });
});

it('products of whole numbers stay whole', async () => {
  const matrix = (name: string, tensorShape: object, ...intVal: number[]) => ({
    name,
    op: 'Const',
    attr: { dtype: { type: 'DT_INT32' }, value: { tensor: { dtype: 'DT_INT32', tensorShape, intVal } } },
  });
  const node = [
    placeholder('x', -1, 2),
    matrix('a', dims(2, 2), 1, 2, 3, 4),
    matrix('b', dims(2, 2), 5, 6, 7, 8),
    { name: 'ab', op: 'MatMul', input: ['a', 'b'], attr: { transpose_b: { b: true } } },
    { name: 'floats', op: 'Cast', input: ['ab'], attr: { SrcT: { type: 'DT_INT32' }, DstT: { type: 'DT_FLOAT' } } },
    { name: 'y', op: 'MatMul', input: ['x', 'floats'] },
  ];
  // a · bᵀ = [[17, 23], [39, 53]].
  const { data } = await result(node, { x: { dims: [1, 2], data: Float32Array.of(1, 10) } });
  expect([...data]).toEqual([407, 553]);
});
