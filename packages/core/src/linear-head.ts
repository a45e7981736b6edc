import { isStatic, type Shape } from '@seewhy/autodiff';
import type { Graph, GraphBuilder, Node, ValueName } from '@seewhy/onnx';
import { errors } from './errors.ts';
import type { Layer } from './layers.ts';

/** The weights of a head that is global average pooling and one linear layer: what CAM is exact for. */
export interface LinearHead {
  /** Name of the weight and whether it stands as `[K, C]` (Gemm transB, 1×1 Conv) or `[C, K]`. */
  readonly weight: ValueName;
  readonly layout: 'KC' | 'CK' | 'KC11';
}

const MOVES = new Set(['Identity', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Dropout', 'Cast']);

/**
 * Looks from the explained value back to the layer: Gemm, MatMul (+ Add) or 1×1 Conv; then reshapes; then global average pooling of
 * exactly that layer.
 * @throws HEAD_NOT_LINEAR with what stands in the way
 */
export function linearHead(graph: Graph, shapes: ReadonlyMap<string, Shape>, layer: Layer, of: ValueName): LinearHead {
  const refuse = (why: string) => errors.noLinearHead(layer.name, why);
  const constant = (value: string) =>
    graph.initializers.has(value) || graph.initializers.has(graph.producers.get(value)?.inputs[0] ?? '');
  const skipMoves = (value: string): string => {
    let name = value;
    for (let node = graph.producers.get(name); node && MOVES.has(node.op); node = graph.producers.get(name))
      name = node.inputs[0]!;
    return name;
  };
  let node = graph.producers.get(skipMoves(of));
  if (node?.op === 'Add') {
    const data = node.inputs.find((input) => !constant(input));
    node =
      data === undefined || node.inputs.every((input) => !constant(input))
        ? undefined
        : graph.producers.get(skipMoves(data));
  }
  const head = node && linearNode(graph, node, constant);
  if (!node || !head)
    throw refuse(node ? `the score comes out of a ${node.op}` : 'the score does not come out of one linear layer');
  const pooled = skipMoves(node.inputs[0]!);
  const pool = graph.producers.get(pooled);
  if (!pool || !isGlobalMean(pool, shapes, layer))
    throw refuse(
      pool ? `a ${pool.op} stands between the pooling and the linear layer` : 'there is no pooling in front of it',
    );
  if (skipMoves(pool.inputs[0]!) !== layer.value && pool.inputs[0] !== layer.value)
    throw refuse('the pooling reads another layer');
  return head;
}

function linearNode(graph: Graph, node: Node, constant: (value: string) => boolean): LinearHead | undefined {
  if (
    node.op === 'Gemm' &&
    constant(node.inputs[1]!) &&
    node.attribute.int('transA', 0) === 0 &&
    node.attribute.float('alpha', 1) === 1
  ) {
    return { weight: node.inputs[1]!, layout: node.attribute.int('transB', 0) === 1 ? 'KC' : 'CK' };
  }
  if (node.op === 'MatMul' && constant(node.inputs[1]!)) return { weight: node.inputs[1]!, layout: 'CK' };
  if (node.op === 'Conv' && node.attribute.int('group', 1) === 1) {
    const dims = graph.initializers.get(node.inputs[1]!)?.dims;
    if (dims?.length === 4 && dims[2] === 1 && dims[3] === 1) return { weight: node.inputs[1]!, layout: 'KC11' };
  }
  return undefined;
}

/** Whether a node averages over all cells of the layer. */
function isGlobalMean(pool: Node, shapes: ReadonlyMap<string, Shape>, layer: Layer): boolean {
  const { layout, prefix } = layer.grid;
  if (pool.op === 'GlobalAveragePool') return layout === 'NCHW';
  const output = shapes.get(pool.outputs[0]!);
  if (!output || !isStatic(output.slice(1)) || prefix > 0) return false;
  const sizes = output.slice(1) as number[];
  if (sizes.reduce((product, dim) => product * dim, 1) !== layer.shape[0]) return false;
  if (pool.op === 'ReduceMean') return true;
  if (pool.op !== 'AveragePool') return false;
  const kernel = pool.attribute.ints('kernel_shape') ?? [];
  return (
    kernel[0] === layer.grid.height &&
    kernel[1] === layer.grid.width &&
    (pool.attribute.ints('pads') ?? []).every((pad) => pad === 0)
  );
}

/** The row of the head's weights that a seed `[N, K]` selects: `[N, C]`. */
export function headWeights(b: GraphBuilder, head: LinearHead, seed: ValueName, classes: number): ValueName {
  const flatSeed = b.reshape(seed, [-1, classes]);
  if (head.layout === 'CK') return b.matmul(flatSeed, b.transpose(head.weight, [1, 0]));
  return b.matmul(flatSeed, head.layout === 'KC' ? head.weight : b.reshape(head.weight, [0, -1]));
}
