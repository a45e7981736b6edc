import { type GraphBuilder, isFloat, type Node, type ValueName } from '@seewhy/onnx';
import { errors } from './errors.ts';
import type { RuleFacts } from './rule.ts';
import { isStatic, type Shape } from './shape.ts';

type Known = Pick<RuleFacts, 'constant' | 'shapes' | 'types'>;

/** Whether an op, with what else it reads, is linear in its active inputs up to a constant, with the same factors for every item of a batch. */
type Linear = (node: Node, active: ReadonlySet<ValueName>, known: Known) => boolean;

const always: Linear = () => true;

/** A factor that does not depend on the image and is the same for all items. */
const sameForAll = (value: ValueName, like: ValueName, { constant, shapes }: Known): boolean => {
  const dims = constant(value)?.dims;
  const rank = shapes.get(like)?.length;
  return dims !== undefined && rank !== undefined && (dims.length < rank || (dims.length === rank && dims[0] === 1));
};

const LINEAR: Readonly<Record<string, Linear>> = {
  Identity: always,
  Neg: always,
  Add: always,
  Sub: always,
  Cast: (node, _, { types }) => isFloat(types.get(node.inputs[0]!)),
  Mul: (node, active, known) => {
    const factors = node.inputs.filter((input) => !active.has(input));
    return factors.length === 1 && sameForAll(factors[0]!, node.outputs[0]!, known);
  },
  Div: (node, active, known) => !active.has(node.inputs[1]!) && sameForAll(node.inputs[1]!, node.outputs[0]!, known),
  Conv: (node, active, { constant }) =>
    node.inputs.slice(1).every((input) => !active.has(input)) && constant(node.inputs[1]!) !== undefined,
  Transpose: (node) => node.attribute.ints('perm')?.[0] === 0,
};

/**
 * Values that are linear functions of `wrt` up to a constant, item by item: a weighted sum of gradients over the batch may be taken there
 * as well as at `wrt`.
 */
export function affineValues(
  order: readonly Node[],
  active: ReadonlySet<ValueName>,
  wrt: readonly ValueName[],
  known: Known,
): ReadonlySet<ValueName> {
  const affine = new Set<ValueName>(wrt);
  for (const node of order) {
    const inputs = node.inputs.filter((input) => active.has(input));
    const [output] = node.outputs as [ValueName];
    if (inputs.length === 0 || !active.has(output) || !inputs.every((input) => affine.has(input))) continue;
    const rule = Object.hasOwn(LINEAR, node.type) ? LINEAR[node.type]! : undefined;
    const sizes = known.shapes.get(output)?.slice(1);
    if (rule?.(node, active, known) && sizes && isStatic(sizes)) affine.add(output);
  }
  return affine;
}

/** Σₙ m[r, n] · gₙ as `[R, …]`. @throws SHAPE_UNKNOWN */
export function sumOverBatch(
  b: GraphBuilder,
  m: ValueName,
  g: ValueName,
  value: ValueName,
  shape: Shape | undefined,
): ValueName {
  if (!shape) throw errors.noShape(value);
  const sizes = shape.slice(1).map((dim) => (typeof dim === 'number' ? dim : 0));
  const length = sizes.reduce((product, size) => product * size, 1);
  return b.reshape(b.matmul(m, b.reshape(g, [-1, length])), [-1, ...sizes]);
}
