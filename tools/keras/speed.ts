/**
 * Time of one prediction of imported networks against tf2onnx's exports of the same, in the same runtime, turn by turn.
 *   npx tsx tools/keras/speed.ts [NAME…]      (default: MobileNetV2 EfficientNetB5)
 * applications.py makes the networks, tf2onnx_export.py the exports.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importKeras } from '@seewhy/keras';
import { readGraph, removeUnusedInputs } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { kerasFolder } from './folder.ts';
import { openGraph, readNpy } from './run-graph.ts';

const folder = kerasFolder();
const names = process.argv.length > 2 ? process.argv.slice(2) : ['MobileNetV2', 'EfficientNetB5'];
const ROUNDS = 40;

const lowerDecile = (times: readonly number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 10)]!;

for (const name of names) {
  const start = performance.now();
  const model = await importKeras(new Uint8Array(readFileSync(join(folder, `${name}.keras.keras`))));
  const seconds = (performance.now() - start) / 1000;
  const exported = removeUnusedInputs(
    readGraph(new Uint8Array(readFileSync(join(folder, `${name}.tf2onnx.onnx`)))),
  ).graph;
  const image = readNpy(join(folder, `${name}.keras.input.npy`));
  const size = image.data.length / image.dims[0]!;
  const dims = [1, ...image.dims.slice(1)];
  const tensor = new ort.Tensor('float32', Float32Array.from(image.data.subarray(0, size)), dims);
  const runs = await Promise.all(
    [model.graph, exported].map(async (graph) => {
      const session = await openGraph(graph);
      return { session, feeds: { [graph.inputs[0]!.name]: tensor }, times: [] as number[] };
    }),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const { session, feeds, times } of runs) {
      const from = performance.now();
      await session.run(feeds);
      times.push(performance.now() - from);
    }
  }
  const [ours, theirs] = runs.map(({ times }) => lowerDecile(times)) as [number, number];
  console.log(
    `${name.padEnd(16)} imported in ${seconds.toFixed(2)} s; one prediction ${ours.toFixed(1)} ms, tf2onnx ${theirs.toFixed(1)} ms, ratio ${(ours / theirs).toFixed(2)}`,
  );
  for (const { session } of runs) await session.release();
}
