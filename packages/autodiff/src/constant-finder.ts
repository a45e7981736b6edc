import { type Graph, type Node, Tensor, type ValueName } from '@seewhy/onnx';

/** Finds the constant behind a value: initializer, Constant node, or either through Identity (exporters share equal weights so). */
export function constantFinder(graph: Graph): (value: ValueName) => Tensor | undefined {
  return (value) => {
    let name = value;
    for (let hops = 0; hops < 64; hops++) {
      const tensor = graph.initializers.get(name);
      if (tensor) return tensor;
      const node = graph.producers.get(name);
      if (node?.type === 'Constant') return ofConstantNode(node);
      if (node?.type !== 'Identity') return undefined;
      name = node.inputs[0] ?? '';
    }
    return undefined;
  };
}

/** The tensor of a Constant node, in whichever attribute it holds it; undefined for strings and sparse tensors. */
function ofConstantNode(node: Node): Tensor | undefined {
  const read = node.attribute;
  if (read.has('value')) return read.tensor('value');
  if (read.has('value_float')) return Tensor.floats([read.float('value_float', 0)], []);
  if (read.has('value_floats')) return Tensor.floats(read.floats('value_floats') ?? []);
  if (read.has('value_int')) return Tensor.int64([read.int('value_int', 0)], []);
  if (read.has('value_ints')) return Tensor.int64(read.ints('value_ints') ?? []);
  return undefined;
}
