import { strToU8 } from 'fflate';
import { expect, it } from 'vitest';
import { importKeras } from '../src/index.ts';
import { run } from './support.ts';

it('the mean of windows behind a padding wider than they are', async () => {
  const layers = [
    { class_name: 'ZeroPadding2D', config: { name: 'wide', batch_input_shape: [null, 1, 2, 2], padding: [0, 3] } },
    { class_name: 'AveragePooling2D', config: { name: 'mean', pool_size: [1, 2], strides: [1, 1] } },
  ];
  const modelTopology = { class_name: 'Sequential', config: { name: 'tiny', layers }, keras_version: '2.15.0' };
  const { graph } = await importKeras({
    'model.json': strToU8(JSON.stringify({ modelTopology, weightsManifest: [] })),
  });
  const [result] = await run(graph, {
    [graph.inputs[0]!.name]: { dims: [1, 1, 2, 2], data: Float32Array.of(1, 10, 3, 30) },
  });
  // 0 0 0 1 3 0 0 0 of the first channel, ten times that of the second.
  const means = [0, 0, 0.5, 2, 1.5, 0, 0];
  expect(result!.dims).toEqual([1, 1, 7, 2]);
  expect([...result!.data]).toEqual(means.flatMap((mean) => [mean, 10 * mean]));
});
