import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { importKeras } from '../src/index.ts';
import { readLabels } from '../src/preprocessing.ts';
import { FIXTURES, layerRecords, relativeError, run } from './support.ts';

const file = (name: string) => new Uint8Array(readFileSync(join(FIXTURES, name)));
const tfjs = Object.fromEntries(
  readdirSync(join(FIXTURES, 'tfjs-float32')).map((name) => [name, file(`tfjs-float32/${name}`)]),
);

it.each(['', 'my-model/'])(
  'a zip archive of a TensorFlow.js model and its labels, in the folder "%s"',
  async (folder) => {
    const labels = strToU8(JSON.stringify({ labels: ['cat', 'dog', 'nothing'] }));
    const entries = { ...tfjs, 'metadata.json': labels, 'photo.png': strToU8('x') };
    const placed = Object.fromEntries(Object.entries(entries).map(([name, bytes]) => [`${folder}${name}`, bytes]));
    const model = await importKeras(zipSync(placed));
    expect(model).toMatchObject({ format: 'tfjs-layers', labels: ['cat', 'dog', 'nothing'] });
    const record = layerRecords().find((one) => one.file === 'float32.tfjs.json')!;
    const [result] = await run(model.graph, record.inputs);
    expect(relativeError(result!, record.outputs[0]!)).toBeLessThan(1e-5);
  },
);

it('a zip archive of a .keras file; archives inside of that one are not opened', async () => {
  const inner = zipSync({ 'structure.keras': file('structure.keras') });
  expect((await importKeras(inner)).format).toBe('keras');
  await expect(importKeras(zipSync({ 'a.keras': inner }))).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
});

it('a zip archive of other things is told by what lies in it', async () => {
  await expect(importKeras(zipSync({ 'a.png': strToU8('x') }))).rejects.toThrow(/no config\.json, but a\.png/);
});

it('many entries that unpack to little each are stopped by their sum', async () => {
  const entries = Array.from({ length: 40 }, (_, at) => [`${at}.bin`, new Uint8Array(4 << 20)] as const);
  await expect(importKeras(zipSync(Object.fromEntries(entries)))).rejects.toMatchObject({ code: 'ARCHIVE_TOO_LARGE' });
});

it('numbered labels are read without the numbers', () => {
  expect(readLabels('0: cat\n1: dog\n')).toEqual(['cat', 'dog']);
  expect(readLabels('0\n1\n')).toEqual(['0', '1']);
});
