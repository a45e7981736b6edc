import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeNpy } from '@seewhy/core';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kerasExport } from '../../../../tools/test-support/require.ts';
import { built, folder, ROOT, seewhy } from './seewhy.ts';

const place = folder('keras-export');
beforeAll(built);
afterAll(() => rmSync(place, { recursive: true, force: true }));

interface Encoded {
  readonly dims: number[];
  readonly data: string;
}

/** What tools/keras/exported.py writes: Keras's own export, and Keras's prediction. */
function record(stem: string) {
  const json = JSON.parse(readFileSync(`${stem}.json`, 'utf8')) as Record<'input' | 'output', Encoded> & {
    readonly unused: readonly string[];
  };
  const decode = ({ dims, data }: Encoded) => ({
    dims,
    data: new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer),
  });
  return { file: `${stem}.onnx`, unused: json.unused, input: decode(json.input), output: decode(json.output) };
}

const EXPORTS = [
  ['a small network', join(ROOT, 'fixtures/keras/exported')],
  ['EfficientNetB5', kerasExport()],
] as const;

describe.each(EXPORTS)("Keras's own export of %s, with required inputs that no node uses", (_, stem) => {
  it.skipIf(!stem)('is refused by the runtime as it is, and repaired on reading', async () => {
    const { file, unused, input, output } = record(stem!);
    const size = input.data.length / input.dims[0]!;
    const first = { dims: [1, ...input.dims.slice(1)], data: input.data.subarray(0, size) };

    const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    expect(session.inputNames).toEqual(expect.arrayContaining([...unused]));
    const image = session.inputNames.find((name) => !unused.includes(name))!;
    await expect(session.run({ [image]: new ort.Tensor('float32', first.data, first.dims) })).rejects.toThrow();
    await session.release();

    const shown = await seewhy(['inspect', file]);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    for (const name of unused)
      expect(shown.stdout.split('\n').find((line) => line.trim().startsWith(name))).toMatch(
        /dropped: no node uses it$/,
      );
    expect(shown.stdout.replace(/\s+/g, ' ')).toContain(`Dropped 2 inputs that no node uses`);
    const document = JSON.parse((await seewhy(['inspect', file, '--json'])).stdout);
    expect(document.inputs.map(({ role }: { role: string }) => role).sort()).toEqual(['image', 'unused', 'unused']);

    const picture = join(place, 'picture.npy');
    writeFileSync(picture, encodeNpy(first));
    const ran = await seewhy(['explain', file, picture, '--json', '-o', join(place, 'out'), '--force']);
    expect(ran.code, ran.stderr).toBe(0);
    const [result] = JSON.parse(ran.stdout).results;
    expect(JSON.parse(ran.stdout).notices.join(' ')).toContain('Dropped 2 inputs');
    for (const { index, probability } of result.predictions as { index: number; probability: number }[])
      expect(Math.abs(probability / output.data[index]! - 1)).toBeLessThan(1e-4);
  });
});
