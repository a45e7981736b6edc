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
  Model,
  noiseImage,
  npyToFloat32,
  POSTPROCESS,
  REDUCERS,
  stack,
  TOP,
  toFloat32,
} from '@seewhy/core';
import { writeGraph } from '@seewhy/onnx';
import { afterAll, describe, expect, it } from 'vitest';
import { heldMemory } from '../../../tools/test-support/held-memory.ts';
import { pythonPeers } from '../../../tools/test-support/require.ts';
import { loadFixture, relativeError, runtime } from './support.ts';

const python = pythonPeers('torch');
const folder = mkdtempSync(join(tmpdir(), 'seewhy-compile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const METHODS = ['gradcam', 'layercam', 'saliency', 'gradient-x-input'];
const chosen = (names: readonly string[]) => graphMethods(chooseMethods(names.map(findMethod)));
const request = (model: Model, more: Partial<CompileRequest> = {}): CompileRequest => ({
  methods: chosen(METHODS),
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
    writeFileSync(
      path,
      writeGraph(compileExplained(model, request(model, { map: { preset: 'seewhy', fusion: 'max' } }))),
    );
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
        expect(relativeError(outputs.get(`${name}.map`)!.data, map), `${name}.map, batch ${count}`).toBeLessThan(1e-4);
      });
    }
  });

  it('a class through an input, one an item', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx', { batch: 'free' });
    const path = join(folder, 'input.onnx');
    writeFileSync(
      path,
      writeGraph(compileExplained(model, request(model, { target: 'input', methods: chosen(['gradcam']) }))),
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

/** Runs a compiled model on two noise pictures (and a class each, where it takes one). */
async function runCompiled(model: Model, more: Partial<CompileRequest>, classes?: readonly bigint[]) {
  const images = [noiseImage(model, 1), noiseImage(model, 2)];
  const session = await runtime.open(compileExplained(model, request(model, more)));
  try {
    return await session.run({
      [model.image.name]: stack(images),
      ...(classes ? { target: { type: 'int64', dims: [2], data: BigInt64Array.from(classes) } as const } : {}),
    });
  } finally {
    await session.release();
  }
}

const fusesFirst = (preset: keyof typeof POSTPROCESS) => POSTPROCESS[preset].stages[0].stage === 'fuse';

describe('the finished map in the graph is that of the host', () => {
  const presets = (Object.keys(POSTPROCESS) as (keyof typeof POSTPROCESS)[]).map((preset) => ({ preset }));
  it.each(presets)('preset $preset, one layer and two', async ({ preset }) => {
    const model = await loadFixture('models/parity-cnn.onnx', { batch: 'free' });
    for (const layers of [['features.7'], ['features.1', 'features.7']]) {
      const methods = ['layercam', 'saliency'];
      const compiling = runCompiled(model, {
        methods: chosen(methods),
        layers: layers.map((name) => model.layer(name)),
        map: { preset, fusion: 'max' },
      });
      if (layers.length > 1 && fusesFirst(preset)) {
        // Stages of maps of one size: told by the host and by the compiler alike.
        const refused = { code: 'MAPS_DIFFER_IN_SIZE' };
        await expect(compiling).rejects.toMatchObject(refused);
        await expect(explain(model, [noiseImage(model, 1)], { methods, layers, preset })).rejects.toMatchObject(
          refused,
        );
        continue;
      }
      const found = await compiling;
      const maps = Object.keys(found).filter((name) => name.endsWith('.map'));
      expect(maps).toEqual(methods.map((name) => `${name}.map`));
      const expected = await explain(model, [noiseImage(model, 1), noiseImage(model, 2)], { methods, layers, preset });
      methods.forEach((name, at) => {
        const host = expected.flatMap((one) => Array.from(one[at]!.map.data));
        expect(found[`${name}.map`]!.dims).toEqual([2, model.image.height, model.image.width]);
        expect(relativeError(toFloat32(found[`${name}.map`]!), host), `${name} of ${layers}`).toBeLessThan(1e-4);
      });
    }
  });

  it.each(['max', 'mean', 'product', 'sum'] as const)('fusion by %s', async (fusion) => {
    const model = await loadFixture('models/parity-cnn.onnx', { batch: 'free' });
    const layers = ['features.1', 'features.4', 'features.7'];
    const found = await runCompiled(model, {
      methods: chosen(['layercam']),
      layers: layers.map((name) => model.layer(name)),
      map: { preset: 'seewhy', fusion },
    });
    expect(Object.keys(found).filter((name) => name.startsWith('layercam/'))).toHaveLength(3);
    const expected = await explain(model, [noiseImage(model, 1), noiseImage(model, 2)], {
      methods: ['layercam'],
      layers,
      fusion,
    });
    const host = expected.flatMap((one) => Array.from(one[0]!.map.data));
    expect(relativeError(toFloat32(found['layercam.map']!), host)).toBeLessThan(1e-4);
  });

  it.each(Object.keys(REDUCERS) as (keyof typeof REDUCERS)[])('channels by %s', async (reduce) => {
    for (const file of ['models/tiny-cnn.onnx', 'models/tiny-nhwc.onnx']) {
      const model = await loadFixture(file, { batch: 'free' });
      const found = await runCompiled(model, {
        methods: chosen(['gradient-x-input']),
        map: { preset: 'seewhy', fusion: 'max', reduce },
      });
      const expected = await explain(model, [noiseImage(model, 1), noiseImage(model, 2)], {
        methods: ['gradient-x-input'],
        reduce,
      });
      const host = expected.flatMap((one) => Array.from(one[0]!.map.data));
      expect(relativeError(toFloat32(found['gradient-x-input.map']!), host), file).toBeLessThan(1e-4);
    }
  });
});

describe('a class that does not exist, through the input', () => {
  it.each(['models/tiny-cnn.onnx', 'models/parity-cnn.onnx', 'models/tiny-vit.onnx', 'models/tiny-binary.onnx'])(
    '%s: NaN for that item, the other as ever',
    async (file) => {
      const model = await loadFixture(file, { batch: 'free' });
      const more = { target: 'input', map: { preset: 'seewhy', fusion: 'max' } } as const;
      const right = await runCompiled(model, more, [1n, 1n]);
      for (const wrong of [-1n, BigInt(model.output.classes), -(2n ** 62n), 2n ** 62n]) {
        const found = await runCompiled(model, more, [wrong, 1n]);
        expect(Array.from(found['seewhy.target']!.data as BigInt64Array)).toEqual([-1n, 1n]);
        for (const name of METHODS.flatMap((method) => [method, `${method}.map`])) {
          const values = toFloat32(found[name]!);
          const half = values.length / 2;
          expect(values.subarray(0, half).every(Number.isNaN), `${name} of class ${wrong}`).toBe(true);
          expect(Array.from(values.subarray(half))).toEqual(Array.from(toFloat32(right[name]!).subarray(half)));
        }
        expect(found[model.output.name]!.data).toEqual(right[model.output.name]!.data);
      }
    },
  );
});

it('a model that has what would be added is not compiled again', async () => {
  const model = await loadFixture('models/tiny-cnn.onnx');
  const compiled = compileExplained(model, request(model));
  const again = await Model.load(compiled, { runtime, output: model.output.name });
  expect(() => compileExplained(again, request(again))).toThrow(
    expect.objectContaining({ code: 'MODEL_NAMES_TAKEN', what: expect.stringContaining("'seewhy.target'") }),
  );
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
    const before = await heldMemory();
    for (let round = 0; round < 160; round++) await load();
    const after = await heldMemory();
    expect(after.objects - before.objects).toBeLessThan(2);
    // 160 leaked sessions of this model would be above 160 MB; the breathing of the allocators is not.
    expect(after.resident - before.resident).toBeLessThan(60);
  });

  it('a released session says so', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    const session = await runtime.open(model.graph);
    await session.release();
    await session.release();
    await expect(session.run({})).rejects.toMatchObject({ code: 'SESSION_RELEASED' });
  });
});
