import { type AttributeInput, attribute, float } from './attribute.ts';
import type { DataType } from './data-type.ts';
import { SeewhyError } from './errors.ts';
import type { Graph } from './graph.ts';
import { Node } from './node.ts';
import { Tensor } from './tensor.ts';
import { Value } from './value.ts';

type Attributes = Readonly<Record<string, AttributeInput>>;
type Optional = string | undefined;

/** The name of a value in a graph. */
export type ValueName = string;

/** How a builder names what it makes. */
export interface BuilderOptions {
  /** Begins the name of every value it makes; default `seewhy`. */
  prefix?: string;
}

/** Ops whose result depends on more than their inputs: two equal nodes are not one. */
const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
  'Dropout',
]);

/**
 * Appends nodes to a graph. Every method makes one node (or none, where it would change nothing) in the form of the graph's own
 * opset, 13 or newer, and returns the name of the value it makes. Equal constants and equal nodes made by one builder are made once.
 */
export class GraphBuilder {
  readonly opset: number;
  private readonly base: Graph;
  private readonly prefix: string;
  private readonly taken: Set<string>;
  private readonly nodes: Node[] = [];
  private readonly initializers = new Map<string, Tensor>();
  private readonly inputs: Value[] = [];
  private readonly outputs: Value[] = [];
  private readonly opsets = new Map<string, number>();
  private readonly made = new Map<string, readonly string[]>();
  private readonly counters = new Map<string, number>();
  private readonly makers = new Map<string, Node>();

  /** @throws OPSET_TOO_OLD below opset 13: `upgrade` first */
  constructor(graph: Graph, options: BuilderOptions = {}) {
    if (graph.opset < 13) {
      throw new SeewhyError({
        code: 'OPSET_TOO_OLD',
        what: `Nodes can be appended from opset 13 on; this graph has opset ${graph.opset}`,
        cure: 'Run the `upgrade` pass first.',
      });
    }
    this.base = graph;
    this.opset = graph.opset;
    this.prefix = options.prefix ?? 'seewhy';
    this.taken = graph.valueNames;
    for (const node of graph.nodes) if (node.name) this.taken.add(node.name);
  }

  /** A value name that nothing has yet. */
  fresh(hint: string): string {
    const stem = `${this.prefix}/${hint}`;
    let count = this.counters.get(stem) ?? 0;
    let name = count === 0 ? stem : `${stem}_${count}`;
    while (this.taken.has(name)) name = `${stem}_${++count}`;
    this.counters.set(stem, count + 1);
    this.taken.add(name);
    return name;
  }

  /** Any node with several outputs; returns their names. An undefined input is left out. */
  multi(
    op: string,
    inputs: readonly Optional[],
    attributes: Attributes,
    outputs: number,
    hint = op,
    domain = '',
  ): string[] {
    const names = inputs.map((input) => input ?? '');
    while (names.length > 0 && names[names.length - 1] === '') names.pop();
    const key = RANDOM.has(op)
      ? undefined
      : `${domain}:${op}(${names.join('\u0000')})${attributeKey(attributes)}>${outputs}`;
    const before = key === undefined ? undefined : this.made.get(key);
    if (before) return [...before];
    const results = Array.from({ length: outputs }, () => this.fresh(hint));
    const node = Node.make(op, names, results, attributes, { name: results[0]!, domain });
    this.nodes.push(node);
    for (const result of results) this.makers.set(result, node);
    if (key !== undefined) this.made.set(key, results);
    return results;
  }

  /** Any node with one output. */
  op(op: string, inputs: readonly Optional[], attributes: Attributes = {}, hint = op): ValueName {
    return this.multi(op, inputs, attributes, 1, hint)[0]!;
  }

  /** The node of this builder that makes a value, if one does. */
  maker(value: ValueName): Node | undefined {
    return this.makers.get(value);
  }

  /** The constant of this builder that goes by a name, if one does. */
  tensor(value: ValueName): Tensor | undefined {
    return this.initializers.get(value);
  }

  /** Appends a finished node as it is: its outputs must be new. */
  append(node: Node): void {
    for (const output of node.outputs) if (output !== '') this.taken.add(output);
    this.nodes.push(node);
  }

  /** Imports a further operator domain (or raises its version). */
  import(domain: string, version: number): void {
    this.opsets.set(domain, Math.max(version, this.opsets.get(domain) ?? this.base.opsets.get(domain) ?? 0));
  }

  // ---- constants -------------------------------------------------------------------------------------------------

