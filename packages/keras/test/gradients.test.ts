import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inputGradients } from '../../../tools/keras/input-gradient.ts';
import { importKeras } from '../src/index.ts';
import { FIXTURES, fixture, layerRecords, type Numbers, relativeError } from './support.ts';

/** What tf.GradientTape finds of each output of an attention layer: tools/keras/gradients.py. */
function gradientsOf(file: string): (Numbers | undefined)[] {
  const { gradients } = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as {
    gradients: ({ dims: number[]; data: string } | null)[];
  };
  return gradients.map((one) => {
    if (!one) return undefined;
    const bytes = new Uint8Array(Buffer.from(one.data, 'base64'));
    return { dims: one.dims, data: new Float32Array(bytes.buffer) };
  });
}

const seed = (shape: readonly number[]) =>
  Float32Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, (_, i) => Math.sin(1 + i));

it.each(readdirSync(FIXTURES).filter((file) => file.endsWith('.gradients.json')))(
  "%s: the gradients of attention, masked and not, are TensorFlow's",
  async (file) => {
    const record = layerRecords().find((one) => one.file === file.replace('.gradients', ''))!;
    const { graph } = await importKeras(fixture(record.model));
    const all = gradientsOf(file);
    expect(all).toHaveLength(graph.outputs.length);
    const wanted = graph.outputs.flatMap(({ name }, at) => (all[at] ? [{ name, expected: all[at] }] : []));
    expect(wanted.length).toBeGreaterThan(3);
    const names = wanted.map(({ name }) => name);
    const found = await inputGradients(graph, record.inputs[graph.inputs[0]!.name]!, names, seed);
    const away = found.flatMap(({ dims, data }, at) => {
      const error = relativeError({ dims, data: Float32Array.from(data) }, wanted[at]!.expected);
      return error <= 1e-4 ? [] : [`${names[at]}: ${error.toExponential(1)}`];
    });
    expect(away).toEqual([]);
  },
);

it('places that are equally large share the gradient of a global maximum, as in Keras', async () => {
  // dy_c/dx = 1/(h·w) at every place of a channel that is the same everywhere.
  const record = layerRecords().find(({ file }) => file === 'pooling.keras.json')!;
  const { graph, layers } = await importKeras(fixture(record.model));
  const { value, shape } = layers.find(({ name }) => name === 'global_max_pooling2d')!;
  const { dims } = record.inputs[graph.inputs[0]!.name]!;
  const [height, width, channels] = dims.slice(1) as [number, number, number];
  expect(shape.at(-1)).toBe(channels);
  const same = new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(0.5);
  const [found] = await inputGradients(graph, { dims, data: same }, [value], seed);
  const expected = same.map((_, at) => {
    const [item, channel] = [Math.floor(at / (height * width * channels)), at % channels];
    return Math.sin(1 + item * channels + channel) / (height * width);
  });
  expect(relativeError({ dims, data: Float32Array.from(found!.data) }, { dims, data: expected })).toBeLessThan(1e-6);
});
