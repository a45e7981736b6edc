import { check } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { importKeras } from '../src/index.ts';
import { fixture, layerRecords, relativeError, run } from './support.ts';

describe('layers predict what Keras predicts', () => {
  it.each(layerRecords().map((record) => [record.file, record] as const))('%s', async (_, record) => {
    const model = await importKeras(fixture(record.model));
    expect(check(model.graph)).toEqual([]);
    const results = await run(model.graph, record.inputs);
    expect(results).toHaveLength(record.outputs.length);
    const away = results.map((result, index) => ({
      output: model.graph.outputs[index]!.name,
      dims: result.dims.join(),
      expected: record.outputs[index]!.dims.join(),
      error: relativeError(result, record.outputs[index]!),
    }));
    expect(away.filter(({ error }) => !(error <= 1e-4))).toEqual([]);
    // What the importer says of shapes is what comes out, where it does not leave them open.
    for (const [index, output] of model.graph.outputs.entries())
      expect(
        output.shape?.map((dim, axis) => (dim === 'N' ? 2 : (dim ?? record.outputs[index]!.dims[axis]))),
        output.name,
      ).toEqual(record.outputs[index]!.dims);
  });
});
