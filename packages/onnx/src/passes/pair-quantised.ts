import type { Graph } from '../graph.ts';
import { Node } from '../node.ts';
import { Names } from '../subgraph.ts';
import { Tensor } from '../tensor.ts';

/** How an operator on integers is written as the float operator between DequantizeLinear and QuantizeLinear. */
interface Pairing {
  /** The float operator. */
  readonly op: string;
  /** Positions of quantised operands `(q, scale, zero point)`, in the float operator's order. */
  readonly operands: readonly (readonly [q: number, scale: number, zero: number])[];
  /** Position of an int32 bias, quantised with the product of the first two operands' scales. */
  readonly bias?: number;
  /** Positions of the result's scale and zero point; the result is a float where they are left out. */
  readonly result: readonly [scale: number, zero: number];
  /** Axis of an operand's own scales, one a channel; undefined where there can be only one. */
  readonly axis?: (node: Node, operand: number) => number | undefined;
  /** Attributes that the float operator does not have. */
  readonly drops?: readonly string[];
  /** Whether the float operator means the same. */
  readonly fits?: (node: Node) => boolean;
}

const ONE = [[0, 1, 2]] as const;
const TWO = [...ONE, [3, 4, 5]] as const;
const channelsFirst = (node: Node) => node.attribute.int('channels_last', 0) === 0;
const conv: Pairing = {
  op: 'Conv',
  operands: TWO,
  bias: 8,
  result: [6, 7],
  axis: (_, operand) => (operand === 1 ? 0 : undefined),
  drops: ['channels_last'],
  fits: channelsFirst,
};

const PAIRINGS: Readonly<Record<string, Pairing>> = {
  QLinearConv: conv,
  'com.microsoft.QLinearConv': conv,
  QLinearMatMul: {
    op: 'MatMul',
    operands: TWO,
    result: [6, 7],
    axis: (_, operand) => (operand === 1 ? -1 : undefined),
  },
  'com.microsoft.QGemm': {
    op: 'Gemm',
    operands: TWO,
    bias: 6,
    result: [7, 8],
    axis: (node, operand) => (operand === 1 ? (node.attribute.int('transB', 0) !== 0 ? 0 : 1) : undefined),
    // The bias is in units of the product of both scales: alpha would have to divide them.
    fits: (node) => node.attribute.float('alpha', 1) === 1,
  },
  'com.microsoft.QLinearAdd': { op: 'Add', operands: TWO, result: [6, 7] },
  'com.microsoft.QLinearMul': { op: 'Mul', operands: TWO, result: [6, 7] },
  'com.microsoft.QLinearSigmoid': { op: 'Sigmoid', operands: ONE, result: [3, 4] },
  'com.microsoft.QLinearLeakyRelu': { op: 'LeakyRelu', operands: ONE, result: [3, 4] },
  'com.microsoft.QLinearSoftmax': {
    op: 'Softmax',
    operands: ONE,
    result: [3, 4],
    drops: ['opset'],
    fits: (node) => node.attribute.int('opset', 0) >= 13,
  },
  'com.microsoft.QLinearGlobalAveragePool': {
    op: 'GlobalAveragePool',
    operands: ONE,
    result: [3, 4],
    drops: ['channels_last'],
    fits: channelsFirst,
  },
  'com.microsoft.QLinearAveragePool': {
    op: 'AveragePool',
    operands: ONE,
    result: [3, 4],
    drops: ['channels_last'],
    fits: channelsFirst,
  },
};

/**
 * Operators on integers (ONNX Runtime's QOperator format: QLinearConv, QLinearAdd …) written as float operators between DequantizeLinear
 * and QuantizeLinear, which is what they mean: so that a network of them has activations in units that can be explained. Runtimes fuse
 * such pairs back. An operator whose bias has no constant scale, or whose form has no float operator, stays. The same graph where there is none.
 */
export function pairQuantised(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.type in PAIRINGS || node.type === CONCAT)) return graph;
  const pairs = new Pairs(graph);
  const nodes = graph.nodes.flatMap((node) => pairs.of(node));
  return graph.with({ nodes, initializers: new Map([...graph.initializers, ...pairs.constants]) });
}

