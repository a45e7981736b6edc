import type { Shape } from '@seewhy/autodiff';
import { DATA_TYPES, type DataType, type GraphBuilder, Tensor, type ValueName } from '@seewhy/onnx';
import type { ClassOutput } from './class-output.ts';
import type { Target } from './target.ts';

/** A target as graph values: the gradient to begin with, and which class it means for each item. */
export interface Seed {
  /** Of the shape of the explained value. */
  readonly seed: ValueName;
  /** int64 `[N]`. */
  readonly index: ValueName;
  /** Each row of the seed is 1 at the index and 0 elsewhere. */
  readonly hot: boolean;
  /** What is explained, `[N]`: Σ seed · explained value. */
  readonly score: ValueName;
}

/** A target that comes in through inputs of the program: int64 `[N]` values with class indices. */
export interface TargetInputs {
  readonly index: ValueName;
  /** Second class of a contrast. */
  readonly against?: ValueName;
}

export interface SeedFacts {
  readonly b: GraphBuilder;
  readonly output: ClassOutput;
  /** The explained value (logits or probabilities) and its shape and element type. */
  readonly of: ValueName;
  readonly shape: Shape;
  readonly type: DataType;
  /** Value by which classes are ranked: the logits. */
  readonly logits: ValueName;
}

/**
 * The one-hot (or difference of two) gradient that a target begins with. Where a class has many positions (segmentation) its score is
 * their mean. A class of a `top` target is found per item inside the graph.
 */
export function seedOf(facts: SeedFacts, target: Target | TargetInputs): Seed {
  const made = facts.output.binary ? binarySeed(facts, target) : classSeed(facts, target);
  return { ...made, score: scoreOf(facts, made.seed) };
}

/** Σ seed · explained value over everything but the batch, `[N]`. */
function scoreOf({ b, of, shape }: SeedFacts, seed: ValueName): ValueName {
  if (shape.length === 1) return b.mul(seed, of);
  return b.reduceSum(
    b.mul(seed, of),
    shape.slice(1).map((_, axis) => axis + 1),
    false,
  );
}

type Row = Omit<Seed, 'score'>;

function classSeed(facts: SeedFacts, target: Target | TargetInputs): Row {
  const { b, type } = facts;
  if ('kind' in target && target.kind !== 'top') {
    const index = perItem(facts, target.index);
    const row = new Float64Array(facts.output.classes);
    row[target.index] = 1;
    if (target.kind === 'contrast') row[target.against] = (row[target.against] ?? 0) - 1;
    return {
      seed: spread(facts, b.constant(Tensor.floats(row, rowDims(facts), type), 'one-hot')),
      index,
      hot: target.kind === 'class' && isRow(facts),
    };
  }
  const index = 'kind' in target ? ranked(facts, target.rank) : target.index;
  const classes = b.constant(
    Tensor.int64(
      Array.from({ length: facts.output.classes }, (_, i) => i),
      rowDims(facts),
    ),
    'classes',
  );
  // [N] → [N, 1, 1 …], compared with the class numbers along the class axis.
  const rank = facts.shape.length;
  const column = (value: ValueName) =>
    rank === 1
      ? value
      : b.unsqueeze(
          value,
          Array.from({ length: rank - 1 }, (_, i) => i + 1),
        );
  const hot = (value: ValueName) => b.cast(b.equal(column(value), classes), DATA_TYPES[type].code);
  if (!('kind' in target) && target.against !== undefined)
    return { seed: spread(facts, b.sub(hot(index), hot(target.against))), index, hot: false };
  return { seed: spread(facts, hot(index)), index, hot: isRow(facts) };
}

/** Scores are `[N, K]`: a seed is one row an item. */
const isRow = ({ shape, output }: SeedFacts) => shape.length === 2 && output.axis === 1 && output.positions === 1;

const rowDims = (facts: SeedFacts) =>
  facts.shape.map((_, axis) => (axis === facts.output.axis ? facts.output.classes : 1));

/** Stretches a one-hot row to the shape of the explained value, divided by the number of positions. */
function spread(facts: SeedFacts, row: ValueName): ValueName {
  const { b, output, shape, of, type } = facts;
  const scaled = output.positions > 1 ? b.mul(row, b.scalar(1 / output.positions, type)) : row;
  const fits = shape.every((dim, axis) => dim === (axis === output.axis ? output.classes : 1));
  return fits
    ? scaled
    : b.expand(scaled, shape.every((dim) => typeof dim === 'number') ? (shape as number[]) : b.shape(of));
}

/** Scores of the classes as `[N, K]`. */
export function classScores(facts: SeedFacts): ValueName {
  const { b, output, shape, logits } = facts;
  if (shape.length === 2) return logits;
  const others = shape.map((_, axis) => axis).filter((axis) => axis !== output.axis && axis !== 0);
  return output.positions > 1 ? b.reduceMean(logits, others, false) : b.reshape(logits, [-1, output.classes]);
}

/** Index of the class of a rank (0 = best) for every item, int64 `[N]`. */
function ranked(facts: SeedFacts, rank: number): ValueName {
  const { b } = facts;
  const scores = classScores(facts);
  if (rank === 0) return b.op('ArgMax', [scores], { axis: 1, keepdims: 0 });
  const [, indices] = b.multi('TopK', [scores, b.ints([rank + 1])], { axis: 1 }, 2);
  return b.squeeze(b.slice(indices!, [rank], [rank + 1], [1]), [1]);
}

/** A constant class index for every item, int64 `[N]`. */
function perItem(facts: SeedFacts, index: number): ValueName {
  const { b, shape, of } = facts;
  const one = b.constant(Tensor.int64([index]), 'class');
  if (typeof shape[0] === 'number') return shape[0] === 1 ? one : b.expand(one, [shape[0]]);
  return b.expand(one, b.slice(b.shape(of), [0], [1], [0]));
}

/** One sigmoid output: class 1 is +logit, class 0 is −logit. */
function binarySeed(facts: SeedFacts, target: Target | TargetInputs): Row {
  const { b, type, shape, of, logits } = facts;
  const code = DATA_TYPES[type].code;
  const signed = (index: ValueName) => {
    // 0 → −1, 1 → +1
    const sign = b.sub(b.mul(b.cast(index, code), b.scalar(2, type)), b.scalar(1, type));
    return b.reshape(
      sign,
      shape.map((dim, axis) => (axis === 0 ? -1 : (dim as number))),
    );
  };
  if (!('kind' in target)) {
    const { index, against } = target;
    return { seed: against === undefined ? signed(index) : b.sub(signed(index), signed(against)), index, hot: false };
  }
  if (target.kind === 'top') {
    const positive = b.cast(b.greater(b.reshape(logits, [-1]), b.scalar(0, type)), DATA_TYPES.int64.code);
    const index = target.rank === 0 ? positive : b.sub(b.constant(Tensor.int64([1])), positive);
    return { seed: signed(index), index, hot: false };
  }
  const value = target.index === 1 ? 1 : -1;
  // A contrast of the two sides is twice one side: their logits are each other's negative.
  const scale =
    target.kind === 'contrast' && target.against !== target.index ? 2 * value : target.kind === 'contrast' ? 0 : value;
  const constant = b.constant(
    Tensor.floats(
      [scale],
      shape.map(() => 1),
      type,
    ),
  );
  return {
    seed: shape.every((dim) => dim === 1) ? constant : b.expand(constant, b.shape(of)),
    index: perItem(facts, target.index),
    hot: false,
  };
}
