import { DATA_TYPES, Tensor, type ValueName } from '@seewhy/onnx';
import type { Seed, SeedFacts } from '../seed.ts';

/** A class of each item and how it counts. */
export interface ClassTerm {
  /** int64 `[N]`. */
  readonly index: ValueName;
  readonly sign: 1 | -1;
  /** The class, where it is the same for all items and known when the program is built. */
  readonly constant?: number;
}

/**
 * The signed sum of classes' scores. Where a class has many positions (segmentation) its score is their mean, or weighted by `cells`:
 * float32 `[M, positions]` (M: 1 or N), each row of sum 1.
 *
 * Logits and probabilities are linear in the explained value, so that the gradient to begin with is ±1 at the classes. The log-odds of a
 * softmax, `z_c − log Σ_{j≠c} exp z_j`, is differentiated with respect to the logits in closed form: 1 at c, −softmax over the others.
 */
export function classSeed(facts: SeedFacts, terms: readonly ClassTerm[], cells?: ValueName): Seed {
  const { of, output } = facts;
  const index = terms[0]!.index;
  const weights = cells === undefined ? undefined : onGrid(facts, cells);
  if (output.binary) return { of, index, ofClass: true, hot: false, ...binary(facts, terms, weights) };
  if (facts.score === 'log-odds' && output.activation !== 'sigmoid')
    return { of, index, ofClass: true, hot: false, ...logOdds(facts, terms, weights) };
  const seed = spread(facts, rowOf(facts, terms), weights);
  const row = facts.shape.length === 2 && output.axis === 1 && output.positions === 1;
  return { of, seed, index, ofClass: true, hot: terms.length === 1 && row, score: weighted(facts, seed) };
}

/** Σ seed · explained value over everything but the batch, `[N]`. */
const weighted = (facts: SeedFacts, seed: ValueName): ValueName => overItem(facts, facts.b.mul(seed, facts.of));

/** Sum over everything but the batch, `[N]`. */
function overItem({ b, shape }: Pick<SeedFacts, 'b' | 'shape'>, value: ValueName): ValueName {
  const axes = shape.slice(1).map((_, axis) => axis + 1);
  return axes.length === 0 ? value : b.reduceSum(value, axes, false);
}

const classesOf = ({ shape, output }: SeedFacts): number[] =>
  shape.map((_, axis) => (axis === output.axis ? output.classes : 1));

/** Each term's sign at its class, 0 elsewhere: the classes along their axis, 1 or N items, 1 along all other axes. */
function rowOf(facts: SeedFacts, terms: readonly ClassTerm[]): ValueName {
  const { b, type } = facts;
  if (terms.every(({ constant }) => constant !== undefined)) {
    const row = new Float64Array(facts.output.classes);
    for (const { constant, sign } of terms) row[constant!]! += sign;
    return b.constant(Tensor.floats(row, classesOf(facts), type), 'one-hot');
  }
  return terms
    .map((term) => ({ sign: term.sign, hot: hotOf(facts, term) }))
    .reduce((sum, { sign, hot }) => (sum === '' ? hot : sign > 0 ? b.add(sum, hot) : b.sub(sum, hot)), '');
}

/** 1 at the class of each item, as floats. */
function hotOf(facts: SeedFacts, term: ClassTerm): ValueName {
  return facts.b.cast(isClass(facts, term), DATA_TYPES[facts.type].code);
}

function isClass(facts: SeedFacts, { index }: ClassTerm): ValueName {
  const { b, output } = facts;
  const numbers = Array.from({ length: output.classes }, (_, i) => i);
  return b.equal(column(facts, index), b.constant(Tensor.int64(numbers, classesOf(facts)), 'classes'));
}

/** `[N]` → `[N, 1, 1 …]`. */
function column({ b, shape }: SeedFacts, value: ValueName): ValueName {
  return b.unsqueeze(
    value,
    shape.slice(1).map((_, axis) => axis + 1),
  );
}

/** Weights of the positions in the axes of the explained value. */
function onGrid({ b, shape, output, type }: SeedFacts, cells: ValueName): ValueName {
  const dims = shape.map((dim, axis) => (axis === 0 ? -1 : axis === output.axis ? 1 : (dim as number)));
  return b.cast(b.reshape(cells, dims), DATA_TYPES[type].code);
}

