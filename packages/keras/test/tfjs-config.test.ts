import { strToU8 } from 'fflate';
import { expect, it } from 'vitest';
import { importKeras } from '../src/index.ts';
import { run } from './support.ts';

/** A model of one bilinear UpSampling2D layer over a row of two pixels. */
const enlarging = (version: string) => {
  const config = { name: 'twice', batch_input_shape: [null, 1, 2, 1], size: [1, 2], interpolation: 'bilinear' };
  const layers = [{ class_name: 'UpSampling2D', config }];
  const modelTopology = { class_name: 'Sequential', config: { name: 'tiny', layers }, keras_version: version };
  return importKeras({ 'model.json': strToU8(JSON.stringify({ modelTopology, weightsManifest: [] })) });
};
const row = { dims: [1, 1, 2, 1], data: Float32Array.of(0, 1) };

it('a model that TensorFlow.js made enlarges by the corners of pixels', async () => {
  const { graph, notices } = await enlarging('tfjs-layers 4.22.0');
  const [result] = await run(graph, { [graph.inputs[0]!.name]: row });
  expect([...result!.data]).toEqual([0, 0.5, 1, 1]);
  expect(notices).toEqual([]);
});

it('one that Keras made enlarges by their centres, and that is said', async () => {
  const { graph, notices } = await enlarging('2.15.0');
  const [result] = await run(graph, { [graph.inputs[0]!.name]: row });
  expect([...result!.data]).toEqual([0, 0.25, 0.75, 1]);
  expect(notices).toEqual([expect.stringMatching(/^Enlarged as in Keras.*UpSampling2D layer 'twice'/)]);
});
