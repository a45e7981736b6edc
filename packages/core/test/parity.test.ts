import { existsSync, readdirSync, readFileSync } from 'node:fs';
import {
  type ColormapName,
  explain,
  finishMap,
  type Model,
  type OverlayStyle,
  overlay,
  type Picture,
  type PostprocessName,
  rectify,
} from '@seewhy/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { fixture, loadFixture, npy, relativeError } from './support.ts';

interface Entry {
  peer: string;
  version: string;
  method: string;
  stage: 'raw' | 'finished' | 'overlay';
  layers: string[];
  options: Record<string, unknown>;
  shape: number[];
  file: string;
}
interface Case {
  name: string;
  model: string;
  target: number;
  logit: number;
  layers: { id: string; value: string }[];
  entries: Entry[];
  input: string;
  picture: string;
}

/** Raw maps and finished maps agree with the peers to this, relative to the largest value of the peer's map. */
const TOLERANCE = 1e-4;

const cases = readdirSync(fixture('parity'), { withFileTypes: true }).filter(
  (entry) => entry.isDirectory() && existsSync(fixture(`parity/${entry.name}/case.json`)),
);

describe.each(cases.map((entry) => entry.name))('parity with the peers: %s', (folder) => {
  const about = JSON.parse(readFileSync(fixture(`parity/${folder}/case.json`), 'utf8')) as Case;
  let model: Model;
  beforeAll(async () => {
    model = await loadFixture(about.model.replace(/^fixtures\//, ''));
  });
  const value = (id: string) => about.layers.find((layer) => layer.id === id)!.value;
  const run = async (entry: Entry) => {
    const options = {
      methods: [entry.method],
      targets: String(about.target),
      ...(entry.layers.length > 0 ? { layers: entry.layers.map(value) } : {}),
      // tf-explain's own masking of gradients, which is not guided backpropagation.
      ...(entry.options.use_guided_grads === true ? { variant: 'gated' } : {}),
    };
    return (await explain(model, [npy(`parity/${folder}/${about.input}`)], options))[0]![0]!;
  };

  it('logit of the target', async () => {
    const explanation = await run(about.entries[0]!);
    const found = explanation.predictions.find((one) => one.index === about.target)?.logit;
    if (found !== undefined)
      expect(Math.abs(found - about.logit) / Math.max(Math.abs(about.logit), 1)).toBeLessThan(TOLERANCE);
  });

  for (const entry of about.entries.filter((one) => one.stage === 'raw')) {
    it(`${entry.method} ${entry.layers.join('+')} raw, ${entry.peer} ${entry.version} ${entry.options.variant ?? ''}`, async () => {
      const explanation = await run(entry);
      let found = explanation.raw[0]!.data;
      if (entry.options.rectified === true)
        found = rectify({ width: found.length, height: 1, data: found }, 'relu').data;
      if (entry.options.abs === true) found = found.map(Math.abs);
      expect(relativeError(found, npy(`parity/${folder}/${entry.file}`).data)).toBeLessThan(TOLERANCE);
    });
  }

  const finished = about.entries.filter(
    (one) =>
      one.stage === 'finished' &&
      one.layers.length >= 1 &&
      ['pytorch-grad-cam', 'tf-explain', 'captum'].includes(one.peer),
  );
  for (const entry of finished) {
    it(`${entry.method} ${entry.layers.join('+')} finished, ${entry.peer} ${entry.version}`, async () => {
      const explanation = await run(entry);
      const reference = npy(`parity/${folder}/${entry.file}`);
      const [height, width] = reference.dims as [number, number];
      const maps = explanation.raw.map((raw) => ({ height: raw.dims[0]!, width: raw.dims[1]!, data: raw.data }));
      const { map } = finishMap(maps, entry.peer as PostprocessName, { width, height });
      expect(relativeError(map.data, reference.data)).toBeLessThan(TOLERANCE);
    });
  }

  const overlays = about.entries.filter((one) => one.stage === 'overlay');
  for (const entry of overlays) {
    it(`${entry.method} ${entry.layers.join('+')} overlay, ${entry.peer} ${entry.version}`, async () => {
      const explanation = await run(entry);
      const reference = npy(`parity/${folder}/${entry.file}`);
      const [height, width] = reference.dims as [number, number];
      const picture: Picture = {
        width,
        height,
        channels: 3,
        data: Uint8Array.from(npy(`parity/${folder}/${about.picture}`).data),
      };
      const maps = explanation.raw.map((raw) => ({ height: raw.dims[0]!, width: raw.dims[1]!, data: raw.data }));
      const { map } = finishMap(maps, entry.peer as PostprocessName, { width, height });
      const colormap = entry.options.colormap as ColormapName;
      const drawn = overlay(picture, map, {
        style: entry.peer as OverlayStyle,
        colormap,
        opacity: 1 - Number(entry.options.image_weight),
      });
      const furthest = drawn.data.reduce((most, value, at) => Math.max(most, Math.abs(value - reference.data[at]!)), 0);
      // A map value that lies on the border of two colours may fall on the other one: a step of the table is up to 4 levels.
      expect(furthest).toBeLessThanOrEqual(4);
    });
  }
});
