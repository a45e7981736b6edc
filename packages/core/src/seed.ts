import type { Shape } from '@seewhy/autodiff';
import { DATA_TYPES, type DataType, type GraphBuilder, Tensor, type ValueName } from '@seewhy/onnx';
import type { ClassOutput } from './class-output.ts';
import type { ScoreKind, Target } from './target.ts';
import { type ClassTerm, classSeed } from './targets/class-seed.ts';
import { elementSeed } from './targets/element-seed.ts';
import { targetErrors } from './targets/errors.ts';
import { perItem } from './targets/per-item.ts';
import { cellWeights } from './targets/region.ts';
import { similarSeed, unit } from './targets/similar-seed.ts';
import { termsOf } from './targets/terms.ts';

/** A target as graph values: what is differentiated, the gradient to begin with, and which class it means for each item. */
export interface Seed {
  /** The value that is differentiated: the explained one, or another that the target is computed from. */
  readonly of: ValueName;
  /** Of the shape of `of`. */
  readonly seed: ValueName;
  /** int64 `[N]`; −1 where the target is not one of classes. */
  readonly index: ValueName;
  /** Whether the target is one of classes of the explained output. */
  readonly ofClass: boolean;
  /** Each row of the seed is 1 at the index and 0 elsewhere. */
  readonly hot: boolean;
  /** What is explained, `[N]`. */
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
  /** Which score of a class is meant. */
  readonly score: ScoreKind;
  readonly shapes: ReadonlyMap<ValueName, Shape>;
  readonly types: ReadonlyMap<ValueName, DataType>;
}

/** A target with everything about it built in. A class of a `top` target is found per item inside the graph. */
export function seedOf(facts: SeedFacts, target: Target | TargetInputs): Seed {
  if (!('kind' in target)) {
    const { index, against } = target;
    return classSeed(facts, [
      { index, sign: 1 },
      ...(against === undefined ? [] : [{ index: against, sign: -1 } as const]),
    ]);
  }
  const { b } = facts;
  const terms = termsOf(target);
  if (terms)
    return classSeed(
      facts,
      terms.map(({ index, sign }): ClassTerm => ({ index: perItem(facts, index), sign, constant: index })),
    );
  switch (target.kind) {
    case 'top':
      return classSeed(facts, [{ index: ranked(facts, target.rank), sign: 1 }]);
    case 'runner-up': {
      const index = target.index === undefined ? ranked(facts, 0) : perItem(facts, target.index);
      const constant = target.index === undefined ? {} : { constant: target.index };
      return classSeed(facts, [
        { index, sign: 1, ...constant },
        { index: bestOther(facts, index), sign: -1 },
      ]);
    }
    case 'position':
    case 'region': {
      const { index } = target;
      const weights = cellWeights(target, facts);
      return classSeed(
        facts,
        [{ index: perItem(facts, index), sign: 1, constant: index }],
        b.constant(Tensor.floats(weights, [1, weights.length]), 'region'),
      );
    }
    case 'element':
      return elementSeed(facts, target.value, b.constant(Tensor.int64(target.at, [1, target.at.length]), 'place'));
    case 'similar':
      return similarSeed(facts, b.constant(Tensor.floats(unit(target.vector), [1, target.vector.length]), 'vector'));
    default:
      throw targetErrors.targetNeedsForm(target.kind);
  }
}

/** Scores of the classes as `[N, K]`. */
export function classScores(facts: Pick<SeedFacts, 'b' | 'output' | 'shape' | 'logits'>): ValueName {
  const { b, output, shape, logits } = facts;
  if (shape.length === 2) return logits;
  const others = shape.map((_, axis) => axis).filter((axis) => axis !== output.axis && axis !== 0);
  const classes = output.binary ? 1 : output.classes;
  return output.positions > 1 ? b.reduceMean(logits, others, false) : b.reshape(logits, [-1, classes]);
}

/** Index of the class of a rank (0 = best) for every item, int64 `[N]`. */
function ranked(facts: SeedFacts, rank: number): ValueName {
  const { b, output } = facts;
  const scores = classScores(facts);
  if (output.binary) {
    const zero = b.scalar(0, logitType(facts));
    const positive = b.cast(b.greater(b.reshape(scores, [-1]), zero), DATA_TYPES.int64.code);
    return rank === 0 ? positive : b.sub(b.constant(Tensor.int64([1])), positive);
  }
  if (rank === 0) return b.op('ArgMax', [scores], { axis: 1, keepdims: 0 });
  const [, indices] = b.multi('TopK', [scores, b.ints([rank + 1])], { axis: 1 }, 2);
  return b.squeeze(b.slice(indices!, [rank], [rank + 1], [1]), [1]);
}

/** The best class but the given one, int64 `[N]`. */
function bestOther(facts: SeedFacts, index: ValueName): ValueName {
  const { b, output } = facts;
  if (output.binary) return b.sub(b.constant(Tensor.int64([1])), index);
  const numbers = Tensor.int64(
    Array.from({ length: output.classes }, (_, i) => i),
    [1, output.classes],
  );
  const own = b.equal(b.unsqueeze(index, [1]), b.constant(numbers, 'classes'));
  const type = logitType(facts);
  const others = b.where(own, b.scalar(LOWEST[type] ?? LOWEST.float32, type), classScores(facts));
  return b.op('ArgMax', [others], { axis: 1, keepdims: 0 });
}

/** Below every score. */
const LOWEST: Readonly<Partial<Record<DataType, number>>> & { readonly float32: number } = {
  float16: -65504,
  float32: -3.4e38,
  float64: -1.7e308,
};

const logitType = ({ types, logits }: SeedFacts): DataType => types.get(logits) ?? 'float32';
