import type { Shape } from '@seewhy/autodiff';
import { type DataType, type Graph, type GraphBuilder, isFloat, type Node, type ValueName } from '@seewhy/onnx';
import { pathNodes } from './path-nodes.ts';

/** A place of the graph where something is added that does not depend on the picture. */
export interface GraphBias {
  readonly node: Node;
  /** The value that holds the sum. */
  readonly value: ValueName;
  /** Appends what is added there: a value that broadcasts to the shape of `value`. */
  readonly added: (b: GraphBuilder) => ValueName;
}

/** What is known while biases are looked for. */
interface Look {
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly types: ReadonlyMap<string, DataType>;
  /** Whether a value depends on the picture. */
  readonly depends: (value: ValueName) => boolean;
}

/** What a node adds to what depends on the picture; undefined when nothing. */
type Reader = (node: Node, look: Look) => GraphBias['added'] | undefined;

/** Input `at` of a convolution as `[1, C, 1 …]`. */
const perChannel =
  (at: number): Reader =>
  (node, { shapes }) => {
    const rank = shapes.get(node.outputs[0]!)?.length ?? 4;
    return node.inputs[at] ? (b) => b.reshape(node.inputs[at]!, [1, -1, ...Array(rank - 2).fill(1)]) : undefined;
  };

/** β·C of a Gemm. */
const ofGemm: Reader = (node, { types }) => {
  const [bias, beta] = [node.inputs[2], node.attribute.float('beta', 1)];
  if (!bias) return undefined;
  return (b) => (beta === 1 ? bias : b.mul(bias, b.scalar(beta, types.get(bias))));
};

/** β − μ γ / σ of a batch normalisation. */
const ofNormalization: Reader = (node, { shapes, types }) => {
  const [, scale, shift, mean, variance] = node.inputs as string[];
  const rank = shapes.get(node.outputs[0]!)?.length ?? 4;
  return (b) => {
    const epsilon = b.scalar(node.attribute.float('epsilon', 1e-5), types.get(variance!));
    const deviation = b.op('Sqrt', [b.add(variance!, epsilon)]);
    const bias = b.sub(shift!, b.div(b.mul(mean!, scale!), deviation));
    return b.reshape(bias, [1, -1, ...Array(rank - 2).fill(1)]);
  };
};

/** The summands that do not depend on the picture. */
const ofSum: Reader = (node, { depends }) => {
  const given = node.inputs.filter((input) => !depends(input));
  return given.length === 0 ? undefined : (b) => b.sum(given);
};

const ofDifference: Reader = (node, { depends }) => {
  const [from, taken] = node.inputs as [string, string];
  if (depends(from)) return depends(taken) ? undefined : (b) => b.neg(taken);
  return () => from;
};

/** A bound is a constant where it holds, and nothing elsewhere. */
const ofBound: Reader = (node, { depends, types }) => {
  const moved = node.inputs.filter(depends);
  const [x, y] = [moved[0]!, node.outputs[0]!];
  if (moved.length !== 1) return undefined;
  return (b) => b.where(b.equal(y, x), b.scalar(0, types.get(y)), y);
};

/** One row an operator that adds something. */
const READERS: Readonly<Record<string, Reader>> = {
  Conv: perChannel(2),
  ConvTranspose: perChannel(2),
  Gemm: ofGemm,
  BatchNormalization: ofNormalization,
  Add: ofSum,
  Sum: ofSum,
  Sub: ofDifference,
  Clip: ofBound,
  Min: ofBound,
  Max: ofBound,
};

/** Operators that multiply: linear while only one factor depends on the picture. */
const PRODUCTS = /^(Conv|ConvTranspose|Gemm|MatMul|Mul|Div|BatchNormalization)$/;

/** Operators for which f(t·x) = t·f(x), t > 0. */
const HOMOGENEOUS =
  /^(Relu|LeakyRelu|PRelu|Abs|Neg|MaxPool|AveragePool|GlobalAveragePool|GlobalMaxPool|ReduceMean|ReduceSum|ReduceMax|ReduceMin|Reshape|Flatten|Transpose|Squeeze|Unsqueeze|Identity|Dropout|Cast|Slice|Split|Gather|Expand|Tile|Pad|Resize|Upsample|DepthToSpace|SpaceToDepth)$/;

/** What a graph adds to what comes from the picture, and where it cannot be told apart. */
export interface GraphBiases {
  readonly biases: readonly GraphBias[];
  /** Operators on the way that neither are linear piece by piece nor add a constant: the sum over the biases misses their share. */
  readonly others: readonly string[];
}

/**
 * Walks from the image to the explained value and finds every bias: those of Conv, ConvTranspose and Gemm, batch normalisation
 * (β − μγ/σ), constants that are added or subtracted, and bounds where they hold (Clip, Min, Max: a value that has reached 6 is the
 * constant 6). In a network of these and of piecewise linear operators y = x·∂y/∂x + Σ bias · ∂y/∂value.
 */
export function graphBiases(
  { graph, shapes, types }: { graph: Graph; shapes: Look['shapes']; types: Look['types'] },
  image: ValueName,
  of: ValueName,
): GraphBiases {
  const path = pathNodes({ graph, types }, image, of);
  const reached = new Set<string>([image, ...path.flatMap((node) => node.outputs)]);
  const look: Look = { shapes, types, depends: (value) => reached.has(value) };
  const others = new Set<string>();
  const biases = path.flatMap((node): GraphBias[] => {
    const value = node.outputs[0]!;
    if (!isFloat(types.get(value) ?? 'float32')) return [];
    const reader = node.domain === '' && Object.hasOwn(READERS, node.op) ? READERS[node.op] : undefined;
    const moved = node.uses.filter(look.depends).length;
    const linear = PRODUCTS.test(node.op)
      ? moved === 1 && !(node.op === 'Div' && look.depends(node.inputs[1]!))
      : false;
    const known = linear || HOMOGENEOUS.test(node.op) || (reader !== undefined && !PRODUCTS.test(node.op));
    const joined = node.op === 'Concat' && node.inputs.every(look.depends);
    if (!(known || joined) || node.domain !== '') others.add(node.op);
    const added = reader?.(node, look);
    return added ? [{ node, value, added }] : [];
  });
  return { biases, others: [...others] };
}
