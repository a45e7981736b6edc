import { Value } from '@seewhy/onnx';
import { strToU8 } from 'fflate';
import { expect, it } from 'vitest';
import { importKeras } from '../src/index.ts';
import { run } from './support.ts';

/** A row 0, 1, … resized by a Resizing layer; the Flatten behind it knows the size that it must have. */
async function resized(from: number, to: number, interpolation: string): Promise<number[]> {
  const config = { name: 'row', batch_input_shape: [null, 1, from, 1], height: 1, width: to, interpolation };
  const layers = [
    { class_name: 'Resizing', config },
    { class_name: 'Flatten', config: { name: 'flat' } },
  ];
  const modelTopology = { class_name: 'Sequential', config: { name: 'tiny', layers }, keras_version: '2.15.0' };
  const { graph } = await importKeras({
    'model.json': strToU8(JSON.stringify({ modelTopology, weightsManifest: [] })),
  });
  // With every size known, the runtime checks those it infers against those that are asked for.
  const input = new Value(graph.inputs[0]!.name, 'float32', [1, 1, from, 1]);
  const fixed = graph.with({ inputs: [input] });
  const data = Float32Array.from({ length: from }, (_, at) => at);
  const [result] = await run(fixed, { [input.name]: { dims: [1, 1, from, 1], data } });
  expect(result!.dims).toEqual([1, to]);
  return [...result!.data];
}

it('nearest takes the pixels that TensorFlow takes, where its float32 places fall short of the middle', async () => {
  // tf.image.resize of tensorflow 2.21: how often each pixel comes.
  expect(counts(await resized(2, 41, 'nearest'))).toEqual([21, 20]);
  expect(counts(await resized(4, 47, 'nearest'))).toEqual([12, 12, 11, 12]);
  expect(counts(await resized(6, 37, 'nearest'))).toEqual([6, 6, 7, 6, 6, 6]);
});

const counts = (row: readonly number[]) =>
  row.reduce<number[]>((all, at) => {
    all[at] = (all[at] ?? 0) + 1;
    return all;
  }, []);

it('comes out at its size where the scale in float32 lies below the quotient of the sizes', async () => {
  // 19 · float32(17/19) < 17; half-pixel centres: (i + ½) · 19/17 − ½.
  const row = await resized(19, 17, 'bilinear');
  row.forEach((value, i) => {
    expect(value).toBeCloseTo(((i + 0.5) * 19) / 17 - 0.5, 5);
  });
});
