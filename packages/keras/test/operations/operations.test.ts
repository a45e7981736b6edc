import { check } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { importKeras } from '../../src/index.ts';
import { relativeError, run } from '../support.ts';
import { graphCases, graphFiles } from './support.ts';

describe('graph models compute what TensorFlow computes', () => {
  it.each(graphCases().map((record) => [record.name, record] as const))('%s', async (name, record) => {
    const model = await importKeras(graphFiles(name));
    expect(model.format).toBe('tfjs-graph');
    expect(check(model.graph)).toEqual([]);
    const results = await run(model.graph, record.inputs);
    const away = model.graph.outputs.map((output, index) => {
      const expected = record.outputs[output.name]!;
      return {
        output: output.name,
        error: relativeError(results[index]!, expected),
        dims: `${results[index]!.dims} for ${expected.dims}`,
      };
    });
    expect(away.map(({ output }) => output).sort()).toEqual(Object.keys(record.outputs).sort());
    expect(away.filter(({ error }) => !(error <= 1e-5))).toEqual([]);
    // What the importer says of shapes is what comes out.
    for (const [index, { name: output, shape }] of model.graph.outputs.entries())
      shape?.forEach((dim, axis) => {
        if (typeof dim === 'number') expect(dim, `${output} axis ${axis}`).toBe(results[index]!.dims[axis]);
      });
  });
});
