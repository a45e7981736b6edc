import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { METHODS, ortRuntime, type Runtime } from '@seewhy/core';
import { type ExplainedPicture, MemoryFolder, readEvents, tensorBoardSink } from '@seewhy/training';
import { folder, tensorboard } from '@seewhy/training/node';
import { ExplanationCallback } from '@seewhy/training/tfjs';
import * as tf from '@tensorflow/tfjs';
import { decode } from 'fast-png';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { heldMemory } from '../../../../tools/test-support/held-memory.ts';
import { pythonPeers } from '../../../../tools/test-support/require.ts';
import { seenByTensorBoard } from '../tensorboard/seen-by-tensorboard.ts';
import { bars, smallNetwork } from './small-network.ts';

const runtime = ortRuntime(ort as never, { threads: 1 });
const path = mkdtempSync(join(tmpdir(), 'seewhy-callback-'));
let data: ReturnType<typeof bars>;

beforeAll(async () => {
  await tf.setBackend('cpu');
  data = bars(16);
});
afterAll(() => rmSync(path, { recursive: true, force: true }));

const few = () => data.images.slice(0, 2);
const fit = (model: tf.LayersModel, epochs: number, callbacks: tf.Callback[]) =>
  model.fit(data.images, data.labels, { epochs, batchSize: 8, shuffle: false, verbose: 0, callbacks });

/** ∂ score of a class / ∂ picture, by TensorFlow.js itself. */
function gradient(model: tf.LayersModel, picture: tf.Tensor4D, index: number): Float32Array {
  return tf.tidy(() => {
    const scores = tf.model({ inputs: model.inputs, outputs: model.getLayer('scores').output as tf.SymbolicTensor });
    const score = (x: tf.Tensor) => (scores.predict(x) as tf.Tensor).slice([0, index], [1, 1]).asScalar();
    return tf.grad(score)(picture).dataSync() as Float32Array;
  });
}

