/**
 * Holds graph models of keras.applications against TensorFlow's own logits and float64 gradients, one line each.
 *   npx tsx tools/keras-graph/verify.ts [NAME…]
 * networks.py makes the files.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importKeras } from '@seewhy/keras';
import { check } from '@seewhy/onnx';
import { kerasFolder } from '../keras/folder.ts';
import { readNpy, relativeError, runGraph } from '../keras/run-graph.ts';
import { gradientError } from '../keras/verify-network.ts';

interface Facts {
  readonly name: string;
  readonly target: number;
  /** Relative L2 error of TensorFlow's float32 gradient against its float64 one. */
  readonly gradientError: number;
}

const folder = join(kerasFolder(), 'graph');
if (!existsSync(folder)) throw new Error(`There is no folder ${folder}: run tools/keras-graph/networks.py first`);
const wanted = process.argv.slice(2);
let failed = 0;
let seen = 0;
for (const file of readdirSync(folder).filter((entry) => entry.endsWith('.facts.json'))) {
  const facts = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Facts;
  const { name } = facts;
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  seen++;
  const files = [`${name}.json`, `${name}.bin`].map(
    (entry) => [entry, new Uint8Array(readFileSync(join(folder, entry)))] as const,
  );
  const { graph } = await importKeras(new Map(files));
  const problems = check(graph).length;
  const image = readNpy(join(folder, `${name}.input.npy`));
  const input = graph.inputs[0]!.name;
  const outputs = await runGraph(graph, { [input]: image });
  const error = relativeError(outputs[graph.outputs[0]!.name]!, readNpy(join(folder, `${name}.output.npy`)));
  const gradient = await gradientError(graph, image, readNpy(join(folder, `${name}.gradient.npy`)), facts.target);
  // As for the Layers models: 1e-4, or 2.5 times TensorFlow's own float32 error where deep ReLU networks make that larger.
  const allowed = Math.max(1e-4, 2.5 * facts.gradientError);
  const passed = problems === 0 && error <= 1e-4 && gradient <= allowed;
  if (!passed) failed++;
  const transposes = graph.nodes.filter(({ op }) => op === 'Transpose').length;
  console.log(
    `${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(16)} ${error.toExponential(1)} gradient ${gradient.toExponential(1)} (allowed ${allowed.toExponential(1)}) ${graph.nodes.length} nodes, ${transposes} transposes`,
  );
}
console.log(`${seen - failed} of ${seen} equal TensorFlow`);
process.exitCode = seen > 0 && failed === 0 ? 0 : 1;