/** Times the weight of each position: the given ones, or those of the mean. */
function weigh({ b, output, type }: SeedFacts, value: ValueName, weights: ValueName | undefined): ValueName {
  if (weights !== undefined) return b.mul(value, weights);
  return output.positions > 1 ? b.mul(value, b.scalar(1 / output.positions, type)) : value;
}

/** A row of classes, weighted and stretched to the shape of the explained value. */
function spread(facts: SeedFacts, row: ValueName, weights: ValueName | undefined): ValueName {
  const { output, shape } = facts;
  const scaled = weigh(facts, row, weights);
  const classes = output.binary ? 1 : output.classes;
  const fits = shape.every((dim, axis) => dim === (axis === output.axis ? classes : 1));
  return fits ? scaled : stretch(facts, scaled);
}

function stretch({ b, shape, of }: SeedFacts, value: ValueName): ValueName {
  return b.expand(value, shape.every((dim) => typeof dim === 'number') ? (shape as number[]) : b.shape(of));
}

/** One sigmoid output: class 1 is +logit, class 0 is −logit; their probabilities are p and 1 − p. */
function binary(
  facts: SeedFacts,
  terms: readonly ClassTerm[],
  weights: ValueName | undefined,
): Pick<Seed, 'seed' | 'score'> {
  const { b, type, shape } = facts;
  const ones = shape.map(() => 1);
  const known = terms.every(({ constant }) => constant !== undefined);
  // 0 → −1, 1 → +1
  const side = ({ index }: ClassTerm) =>
    b.sub(b.mul(b.cast(index, DATA_TYPES[type].code), b.scalar(2, type)), b.scalar(1, type));
  const total = terms.reduce((sum, { constant, sign }) => sum + sign * (constant === 1 ? 1 : -1), 0);
  const sides = known
    ? b.constant(Tensor.floats([total], ones, type))
    : column(
        facts,
        terms.reduce((sum, term) => {
          const one = side(term);
          return sum === '' ? one : term.sign > 0 ? b.add(sum, one) : b.sub(sum, one);
        }, ''),
      );
  const seed = spread(facts, sides, weights);
  const score = weighted(facts, seed);
  if (facts.score !== 'probability') return { seed, score };
  // 1 − p for each term of class 0, with its sign: (Σ sign − Σ sign · side) / 2 is added.
  const signs = terms.reduce((sum, { sign }) => sum + sign, 0);
  const flat = known ? b.constant(Tensor.floats([total], [1], type)) : b.reshape(sides, [-1]);
  return { seed, score: b.add(score, b.mul(b.sub(b.scalar(signs, type), flat), b.scalar(0.5, type))) };
}

/** Below every logit, and far enough from it that its power is 0. */
const NEVER = -1e30;

/** Log-odds of a softmax, in float32 at least: at each position z_c − log Σ_{j≠c} exp z_j, whose gradient is 1 at c and −softmax of the others. */
function logOdds(
  facts: SeedFacts,
  terms: readonly ClassTerm[],
  weights: ValueName | undefined,
): Pick<Seed, 'seed' | 'score'> {
  const { b, of, output } = facts;
  const { axis } = output;
  const half = facts.type === 'float16';
  const type = half ? 'float32' : facts.type;
  const wide = { ...facts, type } as SeedFacts;
  const logits = half ? b.cast(of, DATA_TYPES.float32.code) : of;
  const grid = half && weights !== undefined ? b.cast(weights, DATA_TYPES.float32.code) : weights;
  let seed: ValueName | undefined;
  let score: ValueName | undefined;
  for (const term of terms) {
    const own = isClass(facts, term);
    const hot = b.cast(own, DATA_TYPES[type].code);
    const others = b.where(own, b.scalar(NEVER, type), logits);
    const most = b.reduceMax(others, [axis]);
    const rest = b.add(most, b.op('Log', [b.reduceSum(b.op('Exp', [b.sub(others, most)]), [axis])]));
    const odds = b.sub(b.reduceSum(b.mul(hot, logits), [axis]), rest);
    const gradient = weigh(wide, b.sub(hot, b.op('Softmax', [others], { axis })), grid);
    const value = overItem(facts, weigh(wide, odds, grid));
    seed = seed === undefined ? gradient : term.sign > 0 ? b.add(seed, gradient) : b.sub(seed, gradient);
    score = score === undefined ? value : term.sign > 0 ? b.add(score, value) : b.sub(score, value);
  }
  const back = DATA_TYPES[facts.type].code;
  return { seed: half ? b.cast(seed!, back) : seed!, score: half ? b.cast(score!, back) : score! };
}