describe('ExplanationCallback', () => {
  it('explains with the weights of each epoch, as TensorFlow.js differentiates them', async () => {
    const model = smallNetwork();
    const pictures = few();
    const seen: ExplainedPicture[] = [];
    let worst = 0;
    const callback = new ExplanationCallback({
      runtime,
      images: pictures,
      names: ['standing', 'lying'],
      methods: ['saliency', 'gradcam'],
      targets: '0',
      layers: ['second'],
      to: [
        (one) => {
          seen.push(one);
          if (one.explanation.method !== 'saliency') return;
          const at = one.name === 'standing' ? 0 : 1;
          const expected = gradient(model, pictures.slice(at, 1), 0);
          const got = one.explanation.raw[0]!.data;
          const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          expected.forEach((value, i) => {
            worst = Math.max(worst, Math.abs(Math.abs(got[i]!) - Math.abs(value)) / size);
          });
        },
      ],
    });
    await fit(model, 4, [callback]);
    expect(seen.map(({ step, tag }) => `${step} ${tag}`)).toEqual(
      [0, 1, 2, 3].flatMap((step) =>
        ['standing', 'lying'].flatMap((name) => ['saliency', 'gradcam'].map((method) => `${step} ${method}/${name}`)),
      ),
    );
    expect(worst).toBeLessThan(1e-4);
    const norms = seen.filter(({ tag }) => tag === 'saliency/lying').map(({ scalars }) => scalars.norm);
    expect(new Set(norms).size).toBe(4);
    expect(seen[1]!.explanation.layers[0]!.name).toBe('second');
  });

  it('leaves the training as it is without a callback', async () => {
    const weights = async (callbacks: tf.Callback[]) => {
      const model = smallNetwork();
      await fit(model, 3, callbacks);
      return model.getWeights().flatMap((weight) => [...weight.dataSync()]);
    };
    const alone = await weights([]);
    expect(await weights([new ExplanationCallback({ runtime, images: few(), to: [() => undefined] })])).toEqual(alone);
    const broken: Runtime = { ...runtime, open: () => Promise.reject(new Error('no session today')) };
    const onError = vi.fn();
    expect(await weights([new ExplanationCallback({ runtime: broken, images: few(), to: [], onError })])).toEqual(
      alone,
    );
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]![0].message).toContain('no session today');
  });

  it('says a failure once, on the console when nobody asks for it, and tries again', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    try {
      let calls = 0;
      const sink = () => {
        calls++;
        throw new Error('disk full');
      };
      await fit(smallNetwork(), 3, [new ExplanationCallback({ runtime, images: few().slice(0, 1), to: [sink] })]);
      expect(calls).toBe(3);
      expect(told.mock.calls).toEqual([['The explanation at step 0 failed, the training goes on: disk full']]);
    } finally {
      told.mockRestore();
    }
  });

  it('explains every n batches, in fitDataset too', async () => {
    const steps: number[] = [];
    const callback = () =>
      new ExplanationCallback({ runtime, images: few().slice(0, 1), every: 3, to: [({ step }) => steps.push(step)] });
    await fit(smallNetwork(), 4, [callback()]);
    expect(steps.splice(0)).toEqual([3, 6]);
    const set = tf.data
      .zip({ xs: tf.data.array(tf.unstack(data.images)), ys: tf.data.array(tf.unstack(data.labels)) } as never)
      .batch(4);
    await smallNetwork().fitDataset(set as never, { epochs: 2, verbose: 0, callbacks: [callback()] });
    expect(steps).toEqual([3, 6]);
  });

  it('takes every method that works on the model', async () => {
    const names = METHODS.map(({ name }) => name);
    const failures: string[] = [];
    const made = new Set<string>();
    for (const name of names) {
      const callback = new ExplanationCallback({
        runtime,
        images: few().slice(0, 1),
        methods: [name],
        to: [({ explanation }) => made.add(explanation.method)],
        onError: (error) => failures.push(`${name}: ${(error as Error).message}`),
      });
      await fit(smallNetwork(), 1, [callback]);
    }
    expect(failures).toEqual([]);
    expect([...made].sort()).toEqual([...names].sort());
  });

  it('gives the share of the mass inside a mask', async () => {
    const shares: number[] = [];
    const callback = new ExplanationCallback({
      runtime,
      images: few(),
      inside: data.marked.slice(0, 2),
      methods: ['saliency'],
      to: [
        ({ explanation, scalars, name }) => {
          const mask = data.marked.slice(Number(name), 1).dataSync();
          const { data: map } = explanation.map;
          const all = map.reduce((sum, value) => sum + Math.abs(value), 0);
          const within = map.reduce((sum, value, at) => sum + (mask[at]! > 0 ? Math.abs(value) : 0), 0);
          expect(scalars.inside).toBeCloseTo(within / all, 6);
          shares.push(scalars.inside!);
        },
      ],
    });
    await fit(smallNetwork(), 1, [callback]);
    expect(shares).toHaveLength(2);
    expect(Math.min(...shares)).toBeGreaterThan(0);
  });

  it('moves the steps of a second run behind those of the first', async () => {
    const place = new MemoryFolder();
    for (let run = 0; run < 2; run++) {
      const to = [tensorBoardSink(place, { now: () => 1_700_000_000_000 + run * 1e6 })];
      await fit(smallNetwork(), 2, [new ExplanationCallback({ runtime, images: few().slice(0, 1), to })]);
    }
    const steps = [...place.files.values()].map((file) =>
      readEvents(file).events.flatMap(({ step, values }) =>
        values.some(({ kind }) => kind === 'image') ? [step] : [],
      ),
    );
    expect(steps).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it('refuses what cannot be meant', () => {
    const make = (options: object) => () => new ExplanationCallback({ runtime, images: few(), to: [], ...options });
    for (const [options, code] of [
      [{ every: 0 }, 'EVERY_INVALID'],
      [{ images: tf.zeros([2, 12]) }, 'PICTURES_SHAPE'],
      [{ images: tf.zeros([0, 12, 12, 1]) }, 'PICTURES_MISSING'],
      [{ names: ['one'] }, 'PICTURE_NAMES'],
      [{ inside: tf.zeros([3, 12, 12]) }, 'PICTURE_MASKS'],
    ] as const)
      expect(make(options), code).toThrow(expect.objectContaining({ code }));
  });

  it('needs no more memory after 100 epochs', async () => {
    // TensorFlow.js itself keeps tensors of past epochs for its history: what matters is what comes on top.
    const alone: number[] = [];
    class Counting extends tf.Callback {
      override async onEpochEnd(): Promise<void> {
        alone.push(tf.memory().numTensors);
      }
    }
    await fit(smallNetwork(), 40, [new Counting()]);
    let open = 0;
    const counting: Runtime = {
      ...runtime,
      async open(...request) {
        const session = await runtime.open(...request);
        open++;
        let released = false;
        return {
          run: (...feeds) => session.run(...feeds),
          async release() {
            if (!released) open--;
            released = true;
            await session.release();
          },
        };
      },
    };
    const held: (Awaited<ReturnType<typeof heldMemory>> & { open: number })[] = [];
    const tensors: number[] = [];
    const callback = new ExplanationCallback({
      runtime: counting,
      images: few(),
      methods: ['gradcam', 'saliency'],
      to: [
        tensorboard(join(path, 'flat')),
        async ({ tag }) => {
          if (tag !== 'gradcam/1') return;
          tensors.push(tf.memory().numTensors);
          held.push({ ...(await heldMemory()), open });
        },
      ],
    });
    await fit(smallNetwork(), 120, [callback]);
    const growing = (counts: readonly number[]) => counts.slice(0, 40).map((count) => count - counts[0]!);
    expect(growing(tensors)).toEqual(growing(alone));
    const middle = (what: 'objects' | 'resident', from: number, to: number) =>
      held
        .map((one) => one[what])
        .slice(from, to)
        .sort((a, b) => a - b)[Math.floor((to - from) / 2)]!;
    const growth = (what: 'objects' | 'resident') => middle(what, 100, 120) - middle(what, 20, 40);
    console.log(
      `memory, MB more around epoch 110: ${growth('objects').toFixed(2)} of objects, ${growth('resident').toFixed(1)} of pages`,
    );
    expect(new Set(held.map((one) => one.open)).size).toBe(1);
    expect(growth('objects')).toBeLessThan(2);
    // A session an epoch that stays, or the pictures' buffers, would show above. This is for what neither of them counts.
    expect(growth('resident')).toBeLessThan(48);
  });
});

