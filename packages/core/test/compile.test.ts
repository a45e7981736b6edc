import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CompileRequest,
  chooseMethods,
  compileExplained,
  decodeNpy,
  encodeNpy,
  explain,
  findMethod,
  graphMethods,
  type Model,
  noiseImage,
  npyToFloat32,
  stack,
  TOP,
} from '@seewhy/core';
import { writeGraph } from '@seewhy/onnx';
import { afterAll, describe, expect, it } from 'vitest';
import { pythonPeers } from '../../../tools/test-support/require.ts';
import { loadFixture, relativeError, runtime } from './support.ts';

const python = pythonPeers('torch');
const folder = mkdtempSync(join(tmpdir(), 'seewhy-compile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const METHODS = ['gradcam', 'layercam', 'saliency', 'gradient-x-input'];
const request = (model: Model, more: Partial<CompileRequest> = {}): CompileRequest => ({
  methods: graphMethods(chooseMethods(METHODS.map(findMethod))),
  layers: [model.defaultLayer!],
  target: TOP,
  score: 'logit',
  ...more,
});

/** Checks a file with onnx.checker and runs it in Python's ONNX Runtime; every output comes back as .npy. */
const PROGRAM = `
import sys, numpy, onnx, onnxruntime
model, *feeds = sys.argv[1:]
loaded = onnx.load(model)
onnx.checker.check_model(loaded, full_check=True)
assert all(o.domain in ("", "ai.onnx") for o in loaded.opset_import) or all(n.domain in ("", "ai.onnx") for n in loaded.graph.node), "another domain"
session = onnxruntime.InferenceSession(model)
values = session.run(None, {f.split("=")[0]: numpy.load(f.split("=")[1]) for f in feeds})
for index, (output, value) in enumerate(zip(session.get_outputs(), values)):
    kind = value.dtype
    numpy.save(f"{model}.{index}.npy", value)
    print(output.name, "x".join(map(str, value.shape)), kind, sep="|")
`;

function runPython(file: string, feeds: Record<string, string>) {
  const result = spawnSync(
    python!,
    ['-c', PROGRAM, file, ...Object.entries(feeds).map(([name, path]) => `${name}=${path}`)],
    { encoding: 'utf8' },
  );
  if (result.status !== 0) throw new Error(result.stderr);
  return new Map(
    result.stdout
      .trim()
      .split('\n')
      .map((line, index) => {
        const [name, shape, type] = line.split('|') as [string, string, string];
        return [
          name,
          { shape, type, data: npyToFloat32(decodeNpy(new Uint8Array(readFileSync(`${file}.${index}.npy`)))) },
        ];
      }),
  );
}

describe.skipIf(!python)('the explained model as a file, in Python', () => {
  it.each([
    'models/tiny-cnn.onnx',
    'models/tiny-nhwc.onnx',
    'models/tiny-vit.onnx',
    'models/tiny-swin.onnx',
    'models/tiny-fixed-batch.onnx',
  ])('%s: batch 1 and 4, the same numbers', async (file) => {
    const model = await loadFixture(file, { batch: 'free' });
    expect(model.batch).toBe('free');
    const path = join(folder, `${file.replaceAll(/\W/g, '-')}.onnx`);
    writeFileSync(path, writeGraph(compileExplained(model, request(model, { map: true }))));
    for (const count of [1, 4]) {
      const images = Array.from({ length: count }, (_, seed) => noiseImage(model, seed));
      const expected = await explain(model, images, { methods: METHODS });
      const batch = stack(images);
      writeFileSync(`${path}.in.npy`, encodeNpy({ dims: batch.dims, data: batch.data as Float32Array }));
      const outputs = runPython(path, { [model.image.name]: `${path}.in.npy` });
      expect([...outputs.keys()]).toEqual([
        model.output.name,
        ...METHODS.flatMap((name) => [name, `${name}.map`]),
        'seewhy.target',
      ]);
      expect(Array.from(outputs.get('seewhy.target')!.data)).toEqual(expected.map((one) => one[0]!.target.index));
      expect(outputs.get('seewhy.target')!.type).toBe('int64');
      METHODS.forEach((name, at) => {
        const raw = expected.flatMap((one) => Array.from(one[at]!.raw[0]!.data));
        expect(relativeError(outputs.get(name)!.data, raw), `${name} raw, batch ${count}`).toBeLessThan(1e-4);
        const map = expected.flatMap((one) => Array.from(one[at]!.map.data));
        expect(relativeError(outputs.get(`${name}.map`)!.data, map), `${name}.map, batch ${count}`).toBeLessThan(1e-3);
      });
    }
  });

  it('a class through an input, one an item', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx', { batch: 'free' });
    const path = join(folder, 'input.onnx');
    writeFileSync(
      path,
      writeGraph(
        compileExplained(
          model,
          request(model, { target: 'input', methods: graphMethods(chooseMethods([findMethod('gradcam')])) }),
        ),
      ),
    );
    const images = [noiseImage(model, 1), noiseImage(model, 2)];
    const batch = stack(images);
    writeFileSync(`${path}.in.npy`, encodeNpy({ dims: batch.dims, data: batch.data as Float32Array }));
    writeFileSync(`${path}.target.npy`, encodeNpy({ dims: [2], data: BigInt64Array.from([3n, 1n]) }));
    const outputs = runPython(path, { [model.image.name]: `${path}.in.npy`, target: `${path}.target.npy` });
    const [first, second] = await Promise.all([
      explain(model, [images[0]!], { targets: '3' }),
      explain(model, [images[1]!], { targets: '1' }),
    ]);
    expect(
      relativeError(outputs.get('gradcam')!.data, [...first[0]![0]!.raw[0]!.data, ...second[0]![0]!.raw[0]!.data]),
    ).toBeLessThan(1e-4);
  });
});

describe('sessions', () => {
  it('200 loads leave memory flat', async () => {
    const load = async () => {
      const model = await loadFixture('models/tiny-cnn.onnx');
      await explain(model, [noiseImage(model, 1)], { methods: ['gradcam', 'saliency'] });
      // An error in the middle must release its session too.
      await explain(model, [{ type: 'float32', dims: [1, 3, 1, 1], data: new Float32Array(3) }]).catch(() => undefined);
    };
    for (let round = 0; round < 40; round++) await load();
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 160; round++) await load();
    const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
    // 160 leaked sessions of this model would be above 160 MB; the heap's own breathing is not.
    expect(grown).toBeLessThan(40);
  });

  it('a released session says so', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    const session = await runtime.open(model.graph);
    await session.release();
    await session.release();
    await expect(session.run({})).rejects.toMatchObject({ code: 'SESSION_RELEASED' });
  });
});