const CONCAT = 'com.microsoft.QLinearConcat';

class Pairs {
  readonly constants = new Map<string, Tensor>();
  private readonly graph: Graph;
  private readonly names: Names;
  /** Dequantised values by what they were made of. */
  private readonly floats = new Map<string, string>();

  constructor(graph: Graph) {
    this.graph = graph;
    this.names = new Names(graph);
  }

  of(node: Node): Node[] {
    if (node.type === CONCAT) return this.concat(node);
    const pairing = PAIRINGS[node.type];
    if (!pairing || pairing.fits?.(node) === false) return [node];
    const nodes: Node[] = [];
    const scales = pairing.operands.map(([, scale]) => node.inputs[scale]!);
    const bias = pairing.bias === undefined ? '' : (node.inputs[pairing.bias] ?? '');
    const unit = bias === '' ? '' : this.product(scales, node.outputs[0]!);
    if (unit === undefined) return [node];
    const inputs = pairing.operands.map(([q, scale, zero], operand) =>
      this.float(nodes, node.inputs[q]!, node.inputs[scale]!, node.inputs[zero] ?? '', pairing.axis?.(node, operand)),
    );
    if (bias !== '') inputs.push(this.float(nodes, bias, unit, '', 0));
    const [scale, zero] = pairing.result.map((position) => node.inputs[position] ?? '');
    return [...nodes, ...this.result(node, pairing.op, inputs, pairing.drops ?? [], scale!, zero!)];
  }

  /** Scale and zero point of the result stand first, then three inputs for each part. */
  private concat(node: Node): Node[] {
    const nodes: Node[] = [];
    const inputs: string[] = [];
    for (let part = 2; part + 2 < node.inputs.length; part += 3) {
      const [q, scale, zero] = node.inputs.slice(part, part + 3);
      inputs.push(this.float(nodes, q!, scale!, zero!, undefined));
    }
    return [...nodes, ...this.result(node, 'Concat', inputs, [], node.inputs[0]!, node.inputs[1]!)];
  }

  /** The float operator, and its result quantised where it has a scale. */
  private result(
    node: Node,
    op: string,
    inputs: readonly string[],
    drops: readonly string[],
    scale: string,
    zero: string,
  ): Node[] {
    const output = node.outputs[0]!;
    const attributes = new Map([...node.attributes].filter(([name]) => !drops.includes(name)));
    const make = (result: string) => node.with({ op, domain: '', inputs, outputs: [result], attributes });
    if (scale === '') return [make(output)];
    // ONNX Runtime's quantiser appends this to the name of the float value.
    const float = this.names.fresh(output.replace(/_quantized$/, ''));
    return [
      make(float),
      Node.make('QuantizeLinear', [float, scale, zero], [output], {}, { name: `${float}/quantise` }),
    ];
  }

  /** (q − zero) · scale, made once for all its readers. */
  private float(nodes: Node[], q: string, scale: string, zero: string, axis: number | undefined): string {
    const key = JSON.stringify([q, scale, zero, axis]);
    const known = this.floats.get(key);
    if (known !== undefined) return known;
    const name = this.names.fresh(`${q}/dequantised`);
    const single = ((this.constants.get(scale) ?? this.graph.initializers.get(scale))?.size ?? 1) === 1;
    const attributes = single || axis === undefined ? {} : { axis };
    nodes.push(
      Node.make('DequantizeLinear', zero === '' ? [q, scale] : [q, scale, zero], [name], attributes, { name }),
    );
    this.floats.set(key, name);
    return name;
  }

  /** A constant: the product of two constant scales. */
  private product(scales: readonly string[], stem: string): string | undefined {
    const [first, second] = scales.map((scale) => this.graph.initializers.get(scale));
    if (!first || !second || first.type !== 'float32' || second.type !== 'float32' || first.size !== 1)
      return undefined;
    const unit = first.numbers()[0]!;
    const name = this.names.fresh(`${stem}/bias_scale`);
    this.constants.set(
      name,
      Tensor.floats(
        second.numbers().map((value) => value * unit),
        second.dims,
      ),
    );
    return name;
  }
}