const python = pythonPeers('tensorflow');
describe.skipIf(!python)("the callback's files", () => {
  it("hold the same pixels for Python's tensorboard, for a folder and for onPicture", async () => {
    const drawn = new Map<string, Buffer>();
    const callback = new ExplanationCallback({
      runtime,
      images: few(),
      names: ['a_b', 'c|d'],
      methods: ['gradcam', 'saliency'],
      targets: 'top:2',
      labels: ['standing', 'lying'],
      to: [
        tensorboard(join(path, 'tb')),
        folder(join(path, 'png')),
        ({ step, tag, overlay }) => drawn.set(`${step} ${tag}`, Buffer.from(overlay.data)),
      ],
    });
    await fit(smallNetwork(), 3, [callback]);
    const seen = seenByTensorBoard(python!, join(path, 'tb'));
    expect(seen.images).toHaveLength(3 * 2 * 2 * 2);
    expect(drawn.size).toBe(24);
    for (const { step, tag, pixels } of seen.images)
      expect(Buffer.from(pixels, 'base64').equals(drawn.get(`${step} ${tag}`)!), tag).toBe(true);
    expect(seen.images[0]!.width).toBe(120);
    expect(new Set(seen.images.map(({ tag }) => tag))).toEqual(
      new Set(
        ['gradcam', 'saliency'].flatMap((m) =>
          ['a_b', 'c|d'].flatMap((n) => ['top', 'top 2'].map((t) => `${m}/${n}/${t}`)),
        ),
      ),
    );
    expect(seen.text).toHaveLength(1);
    expect(seen.text[0]!.text).toContain('| pictures | a\\_b, c\\|d |');
    expect(new Set(seen.scalars.map(({ tag }) => tag.split('/')[0]))).toEqual(
      new Set(['score', 'probability', 'norm', 'entropy']),
    );
    const files = readdirSync(join(path, 'png'));
    expect(files).toHaveLength(25);
    const png = decode(readFileSync(join(path, 'png', 'gradcam-a_b-top.00002.png')));
    expect(Buffer.from(png.data as Uint8Array).equals(drawn.get('2 gradcam/a_b/top')!)).toBe(true);
    const lines = readFileSync(join(path, 'png', 'explanations.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).step)).toEqual([0, 1, 2].flatMap((step) => Array(8).fill(step)));
  });
});
