import {
  type DataType,
  type Graph,
  type GraphBuilder,
  inferTypes,
  isFloat,
  type Node,
  type ValueName,
} from '@seewhy/onnx';
import { affineValues, sumOverBatch } from './batch-sums.ts';
import { chainConcats } from './chain-concats.ts';
import { constantFinder } from './constant-finder.ts';
import { errors } from './errors.ts';
import { padsIntoConvolutions } from './pads-into-convolutions.ts';
import { fusePatterns } from './patterns.ts';
import { PROFILES, type ProfileName } from './profile.ts';
import { type RuleFacts, RuleStep, type RuleTable } from './rule.ts';
import { GRADIENT_RULES } from './rules/table.ts';
import type { Shape } from './shape.ts';

/** What is differentiated, with respect to what, and how the backward graph is written. */
export interface DifferentiateOptions {
  /** The value that is differentiated. */
  of: ValueName;
  /** Gradient to begin with: a value of the shape of `of` (one-hot for one class). */
  seed: ValueName;
  /** The values to differentiate with respect to: the image input, inner activations. */
  wrt: readonly ValueName[];
  /** Shapes of all values on the path, as probed. */
  shapes: ReadonlyMap<string, Shape>;
  /** Default: the gradient rules. Guided backpropagation and the like are other tables for the same walk. */
  rules?: RuleTable;
  /** Default `native`. */
  profile?: ProfileName;
  /** Element types; inferred when not given. */
  types?: ReadonlyMap<string, DataType>;
  /** Says that each row of the seed `[N, K]` is 1 at one place and 0 elsewhere: the int64 `[N]` value with these places. */
  hot?: ValueName | undefined;
  /**
   * A value `[R, N]` of the gradients' type: given are R weighted sums of them over the batch, Σₙ m[r, n] · gₙ `[R, …]`, taken before the linear
   * ops that the path begins with (a first convolution), which are then done R times instead of N.
   */
  combine?: ValueName | undefined;
}

/** Integer results that stand for a float value (straight-through): gradients pass them in integer units. */
const INTEGER_CARRIERS = new Set([
  'QuantizeLinear',
  'DynamicQuantizeLinear',
  'ConvInteger',
  'MatMulInteger',
  'QLinearConv',
  'QLinearMatMul',
]);
const carriesInteger = (node: Node) =>
  INTEGER_CARRIERS.has(node.op) ||
  (node.domain === 'com.microsoft' && /^(QLinear|Quantize|QGemm|DynamicQuantize|MatMulInteger)/.test(node.op));

/**
 * Reverse-mode differentiation as a graph transform: appends the nodes of Σ seed · ∂of/∂w for every w of `wrt` to `builder`, which
 * was made on `graph`. Touches only nodes between `wrt` and `of`.
 * @returns the name of the gradient of each `wrt`, of that value's shape
 * @throws NO_GRADIENT_RULE (op, node, path), GRADIENT_REFUSED, GRADIENT_BRANCH, NOT_CONNECTED, SHAPE_UNKNOWN
 */
export function differentiate(
  builder: GraphBuilder,
  graph: Graph,
  options: DifferentiateOptions,
): Map<ValueName, ValueName> {
  const rules = options.rules ?? GRADIENT_RULES;
  const types = options.types ?? inferTypes(graph);
  const { order, active, needed } = walkOrder(graph, { ...options, rules, types });
  const inModel = constantFinder(graph);
  const facts: RuleFacts = {
    builder,
    profile: PROFILES[options.profile ?? 'native'],
    shapes: options.shapes,
    types,
    constant: (value) => inModel(value) ?? builder.tensor(value),
    maker: (value) => graph.producers.get(value),
    hot: options.hot === undefined ? undefined : { seed: options.seed, places: options.hot },
  };
  const contributions = new Map<ValueName, ValueName[]>([[options.of, [options.seed]]]);
  const { combine } = options;
  const affine = combine === undefined ? new Set<ValueName>() : affineValues(order, active, options.wrt, facts);
  /** Gradients that are sums over the batch already. */
  const combined = new Set<ValueName>();
  const total = (value: ValueName): ValueName | undefined => {
    const list = contributions.get(value);
    if (!list) return undefined;
    const each = list.filter((gradient) => !combined.has(gradient));
    let sums = list.filter((gradient) => combined.has(gradient));
    if (each.length > 0) {
      const sum = builder.sum(unstretched(builder, each));
      const whole = combine !== undefined && affine.has(value);
      sums = [...sums, whole ? sumOverBatch(builder, combine, sum, value, options.shapes.get(value)) : sum];
    }
    const sum = builder.sum(sums);
    if (affine.has(value)) combined.add(sum);
    contributions.set(value, [sum]);
    return sum;
  };
  for (const node of needed.reverse()) {
    const outputs = node.outputs.map((output) => (output === '' || !active.has(output) ? undefined : total(output)));
    if (outputs.every((gradient) => gradient === undefined)) continue;
    const wanted = node.inputs.map((input) => active.has(input));
    // A branch or a loop reads values from outside without naming them as inputs: its share of their gradients would be missing.
    if (node.uses.some((use) => active.has(use) && !node.inputs.includes(use))) throw errors.branch(node, options.of);
    // What makes a `wrt` value from values that do not depend on one lies before the path.
    if (!wanted.includes(true)) continue;
    const rule = lookUp(rules, node);
    if (rule === 'stop') continue;
    if (!rule) throw errors.noRule(node, pathTo(order, node, options.of));
    const gradients = rule(new RuleStep(node, facts, outputs, wanted));
    node.inputs.forEach((input, index) => {
      const gradient = gradients[index];
      if (!wanted[index] || gradient === undefined || gradient === null) return;
      if (affine.has(node.outputs[0]!)) combined.add(gradient);
      const list = contributions.get(input);
      if (list) list.push(gradient);
      else contributions.set(input, [gradient]);
    });
  }
  const result = new Map<ValueName, ValueName>();
  for (const value of options.wrt) {
    const gradient = total(value);
    if (gradient === undefined) throw errors.notConnected(options.of, value);
    result.set(value, gradient);
  }
  return result;
}

