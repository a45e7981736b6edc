import { type Model, outputGrid, type ScoreKind, similarTo, type Target } from '@seewhy/core';
import { cls, flat, type Logits, logitOf, logitsOf, models, openModels } from './opened-models.ts';
import { logSumExp, type ModelName, Plain, picture, sigmoid } from './support.ts';

/** A target, on which model, and its score by hand. */
export interface Case {
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
/** Log-odds of class c of a Softmax over logits z. */
export const odds = (z: readonly number[], c: number) => z[c]! - logSumExp(z.filter((_, k) => k !== c));
/** Its probability. */
export const p = (z: readonly number[], c: number) => Math.exp(z[c]! - logSumExp(z));
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

export const CASES: readonly Case[] = [
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

/** Logits of the second picture, by model. */
const SECOND = new Map<ModelName, number[]>();

/** Opens the models, and computes what the targets of similarity are compared with. */
export async function openCases(): Promise<void> {
  await openModels();
  for (const name of ['softmax', 'nhwc', 'logits'] as const) {
    const model = models.get(name)!;
    const plain = await Plain.open(model, [logitOf(model)]);
    SECOND.set(name, flat(logitsOf(model, await plain.run(picture(model, 9)))));
    await plain.release();
  }
}
