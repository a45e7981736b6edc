import {
  explain,
  type Model,
  outputGrid,
  type RunTensor,
  type ScoreKind,
  similarTo,
  type Target,
  verify,
} from '@seewhy/core';
import { Value } from '@seewhy/onnx';
import { beforeAll, describe, expect, it } from 'vitest';
import { Evaluator } from '../../src/sampling/evaluator.ts';
import { resolveTarget } from '../../src/target-form.ts';
import { relativeError } from '../support.ts';
import { cls, flat, type Logits, logitOf, logitsOf, models, openModels } from './opened-models.ts';
import { logSumExp, type ModelName, moved, Plain, picture, sigmoid } from './support.ts';

interface Case {
  readonly model: ModelName;
  readonly name: string;
  readonly score?: ScoreKind;
  readonly target: (model: Model) => Target | Promise<Target>;
  /** Values that the score is computed from besides the logits. */
  readonly reads?: (model: Model) => readonly string[];
  /** The score, by hand, of the plain model's values. */
  readonly by: (logits: Logits, model: Model, values: Record<string, Float64Array>) => number;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const odds = (z: readonly number[], c: number) => z[c]! - logSumExp(z.filter((_, k) => k !== c));
const p = (z: readonly number[], c: number) => Math.exp(z[c]! - logSumExp(z));
const at = (logits: Logits, position: number) => logits.map((one) => one[position]!);
/** Upper left quarter of the grid, and half as much of the cell below. */
const quarter = (model: Model): Target & { kind: 'region' } => {
  const { height, width } = outputGrid(model)!;
  const data = new Float32Array(height * width);
  for (let y = 0; y < height / 2; y++) for (let x = 0; x < width / 2; x++) data[y * width + x] = 1;
  data[(height - 1) * width] = 0.5;
  return { kind: 'region', index: 1, mask: { height, width, data }, asked: '1@mask' };
};
const over = (model: Model, score: (position: number) => number) => {
  const { data } = quarter(model).mask;
  const sum = data.reduce((total, value) => total + value, 0);
  return data.reduce((total, weight, i) => (weight === 0 ? total : total + weight * score(i)), 0) / sum;
};
const best = (z: readonly number[]) => z.indexOf(Math.max(...z));

const CASES: readonly Case[] = [
  { model: 'softmax', name: 'class', target: () => cls(2), by: (z) => flat(z)[2]! },
  {
    model: 'softmax',
    name: 'class, probability',
    score: 'probability',
    target: () => cls(2),
    by: (z) => p(flat(z), 2),
  },
  { model: 'softmax', name: 'class, log-odds', score: 'log-odds', target: () => cls(2), by: (z) => odds(flat(z), 2) },
  { model: 'logits', name: 'class, log-odds', score: 'log-odds', target: () => cls(0), by: (z) => odds(flat(z), 0) },
  { model: 'nhwc', name: 'class, log-odds', score: 'log-odds', target: () => cls(4), by: (z) => odds(flat(z), 4) },
  {
    model: 'softmax',
    name: 'contrast, log-odds',
    score: 'log-odds',
    target: () => ({ kind: 'contrast', index: 1, against: 3, asked: '1-3' }),
    by: (z) => odds(flat(z), 1) - odds(flat(z), 3),
  },
  {
    model: 'nhwc',
    name: 'contrast, probability',
    score: 'probability',
    target: () => ({ kind: 'contrast', index: 1, against: 3, asked: '1-3' }),
    by: (z) => p(flat(z), 1) - p(flat(z), 3),
  },
  {
    model: 'logits',
    name: 'runner-up',
    target: () => ({ kind: 'runner-up', asked: 'runner-up' }),
    by: (z) => {
      const [first, second] = flat(z).toSorted((a, b) => b - a);
      return first! - second!;
    },
  },
  {
    model: 'softmax',
    name: 'A-runner-up, log-odds',
    score: 'log-odds',
    target: () => ({ kind: 'runner-up', index: 3, asked: '3-runner-up' }),
    by: (z) => {
      const other = best(flat(z).map((value, k) => (k === 3 ? -1e9 : value)));
      return odds(flat(z), 3) - odds(flat(z), other);
    },
  },
  {
    model: 'softmax',
    name: 'top, log-odds',
    score: 'log-odds',
    target: () => ({ kind: 'top', rank: 1, asked: 'top:2' }),
    by: (z) => {
      const second = flat(z).indexOf(flat(z).toSorted((a, b) => b - a)[1]!);
      return odds(flat(z), second);
    },
  },
  {
    model: 'labels',
    name: 'several labels',
    target: () => ({ kind: 'sum', indices: [0, 3, 4], asked: '0+3+4' }),
    by: (z) => flat(z)[0]! + flat(z)[3]! + flat(z)[4]!,
  },
  {
    model: 'labels',
    name: 'several labels, probability',
    score: 'probability',
    target: () => ({ kind: 'sum', indices: [0, 3], asked: '0+3' }),
    by: (z) => sigmoid(flat(z)[0]!) + sigmoid(flat(z)[3]!),
  },
  { model: 'labels', name: 'label, log-odds', score: 'log-odds', target: () => cls(3), by: (z) => flat(z)[3]! },
  {
    model: 'softmax',
    name: 'sum, log-odds',
    score: 'log-odds',
    target: () => ({ kind: 'sum', indices: [0, 2], asked: '0+2' }),
    by: (z) => odds(flat(z), 0) + odds(flat(z), 2),
  },
  { model: 'binary', name: 'negative side', target: () => cls(0), by: (z) => -flat(z)[0]! },
  {
    model: 'binary',
    name: 'negative side, probability',
    score: 'probability',
    target: () => cls(0),
    by: (z) => sigmoid(-flat(z)[0]!),
  },
  { model: 'binary', name: 'positive side, log-odds', score: 'log-odds', target: () => cls(1), by: (z) => flat(z)[0]! },
  {
    model: 'binary',
    name: 'runner-up',
    target: () => ({ kind: 'runner-up', asked: 'runner-up' }),
    by: (z) => 2 * Math.abs(flat(z)[0]!),
  },
  {
    model: 'regression',
    name: 'the value',
    target: () => ({ kind: 'top', rank: 0, asked: 'top' }),
    by: (z) => flat(z)[0]!,
  },
  { model: 'segmentation', name: 'class over all', target: () => cls(1), by: (z) => mean(z[1]!) },
  {
    model: 'segmentation',
    name: 'class at a cell',
    target: () => ({ kind: 'position', index: 2, at: [3, 5], asked: '2@5:3' }),
    by: (z, model) => z[2]![3 * outputGrid(model)!.width + 5]!,
  },
  {
    model: 'segmentation',
    name: 'class in a region',
    target: quarter,
    by: (z, model) => over(model, (i) => z[1]![i]!),
  },
  {
    model: 'segmentation',
    name: 'class in a region, log-odds',
    score: 'log-odds',
    target: quarter,
    by: (z, model) => over(model, (i) => odds(at(z, i), 1)),
  },
  {
    model: 'segmentationSoftmax',
    name: 'class in a region, probability',
    score: 'probability',
    target: quarter,
    by: (z, model) => over(model, (i) => p(at(z, i), 1)),
  },
  {
    model: 'mask',
    name: 'negative side in a region, probability',
    score: 'probability',
    target: (model) => ({ ...quarter(model), index: 0 }),
    by: (z, model) => over(model, (i) => sigmoid(-z[0]![i]!)),
  },
  { model: 'mask', name: 'either side over all', target: () => cls(0), by: (z) => -mean(z[0]!) },
  ...(['softmax', 'nhwc', 'logits'] as const).map(
    (model): Case => ({
      model,
      name: 'similar to a second picture',
      target: (made) => similarTo(made, picture(made, 9), 'b.jpg'),
      by: (z) => {
        const v = flat(z);
        const u = SECOND.get(model)!;
        const dot = v.reduce((sum, value, k) => sum + value * u[k]!, 0);
        return dot / Math.hypot(...v) / Math.hypot(...u);
      },
    }),
  ),
  {
    model: 'softmax',
    name: 'element of an output',
    target: (model) => model.parseTargets('output[3]')[0]!,
    reads: () => ['output'],
    by: (_, __, values) => values.output![3]!,
  },
  ...(['softmax', 'nhwc', 'logits'] as const).map(
    (model): Case => ({
      model,
      name: 'element of a layer',
      target: (made) => made.parseTargets(`${made.defaultLayer!.name}[4,1,1]`)[0]!,
      reads: (made) => [made.defaultLayer!.value],
      by: (_, made, values) => {
        const { grid, shape, value } = made.defaultLayer!;
        const [channels, height, width] = shape;
        // [4, 1, 1] is channel, row, column, wherever the value keeps them.
        const place = {
          NCHW: (4 * height + 1) * width + 1,
          NHWC: (width + 1) * channels + 4,
          tokens: (grid.prefix + width + 1) * channels + 4,
        }[grid.layout];
        return values[value]![place]!;
      },
    }),
  ),
  {
    model: 'softmax',
    name: 'function',
    target: () => ({
      kind: 'function',
      name: 'spread',
      // Σ (p − mean p)² of the output.
      build: (b, outputs) => {
        const centred = b.sub(outputs.output!, b.reduceMean(outputs.output!, [1]));
        return b.reduceSum(b.mul(centred, centred), [1], false);
      },
    }),
    reads: () => ['output'],
    by: (_, __, values) => {
      const middle = mean([...values.output!]);
      return values.output!.reduce((sum, value) => sum + (value - middle) ** 2, 0);
    },
  },
  {
    model: 'nhwc',
    name: 'function of an inner value',
    target: (model) => ({
      kind: 'function',
      name: 'energy',
      build: (b) => {
        const layer = model.defaultLayer!;
        return b.reduce('ReduceL2', b.reshape(layer.value, [0, -1]), [1], false);
      },
    }),
    reads: (model) => [model.defaultLayer!.value],
    by: (_, model, values) => Math.hypot(...values[model.defaultLayer!.value]!),
  },
];

/** The plain model's own score, and where it is differentiable numerically. */
async function reference(one: Case, model: Model) {
  const plain = await Plain.open(model, [logitOf(model), ...(one.reads?.(model) ?? [])]);
  const score = async (image: RunTensor) => {
    const values = await plain.run(image);
    return one.by(logitsOf(model, values), model, values);
  };
  return { score, release: () => plain.release() };
}

/** Logits of the second picture, by model. */
const SECOND = new Map<ModelName, number[]>();

beforeAll(async () => {
  await openModels();
  for (const name of ['softmax', 'nhwc', 'logits'] as const) {
    const model = models.get(name)!;
    const plain = await Plain.open(model, [logitOf(model)]);
    SECOND.set(name, flat(logitsOf(model, await plain.run(picture(model, 9)))));
    await plain.release();
  }
});

describe.each(CASES)('$model: $name', (one) => {
  const setUp = async () => {
    const model = models.get(one.model)!;
    const target = await one.target(model);
    const score = one.score ?? 'logit';
    return { model, target, score, image: picture(model, 4), plain: await reference(one, model) };
  };

  it('has the score of the plain model, and its slope along the gradient', async () => {
    const { model, target, score, image, plain } = await setUp();
    const [found] = (await explain(model, [image], { methods: ['saliency'], targets: [target], score }))[0]!;
    const here = await plain.score(image);
    expect(Math.abs(found!.target.value - here)).toBeLessThan(1e-5 * Math.max(1, Math.abs(here)));
    const gradient = found!.raw[0]!.data;
    const size = Math.hypot(...gradient);
    expect(size).toBeGreaterThan(0);
    // Along the gradient, |g| by definition; steps of several sizes, of which one meets neither rounding nor bends.
    const direction = gradient.map((value) => value / size);
    let error = Number.POSITIVE_INFINITY;
    for (const step of [0.4, 0.2, 0.1, 0.05, 0.03, 0.01, 0.003]) {
      const ahead = await plain.score(moved(image, direction, step));
      const behind = await plain.score(moved(image, direction, -step));
      error = Math.min(error, Math.abs((ahead - behind) / (2 * step) / size - 1));
    }
    expect(error).toBeLessThan(5e-3);
    await plain.release();
  });

  it('has the right gradient at image and layer', async () => {
    const { model, target, score, image, plain } = await setUp();
    await plain.release();
    const layer = model.defaultLayer!;
    const reads = target.kind === 'element' ? target.value : '';
    const report = await verify(model, image, { target, score, directions: 3, tolerance: 0.02 });
    expect(report.verdict === 'wrong' ? report.places : []).toEqual([]);
    expect(report.places.map(({ place }) => place)).toEqual(['image', 'layer']);
    if (reads !== layer.value) expect(report.places[1]!.gradientNorm).toBeGreaterThan(0);
  });

  it('Grad-CAM and integrated gradients: finite, and complete between a zero picture and this one', async () => {
    const { model, target, score, image, plain } = await setUp();
    const [cam, path] = (
      await explain(model, [image], {
        methods: ['gradcam', 'integrated-gradients'],
        targets: [target],
        score,
        steps: 200,
      })
    )[0]!;
    expect(cam!.raw[0]!.data.every(Number.isFinite)).toBe(true);
    expect(cam!.target).toEqual(path!.target);
    // The class of a target that depends on the picture is that of the picture, not of the baseline.
    if (target.kind !== 'top' && target.kind !== 'runner-up') {
      const zero = { ...image, data: new Float32Array(image.data.length) };
      const difference = (await plain.score(image)) - (await plain.score(zero));
      const sum = path!.raw[0]!.data.reduce((total, value) => total + value, 0);
      expect(Math.abs(sum - difference)).toBeLessThan(2e-2 * Math.max(Math.abs(difference), 0.05));
    }
    await plain.release();
  });

  it('fed into a program that only runs forward: the scores of four pictures', async () => {
    const { model, target, score, plain } = await setUp();
    const images = [4, 5, 6, 7].map((seed) => picture(model, seed));
    const [first] = (
      await explain(model, [images[0]!], { targets: [target], score, methods: ['saliency'], top: 99 })
    )[0]!;
    const scores = new Float32Array(model.output.binary ? 1 : model.output.classes);
    if (model.output.binary) scores[0] = first!.predictions.find(({ index }) => index === 1)!.logit;
    else for (const { index, logit } of first!.predictions) scores[index] = logit;
    const resolved = resolveTarget(target, scores, model.output);
    const dims = images[0]!.dims.slice(1);
    const evaluator = new Evaluator(model, score, {
      inputs: [new Value('picture', 'float32', ['B', ...dims])],
      source: () => 'picture',
      results: (context) => ({ score: context.score, index: context.index }),
    });
    const data = new Float32Array(images.flatMap((one) => [...(one.data as Float32Array)]));
    const results = await evaluator.run({ picture: { type: 'float32', dims: [4, ...dims], data } }, resolved, 4);
    await evaluator.release();
    expect(results.index!.data).toHaveLength(4);
    const depends = target.kind === 'top' || target.kind === 'runner-up';
    for (const [i, image] of images.entries()) {
      if (depends && i > 0) continue;
      const here = await plain.score(image);
      expect(Math.abs((results.score!.data as Float32Array)[i]! - here)).toBeLessThan(
        2e-5 * Math.max(1, Math.abs(here)),
      );
    }
    await plain.release();
  });
});

describe('closed forms', () => {
  it.each(['gradcam', 'saliency'])('%s of log-odds and probability, from those of all logits', async (method) => {
    const model = models.get('softmax')!;
    const image = picture(model, 4);
    const run = async (targets: string, score: ScoreKind) =>
      (await explain(model, [image], { methods: [method], targets, score, top: 9 }))[0]!;
    const logits = await run('all', 'logit');
    const z = logits[0]!.predictions.toSorted((a, b) => a.index - b.index).map(({ logit }) => logit);
    const mixed = (weight: (k: number) => number) =>
      logits[0]!.raw[0]!.data.map((_, i) => logits.reduce((sum, one, k) => sum + weight(k) * one.raw[0]!.data[i]!, 0));
    const others = z.map((_, k) => (k === 1 ? 0 : Math.exp(z[k]! - logSumExp(z.filter((_, j) => j !== 1)))));
    // ∂/∂z_k: 1 at the class, −softmax among the others.
    const [logOdds] = await run('1', 'log-odds');
    expect(
      relativeError(
        logOdds!.raw[0]!.data,
        mixed((k) => (k === 1 ? 1 : -others[k]!)),
      ),
    ).toBeLessThan(1e-4);
    const [probability] = await run('1', 'probability');
    const p1 = p(z, 1);
    expect(
      relativeError(
        probability!.raw[0]!.data,
        mixed((k) => p1 * ((k === 1 ? 1 : 0) - p(z, k))),
      ),
    ).toBeLessThan(1e-4);
    // dp = p (1 − p) d(log-odds)
    const scaled = logOdds!.raw[0]!.data.map((value) => value * p1 * (1 - p1));
    expect(relativeError(probability!.raw[0]!.data, scaled)).toBeLessThan(1e-4);
  });

  it('log-odds stay finite where the probability is 1 in float32', async () => {
    const model = models.get('softmax')!;
    const image = { ...picture(model, 4) };
    const far = { ...image, data: (image.data as Float32Array).map((value) => value * 1e4) };
    const [found] = (await explain(model, [far], { methods: ['saliency'], targets: 'top', score: 'log-odds' }))[0]!;
    expect(found!.predictions[0]!.probability).toBe(1);
    expect(Number.isFinite(found!.target.value)).toBe(true);
    expect(found!.raw[0]!.data.some((value) => value !== 0)).toBe(true);
    expect(found!.raw[0]!.data.every(Number.isFinite)).toBe(true);
  });

  it('half precision: log-odds, a sum, a similarity and an element as in single', async () => {
    const model = models.get('half')!;
    const image = picture(model, 4);
    const targets: Target[] = [
      cls(2),
      { kind: 'sum', indices: [0, 2], asked: '0+2' },
      await similarTo(model, picture(model, 9), 'b.jpg'),
      ...model.parseTargets(`${model.defaultLayer!.value}[1,2,3]`),
    ];
    const found = (await explain(model, [image], { methods: ['saliency', 'gradcam'], targets, score: 'log-odds' }))[0]!;
    expect(found).toHaveLength(8);
    for (const one of found) expect(one.raw[0]!.data.every(Number.isFinite)).toBe(true);
    const z = found[0]!.predictions.toSorted((a, b) => a.index - b.index).map(({ logit }) => logit);
    expect(found[0]!.target.value).toBeCloseTo(odds(z, 2), 2);
    expect(found[2]!.target.value).toBeCloseTo(odds(z, 0) + odds(z, 2), 2);
  });
});
