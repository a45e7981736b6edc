import { type AttributeInput, attributesFrom, float, type Graph, Node, type ValueName } from '@seewhy/onnx';
import { constantFinder } from './constant-finder.ts';
import { add, any, type Bound, bind, Matcher, mul, node, product, scalar, type Tree } from './pattern-match.ts';
import type { RuleTable } from './rule.ts';

export interface FuseOptions {
  /** Values that must stay visible: the differentiated one and those differentiated with respect to. */
  keep: ReadonlySet<ValueName>;
  /** A pattern is fused only when the table has a rule for it. */
  rules: RuleTable;
}

/** Domain of nodes that exist only for the backward walk. */
export const PATTERN_DOMAIN = 'seewhy';

/** A function that exporters write as several nodes, as one virtual node whose gradient is shorter. */
interface Pattern {
  readonly op: string;
  readonly tree: Tree;
  /** Bound names that become the inputs of the virtual node. */
  readonly inputs: readonly string[];
  readonly attributes?: (bound: Bound) => Record<string, AttributeInput>;
}

// ---- activations -------------------------------------------------------------------------------------------------------

const sigmoid = (x: Tree) => node('Sigmoid', [x]);
/** max(0, min(1, x/6 + ½)). */
const hardSigmoid = (x: Tree) =>
  any(
    node(
      'HardSigmoid',
      [x],
      ({ attribute }) =>
        Math.abs(attribute.float('alpha', 0.2) - 1 / 6) < 1e-3 && Math.abs(attribute.float('beta', 0.5) - 0.5) < 1e-3,
    ),
    product(1 / 6, relu6(add(x, 3))),
  );
const relu6 = (x: Tree) =>
  any(node('Clip', [x, 0, 6]), node('Min', [node('Relu', [x]), 6]), node('Min', [6, node('Relu', [x])]));
/** ½ · (1 + erf(x / √2)), without the ½. */
const twicePhi = add(node('Erf', [product(Math.SQRT1_2, 'x')]), 1);
const cube = any(product(0.044715, node('Pow', ['x', 3])), product(0.044715, 'x', 'x', 'x'));
const root = Math.sqrt(2 / Math.PI);
const tanhArgument = any(product(root, add('x', cube)), product(root, 'x', add(product(0.044715, 'x', 'x'), 1)));

// ---- layer normalisation --------------------------------------------------------------------------------------------------

/** The mean over the axes that the other means of the pattern have, which stay as 1. */
const mean = (x: Tree) =>
  node('ReduceMean', [x], (reduce, facts, constant) => {
    const axes = reduce.attribute.ints('axes') ?? constant(reduce.inputs[1] ?? '')?.numbers();
    if (!axes || reduce.attribute.int('keepdims', 1) !== 1) return false;
    const before = facts.get('axes') as number[] | undefined;
    facts.set('axes', axes);
    return before === undefined || before.join() === axes.join();
  });
const centred = bind('centred', node('Sub', ['x', mean('x')]));
const variance = mean(any(node('Pow', [centred, 2]), mul(centred, centred)));
const deviation = node('Sqrt', [add(variance, scalar('epsilon'))]);
const standardised = any(
  node('Div', [centred, deviation]),
  mul(centred, any(node('Reciprocal', [deviation]), node('Div', [1, deviation]))),
);

/** Larger patterns before the smaller ones they contain. */
const PATTERNS: readonly Pattern[] = [
  // The gate is read where it is: the shorter gradient gains more than the runtime's fusion of the forward pair (measured).
  { op: 'Silu', tree: product(1, 'x', bind('gate', sigmoid('x'))), inputs: ['x', 'gate'] },
  {
    op: 'Swish',
    tree: mul('x', bind('gate', sigmoid(mul('x', scalar('alpha'))))),
    inputs: ['x', 'gate'],
    attributes: ({ scalars }) => ({ alpha: float(scalars.get('alpha')!) }),
  },
  { op: 'HardSwish', tree: mul('x', hardSigmoid('x')), inputs: ['x'] },
  { op: 'HardSwish', tree: product(1 / 6, 'x', relu6(add('x', 3))), inputs: ['x'] },
  { op: 'Mish', tree: mul('x', node('Tanh', [node('Softplus', ['x'])])), inputs: ['x'] },
  { op: 'Gelu', tree: product(0.5, 'x', twicePhi), inputs: ['x'] },
  { op: 'Gelu', tree: mul('x', add(product(0.5, node('Erf', [product(Math.SQRT1_2, 'x')])), 0.5)), inputs: ['x'] },
  {
    op: 'Gelu',
    tree: product(0.5, 'x', add(node('Tanh', [tanhArgument]), 1)),
    inputs: ['x'],
    attributes: () => ({ approximate: 'tanh' }),
  },
  layerNormalization(add(mul(standardised, 'scale'), 'bias'), ['x', 'scale', 'bias']),
  layerNormalization(mul(standardised, 'scale'), ['x', 'scale']),
  layerNormalization(standardised, ['x']),
];

