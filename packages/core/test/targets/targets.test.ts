import { explain, type Model, type RunTensor, verify } from '@seewhy/core';
import { Value } from '@seewhy/onnx';
import { beforeAll, describe, expect, it } from 'vitest';
import { Evaluator } from '../../src/sampling/evaluator.ts';
import { resolveTarget } from '../../src/target-form.ts';
import { logitOf, logitsOf, models } from './opened-models.ts';
import { moved, Plain, picture } from './support.ts';
import { CASES, type Case, openCases } from './target-cases.ts';

/** The plain model's own score, and where it is differentiable numerically. */
async function reference(one: Case, model: Model) {
  const plain = await Plain.open(model, [logitOf(model), ...(one.reads?.(model) ?? [])]);
  const score = async (image: RunTensor) => {
    const values = await plain.run(image);
    return one.by(logitsOf(model, values), model, values);
  };
  return { score, release: () => plain.release() };
}

beforeAll(openCases);

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
