import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readNpy } from '../../../../tools/keras/run-graph.ts';
import { slope } from '../../../../tools/keras-graph/slope.ts';
import { npmGraphModels } from '../../../../tools/test-support/require.ts';
import { importKeras } from '../../src/index.ts';
import { type Numbers, relativeError, run } from '../support.ts';

const folder = npmGraphModels();

describe.skipIf(!folder)('trained graph models out of npm packages predict what TensorFlow predicts', () => {
  it.each([
    ['nsfwjs-mobilenet_v2_mid', 1],
    ['human-emotion', 0],
  ])('%s', async (name, transposes) => {
    const files = readdirSync(join(folder!, name)).map(
      (file) => [file, new Uint8Array(readFileSync(join(folder!, name, file)))] as const,
    );
    const { graph, format } = await importKeras(new Map(files.filter(([file]) => !file.endsWith('.npy'))));
    const numbers = (file: string): Numbers => {
      const { dims, data } = readNpy(join(folder!, name, file));
      return { dims, data: Float32Array.from(data) };
    };
    const image = numbers('input.npy');
    const [result] = await run(graph, { [graph.inputs[0]!.name]: image });
    expect(relativeError(result!, numbers('output.npy'))).toBeLessThan(1e-4);
    expect(format).toBe('tfjs-graph');
    expect(graph.inputs[0]!.shape![0]).toBe('N');
    expect(graph.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(transposes);
    expect(graph.nodes.filter(({ op }) => op === 'Softmax')).toHaveLength(1);
    const { along, away } = await slope(graph, image);
    expect(Math.abs(along - away)).toBeLessThan(2e-2 * Math.abs(along));
  });
});
