import { explain, type ScoreKind, similarTo, type Target } from '@seewhy/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../support.ts';
import { cls, models, openModels } from './opened-models.ts';
import { logSumExp, picture } from './support.ts';
import { odds, p } from './target-cases.ts';

beforeAll(openModels);

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
