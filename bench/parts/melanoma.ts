import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunTensor } from '@seewhy/core';
import { importKeras } from '@seewhy/keras';
import { readGraph, removeUnusedInputs, writeGraph } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { costs as costsOf, interleave, ratio, timed } from '../measure.ts';
import { type KerasPeer, type KerasTask, Peers } from '../peers.ts';
import { cache, pythonOf, root } from '../places.ts';
import { type ProcessCost, processCost, summaryOf } from '../process-cost.ts';
import { noiseImage, type OpenedModel, openFile, openSession } from '../programs.ts';

/** A peer's cost: in ours (times that seewhy is faster), and in predictions. */
export interface PeerCost {
  readonly times: number;
  readonly predictions: number;
}

export interface KerasCosts {
  /** Seconds that the import of the `.keras` file takes. */
  readonly imported: number;
  /** Milliseconds (`costs` of measure.ts); `exported` is the prediction of tf2onnx's export. */
  readonly plain: number;
  readonly gradcam: number;
  readonly saliency: number;
  readonly exported: number;
  readonly peers: Partial<Record<KerasTask, PeerCost>>;
}

export interface MelanomaCosts {
  readonly networks: Record<string, KerasCosts>;
  /** From process start to a written PNG, MobileNetV2, by kind of file. */
  readonly start: Record<string, { readonly seewhy: ProcessCost; readonly python: ProcessCost }>;
}

const KERAS_NETWORKS = ['MobileNetV2', 'EfficientNetB5'];
export const KERAS_PEERS: readonly KerasPeer[] = ['tf-explain', 'tf-keras-vis', 'xplique'];

/** Keras models imported: what explanations cost beside predictions and beside the Python peers; the start of the command. */
export async function measureMelanoma(effort: number): Promise<MelanomaCosts> {
  const networks: Record<string, KerasCosts> = {};
  for (const name of KERAS_NETWORKS) networks[name] = await measureNetwork(name, effort);
  return { networks, start: await measureStart(effort) };
}

/** EfficientNet takes bytes and scales them itself. */
function imageOf(name: string) {
  return (dims: readonly number[]): RunTensor => {
    const image = noiseImage(dims);
    const data = image.data as Float32Array;
    return name.startsWith('EfficientNet') ? { ...image, data: data.map((value) => 127.5 + 64 * value) } : image;
  };
}

async function measureNetwork(name: string, effort: number): Promise<KerasCosts> {
  const began = performance.now();
  const { graph } = await importKeras(new Uint8Array(readFileSync(join(cache, `${name}.keras`))));
  const imported = (performance.now() - began) / 1000;
  const file = writeGraph(graph);
  const model = await openFile(file, imageOf(name));
  const exported = await openExport(name);
  const slow = await model.sides.saliency();
  const blocks = (seconds: number, perBlock: number, least: number) =>
    Math.max(least, Math.min(40, Math.round((seconds * 1000 * effort) / perBlock)));
  const runs = slow < 200 ? 10 : 3;
  const own = await interleave(
    { ...model.sides, exported: exported.side },
    { blocks: blocks(30, slow * 2 * runs, 4), runs },
  );
  await exported.release();
  const costs = {
    imported,
    ...costsOf(own, 'plain'),
  };
  console.log(
    `${name}: imported in ${imported.toFixed(2)} s; plain ${costs.plain.toFixed(1)} ms, Grad-CAM ${(costs.gradcam / costs.plain).toFixed(2)}, ` +
      `saliency ${(costs.saliency / costs.plain).toFixed(2)}; prediction : tf2onnx's export ${(costs.plain / costs.exported).toFixed(2)}`,
  );
  const peers = new Peers('tensorflow');
  try {
    return { ...costs, peers: await besidePeers(name, model, peers, blocks) };
  } finally {
    peers.end();
    await model.release();
  }
}

