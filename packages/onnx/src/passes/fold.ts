import type { Graph } from '../graph.ts';
import type { Node } from '../node.ts';
import { Names } from '../subgraph.ts';
import { Tensor } from '../tensor.ts';
import { Evaluator, type Shapes } from './evaluator.ts';
import { promoteConstants } from './promote-constants.ts';
import { sortNodes } from './sort-nodes.ts';

/** What folding may know beside the graph. */
export interface FoldOptions {
  /** Dimensions of values, null where one is free: from a run of the model. Declared input dimensions are known anyway. */
  shapes?: Shapes;
}

/**
 * Replaces nodes whose results are constants by initializers: Constant nodes (views, nothing is copied), integer subgraphs driven by
 * Shape, casts and movements of weights, float arithmetic on constants where it is exact. A Reshape whose target has one unknown
 * dimension gets -1 there. Initializers listed as inputs become constants. Nodes that make graph outputs, DequantizeLinear (it marks
 * a quantised weight) and results much larger than their inputs stay.
 * @throws GRAPH_CYCLE
 */
export function fold(graph: Graph, options: FoldOptions = {}): Graph {
  const base = sortNodes(promoteConstants(graph));
  const evaluator = new Evaluator(base, options.shapes ?? new Map());
  const outputs = new Set(base.outputs.map((output) => output.name));
  const folded = new Map<string, Tensor>();
  const nodes: Node[] = [];
  let names: Names | undefined;
  let changed = false;
  for (const node of base.nodes) {
    const results = evaluator.visit(node);
    const keeps = node.outputs.some((name) => outputs.has(name));
    if (results && !keeps && node.outputs.every((name, index) => name === '' || results[index]!.tensor)) {
      node.outputs.forEach((name, index) => {
        if (name !== '') folded.set(name, results[index]!.tensor!);
      });
      changed = true;
      continue;
    }
    const target = frozenTarget(node, evaluator);
    if (target) {
      names ??= new Names(base);
      const name = names.fresh(`${node.outputs[0]}/shape`);
      folded.set(name, target);
      nodes.push(node.with({ inputs: [node.inputs[0]!, name] }));
      changed = true;
    } else nodes.push(node);
  }
  if (!changed) return base;
  return withFolded(base, nodes, folded);
}

/** Only those results become initializers that a remaining node (or a body) still reads. */
function withFolded(graph: Graph, nodes: readonly Node[], folded: ReadonlyMap<string, Tensor>): Graph {
  const read = new Set(nodes.flatMap((node) => node.uses));
  const initializers = new Map(graph.initializers);
  for (const [name, tensor] of folded) if (read.has(name)) initializers.set(name, tensor);
  return graph.with({ nodes, initializers });
}

/** `[?, 197, 768]` as the constant `[-1, 197, 768]`: the one unknown dimension follows from the number of elements. */
function frozenTarget(node: Node, evaluator: Evaluator): Tensor | undefined {
  if (node.op !== 'Reshape' || node.domain !== '' || node.attribute.int('allowzero', 0) === 1) return undefined;
  const shape = evaluator.get(node.inputs[1] ?? '');
  if (!shape || shape.tensor || shape.dims.length !== 1) return undefined;
  const dims = shape.numbers();
  const unknown = dims?.filter((dim) => dim === null).length;
  if (!dims || unknown !== 1 || dims.includes(-1)) return undefined;
  return Tensor.int64(dims.map((dim) => dim ?? -1));
}
