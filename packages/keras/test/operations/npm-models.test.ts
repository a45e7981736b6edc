import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differentiate } from '@seewhy/autodiff';
import { ortRuntime, probe } from '@seewhy/core';
import { type Graph, GraphBuilder, inferTypes, prepare, Tensor, Value } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { readNpy } from '../../../../tools/keras/run-graph.ts';
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

/** The gradient of Σ w·log(p) along a direction, and the same by a central difference. */
async function slope(base: Graph, image: Numbers): Promise<{ along: number; away: number }> {
  const size = image.data.length / image.dims[0]!;
  const first = { dims: [1, ...image.dims.slice(1)], data: image.data.slice(0, size) };
  const logits = prepare(base).nodes.find(({ op }) => op === 'Softmax')!.inputs[0]!;
  const graph = prepare(base.with({ outputs: [new Value(logits, 'float32')] }));
  const input = graph.inputs[0]!.name;
  const runtime = ortRuntime(ort as never, { threads: 1 });
  const { shapes } = await probe(runtime, graph, { [input]: { type: 'float32', ...first } });
  const builder = new GraphBuilder(graph.with({ outputs: [] }));
  const classes = (shapes.get(logits) as readonly number[])[1]!;
  const seed = Array.from({ length: classes }, (_, at) => (at % 2 === 0 ? 1 : -1) / (at + 1));
  const gradients = differentiate(builder, graph, {
    of: logits,
    seed: builder.constant(Tensor.floats(seed, [1, classes])),
    wrt: [input],
    shapes,
    types: inferTypes(graph),
  });
  builder.output(gradients.get(input)!, 'gradient');
  const [gradient] = await run(builder.build(), { [input]: first });
  // Up the gradient itself the difference is the least rounded.
  const norm = Math.sqrt(gradient!.data.reduce((sum, value) => sum + value * value, 0));
  const step = 1e-3;
  const at = async (sign: number) => {
    const data = first.data.map((value, index) => value + (sign * step * gradient!.data[index]!) / norm);
    const [values] = await run(graph, { [input]: { dims: first.dims, data } });
    return values!.data.reduce((sum, value, index) => sum + value * seed[index]!, 0);
  };
  return { along: norm, away: ((await at(1)) - (await at(-1))) / (2 * step) };
}
