import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLayer, explain, findLayers, Model, noiseImage } from '@seewhy/core';
import { attributesFrom, Graph, inferTypes, Node, readGraph, Tensor, Value, writeGraph } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { fixture, relativeError, runtime } from './support.ts';

const NCHWC = 'com.microsoft.nchwc';
const node = (op: string, inputs: string[], output: string, attributes = {}, domain = '') =>
  new Node({ op, domain, inputs, outputs: [output], attributes: attributesFrom(attributes) });

/** A graph as ONNX Runtime saves it with all optimisations; none where the machine has no kernels for blocks of channels. */
async function saved(bytes: Uint8Array): Promise<Graph | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'seewhy-layout-'));
  try {
    const file = join(folder, 'model.onnx');
    const session = await ort.InferenceSession.create(bytes, {
      graphOptimizationLevel: 'all',
      optimizedModelFilePath: file,
      logSeverityLevel: 3,
    });
    await session.release();
    const graph = readGraph(new Uint8Array(readFileSync(file)));
    return graph.nodes.some(({ domain }) => domain === NCHWC) ? graph : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Two convolutions of 16 channels, which blocks of every machine divide, pooled, and three classes. */
function network(): Uint8Array {
  const channels = 16;
  const weights = (...dims: number[]) =>
    Tensor.floats(
      Array.from({ length: dims.reduce((a, d) => a * d) }, (_, k) => Math.sin(1.7 * k)),
      dims,
    );
  const graph = new Graph({
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: [new Value('image', 'float32', [1, 3, 8, 8])],
    outputs: [new Value('scores', 'float32', [1, 3])],
    initializers: new Map([
      ['w1', weights(channels, 3, 3, 3)],
      ['w2', weights(channels, channels, 3, 3)],
      ['head', weights(channels, 3)],
    ]),
    nodes: [
      node('Conv', ['image', 'w1'], 'c1', { pads: [1, 1, 1, 1] }),
      node('Tanh', ['c1'], 'first'),
      node('Conv', ['first', 'w2'], 'c2', { pads: [1, 1, 1, 1] }),
      node('Relu', ['c2'], 'second'),
      node('GlobalAveragePool', ['second'], 'pooled'),
      node('Flatten', ['pooled'], 'flat'),
      node('MatMul', ['flat', 'head'], 'scores'),
    ],
  });
  return writeGraph(graph);
}

const transformer = new Uint8Array(readFileSync(fixture('models/tiny-vit.onnx')));
const [optimised, optimisedTransformer] = [await saved(network()), await saved(transformer)];

describe('a file saved after layout optimisation', () => {
  it('has no layers whose channels lie in blocks', () => {
    const sizes = (...dims: number[]) => dims;
    const graph = new Graph({
      irVersion: 8,
      opsets: new Map([
        ['', 17],
        [NCHWC, 1],
      ]),
      inputs: [new Value('image', 'float32', [1, 3, 8, 8])],
      outputs: [new Value('scores')],
      initializers: new Map([['rows', Tensor.int64([1, 16, 16])]]),
      nodes: [
        node('Conv', ['image', 'w'], 'blocked', {}, NCHWC),
        node('Add', ['blocked', 'blocked'], 'residual'),
        node('ReorderOutput', ['residual'], 'plain', { channels: 16 }, NCHWC),
        node('ReorderOutput', ['residual'], 'last', { channels: 16, channels_last: 1 }, NCHWC),
        node('Reshape', ['last', 'rows'], 'tokens'),
        node('GlobalAveragePool', ['plain'], 'pooled'),
        node('MatMul', ['tokens', 'pooled'], 'scores'),
      ],
    });
    const shapes = new Map([
      ['blocked', sizes(1, 16, 4, 4)],
      ['residual', sizes(1, 16, 4, 4)],
      ['plain', sizes(1, 16, 4, 4)],
      ['last', sizes(1, 4, 4, 16)],
      ['tokens', sizes(1, 16, 16)],
      ['pooled', sizes(1, 16, 1, 1)],
      ['scores', sizes(1, 16, 16, 1)],
    ]);
    const image = { name: 'image', layout: 'NCHW' as const, height: 8, width: 8 };
    const layers = findLayers({ graph, shapes, types: inferTypes(graph), image, of: 'scores' });
    expect(layers.map(({ value, grid }) => [value, grid.layout])).toEqual([
      ['plain', 'NCHW'],
      ['last', 'NHWC'],
      ['tokens', 'tokens'],
    ]);
  });

  it.skipIf(!optimised)('says what stands in the way, and what to do', async () => {
    const model = await Model.load(optimised!, { runtime });
    expect(model.layers).toEqual([]);
    const reasons = new Map(model.methods().map(({ method, reason }) => [method.name, reason]));
    for (const name of ['gradcam', 'eigencam', 'reciprocam', 'scorecam'])
      expect(reasons.get(name)).toMatch(/layout optimisation.*original model.*ORT_ENABLE_EXTENDED/);
    expect(reasons.get('saliency')).toMatch(/layout optimisation.*ORT_ENABLE_EXTENDED/);
    expect(reasons.get('rise')).toBeUndefined();
  });

  it('does not call a layer the last that is only the last to be read', () => {
    const graph = new Graph({
      irVersion: 8,
      opsets: new Map([
        ['', 17],
        [NCHWC, 1],
      ]),
      inputs: [new Value('image', 'float32', [1, 3, 8, 8])],
      outputs: [new Value('scores')],
      nodes: [
        node('Conv', ['image', 'w1'], 'first'),
        node('ReorderInput', ['first'], 'blocked', {}, NCHWC),
        node('Conv', ['blocked', 'w2'], 'second', {}, NCHWC),
        node('GlobalAveragePool', ['second'], 'pooled', {}, NCHWC),
        node('ReorderOutput', ['pooled'], 'scores', { channels: 16 }, NCHWC),
      ],
    });
    const maps = ['first', 'blocked', 'second'].map((name): [string, number[]] => [name, [1, 16, 4, 4]]);
    const shapes = new Map([...maps, ['pooled', [1, 16, 1, 1]], ['scores', [1, 16, 1, 1]]] as [string, number[]][]);
    const image = { name: 'image', layout: 'NCHW' as const, height: 8, width: 8 };
    const search = { graph, shapes, types: inferTypes(graph), image, of: 'scores' };
    const chosen = defaultLayer(search, findLayers(search));
    expect(chosen?.layer.value).toBe('first');
    expect(chosen?.reason).toMatch(/last layer that can be read.*blocks/);
  });

  it.skipIf(!optimisedTransformer)('is explained where only its beginning was optimised', async () => {
    const image = (model: Model) => noiseImage(model, 5);
    const maps = await Promise.all(
      [readGraph(transformer), optimisedTransformer!].map(async (graph) => {
        const model = await Model.load(readGraph(writeGraph(graph)), { runtime });
        const [explained] = await explain(model, [image(model)], {
          methods: ['gradcam', 'reciprocam', 'eigencam'],
          targets: '1',
        });
        return explained!.map(({ raw }) => raw[0]!.data);
      }),
    );
    maps[1]!.forEach((map, index) => {
      expect(relativeError(map, maps[0]![index]!)).toBeLessThan(1e-4);
    });
  });
});
