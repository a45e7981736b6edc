// Where the time of an explanation program goes: kernel milliseconds by operator, beside those of the plain prediction.
//
//   npx tsx bench/profile.ts MODEL [METHOD] [--runs 20] [--nodes 15] [--save FILE.onnx]
//
// MODEL is a name of the benchmark (resnet50) or a path; METHOD defaults to saliency. --nodes lists the slowest nodes;
// --save writes the program as the runtime has optimised it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  chooseMethods,
  Explainer,
  findMethod,
  graphMethods,
  imageDims,
  Model,
  ortRuntime,
  type Runtime,
  TOP,
} from '@seewhy/core';
import { type Graph, readGraph, writeGraph, writeShared } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { quantile } from './measure.ts';
import { modelBytes, noiseImage, THREADS } from './programs.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '20' },
    nodes: { type: 'string', default: '15' },
    save: { type: 'string' },
  },
});
const [name, method = 'saliency'] = positionals;
if (!name) {
  console.error('usage: npx tsx bench/profile.ts MODEL [METHOD] [--runs 20] [--nodes 15] [--save FILE.onnx]');
  process.exit(2);
}
const bytes = name.endsWith('.onnx') ? new Uint8Array(readFileSync(name)) : modelBytes(name);
const folder = mkdtempSync(join(tmpdir(), 'seewhy-profile-'));

/** Whole runs, between the nodes included. */
const wall = new Map<string, number>();

interface NodeTime {
  readonly node: string;
  readonly op: string;
  /** Median over the runs. */
  readonly milliseconds: number;
  readonly output: string;
}

/** Median kernel time of each node of a model over some runs. */
async function profile(
  model: Uint8Array,
  externalData: { path: string; data: Uint8Array }[],
  feeds: Record<string, ort.Tensor>,
  label: string,
): Promise<NodeTime[]> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: THREADS,
    enableProfiling: true,
    profileFilePrefix: join(folder, label),
    externalData,
    ...(values.save && label === 'explained' ? { optimizedModelFilePath: values.save } : {}),
  });
  const runs = Number(values.runs);
  for (let run = 0; run < runs + 3; run++) await session.run(feeds);
  (session as unknown as { endProfiling(): void }).endProfiling();
  await session.release();
  const { readdirSync } = await import('node:fs');
  const file = readdirSync(folder).find((entry) => entry.startsWith(label))!;
  const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    cat: string;
    name: string;
    dur: number;
    args?: { op_name?: string; output_type_shape?: unknown };
  }[];
  const whole = events.filter((event) => event.name === 'model_run').map((event) => event.dur / 1000);
  wall.set(label, quantile(whole.slice(3), 0.25));
  const byNode = new Map<string, { op: string; times: number[]; output: string }>();
  for (const event of events) {
    if (event.cat !== 'Node' || !event.name.endsWith('_kernel_time')) continue;
    const node = event.name.slice(0, -'_kernel_time'.length);
    const entry = byNode.get(node) ?? { op: event.args?.op_name ?? '', times: [], output: '' };
    entry.times.push(event.dur / 1000);
    entry.output = JSON.stringify(event.args?.output_type_shape ?? '').replaceAll(/[{}[\]"]|float:?/g, '');
    byNode.set(node, entry);
  }
  return [...byNode].map(([node, { op, times, output }]) => ({
    node,
    op,
    output,
    milliseconds: quantile(times.slice(3), 0.25),
  }));
}

function byOp(nodes: readonly NodeTime[]): Map<string, { count: number; milliseconds: number }> {
  const sums = new Map<string, { count: number; milliseconds: number }>();
  for (const { op, milliseconds } of nodes) {
    const sum = sums.get(op) ?? { count: 0, milliseconds: 0 };
    sums.set(op, { count: sum.count + 1, milliseconds: sum.milliseconds + milliseconds });
  }
  return sums;
}

let explained: Graph | undefined;
const runtime = ortRuntime(ort as never, { threads: THREADS });
const capturing: Runtime = {
  ...runtime,
  open: (graph, options) => {
    explained = graph;
    return runtime.open(graph, options);
  },
};
const model = await Model.load(readGraph(bytes), { runtime: capturing });
const explainer = await Explainer.open(model, {
  methods: graphMethods(chooseMethods([findMethod(method)])),
  layers: model.defaultLayer ? [model.defaultLayer] : [],
  targets: [TOP],
  score: 'logit',
});
await explainer.release();
const image = noiseImage(imageDims(model.image));
const feeds = { [model.image.name]: new ort.Tensor('float32', image.data as Float32Array, [...image.dims]) };
const shared = writeShared(explained!);
if (values.save) writeFileSync(values.save.replace(/\.onnx$/, '.before.onnx'), writeGraph(explained!));
try {
  const plain = await profile(bytes, [], feeds, 'plain');
  const full = await profile(
    shared.model,
    shared.files.map(({ location, data }) => ({ path: location, data })),
    feeds,
    'explained',
  );
  const total = (nodes: readonly NodeTime[]) => nodes.reduce((sum, node) => sum + node.milliseconds, 0);
  const [a, b] = [byOp(plain), byOp(full)];
  const ops = [...new Set([...b.keys(), ...a.keys()])].sort(
    (x, y) => (b.get(y)?.milliseconds ?? 0) - (b.get(x)?.milliseconds ?? 0),
  );
  const cell = (sum: { count: number; milliseconds: number } | undefined) =>
    sum ? `${sum.milliseconds.toFixed(2).padStart(9)} ${`(${sum.count})`.padStart(6)}` : ' '.repeat(16);
  console.log(
    `${name}, ${method}: kernel milliseconds (nodes), lower quartile of ${values.runs} runs, ${THREADS} threads`,
  );
  console.log(`${'operator'.padEnd(24)}${'plain'.padStart(16)}${'explained'.padStart(18)}`);
  for (const op of ops) console.log(`${op.padEnd(24)}${cell(a.get(op))}  ${cell(b.get(op))}`);
  console.log(
    `${'all'.padEnd(24)}${cell({ count: plain.length, milliseconds: total(plain) })}  ${cell({ count: full.length, milliseconds: total(full) })}   ratio ${(total(full) / total(plain)).toFixed(2)}`,
  );
  console.log(`whole run: plain ${wall.get('plain')!.toFixed(2)}, explained ${wall.get('explained')!.toFixed(2)}`);
  const slowest = [...full].sort((x, y) => y.milliseconds - x.milliseconds).slice(0, Number(values.nodes));
  for (const { node, op, milliseconds, output } of slowest)
    console.log(`${milliseconds.toFixed(2).padStart(8)}  ${op.padEnd(18)} ${output.padEnd(20)} ${node}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