function layerNormalization(tree: Tree, inputs: readonly string[]): Pattern {
  const attributes = ({ scalars, facts }: Bound) => ({
    epsilon: float(scalars.get('epsilon')!),
    axes: facts.get('axes') as number[],
  });
  return { op: 'LayerNormalization', tree, inputs, attributes };
}

/**
 * The nodes of a graph as the backward walk sees them: groups of nodes that are one function (Sigmoid + Mul = SiLU) become one
 * virtual node, whose gradient is shorter. The graph itself is not changed.
 */
export function fusePatterns(graph: Graph, options: FuseOptions): readonly Node[] {
  const matcher = new Matcher(graph, constantFinder(graph));
  const visible = new Set([...options.keep, ...graph.outputs.map((output) => output.name)]);
  const patterns = PATTERNS.filter(({ op }) => Object.hasOwn(options.rules, `${PATTERN_DOMAIN}.${op}`));
  const replaced = new Map<Node, Node | null>();
  // From the end, so that a group is found at its last node and not inside another group.
  for (const last of [...graph.nodes].reverse()) {
    const pair =
      Object.hasOwn(options.rules, `${PATTERN_DOMAIN}.FakeQuantize`) && fakeQuantize(graph, last, options.keep);
    if (pair) replaced.set(last, pair);
    if (replaced.has(last) || last.outputs.length !== 1 || !ROOTS.has(last.type)) continue;
    for (const pattern of patterns) {
      const bound = matcher.match(pattern.tree, last.outputs[0]!);
      if (!bound) continue;
      const group = new Set(bound.nodes);
      if (![...group].every((inner) => inner === last || isHidden(graph, inner, group, visible, replaced))) continue;
      for (const inner of group) replaced.set(inner, null);
      replaced.set(last, virtualNode(pattern, bound, last));
      break;
    }
  }
  if (replaced.size === 0) return graph.nodes;
  return graph.nodes.flatMap((original) => {
    const by = replaced.get(original);
    return by === undefined ? [original] : by === null ? [] : [by];
  });
}

/** Ops that end a pattern: a quick way to pass by the other nodes. */
const ROOTS = new Set(['Mul', 'Div', 'Add']);

/** Nothing outside the group reads a value made by the node, and nobody asked to see it. */
function isHidden(
  graph: Graph,
  inner: Node,
  group: ReadonlySet<Node>,
  visible: ReadonlySet<ValueName>,
  replaced: ReadonlyMap<Node, Node | null>,
): boolean {
  return (
    !replaced.has(inner) &&
    inner.outputs.every(
      (value) => !visible.has(value) && (graph.consumers.get(value) ?? []).every((reader) => group.has(reader)),
    )
  );
}

function virtualNode(pattern: Pattern, bound: Bound, last: Node): Node {
  return new Node({
    op: pattern.op,
    domain: PATTERN_DOMAIN,
    inputs: pattern.inputs.map((name) => bound.values.get(name)!),
    outputs: last.outputs,
    name: last.name,
    attributes: attributesFrom(pattern.attributes?.(bound) ?? {}),
  });
}

/**
 * DequantizeLinear(QuantizeLinear(x)) of one scale and zero point: the factors scale and 1 / scale cancel. The first node stays for its
 * other readers.
 */
function fakeQuantize(graph: Graph, node: Node, keep: ReadonlySet<ValueName>): Node | undefined {
  if (node.op !== 'DequantizeLinear') return undefined;
  const before = graph.producers.get(node.inputs[0]!);
  if (before?.op !== 'QuantizeLinear' || before.domain !== node.domain || keep.has(node.inputs[0]!)) return undefined;
  const same = [1, 2].every((index) => sameConstant(graph, before.inputs[index] ?? '', node.inputs[index] ?? ''));
  const axes = [before, node].map(({ attribute }) => `${attribute.int('axis', 1)}/${attribute.int('block_size', 0)}`);
  if (!same || axes[0] !== axes[1]) return undefined;
  return new Node({ ...before, op: 'FakeQuantize', domain: PATTERN_DOMAIN, outputs: node.outputs });
}

/** The same value, or two constants with the same content. */
function sameConstant(graph: Graph, a: ValueName, b: ValueName): boolean {
  if (a === b) return true;
  const [left, right] = [a, b].map(constantFinder(graph));
  if (!left || !right || left.type !== right.type || left.bytes.length !== right.bytes.length) return false;
  return left.bytes.every((byte, index) => byte === right.bytes[index]);
}