  /** A constant. Small equal ones are made once. */
  constant(tensor: Tensor, hint = 'constant'): ValueName {
    const key =
      tensor.bytes.length <= 512 && !tensor.strings
        ? `const:${tensor.type}[${tensor.dims}]${tensor.bytes.join(',')}`
        : undefined;
    const before = key === undefined ? undefined : this.made.get(key);
    if (before) return before[0]!;
    const name = this.fresh(hint);
    this.initializers.set(name, tensor);
    if (key !== undefined) this.made.set(key, [name]);
    return name;
  }

  /** A float scalar of dimensions []. */
  scalar(value: number, type: DataType = 'float32'): ValueName {
    return this.constant(Tensor.floats([value], [], type), 'scalar');
  }

  /** A list of int64: axes, shapes, pads. */
  ints(values: readonly number[]): ValueName {
    return this.constant(Tensor.int64(values), 'ints');
  }

  /** A scalar int64. */
  int(value: number): ValueName {
    return this.constant(Tensor.int64([value], []), 'int');
  }

  // ---- elementwise -----------------------------------------------------------------------------------------------

  add(a: ValueName, b: ValueName): ValueName {
    return this.op('Add', [a, b]);
  }
  sub(a: ValueName, b: ValueName): ValueName {
    return this.op('Sub', [a, b]);
  }
  mul(a: ValueName, b: ValueName): ValueName {
    return this.op('Mul', [a, b]);
  }
  div(a: ValueName, b: ValueName): ValueName {
    return this.op('Div', [a, b]);
  }
  neg(x: ValueName): ValueName {
    return this.op('Neg', [x]);
  }
  /** a + b + c + …; the one value when there is only one. */
  sum(values: readonly ValueName[]): ValueName {
    return values.length === 1
      ? values[0]!
      : values.slice(1).reduce((total, value) => this.add(total, value), values[0]!);
  }
  where(condition: ValueName, x: ValueName, y: ValueName): ValueName {
    return this.op('Where', [condition, x, y]);
  }
  cast(x: ValueName, to: number): ValueName {
    return this.op('Cast', [x], { to });
  }
  relu(x: ValueName): ValueName {
    return this.op('Relu', [x]);
  }
  /** max(low, min(high, x)); a bound may be left out. */
  clip(x: ValueName, low?: ValueName, high?: ValueName): ValueName {
    return this.op('Clip', [x, low, high]);
  }
  equal(a: ValueName, b: ValueName): ValueName {
    return this.op('Equal', [a, b]);
  }
  greater(a: ValueName, b: ValueName): ValueName {
    return this.op('Greater', [a, b]);
  }
  /** x where x > alpha, else 0. */
  thresholdedRelu(x: ValueName, alpha: number): ValueName {
    return this.op('ThresholdedRelu', [x], { alpha: float(alpha) });
  }
  /** max(0, min(1, alpha·x + beta)). */
  hardSigmoid(x: ValueName, alpha: number, beta: number): ValueName {
    return this.op('HardSigmoid', [x], { alpha: float(alpha), beta: float(beta) });
  }

  // ---- linear ----------------------------------------------------------------------------------------------------

  matmul(a: ValueName, b: ValueName): ValueName {
    return this.op('MatMul', [a, b]);
  }
  /** alpha · a′ · b′, where ′ transposes on request. */
  gemm(a: ValueName, b: ValueName, options: { alpha?: number; transA?: boolean; transB?: boolean } = {}): ValueName {
    return this.op('Gemm', [a, b], {
      alpha: options.alpha === undefined || options.alpha === 1 ? undefined : float(options.alpha),
      transA: options.transA ? 1 : undefined,
      transB: options.transB ? 1 : undefined,
    });
  }
  conv(x: ValueName, w: ValueName, attributes: Attributes): ValueName {
    return this.op('Conv', [x, w], attributes);
  }
  convTranspose(x: ValueName, w: ValueName, attributes: Attributes): ValueName {
    return this.op('ConvTranspose', [x, w], attributes);
  }

  // ---- shape -----------------------------------------------------------------------------------------------------

