import type { Graph } from '../graph.ts';
import type { Node } from '../node.ts';

/** Ops whose result has the rank of their first input. */
const SAME = new Set(
  `Abs Acos Acosh Asin Asinh Atan Atanh AveragePool BatchNormalization Cast Ceil Celu Clip Concat Conv ConvTranspose Cos Cosh
  CumSum DepthToSpace DequantizeLinear Dropout Elu Erf Exp Floor GlobalAveragePool GlobalLpPool GlobalMaxPool Gelu GroupNormalization
  HardSigmoid HardSwish Hardmax Identity InstanceNormalization LRN LayerNormalization LeakyRelu Log LogSoftmax LpNormalization LpPool
  MaxPool MeanVarianceNormalization Mish Neg Not PRelu Pad QuantizeLinear Reciprocal Relu Resize Round Selu Shrink Sigmoid Sign Sin
  Sinh Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Upsample`.split(
    /\s+/,
  ),
);

/** Ops whose result has the largest rank among their inputs. */
const BROADCAST = new Set(
  'Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor'.split(' '),
);

/**
 * Number of dimensions of each value, as far as it follows from declarations and nodes without running anything. One pass in file
 * order: a value whose maker stands later is left out.
 */
export function inferRanks(graph: Graph): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const value of [...graph.values.values(), ...graph.outputs, ...graph.inputs])
    if (value.shape) ranks.set(value.name, value.shape.length);
  for (const [name, tensor] of graph.initializers) ranks.set(name, tensor.dims.length);
  for (const node of graph.nodes) {
    if (node.domain !== '') continue;
    const rank = outputRank(node, ranks, graph);
    if (rank === undefined || rank < 0) continue;
    for (const output of node.outputs) if (!ranks.has(output)) ranks.set(output, rank);
  }
  return ranks;
}

function outputRank(node: Node, ranks: ReadonlyMap<string, number>, graph: Graph): number | undefined {
  const rank = (position: number) => ranks.get(node.inputs[position] ?? '');
  if (SAME.has(node.op)) return rank(0);
  if (BROADCAST.has(node.op)) {
    const all = node.inputs.map((name) => ranks.get(name) ?? Number.NaN);
    const most = Math.max(...all);
    return Number.isNaN(most) ? undefined : most;
  }
  switch (node.op) {
    case 'Flatten':
    case 'Gemm':
      return 2;
    case 'Shape':
      return 1;
    case 'Size':
      return 0;
    case 'Constant':
      return node.attributes.get('value')?.t?.dims.length;
    case 'MatMul': {
      const [a, b] = [rank(0), rank(1)];
      if (a === undefined || b === undefined) return undefined;
      return Math.max(a, b) - (a === 1 ? 1 : 0) - (b === 1 ? 1 : 0);
    }
    case 'Reshape': {
      const shape = graph.initializers.get(node.inputs[1] ?? '') ?? constantOf(node.inputs[1], graph);
      return shape?.dims.length === 1 ? shape.dims[0] : undefined;
    }
    case 'Gather': {
      const [data, indices] = [rank(0), rank(1)];
      return data === undefined || indices === undefined ? undefined : data + indices - 1;
    }
    case 'Unsqueeze': {
      const added = axesCount(node, graph);
      return added === undefined ? undefined : sum(rank(0), added);
    }
    case 'Squeeze': {
      const removed = axesCount(node, graph);
      return removed === undefined ? undefined : sum(rank(0), -removed);
    }
    case 'ArgMax':
    case 'ArgMin':
      return node.attribute.int('keepdims', 1) === 1 ? rank(0) : sum(rank(0), -1);
  }
  if (node.op.startsWith('Reduce')) {
    if (node.attribute.int('keepdims', 1) === 1) return rank(0);
    const removed = axesCount(node, graph);
    return removed === undefined ? undefined : sum(rank(0), -removed);
  }
  return undefined;
}

function sum(a: number | undefined, b: number): number | undefined {
  return a === undefined ? undefined : a + b;
}

function constantOf(name: string | undefined, graph: Graph) {
  const node = name ? graph.producers.get(name) : undefined;
  return node?.op === 'Constant' && node.domain === '' ? node.attribute.tensor('value') : undefined;
}

/** How many axes a node names, in the attribute (old form) or in a constant input (new form). */
function axesCount(node: Node, graph: Graph): number | undefined {
  const attribute = node.attribute.ints('axes');
  if (attribute) return attribute.length;
  const name = node.inputs[1];
  return name ? (graph.initializers.get(name)?.size ?? constantOf(name, graph)?.size) : undefined;
}
