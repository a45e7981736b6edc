import { type ExplainOptions, ExplainProgram, noiseImage, type Runtime } from '@seewhy/core';
import type { Graph } from '@seewhy/onnx';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadFixture, relativeError, runtime } from './support.ts';

/** ONNX Runtime as if opening took no time: a batch gets its own program at its second run. Keeps what was opened. */
function eager() {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const opened: Graph[] = [];
  const wrapped: Runtime = {
    ...runtime,
    open: async (graph, options) => {
      const session = await runtime.open(graph, options);
      opened.push(graph);
      return {
        run: (feeds, outputs) => {
          now += 1000;
          return session.run(feeds, outputs);
        },
        release: () => session.release(),
      };
    },
  };
  return { wrapped, opened };
}

const METHODS: Readonly<Record<string, ExplainOptions>> = {
  'integrated-gradients': { steps: 22 },
  smoothgrad: { samples: 22, variant: 'signed' },
  vargrad: { samples: 22 },
  'expected-gradients': { samples: 22 },
  rise: { masks: 22 },
  occlusion: { window: 12, stride: 6 },
  scorecam: { channels: 0 },
  ablationcam: {},
};

/** Both layouts, tokens, windows, one sigmoid, an old opset, a batch that had to be freed, half precision; how far maps may be apart. */
const MODELS = {
  'parity-residual': 1e-4,
  'tiny-nhwc': 1e-4,
  'tiny-vit': 1e-4,
  'tiny-swin': 1e-4,
  'tiny-binary': 1e-4,
  'tiny-opset9': 1e-4,
  'tiny-fixed-batch': 1e-4,
  'tiny-fp16': 2e-2,
} as const;

describe('programs that are built for their batch', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(Object.entries(MODELS))('give the maps of the free ones: %s', async (name, tolerance) => {
    const load = (runtime: Runtime) => loadFixture(`models/${name}.onnx`, { runtime, batch: 'free' });
    const plain = await load(runtime);
    for (const [method, options] of Object.entries(METHODS)) {
      if (!plain.methods().find((one) => one.method.name === method)?.supported) continue;
      const maps = async (wrapped: Runtime, sampleBatch: number) => {
        const model = await load(wrapped);
        const program = await ExplainProgram.open(model, { methods: [method], ...options, sampleBatch });
        const [[explanation]] = (await program.run([noiseImage(model, 1)])) as never as [
          [{ raw: { data: Float32Array }[] }],
        ];
        await program.release();
        return explanation.raw[0]!.data;
      };
      const { wrapped, opened } = eager();
      const fitted = await maps(wrapped, 4);
      vi.restoreAllMocks();
      const free = await maps({ ...runtime, profile: 'wasm' }, 3);
      expect(relativeError(fitted, free), `${name}, ${method}`).toBeLessThan(tolerance);
      const ofFour = opened.some((graph) => graph.inputs.some(({ shape }) => shape?.[0] === 4));
      if (plain.batch === 'free' && /grad/.test(method)) expect(ofFour, `${name}, ${method}`).toBe(true);
    }
  });
});