async function besidePeers(
  name: string,
  model: OpenedModel,
  peers: Peers,
  blocks: (seconds: number, perBlock: number, least: number) => number,
): Promise<KerasCosts['peers']> {
  const found: Partial<Record<KerasTask, PeerCost>> = {};
  for (const method of ['gradcam', 'saliency'] as const) {
    for (const peer of KERAS_PEERS) {
      const task: KerasTask = `${peer}-${method}`;
      const side = peers.side(name, task);
      try {
        const one = await side().then(side);
        // Of a peer that takes seconds one run a turn counts.
        const times = await interleave(
          { peer: side, plain: model.sides.plain, own: model.sides[method] },
          { blocks: blocks(30, one * 4, 3), runs: one > 3000 ? 1 : 3 },
        );
        found[task] = { times: ratio(times.peer, times.own), predictions: ratio(times.peer, times.plain) };
        console.log(
          `${name}, ${task}: ${found[task].predictions.toFixed(1)} predictions, seewhy is ${found[task].times.toFixed(1)} times faster`,
        );
      } catch (error) {
        console.error(String(error));
      }
    }
  }
  return found;
}

/** tf2onnx's own export of the same network in the same runtime. */
async function openExport(name: string) {
  const { graph } = removeUnusedInputs(readGraph(new Uint8Array(readFileSync(join(cache, `${name}.tf2onnx.onnx`)))));
  const session = await openSession(writeGraph(graph));
  const [input] = graph.inputs;
  const dims = input!.shape!.map((dim) => (typeof dim === 'number' ? dim : 1));
  const image = imageOf(name)(dims);
  const feeds = { [input!.name]: new ort.Tensor('float32', image.data as Float32Array, dims) };
  return { side: () => timed(() => session.run(feeds)), release: () => session.release() };
}

/** `seewhy explain MODEL chelsea.png` (as built) beside the same with tf-explain. */
async function measureStart(effort: number): Promise<MelanomaCosts['start']> {
  const photo = join(root, 'fixtures', 'photos', 'chelsea.png');
  const command = join(root, 'packages', 'seewhy', 'dist', 'main.js');
  const script = join(root, 'bench', 'peers', 'explain_keras_once.py');
  const out = mkdtempSync(join(tmpdir(), 'seewhy-bench-out-'));
  const ours = (kind: string) => () =>
    processCost(process.execPath, [
      ...[command, 'explain', join(cache, `MobileNetV2.${kind}`), photo, '-o', join(out, 'seewhy.png')],
      ...['--threads', '2', '--force'],
    ]);
  const sides: Record<string, () => Promise<ProcessCost>> = {
    keras: ours('keras'),
    h5: ours('h5'),
    python: () =>
      processCost(pythonOf('tensorflow'), [script, join(cache, 'MobileNetV2.h5'), photo, join(out, 'python.png')]),
  };
  const times = Object.fromEntries(Object.keys(sides).map((side) => [side, [] as ProcessCost[]]));
  try {
    const rounds = Math.max(3, Math.round(7 * effort));
    for (let round = 0; round <= rounds; round++) {
      for (const [name, side] of Object.entries(sides)) {
        // Files are in the page cache from the first round on, which does not count. Python takes seconds: once a round.
        for (let run = 0; run < (name === 'python' ? 1 : 3); run++) {
          const result = await side();
          if (round > 0) times[name]!.push(result);
        }
      }
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  const python = summaryOf(times.python!);
  const start = {
    '.keras': { seewhy: summaryOf(times.keras!), python },
    '.h5': { seewhy: summaryOf(times.h5!), python },
  };
  for (const [kind, { seewhy }] of Object.entries(start))
    console.log(
      `start to PNG, MobileNetV2${kind}: ${(seewhy.milliseconds / 1000).toFixed(2)} s ${seewhy.megabytes.toFixed(0)} MB, ` +
        `tf-explain ${(python.milliseconds / 1000).toFixed(2)} s ${python.megabytes.toFixed(0)} MB`,
    );
  return start;
}
