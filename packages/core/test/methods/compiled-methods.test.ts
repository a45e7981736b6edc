import {
  type CompileRequest,
  chooseMethods,
  compileExplained,
  explain,
  graphMethods,
  METHODS,
  type Model,
  noiseImage,
  stack,
  toFloat32,
  usesLayer,
} from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { loadFixture, relativeError, runtime } from '../support.ts';

const GRAPH = METHODS.filter(({ kind }) => kind === 'graph');

/** A head of pooling and one linear layer is not in every model. */
const fitting = (model: Model) => {
  const able = new Set(model.methods().flatMap(({ method, supported }) => (supported ? [method.name] : [])));
  return GRAPH.filter(({ name }) => able.has(name));
};

describe('every graph method as a file of its own', () => {
  it.each(['tiny-cnn', 'tiny-nhwc', 'tiny-vit', 'tiny-swin', 'tiny-binary', 'tiny-grey', 'tiny-fp16'])(
    '%s: the compiled graph gives the same raw maps, for one picture and for several',
    async (file) => {
      const model = await loadFixture(`models/${file}.onnx`, { batch: 'free' });
      const methods = fitting(model);
      expect(methods.length).toBeGreaterThan(12);
      for (const method of methods) {
        const request = {
          methods: graphMethods(chooseMethods([method])),
          layers: usesLayer(method) ? [model.defaultLayer!] : [],
          target: { kind: 'class', index: 1, asked: '1' },
          score: 'logit',
          map: { preset: 'seewhy', fusion: 'max', reduce: undefined },
        } as CompileRequest;
        const graph = compileExplained(model, request);
        expect(graph.nodes.every(({ domain }) => domain === '' || domain === 'ai.onnx')).toBe(true);
        const session = await runtime.open(graph);
        for (const count of file === 'tiny-cnn' ? [1, 3] : [2]) {
          const images = Array.from({ length: count }, (_, seed) => noiseImage(model, seed));
          const outputs = await session.run({ [model.image.name]: stack(images) });
          const expected = await explain(model, images, { methods: [method.name], targets: '1' });
          const raw = expected.flatMap((one) => Array.from(one[0]!.raw[0]!.data));
          const error = relativeError(toFloat32(outputs[method.name]!), raw);
          expect(error, `${method.name}, ${count}`).toBeLessThan(file === 'tiny-fp16' ? 2e-2 : 1e-4);
          const map = expected.flatMap((one) => Array.from(one[0]!.map.data));
          const finished = relativeError(toFloat32(outputs[`${method.name}.map`]!), map);
          expect(finished, `${method.name}.map, ${count}`).toBeLessThan(file === 'tiny-fp16' ? 5e-2 : 1e-3);
        }
        await session.release();
      }
    },
  );
});
