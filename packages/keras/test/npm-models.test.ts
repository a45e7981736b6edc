import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNpy } from '../../../tools/keras/run-graph.ts';
import { npmModels } from '../../../tools/test-support/require.ts';
import { importKeras } from '../src/index.ts';
import { relativeError, run } from './support.ts';

const folder = npmModels();

describe.skipIf(!folder)('trained models out of npm packages predict what Keras predicts', () => {
  it.each([
    ['nsfwjs-mobilenet_v2', 'MobileNetV2', 'block_16_project_BN'],
    ['nsfwjs-inception_v3', 'InceptionV3', 'mixed10'],
  ])('%s (uint8 weights)', async (name, architecture, layer) => {
    const files = readdirSync(join(folder!, name)).map(
      (file) => [file, new Uint8Array(readFileSync(join(folder!, name, file)))] as const,
    );
    const model = await importKeras(new Map(files.filter(([file]) => !file.endsWith('.npy'))));
    const numbers = (file: string) => {
      const { dims, data } = readNpy(join(folder!, name, file));
      return { dims, data: Float32Array.from(data) };
    };
    const [result] = await run(model.graph, { [model.graph.inputs[0]!.name]: numbers('input.npy') });
    expect(relativeError(result!, numbers('output.npy'))).toBeLessThan(1e-4);
    expect(model).toMatchObject({ format: 'tfjs-layers', preprocessing: { architecture, mode: 'tf' } });
    expect(model.graph.valueNames.has(layer)).toBe(true);
  });
});
