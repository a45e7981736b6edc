/**
 * Holds the random models of random_models.py against Keras: predictions (max |a − b| / max |b|) and input gradients (relative L2).
 *   npx tsx tools/keras/verify-random.ts FOLDER
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importKeras } from '@seewhy/keras';
import { inputGradients } from './input-gradient.ts';
import { runGraph } from './run-graph.ts';

interface Encoded {
  readonly dims: readonly number[];
  readonly data: string;
}
interface Records {
  readonly input: Encoded;
  readonly models: Readonly<Record<string, { layers: string[]; outputs: Encoded[]; gradients: Encoded[] }>>;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Give the folder that tools/keras/random_models.py wrote');
const { input, models } = JSON.parse(readFileSync(join(folder, 'records.json'), 'utf8')) as Records;
const decoded = ({ dims, data }: Encoded) => ({
  dims: [...dims],
  data: new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer),
});
const sines = (shape: readonly number[]) =>
  Float32Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, (_, i) => Math.sin(1 + i));

/** max |a − b| / max |b| */
function furthest(a: ArrayLike<number>, b: Float32Array): number {
  const size = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return b.reduce((most, value, at) => Math.max(most, Math.abs(a[at]! - value)), 0) / (size || 1);
}

/** ‖a − b‖ / ‖b‖ */
function distance(a: ArrayLike<number>, b: Float32Array): number {
  const square = b.reduce((sum, value, at) => sum + (a[at]! - value) ** 2, 0);
  return Math.sqrt(square / (b.reduce((sum, value) => sum + value ** 2, 0) || 1));
}

let equal = 0;
let files = 0;
for (const [seed, { layers, outputs, gradients }] of Object.entries(models))
  for (const ending of ['keras', 'h5']) {
    const { graph } = await importKeras(new Uint8Array(readFileSync(join(folder, `${seed}.${ending}`))));
    const names = graph.outputs.map(({ name }) => name);
    const feed = decoded(input);
    const got = await runGraph(graph, { [graph.inputs[0]!.name]: feed });
    const value = Math.max(...names.map((name, at) => furthest(got[name]!.data, decoded(outputs[at]!).data)));
    const found = await inputGradients(graph, feed, names, sines);
    const gradient = Math.max(...found.map(({ data }, at) => distance(data, decoded(gradients[at]!).data)));
    files++;
    if (value <= 1e-5 && gradient <= 1e-4) equal++;
    else console.log(`${seed}.${ending}`, value.toExponential(1), gradient.toExponential(1), layers.join(' '));
  }
console.log(`${equal} of ${files} files: predictions within 1e-5, gradients within 1e-4`);
