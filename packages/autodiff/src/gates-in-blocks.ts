import { type DataType, type Graph, Node, Tensor, type ValueName } from '@seewhy/onnx';
import type { ProfileName } from './profile.ts';
import type { KnownGraph } from './select-early.ts';
import { type Shape, sameDim } from './shape.ts';

/** What may lie between a convolution and a value so that the runtime still holds it in blocks of channels. */
const STAYS = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'Clip', 'BatchNormalization']);
const BEGINS = new Set(['Conv', 'GlobalAveragePool', 'AveragePool', 'MaxPool']);

/**
 * Gates of channels (squeeze and excitation) written so that ONNX Runtime's CPU provider need not leave its blocks of channels: the
 * product x · s of `[N, C, H, W]` and `[N, C, 1, 1]` becomes x · Resize(s), of equal shapes. The runtime multiplies in place what has equal shapes
 * and repeats elements in blocks; a product that stretches costs three copies between the layouts. The values stay the same, bit by bit.
 */
export function gatesInBlocks(known: KnownGraph, profile: ProfileName): KnownGraph {
  const { graph } = known;
  // With a free batch the runtime cannot prove that a Resize gives the product's shape: sums would then leave the blocks, and the convolutions.
  if (profile !== 'native' || graph.hasFreeSizes) return known;
  const names = new Set(graph.valueNames);
  const fresh = (stem: string) => {
    let name = stem;
    for (let number = 1; names.has(name); number++) name = `${stem}_${number}`;
    names.add(name);
    return name;
  };
  const shapes = new Map(known.shapes);
  const types = new Map(known.types);
  const initializers = new Map<string, Tensor>();
  const nodes = graph.nodes.flatMap((node) => {
    const at = gateOf(node, known);
    if (at === undefined) return [node];
    const [gate, whole] = [node.inputs[at]!, node.inputs[1 - at]!];
    const shape = known.shapes.get(whole)!;
    const [scales, stretched] = [fresh(`${gate}/scales`), fresh(`${gate}/stretched`)];
    initializers.set(scales, Tensor.floats([1, 1, shape[2] as number, shape[3] as number]));
    types.set(scales, 'float32');
    types.set(stretched, 'float32');
    shapes.set(stretched, shape);
    const repeat = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    return [
      Node.make('Resize', [gate, '', scales], [stretched], repeat, { name: stretched }),
      node.with({ inputs: node.inputs.map((input, index) => (index === at ? stretched : input)) }),
    ];
  });
  if (initializers.size === 0) return known;
  return {
    graph: graph.with({ nodes, initializers: new Map([...graph.initializers, ...initializers]) }),
    shapes,
    types,
  };
}

/** Which input of a product gates the channels of the other; undefined where none does. */
function gateOf(node: Node, { graph, shapes, types }: KnownGraph): number | undefined {
  if (node.type !== 'Mul') return undefined;
  const index = [0, 1].find((at) => {
    const [gate, whole] = [shapes.get(node.inputs[at]!), shapes.get(node.inputs[1 - at]!)];
    return gate && whole && gates(gate, whole);
  });
  if (index === undefined) return undefined;
  const float = node.inputs.every((input) => (types.get(input) as DataType | undefined) === 'float32');
  return float && node.inputs.every((input) => inBlocks(graph, input)) ? index : undefined;
}

const gates = (gate: Shape, whole: Shape) =>
  gate.length === 4 &&
  whole.length === 4 &&
  sameDim(gate[0]!, whole[0]!) &&
  typeof whole[1] === 'number' &&
  gate[1] === whole[1] &&
  gate[2] === 1 &&
  gate[3] === 1 &&
  typeof whole[2] === 'number' &&
  typeof whole[3] === 'number' &&
  whole[2] * whole[3] > 1;

/** Whether a value comes from a convolution or a pool through functions of one value. */
function inBlocks(graph: Graph, value: ValueName): boolean {
  let at: ValueName = value;
  for (;;) {
    const maker = graph.producers.get(at);
    if (!maker) return false;
    if (BEGINS.has(maker.type)) return true;
    // x · σ(x) is a function of one value.
    const gated = maker.type === 'Mul' && graph.producers.get(maker.inputs[1]!)?.inputs[0] === maker.inputs[0];
    if (!gated && !STAYS.has(maker.type)) return false;
    at = maker.inputs[0]!;
  }
}
