import type { Prediction } from './explanation.ts';
import type { Model } from './model.ts';
import { isRegression, labelOf } from './target.ts';

/** All classes, best first, with probabilities: the model's own activation, or a softmax where it ends in logits; a regression has none. */
export function predictionsOf(model: Pick<Model, 'output' | 'labels'>, scores: Float32Array): Prediction[] {
  const { output, labels } = model;
  if (output.binary) {
    const logit = scores[0]!;
    const p = sigmoid(logit);
    const sides = [
      { index: 0, label: labelOf(0, labels), logit: -logit, probability: 1 - p },
      { index: 1, label: labelOf(1, labels), logit, probability: p },
    ];
    return logit > 0 ? sides.reverse() : sides;
  }
  const probabilities =
    isRegression(output) || output.boxes !== undefined
      ? new Float64Array(scores.length).fill(Number.NaN)
      : output.activation === 'sigmoid'
        ? Float64Array.from(scores, sigmoid)
        : softmax(scores);
  const list: Prediction[] = [];
  for (const index of bestFirst(scores))
    list.push({
      index,
      label: labelOf(index, labels, output),
      logit: scores[index]!,
      probability: probabilities[index]!,
    });
  return list;
}

/**
 * Indices by falling score, equal scores in their own order, NaN at an end. The bits of a float, with those of the negative ones turned
 * round, order as it does: with the index behind them they are whole numbers, which sort ten times faster than by a comparison.
 */
function bestFirst(scores: Float32Array): Float64Array {
  const count = scores.length;
  // -0 becomes 0.
  const bits = new Int32Array(scores.map((score) => score + 0).buffer);
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const rising = bits[i]! < 0 ? bits[i]! ^ 0x7fffffff : bits[i]!;
    keys[i] = (0x7fffffff - rising) * count + i;
  }
  keys.sort();
  for (let i = 0; i < count; i++) keys[i]! %= count;
  return keys;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function softmax(scores: Float32Array): Float64Array {
  let most = Number.NEGATIVE_INFINITY;
  for (const score of scores) most = Math.max(most, score);
  const powers = new Float64Array(scores.length);
  let sum = 0;
  for (let i = 0; i < powers.length; i++) {
    powers[i] = Math.exp(scores[i]! - most);
    sum += powers[i]!;
  }
  for (let i = 0; i < powers.length; i++) powers[i]! /= sum;
  return powers;
}
