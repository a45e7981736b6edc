import type { Graph, Node, Tensor, ValueName } from '@seewhy/onnx';

/**
 * What a value has to look like: a name binds it (the same name, the same value), a number is a constant of one element of about that
 * value, `scalar` binds such a constant, and the rest are nodes.
 */
export type Tree =
  | string
  | number
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'bind'; readonly name: string; readonly tree: Tree }
  | { readonly kind: 'any'; readonly trees: readonly Tree[] }
  | { readonly kind: 'product'; readonly factor: number; readonly trees: readonly Tree[] }
  | {
      readonly kind: 'node';
      readonly op: string;
      readonly inputs: readonly Tree[];
      readonly commutative: boolean;
      readonly check: Check | undefined;
    };

/** What a match found. */
export interface Bound {
  readonly values: ReadonlyMap<string, ValueName>;
  readonly scalars: ReadonlyMap<string, number>;
  /** Facts that checks have found (axes, alpha). */
  readonly facts: Map<string, unknown>;
  /** Nodes met, the root first. */
  readonly nodes: readonly Node[];
}

/** A condition on a node beyond op and inputs; may leave facts. */
type Check = (node: Node, facts: Map<string, unknown>, constant: ConstantOf) => boolean;
type ConstantOf = (value: ValueName) => Tensor | undefined;

export const scalar = (name: string): Tree => ({ kind: 'scalar', name });
/** A value that is matched once and may then be named. */
export const bind = (name: string, tree: Tree): Tree => ({ kind: 'bind', name, tree });
export const any = (...trees: readonly Tree[]): Tree => ({ kind: 'any', trees });
/** factor · a · b · …, in whatever order of Mul and Div by constants it was written. */
export const product = (factor: number, ...trees: readonly Tree[]): Tree => ({ kind: 'product', factor, trees });
export const node = (op: string, inputs: readonly Tree[], check?: Check): Tree => ({
  kind: 'node',
  op,
  inputs,
  commutative: false,
  check,
});
export const add = (a: Tree, b: Tree): Tree => ({
  kind: 'node',
  op: 'Add',
  inputs: [a, b],
  commutative: true,
  check: undefined,
});
export const mul = (a: Tree, b: Tree): Tree => ({
  kind: 'node',
  op: 'Mul',
  inputs: [a, b],
  commutative: true,
  check: undefined,
});

/** Constants of exporters are rounded, to float16 at worst. */
const near = (found: number, wanted: number) => Math.abs(found - wanted) <= 2e-3 * Math.max(1e-6, Math.abs(wanted));

/** Matches trees against a graph. */
export class Matcher {
  private readonly graph: Graph;
  private readonly constant: ConstantOf;

  constructor(graph: Graph, constant: ConstantOf) {
    this.graph = graph;
    this.constant = constant;
  }

  /** What the tree binds when the value looks like it, else undefined. */
  match(tree: Tree, value: ValueName): Bound | undefined {
    for (const bound of this.find(tree, value, EMPTY)) return bound;
    return undefined;
  }

  /** Every way in which the value looks like the tree, on top of what is bound already. */
  private *find(tree: Tree, value: ValueName, bound: Bound): Generator<Bound> {
    if (typeof tree === 'string') {
      const known = bound.values.get(tree);
      if (known === undefined) yield { ...bound, values: new Map(bound.values).set(tree, value) };
      else if (known === value) yield bound;
    } else if (typeof tree === 'number') {
      const found = this.scalarOf(value);
      if (found !== undefined && near(found, tree)) yield bound;
    } else if (tree.kind === 'scalar') {
      const found = this.scalarOf(value);
      if (found !== undefined) yield { ...bound, scalars: new Map(bound.scalars).set(tree.name, found) };
    } else if (tree.kind === 'bind') {
      if (bound.values.has(tree.name)) yield* this.find(tree.name, value, bound);
      else for (const inner of this.find(tree.tree, value, bound)) yield* this.find(tree.name, value, inner);
    } else if (tree.kind === 'any') {
      for (const choice of tree.trees) yield* this.find(choice, value, bound);
    } else if (tree.kind === 'product') {
      yield* this.findProduct(tree.factor, tree.trees, value, bound);
    } else {
      const made = this.graph.producers.get(value);
      if (made?.type !== tree.op || made.outputs[0] !== value) return;
      const next: Bound = { ...bound, facts: new Map(bound.facts), nodes: [...bound.nodes, made] };
      if (tree.check && !tree.check(made, next.facts, this.constant)) return;
      yield* this.findAll(tree.inputs, made.inputs, next);
      if (tree.commutative) yield* this.findAll(tree.inputs, [made.inputs[1]!, made.inputs[0]!], next);
    }
  }

  /** All trees, in the order of the values. */
  private *findAll(trees: readonly Tree[], values: readonly ValueName[], bound: Bound, from = 0): Generator<Bound> {
    if (from === trees.length) yield bound;
    else if (values[from])
      for (const next of this.find(trees[from]!, values[from]!, bound))
        yield* this.findAll(trees, values, next, from + 1);
  }

  private *findProduct(factor: number, trees: readonly Tree[], value: ValueName, bound: Bound): Generator<Bound> {
    const product = this.factors(value, trees.length);
    if (product.values.length !== trees.length || !near(product.factor, factor)) return;
    const next = { ...bound, nodes: [...bound.nodes, ...product.nodes] };
    for (const order of permutations(product.values)) yield* this.findAll(trees, order, next);
  }

  /** A value taken apart into constants and other factors, through Mul and Div nodes that nothing else reads (but the first). */
  private factors(value: ValueName, most: number): { factor: number; values: ValueName[]; nodes: Node[] } {
    const result = { factor: 1, values: [] as ValueName[], nodes: [] as Node[] };
    const open: { value: ValueName; first: boolean }[] = [{ value, first: true }];
    while (open.length > 0) {
      const { value: current, first } = open.shift()!;
      const constant = this.scalarOf(current);
      const made = this.graph.producers.get(current);
      const alone = first || this.graph.consumers.get(current)?.length === 1;
      const divisor = made?.type === 'Div' ? this.scalarOf(made.inputs[1]!) : undefined;
      const fits = result.values.length + open.length < most + 2;
      if (constant !== undefined) result.factor *= constant;
      else if (alone && fits && made?.type === 'Mul') {
        result.nodes.push(made);
        open.push({ value: made.inputs[0]!, first: false }, { value: made.inputs[1]!, first: false });
      } else if (alone && made && divisor !== undefined) {
        result.nodes.push(made);
        result.factor /= divisor;
        open.push({ value: made.inputs[0]!, first: false });
      } else result.values.push(current);
    }
    return result;
  }

  private scalarOf(value: ValueName): number | undefined {
    const tensor = this.constant(value);
    return tensor && tensor.size === 1 && !tensor.strings ? tensor.numbers()[0] : undefined;
  }
}

const EMPTY: Bound = { values: new Map(), scalars: new Map(), facts: new Map(), nodes: [] };

function* permutations<T>(list: readonly T[]): Generator<T[]> {
  if (list.length <= 1) yield [...list];
  for (let index = 0; index < list.length && list.length > 1; index++) {
    const rest = [...list.slice(0, index), ...list.slice(index + 1)];
    for (const tail of permutations(rest)) yield [list[index]!, ...tail];
  }
}
