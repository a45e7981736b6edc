import { Tensor, Value } from '@seewhy/onnx';
import type { Model } from './model.ts';
import type { RunTensor } from './runtime/runtime.ts';
import { type Seed, type SeedFacts, seedOf } from './seed.ts';
import type { Target } from './target.ts';
import { type ClassTerm, classSeed } from './targets/class-seed.ts';
import { elementSeed } from './targets/element-seed.ts';
import { functionNodes, type TargetNodes } from './targets/function-target.ts';
import { perItem } from './targets/per-item.ts';
import { cellWeights, type OutputFacts } from './targets/region.ts';
import { similarSeed, unit } from './targets/similar-seed.ts';
import { termsOf } from './targets/terms.ts';

export { resolveTarget } from './targets/resolve-target.ts';

/** How targets of one kind enter a program that is built once and run for many of them: what is built in, what is fed. */
export interface TargetForm {
  /** Targets of equal keys share a program. */
  readonly key: string;
  /** Inputs that the program gets. */
  readonly inputs: readonly Value[];
  /** Values of the model that the target reads besides the explained output. */
  readonly reads: readonly string[];
  /** Nodes that the target is computed by, to be appended before the program is built. */
  readonly nodes?: (model: Model) => Promise<TargetNodes>;
  seed(facts: SeedFacts, nodes?: TargetNodes): Seed;
  /** Values of the inputs, one target an item. */
  feeds(targets: readonly Target[], facts: OutputFacts): Record<string, RunTensor>;
}

export const TARGET_INPUT = 'seewhy.target';
export const AGAINST_INPUT = 'seewhy.against';
const CELLS_INPUT = 'seewhy.target.cells';
const PLACE_INPUT = 'seewhy.target.place';
const VECTOR_INPUT = 'seewhy.target.vector';

/** The form of a target. Those whose class is found per picture (`top`, `runner-up`) have nothing to be fed. */
export function formOf(target: Target): TargetForm {
  const terms = termsOf(target);
  if (terms) return classForm(terms.map(({ sign }) => sign));
  if (target.kind === 'position' || target.kind === 'region') return REGION;
  if (target.kind === 'element') return elementForm(target.value);
  if (target.kind === 'similar') return SIMILAR;
  if (target.kind === 'function') return functionForm(target);
  const { asked: _, ...what } = target;
  return {
    key: JSON.stringify(what),
    inputs: [],
    reads: [],
    seed: (facts) => seedOf(facts, target),
    feeds: () => ({}),
  };
}

const indices = (name: string) => new Value(name, 'int64', ['N']);

/** int64 `[items]`. */
const wholes = (values: readonly number[]): RunTensor => ({
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** Sums and differences of classes: the classes are fed. */
function classForm(signs: readonly (1 | -1)[]): TargetForm {
  const contrast = signs.length === 2 && signs[1] === -1;
  const names = signs.map((_, at) => (at === 0 ? TARGET_INPUT : contrast ? AGAINST_INPUT : `${TARGET_INPUT}.${at}`));
  return {
    key: `classes ${signs.map((sign) => (sign > 0 ? '+' : '-')).join('')}`,
    inputs: names.map(indices),
    reads: [],
    seed: (facts) =>
      classSeed(
        facts,
        signs.map((sign, at): ClassTerm => ({ index: names[at]!, sign })),
      ),
    feeds: (targets) =>
      Object.fromEntries(names.map((name, at) => [name, wholes(targets.map((target) => termsOf(target)![at]!.index))])),
  };
}

/** Rows of equal length as `[1, length]` where all items have the same, else `[N, length]`. */
function rows<T>(items: readonly T[], row: (one: T) => Float32Array): RunTensor {
  const first = row(items[0]!);
  if (items.every((one) => one === items[0])) return { type: 'float32', dims: [1, first.length], data: first };
  const data = new Float32Array(items.length * first.length);
  items.forEach((one, at) => {
    data.set(row(one), at * first.length);
  });
  return { type: 'float32', dims: [items.length, first.length], data };
}

/** A class at a place of a segmentation: class and weights of the cells are fed. */
const REGION: TargetForm = {
  key: 'region',
  inputs: [indices(TARGET_INPUT), new Value(CELLS_INPUT, 'float32', ['M', 'P'])],
  reads: [],
  seed: (facts) => classSeed(facts, [{ index: TARGET_INPUT, sign: 1 }], CELLS_INPUT),
  feeds: (targets, facts) => {
    const places = targets as readonly (Target & { kind: 'position' | 'region' })[];
    return {
      [TARGET_INPUT]: wholes(places.map(({ index }) => index)),
      [CELLS_INPUT]: rows(places, (place) => cellWeights(place, facts)),
    };
  },
};

/** A number of one value: its place is fed. */
const elementForm = (value: string): TargetForm => ({
  key: `element of ${value}`,
  inputs: [new Value(PLACE_INPUT, 'int64', ['M', 'A'])],
  reads: [value],
  seed: (facts) => elementSeed(facts, value, PLACE_INPUT),
  feeds: (targets) => {
    const places = targets as readonly (Target & { kind: 'element' })[];
    const flat = wholes(places.flatMap(({ at }) => at));
    return { [PLACE_INPUT]: { ...flat, dims: [places.length, places[0]!.at.length] } };
  },
});

/** Similarity to a vector: the vector is fed. */
const SIMILAR: TargetForm = {
  key: 'similar',
  inputs: [new Value(VECTOR_INPUT, 'float32', ['M', 'D'])],
  reads: [],
  seed: (facts) => similarSeed(facts, VECTOR_INPUT),
  feeds: (targets) => ({
    [VECTOR_INPUT]: rows(targets as readonly (Target & { kind: 'similar' })[], ({ vector }) => unit(vector)),
  }),
};

let functions = 0;
const keys = new WeakMap<object, string>();

/** A function of one's own: its nodes are built in, and its gradient begins with 1. */
function functionForm(target: Target & { kind: 'function' }): TargetForm {
  const key = keys.get(target.build) ?? `function ${functions++}`;
  keys.set(target.build, key);
  return {
    key,
    inputs: [],
    reads: [],
    nodes: (model) => functionNodes(target, model),
    seed: (facts, nodes) => {
      const { b } = facts;
      const { value, types, shapes } = nodes!;
      const one = b.constant(Tensor.floats([1], [1], types.get(value) ?? 'float32'));
      const [size] = shapes.get(value)!;
      return {
        of: value,
        seed: size === 1 ? one : b.expand(one, b.shape(value)),
        index: perItem(facts, -1),
        ofClass: false,
        hot: false,
        score: value,
      };
    },
    feeds: () => ({}),
  };
}
