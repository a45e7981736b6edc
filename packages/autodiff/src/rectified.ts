import {
  attributesFrom,
  DATA_TYPES,
  type Graph,
  inferTypes,
  type Node,
  type Tensor,
  type ValueName,
} from '@seewhy/onnx';
import { constantFinder } from './constant-finder.ts';
import { walkOrder } from './differentiate.ts';
import type { Gradients, Rule, RuleStep, RuleTable } from './rule.ts';
import { GRADIENT_RULES } from './rules/table.ts';

/** What can be asked about a value of the model; a RuleStep answers it too. */
interface Look {
  constant(value: ValueName): Tensor | undefined;
  maker(value: ValueName): Node | undefined;
}

/** An operator that is, or may be, a rectifier. */
interface Rectifier {
  /** Whether this node cuts off what is negative. */
  readonly cuts: (node: Node, look: Look) => boolean;
  /** The gradients when the node lets the gradient g pass wherever it was itself open or shut. */
  readonly open: (s: RuleStep, g: ValueName) => Gradients;
}

const always = () => true;

// ---- which nodes cut -----------------------------------------------------------------------------------------------------

const isZero = (tensor: Tensor | undefined) => {
  const numbers = tensor?.numbers();
  return numbers?.length === 1 && numbers[0] === 0;
};

const clipAtZero = (node: Node, look: Look) => isZero(look.constant(node.inputs[1] ?? ''));

const maxWithZero = (node: Node, look: Look) =>
  node.inputs.length === 2 && node.inputs.some((input) => isZero(look.constant(input)));

const fusedActivation = ({ attribute }: Node) => {
  const first = (attribute.floats('activation_params') ?? [attribute.float('activation_alpha', 0)])[0];
  const name = attribute.string('activation', '');
  return name === 'Relu' || name === 'LeakyRelu' || (name === 'Clip' && first === 0);
};

/** The range of the quantised values begins at the real value 0; an absent zero point is that of uint8. */
function beginsAtZero(zero: ValueName, look: Look): boolean {
  if (zero === '') return true;
  const tensor = look.constant(zero);
  const bits = /^(u?)int(\d+)$/.exec(tensor?.type ?? '');
  if (!tensor || !bits) return false;
  const lowest = bits[1] ? 0 : -(2 ** (Number(bits[2]) - 1));
  return tensor.numbers().every((value) => value === lowest);
}

const rangeAtZero = (zero: number) => (node: Node, look: Look) => beginsAtZero(node.inputs[zero] ?? '', look);

/** What gives negative values: when the range behind it has none, a Relu was folded into the range. */
const SIGNED = /^(Conv|ConvTranspose|Gemm|MatMul|Add|Sub|Sum|BatchNormalization|InstanceNormalization|FusedConv)$/;

const quantisesAtZero = (node: Node, look: Look) => {
  const byType = node.inputs[2] === undefined && node.attribute.int('output_dtype', 0) !== 0;
  const made = look.maker(node.inputs[0] ?? '');
  return !byType && made !== undefined && SIGNED.test(made.op) && beginsAtZero(node.inputs[2] ?? '', look);
};

// ---- what an open node passes --------------------------------------------------------------------------------------------

/** The node as the identity in its first input. */
const identity = (s: RuleStep, g: ValueName): Gradients => {
  if (s.wants.slice(1).includes(true)) throw s.refuse('its slope or its bounds are computed from the image');
  return [g];
};

/** Max(x, 0), in either order. */
const identityOfBoth = (s: RuleStep, g: ValueName): Gradients =>
  s.wants.map((wanted, index) => (wanted ? s.unbroadcastTo(g, index) : null));

/** The node without the activation fused into it. */
const withoutActivation =
  (plain: Rule) =>
  (s: RuleStep, g: ValueName): Gradients => {
    const attributes = new Map([...s.node.attributes, ...attributesFrom({ activation: '' })]);
    return plain(s.with({ gradient: g, node: s.node.with({ attributes }) }));
  };

const castToInput = (s: RuleStep, g: ValueName): Gradients => {
  const [from, to] = [s.type(s.y()), s.type(s.x())];
  return [from === to ? g : s.b.cast(g, DATA_TYPES[to].code)];
};

const refused = (s: RuleStep): Gradients => {
  throw s.refuse(
    'DeconvNet cannot pass by a Relu that was folded into its range; explain the model before quantisation',
  );
};

const plainRule = (op: string): Rule => {
  const rule = GRADIENT_RULES[op];
  if (!rule || rule === 'stop') throw new Error(`no gradient rule for the rectifier ${op}`);
  return rule;
};

