import { describe, expect, it } from 'vitest';
import { survives, text } from './hostile-files.ts';
import { fixture } from './support.ts';

/** A model.json as it can be broken. */
interface Changed {
  format: string;
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; quantization?: unknown }[] }[];
}

describe('TensorFlow.js files', () => {
  const files = (change: (json: Changed, files: Map<string, Uint8Array>) => void) => {
    const all = new Map(fixture('tfjs-uint8/model.json'));
    const json = JSON.parse(new TextDecoder().decode(all.get('model.json')!)) as Changed;
    change(json, all);
    all.set('model.json', text(json));
    return all;
  };
  it.each([
    [
      'a shard cut short',
      (_: Changed, all: Map<string, Uint8Array>) =>
        all.set('group1-shard1of2.bin', all.get('group1-shard1of2.bin')!.slice(0, 10)),
      'SHARD_TRUNCATED',
    ],
    [
      'a shard missing',
      (_: Changed, all: Map<string, Uint8Array>) => all.delete('group1-shard2of2.bin'),
      'SHARD_MISSING',
    ],
    [
      'a shard outside',
      (json: Changed) => {
        json.weightsManifest[0]!.paths[0] = '../../../etc/passwd';
      },
      'SHARD_ESCAPES',
    ],
    [
      'a shard from elsewhere',
      (json: Changed) => {
        json.weightsManifest[0]!.paths[0] = 'https://example.org/shard';
      },
      'SHARD_ESCAPES',
    ],
    [
      'a weight of a negative size',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[0]!.shape = [-1, 3];
      },
      'MANIFEST_INVALID',
    ],
    [
      'a weight of petabytes',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[0]!.shape = [2 ** 40, 2 ** 10];
      },
      'SHARD_TRUNCATED',
    ],
    [
      'a quantisation that is not known',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[0]!.quantization = { dtype: 'uint4', scale: 1, min: 0 };
      },
      'MANIFEST_INVALID',
    ],
    [
      'a scale that is no number',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[0]!.quantization = { dtype: 'uint8', scale: '1', min: 0 };
      },
      'MANIFEST_INVALID',
    ],
    [
      'a weight twice',
      (json: Changed) => {
        json.weightsManifest[0]!.weights[1]!.name = json.weightsManifest[0]!.weights[0]!.name;
      },
      'WEIGHT_TWICE',
    ],
    [
      'no weights at all',
      (json: Changed) => {
        json.weightsManifest = [];
      },
      'WEIGHT_MISSING',
    ],
    [
      'a graph model without a graph',
      (json: Changed) => {
        json.format = 'graph-model';
      },
      /^(MODEL_TFJS_GRAPH|GRAPH_INVALID)$/,
    ],
  ])('%s', async (_, change, code) => {
    expect(await survives(files(change))).toMatch(code);
  });
});
