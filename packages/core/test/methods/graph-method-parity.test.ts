import { explain, findMethod, finishMap, type Model, type PostprocessName } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { loadFixture, npy } from '../support.ts';
import {
  asPeer,
  modelFile,
  REFERENCES,
  type Reference,
  type Run,
  relativeLength,
  valuesOf,
} from './graph-references.ts';

/** Relative length of the difference of raw and of finished maps. */
const TOLERANCE = 1e-4;

const METHODS = [
  'gradcam++',
  'xgradcam',
  'gradcam-elementwise',
  'hirescam',
  'eigencam',
  'eigengradcam',
  'fem',
  'fullgrad',
  'finer-cam',
  'guided-backprop',
  'deconvnet',
  'guided-gradcam',
];

/** Alpha and the threshold are the peer's own numbers in its options. */
const optionsOf = ({ options, peer, method }: Reference): Run['options'] => {
  const variant = findMethod(method).variantOf?.[peer];
  return {
    ...(variant ? { variant } : {}),
    ...(typeof options.alpha === 'number' ? { alpha: options.alpha } : {}),
    ...(typeof options.k === 'number' ? { deviations: options.k } : {}),
  };
};

const named = (method: string) => {
  try {
    return findMethod(method).name;
  } catch {
    return method;
  }
};

// eigen_smooth is another map: the first component of the weighted activations.
const rows = REFERENCES.filter((row) => METHODS.includes(named(row.method)) && row.variant !== 'eigen-smooth');

/** The peer's map; one that it gives channel by channel, summed as ours is. */
function overChannels({ raw, layout }: Reference, rank: number): Float32Array {
  const { dims, data } = npy(`parity/${raw}`);
  if (layout.raw !== 'CHW' || rank === 3) return data;
  const cells = dims.slice(-2).reduce((product, dim) => product * dim, 1);
  const sum = new Float32Array(cells);
  for (let at = 0; at < data.length; at++) sum[at % cells]! += data[at]!;
  return sum;
}

describe.each([...new Set(rows.map(({ model }) => model))])('graph methods against the peers: %s', (folder) => {
  let loaded: Promise<Model> | undefined;
  const run = async (row: Reference, more: object = {}) => {
    loaded ??= loadFixture(modelFile(folder));
    const options = {
      methods: [row.method],
      targets: row.target === null ? 'top' : String(row.target),
      ...(row.value === null ? {} : { layers: [row.value] }),
      ...optionsOf(row),
      ...more,
    };
    return (await explain(await loaded, [npy(`parity/${folder}/input.npy`)], options))[0]![0]!;
  };

  for (const row of rows.filter(({ model }) => model === folder)) {
    const name = `${row.method} ${row.variant ?? ''} ${row.layer ?? ''} of ${row.target}: ${row.peer} ${row.version}`;
    it(`${name}, raw`, async () => {
      const explanation = await run(row);
      const reference = overChannels(row, explanation.raw[0]!.dims.length);
      const error = relativeLength(asPeer(explanation.raw[0]!.data, reference, row.options), reference);
      expect(error).toBeLessThan(Math.max(TOLERANCE, 3 * (row.peerError ?? 0)));
    });

    if (row.finished === null) continue;
    it(`${name}, finished`, async () => {
      const reference = npy(`parity/${row.finished}`);
      const [height, width] = reference.dims as [number, number];
      const { raw } = await run(row);
      const own = raw[0]!;
      // The finished map of a component with the other sign is another map: ours is turned as the peer's.
      const data = asPeer(own.data, row.options.sign === 'arbitrary' ? valuesOf(row.raw) : own.data, {
        sign: row.options.sign,
      });
      const map = { height: own.dims[0]!, width: own.dims[1]!, data };
      const { map: finished } = finishMap(map, row.peer as PostprocessName, { width, height });
      expect(relativeLength(finished.data, reference.data)).toBeLessThan(TOLERANCE);
    });
  }
});

describe('what has a row', () => {
  it.each(METHODS)('%s is compared with a peer', (method) => {
    expect(rows.some((row) => named(row.method) === method)).toBe(true);
  });
});

describe('layer activation against the peers', () => {
  it.each(REFERENCES.filter(({ method, layout }) => method === 'layer-activation' && layout.raw === 'CHW'))(
    '$model $layer of $peer: mean, maximum and length over the channels',
    async (row) => {
      const model = await loadFixture(modelFile(row.model));
      const reference = npy(`parity/${row.raw}`);
      const [channels, height, width] = reference.dims.slice(-3) as [number, number, number];
      const cells = Array.from({ length: height * width }, (_, cell) =>
        Array.from({ length: channels }, (_, channel) => reference.data[channel * height * width + cell]!),
      );
      const over = {
        mean: (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length,
        max: (values: number[]) => Math.max(...values),
        norm: (values: number[]) => Math.hypot(...values),
      };
      for (const [variant, reduce] of Object.entries(over)) {
        const options = { methods: ['layer-activation'], layers: [row.value!], variant };
        const { raw } = (await explain(model, [npy(`parity/${row.model}/input.npy`)], options))[0]![0]!;
        expect(relativeLength(raw[0]!.data, cells.map(reduce))).toBeLessThan(1e-5);
      }
    },
  );
});