const RECTIFIERS: Readonly<Record<string, Rectifier>> = {
  Relu: { cuts: always, open: identity },
  LeakyRelu: { cuts: always, open: identity },
  PRelu: { cuts: always, open: identity },
  ThresholdedRelu: { cuts: always, open: identity },
  Clip: { cuts: clipAtZero, open: identity },
  Max: { cuts: maxWithZero, open: identityOfBoth },
  'com.microsoft.FusedConv': { cuts: fusedActivation, open: withoutActivation(plainRule('com.microsoft.FusedConv')) },
  'com.microsoft.FusedGemm': { cuts: fusedActivation, open: withoutActivation(plainRule('com.microsoft.FusedGemm')) },
  'seewhy.FakeQuantize': { cuts: quantisesAtZero, open: castToInput },
  QuantizeLinear: { cuts: quantisesAtZero, open: refused },
  'com.microsoft.QuantizeLinear': { cuts: quantisesAtZero, open: refused },
  QLinearConv: { cuts: rangeAtZero(7), open: refused },
  'com.microsoft.QLinearConv': { cuts: rangeAtZero(7), open: refused },
  QLinearMatMul: { cuts: rangeAtZero(7), open: refused },
  'com.microsoft.QLinearAdd': { cuts: rangeAtZero(7), open: refused },
  'com.microsoft.QLinearLeakyRelu': { cuts: always, open: refused },
  'com.microsoft.QGemm': { cuts: (node, look) => node.inputs.length > 7 && rangeAtZero(8)(node, look), open: refused },
};

/** Activations that stand where a rectifier could, and keep their own derivative. */
const SMOOTH = /^(Elu|Selu|Celu|Softplus|Mish|Silu|Swish|QuickGelu|HardSwish|Gelu|FastGelu|BiasGelu|BiasSplitGelu)$/;

const positive = (s: RuleStep) => s.b.op('Relu', [s.g]);

const rectified = (instead: (s: RuleStep, plain: Rule, rectifier: Rectifier) => Gradients): RuleTable => ({
  ...GRADIENT_RULES,
  ...Object.fromEntries(
    Object.entries(RECTIFIERS).map(([op, rectifier]): [string, Rule] => {
      const plain = plainRule(op);
      return [op, (s) => (rectifier.cuts(s.node, s) ? instead(s, plain, rectifier) : plain(s))];
    }),
  ),
});

/**
 * Guided backpropagation: at every rectifier y = f(x) the gradient is max(0, g) · f′(x), so that only what raises the target passes.
 * For Relu that is g · 1[g > 0] · 1[x > 0].
 *
 * Rectifiers are Relu, LeakyRelu, PRelu (whose negative side keeps its slope: max(0, g) · α), ThresholdedRelu, Clip with the lower
 * bound 0 (Relu6: shut at both bounds), Max(x, 0), the same fused into a FusedConv or FusedGemm, and ranges of
 * quantised values that begin at 0 behind a node that gives negative values (quantisers fold a Relu into the range). A Clip with another lower
 * bound is not one. Smooth activations (SiLU, GELU, HardSwish, Elu …) keep their plain derivative: the paper defines the
 * rule for the unit that is either open or shut, and captum, pytorch-grad-cam and zennit do likewise. On a network with only those
 * the result is the plain gradient; `rectifiersOn` tells.
 *
 * J. T. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller: Striving for Simplicity. ICLR Workshop 2015.
 */
export const GUIDED_RULES: RuleTable = rectified((s, plain) => plain(s.with({ gradient: positive(s) })));

/**
 * DeconvNet: at every rectifier the gradient is max(0, g), whether the rectifier was open or shut in the forward pass; of a Clip
 * neither bound counts, of LeakyRelu and PRelu the slope does not. (Relu6 written as Min(Relu(x), 6) keeps the gradient of its Min.)
 * Rectifiers are those of guided backpropagation. A Relu folded into the range of an operator on integers (QLinearConv …) is refused:
 * its gradient cannot be had without the range.
 *
 * M. D. Zeiler, R. Fergus: Visualizing and Understanding Convolutional Networks. ECCV 2014.
 */
export const DECONVNET_RULES: RuleTable = rectified((s, _plain, rectifier) => rectifier.open(s, positive(s)));

/** How many activations of a path the rectified rules change, and how many stay as they are; counts by operator. */
export interface RectifierCount {
  readonly rectifiers: ReadonlyMap<string, number>;
  readonly smooth: ReadonlyMap<string, number>;
}

/**
 * Which activations lie between `wrt` and `of`: rectifiers, which guided backpropagation and DeconvNet change, and smooth ones, which keep
 * their gradient. Without rectifiers both methods give the plain gradient. Operators are named as the walk sees them (a SiLU written as
 * Sigmoid and Mul counts as one `Silu`).
 */
export function rectifiersOn(graph: Graph, of: ValueName, wrt: readonly ValueName[]): RectifierCount {
  const { active, needed } = walkOrder(graph, { of, wrt, rules: GRADIENT_RULES, types: inferTypes(graph) });
  const look: Look = { constant: constantFinder(graph), maker: (value) => graph.producers.get(value) };
  const rectifiers = new Map<string, number>();
  const smooth = new Map<string, number>();
  const count = (into: Map<string, number>, op: string) => into.set(op, (into.get(op) ?? 0) + 1);
  for (const node of needed) {
    if (!node.inputs.some((input) => active.has(input))) continue;
    if (Object.hasOwn(RECTIFIERS, node.type) && RECTIFIERS[node.type]!.cuts(node, look)) count(rectifiers, node.op);
    else if (SMOOTH.test(node.op)) count(smooth, node.op);
  }
  return { rectifiers, smooth };
}
