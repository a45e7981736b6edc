/**
 * `npx tsx tools/randomisation/measure.ts [METHOD …]`: which methods do not depend on the weights. Each method explains two photos with the real
 * network and with the same network with shuffled weights; printed is the rank correlation (Spearman) of both maps as they are shown, the
 * mean over photos and seeds, with their signs and without. Near 1: the map is of the picture, not of what was learned (Adebayo et al., "Sanity checks for saliency
 * maps", NeurIPS 2018). The figures go to results.json, a method as soon as it is measured; those of other methods stay. FEATURES.md shows them,
 * and what stands out is said in the method's `caution`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ExplainOptions,
  explain,
  type Method,
  Model,
  ortRuntime,
  preprocessPicture,
  preprocessPreset,
} from '@seewhy/core';
import { readGraph } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { decodePicture } from '../../packages/seewhy/src/picture/decode.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const results = new URL('results.json', import.meta.url);
/** Rank correlation of a method's map with the same method's map of the shuffled network: mean over photos and seeds, and its range. */
export interface Likeness {
  readonly method: string;
  readonly signed: number;
  readonly magnitude: number;
  readonly range: readonly [lowest: number, highest: number];
}

const PHOTOS = ['chelsea.png', 'coffee.png'];
const SEEDS = [0, 1];

/** Enough samples to tell like from unlike; a map needs more to be looked at. */
const BUDGET: ExplainOptions = {
  ...{ steps: 16, samples: 8, masks: 400, coalitions: 200, permutations: 2, segments: 40, channels: 64 },
  ...{ window: 64, stride: 32 },
};

const runtime = ortRuntime(ort as never, {});
const model = await Model.load(
  readGraph(new Uint8Array(readFileSync(join(root, 'fixtures/models/efficientnet-lite0.onnx')))),
  {
    runtime,
    batch: 'free',
  },
);
const wanted = process.argv.slice(2);
const rows = JSON.parse(readFileSync(results, 'utf8')) as Likeness[];
for (const { method, supported } of model.methods()) {
  if (!supported || method.needs === 'picture') continue;
  if (wanted.length > 0 && !wanted.includes(method.name)) continue;
  const [found, magnitudes]: [number[], number[]] = [[], []];
  for (const photo of PHOTOS) {
    const picture = await decodePicture(join(root, 'fixtures/photos', photo));
    const { tensor } = preprocessPicture(picture, preprocessPreset('signed', model.image), model.image);
    const shown = async (more: ExplainOptions) => {
      const options = { methods: [method.name], ...budgetOf(method), ...more };
      return (await explain(model, [tensor], options))[0]![0]!.map.data;
    };
    const real = await shown({});
    for (const seed of SEEDS) {
      const control = await shown({ weights: 'random', seed });
      found.push(rankCorrelation(real, control));
      magnitudes.push(rankCorrelation(real.map(Math.abs), control.map(Math.abs)));
    }
  }
  const row: Likeness = {
    method: method.name,
    signed: rounded(mean(found)),
    magnitude: rounded(mean(magnitudes)),
    range: [rounded(Math.min(...found)), rounded(Math.max(...found))],
  };
  console.log(row.signed.toFixed(2).padStart(6), row.magnitude.toFixed(2).padStart(6), row.method);
  const before = rows.findIndex((one) => one.method === row.method);
  rows.splice(before < 0 ? rows.length : before, before < 0 ? 0 : 1, row);
  rows.sort((a, b) => b.magnitude - a.magnitude);
  writeFileSync(results, `${JSON.stringify(rows, null, 2)}\n`);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

/** The part of the budget that a method has options for. */
function budgetOf({ options = {} }: Method): ExplainOptions {
  return Object.fromEntries(Object.entries(BUDGET).filter(([name]) => name in options));
}

/** Spearman: the correlation of the ranks, equal values sharing their mean rank. */
function rankCorrelation(a: Float32Array, b: Float32Array): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  let [both, ofX, ofY] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += (x[i]! - mean) * (y[i]! - mean);
    ofX += (x[i]! - mean) ** 2;
    ofY += (y[i]! - mean) ** 2;
  }
  return ofX === 0 || ofY === 0 ? 0 : both / Math.sqrt(ofX * ofY);
}

function ranks(values: Float32Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const result = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) result[order[i]!] = (start + end - 1) / 2;
    start = end;
  }
  return result;
}