  shape(x: ValueName): ValueName {
    return this.op('Shape', [x]);
  }
  /** Reshape to a constant shape (0 copies a dimension, one -1 is inferred) or to the value of another node. */
  reshape(x: ValueName, shape: readonly number[] | ValueName): ValueName {
    return this.op('Reshape', [x, typeof shape === 'string' ? shape : this.ints(shape)]);
  }
  transpose(x: ValueName, perm: readonly number[]): ValueName {
    return perm.every((axis, index) => axis === index) ? x : this.op('Transpose', [x], { perm: [...perm] });
  }
  unsqueeze(x: ValueName, axes: readonly number[]): ValueName {
    return axes.length === 0 ? x : this.op('Unsqueeze', [x, this.ints(axes)]);
  }
  squeeze(x: ValueName, axes: readonly number[]): ValueName {
    return axes.length === 0 ? x : this.op('Squeeze', [x, this.ints(axes)]);
  }
  expand(x: ValueName, shape: ValueName | readonly number[]): ValueName {
    return this.op('Expand', [x, typeof shape === 'string' ? shape : this.ints(shape)]);
  }
  concat(values: readonly ValueName[], axis: number): ValueName {
    return values.length === 1 ? values[0]! : this.op('Concat', values, { axis });
  }
  slice(
    x: ValueName,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps?: readonly number[],
  ): ValueName {
    return this.op('Slice', [x, this.ints(starts), this.ints(ends), this.ints(axes), steps && this.ints(steps)]);
  }
  /** Constant padding; `pads` = all begins, then all ends; negative pads crop. */
  pad(x: ValueName, pads: readonly number[] | ValueName, value?: ValueName): ValueName {
    if (typeof pads !== 'string' && pads.every((pad) => pad === 0)) return x;
    return this.op('Pad', [x, typeof pads === 'string' ? pads : this.ints(pads), value]);
  }
  split(x: ValueName, sizes: readonly number[], axis: number): ValueName[] {
    return this.multi('Split', [x, this.ints(sizes)], { axis }, sizes.length);
  }
  /** Repeats each element `factors[axis]` times along every axis. */
  resizeNearest(x: ValueName, factors: readonly number[]): ValueName {
    return this.op('Resize', [x, undefined, this.constant(Tensor.floats(factors), 'scales')], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
  }
  gather(x: ValueName, indices: ValueName, axis: number): ValueName {
    return this.op('Gather', [x, indices], { axis });
  }

  // ---- reduction (axes moved from attribute to input at opset 13 for ReduceSum, at 18 for the others) -----------------

  reduceSum(x: ValueName, axes: readonly number[], keepdims = true): ValueName {
    return axes.length === 0 ? x : this.op('ReduceSum', [x, this.ints(axes)], { keepdims: keepdims ? 1 : 0 });
  }
  /** ReduceMean, ReduceMax, ReduceMin, ReduceL2, ReduceProd, ReduceSumSquare, ReduceLogSumExp … over `axes`. */
  reduce(op: string, x: ValueName, axes: readonly number[], keepdims = true): ValueName {
    if (op === 'ReduceSum') return this.reduceSum(x, axes, keepdims);
    const flag = { keepdims: keepdims ? 1 : 0 };
    return this.opset >= 18 ? this.op(op, [x, this.ints(axes)], flag) : this.op(op, [x], { ...flag, axes: [...axes] });
  }
  reduceMean(x: ValueName, axes: readonly number[], keepdims = true): ValueName {
    return this.reduce('ReduceMean', x, axes, keepdims);
  }
  reduceMax(x: ValueName, axes: readonly number[], keepdims = true): ValueName {
    return this.reduce('ReduceMax', x, axes, keepdims);
  }

  // ---- the graph itself ---------------------------------------------------------------------------------------------

  /** Adds a graph input. */
  input(name: string, type: DataType, shape: readonly (number | string | null)[]): ValueName {
    this.inputs.push(new Value(name, type, shape));
    this.taken.add(name);
    return name;
  }

  /** Makes `value` an output called `name`; an Identity node gives it that name where it has another. */
  output(value: ValueName, name: string = value, type?: DataType, shape?: readonly (number | string | null)[]): void {
    if (name !== value) {
      this.taken.add(name);
      this.nodes.push(Node.make('Identity', [value], [name], {}, { name: `${name}/output` }));
    }
    this.outputs.push(new Value(name, type, shape));
  }

  /** The graph with everything appended. */
  build(): Graph {
    const opsets = this.opsets.size > 0 ? new Map([...this.base.opsets, ...this.opsets]) : this.base.opsets;
    return this.base.with({
      opsets,
      nodes: [...this.base.nodes, ...this.nodes],
      initializers:
        this.initializers.size > 0
          ? new Map([...this.base.initializers, ...this.initializers])
          : this.base.initializers,
      inputs: [...this.base.inputs, ...this.inputs],
      outputs: [...this.base.outputs, ...this.outputs],
    });
  }
}

function attributeKey(attributes: Attributes): string {
  let key = '';
  for (const [name, input] of Object.entries(attributes)) {
    if (input === undefined) continue;
    if (input instanceof Tensor || (typeof input === 'object' && 'graph' in input)) {
      const proto = attribute(name, input);
      key += `;${name}=${proto.t ? `${proto.t.dataType}[${proto.t.dims}]${proto.t.rawData.join(',')}` : 'graph'}`;
    } else key += `;${name}=${JSON.stringify(input, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))}`;
  }
  return key;
}
