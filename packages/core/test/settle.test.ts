import { explain, Model, noiseImage } from '@seewhy/core';
import { attributesFrom, Graph, Node, Tensor, Value } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { runtime } from './support.ts';

const node = (op: string, inputs: string[], output: string, attributes = {}) =>
  new Node({ op, domain: '', inputs, outputs: [output], attributes: attributesFrom(attributes) });
const waves = (...dims: number[]) =>
  Tensor.floats(
    Array.from({ length: dims.reduce((a, d) => a * d) }, (_, k) => Math.sin(1.3 * k)),
    dims,
  );

/** Patches of 4 × 4 pixels with a position embedding for so many, pooled: what a transformer's file holds that declares every size as free. */
function patches(count: number, declared: (number | string)[]): Graph {
  return new Graph({
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: [new Value('image', 'float32', declared)],
    outputs: [new Value('scores', 'float32', ['N', 5])],
    initializers: new Map([
      ['stem', waves(8, 3, 4, 4)],
      ['places', waves(1, count, 8)],
      ['rows', Tensor.int64([0, 8, -1])],
      ['head', waves(8, 5)],
      ['one', Tensor.int64([1])],
    ]),
    nodes: [
      node('Conv', ['image', 'stem'], 'patches', { strides: [4, 4] }),
      node('Reshape', ['patches', 'rows'], 'flat'),
      node('Transpose', ['flat'], 'tokens', { perm: [0, 2, 1] }),
      node('Add', ['tokens', 'places'], 'placed'),
      node('Tanh', ['placed'], 'active'),
      node('ReduceMean', ['active'], 'pooled', { axes: [1], keepdims: 0 }),
      node('MatMul', ['pooled', 'head'], 'scores'),
    ],
  });
}

const free = ['N', 'C', 'H', 'W'];
const load = (graph: Graph, size?: [number, number], batch: 'one' | 'free' = 'one') =>
  Model.load(graph, { runtime, size, batch });

describe('a size that the file declares as free but that is not', () => {
  it.each(['one', 'free'] as const)('is the first usual one at which the model runs (batch %s)', async (batch) => {
    const model = await load(patches(64, free), undefined, batch);
    expect(model.image).toMatchObject({ height: 32, width: 32, sizeIsFree: true });
    expect(model.notices).toContain(
      "The file leaves the picture's size free, but does not run at 224 × 224; 32 × 32 is used.",
    );
    const fixed = await load(patches(64, [1, 3, 32, 32]));
    const raw = async (of: Model) =>
      (await explain(of, [noiseImage(fixed, 3)], { methods: ['saliency'], targets: '2' }))[0]![0]!.raw[0]!.data;
    expect(await raw(model)).toEqual(await raw(fixed));
  });

  it('is not looked for where 224 works, or where a size is given', async () => {
    const usual = await load(patches(56 * 56, free));
    expect(usual.notices).toContain("The file leaves the picture's size free; 224 × 224 is used.");
    expect((await load(patches(50, free), [20, 40])).image).toMatchObject({ height: 20, width: 40 });
  });

  it('is asked for where no usual one fits, or another was given', async () => {
    const wanted = { code: 'SIZE_DOES_NOT_FIT', cure: expect.stringMatching(/--size/) };
    await expect(load(patches(50, free))).rejects.toMatchObject({
      ...wanted,
      what: expect.stringMatching(/does not run at 224 × 224 nor at other usual sizes: /),
    });
    await expect(load(patches(64, free), [16, 16])).rejects.toMatchObject({
      ...wanted,
      what: expect.stringMatching(/does not run at 16 × 16: /),
    });
  });
});