/** What the walk from `of` to `wrt` passes: nodes as it sees them (patterns fused), and values through which gradients pass. */
export function walkOrder(
  graph: Graph,
  walk: Pick<DifferentiateOptions, 'of' | 'wrt'> & { rules: RuleTable; types: ReadonlyMap<string, DataType> },
): { order: readonly Node[]; active: ReadonlySet<ValueName>; needed: Node[] } {
  const keep = new Set([walk.of, ...walk.wrt]);
  const fused = fusePatterns(padsIntoConvolutions(graph, keep), { keep, rules: walk.rules });
  const order = topological(chainConcats(fused, keep));
  const active = activeValues(order, new Set(walk.wrt), walk.rules, walk.types);
  return { order, active, needed: neededNodes(order, walk.of, active) };
}

/** Summands without the Expand that only stretches them: addition does so itself, as long as one summand has the full shape. */
function unstretched(builder: GraphBuilder, list: readonly ValueName[]): readonly ValueName[] {
  const stretched = (value: ValueName) => builder.maker(value)?.op === 'Expand';
  if (list.every(stretched)) return list;
  return [...list]
    .sort((a, b) => Number(stretched(a)) - Number(stretched(b)))
    .map((value) => (stretched(value) ? builder.maker(value)!.inputs[0]! : value));
}

/** Own entries only: an op called `constructor` must not find Object's. */
function lookUp(rules: RuleTable, node: Node) {
  return Object.hasOwn(rules, node.type) ? rules[node.type] : undefined;
}

/** Values that depend on `from` through something gradients can pass: floats, and integers that stand for floats. */
function activeValues(
  order: readonly Node[],
  from: ReadonlySet<ValueName>,
  rules: RuleTable,
  types: ReadonlyMap<string, DataType>,
): Set<ValueName> {
  const active = new Set<ValueName>(from);
  for (const node of order) {
    const reached = node.uses.find((value) => active.has(value));
    if (reached === undefined || lookUp(rules, node) === 'stop') continue;
    const fromType = types.get(reached);
    for (const [index, output] of node.outputs.entries()) {
      // Scale and zero point measured on the image count as constants: straight-through.
      if (output === '' || (index > 0 && node.op === 'DynamicQuantizeLinear')) continue;
      const type = types.get(output);
      // An integer that only moves (Reshape, Concat, MaxPool of quantised values) keeps standing for a float.
      const moved = !isFloat(fromType) && type !== undefined && type === fromType;
      if (type === undefined || isFloat(type) || carriesInteger(node) || moved) active.add(output);
    }
  }
  return active;
}

/** Nodes with an active output that `of` depends on, in topological order. */
function neededNodes(order: readonly Node[], of: ValueName, active: ReadonlySet<ValueName>): Node[] {
  const wanted = new Set<ValueName>([of]);
  const needed: Node[] = [];
  for (let index = order.length - 1; index >= 0; index--) {
    const node = order[index]!;
    if (!node.outputs.some((output) => wanted.has(output) && active.has(output))) continue;
    needed.push(node);
    for (const input of node.uses) wanted.add(input);
  }
  return needed.reverse();
}

function topological(nodes: readonly Node[]): Node[] {
  const producer = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const output of node.outputs) producer.set(output, index);
  });
  const state = new Uint8Array(nodes.length);
  const order: Node[] = [];
  const stack: { index: number; next: number; uses: readonly string[] }[] = [];
  for (let root = 0; root < nodes.length; root++) {
    if (state[root]) continue;
    state[root] = 1;
    stack.push({ index: root, next: 0, uses: nodes[root]!.uses });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.next === top.uses.length) {
        order.push(nodes[top.index]!);
        stack.pop();
        continue;
      }
      const before = producer.get(top.uses[top.next++]!);
      if (before === undefined || state[before]) continue;
      state[before] = 1;
      stack.push({ index: before, next: 0, uses: nodes[before]!.uses });
    }
  }
  return order;
}

/** Op types from a node to the differentiated value, shortened in the middle: for messages. */
function pathTo(order: readonly Node[], from: Node, of: ValueName): string[] {
  const via = new Map<string, Node>();
  const reached = new Set<string>(from.outputs);
  for (const node of order) {
    const input = node.uses.find((value) => reached.has(value));
    if (input === undefined || node === from) continue;
    for (const output of node.outputs) {
      reached.add(output);
      via.set(output, node);
    }
  }
  const path: string[] = [];
  let value = of;
  for (let steps = 0; steps < order.length; steps++) {
    const node = via.get(value);
    if (!node) break;
    path.unshift(node.type);
    value = node.uses.find((input) => from.outputs.includes(input) || via.has(input)) ?? '';
  }
  const full = [from.type, ...path, `'${of}'`];
  return full.length <= 7 ? full : [...full.slice(0, 3), '…', ...full.slice(-3)];
}
