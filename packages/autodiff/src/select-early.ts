import { type DataType, type Graph, Node, Tensor, type ValueName } from '@seewhy/onnx';
import { constantFinder } from './constant-finder.ts';
import { positiveAxis } from './rule.ts';
import { type Dim, type Shape, sameDim } from './shape.ts';

/** A graph with what is known of its values. */
export interface KnownGraph {
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly types: ReadonlyMap<string, DataType>;
}

/** Places along one axis of a value: all that its readers want of it. Ascending, each once. */
interface Selection {
  readonly axis: number;
  readonly places: readonly number[];
}

/** What a node asks of each of its inputs when only a selection of its output is wanted; undefined: the whole input. */
type Asks = readonly (Selection | undefined)[];

/** A selection of more than this share of an axis is not worth its copies. */
const MOST = 0.25;

/**
 * Makes what a graph selects before it computes on it: a transformer whose head reads one token computes its last block (all but the
 * keys and values of the attention) for that token only, forwards and, as the backward walk follows the graph, backwards. A
 * selection, `Gather` or `Slice` of constant places, moves towards the input through ops that treat the places alike, as long as
 * nothing reads the others. What the graph computes stays the same to rounding.
 * @param keep values that must stay whole: those shown, differentiated, or differentiated with respect to; outputs stay anyway
 */
export function selectEarly(known: KnownGraph, keep: ReadonlySet<ValueName>): KnownGraph {
  const { graph } = known;
  const constant = constantFinder(graph);
  const facts: Facts = { shape: (value) => known.shapes.get(value) ?? constant(value)?.dims, constant };
  const whole = new Set([...keep, ...graph.outputs.map(({ name }) => name), ...capturedValues(graph)]);
  const wanted = new Map<ValueName, (Selection | undefined)[]>();
  /** What is left of a value: the union of what its readers want. */
  const left = (value: ValueName): Selection | undefined => {
    const size = (axis: number) => facts.shape(value)?.[axis];
    return whole.has(value) ? undefined : union(wanted.get(value) ?? [], size);
  };
  const asks = new Map<Node, Asks>();
  const narrowed = new Map<ValueName, Selection>();
  for (const node of [...graph.nodes].reverse()) {
    const output = node.outputs.length === 1 ? node.outputs[0]! : undefined;
    const selection = output === undefined ? undefined : left(output);
    const passed = selection && passes(node, selection, facts);
    if (passed) narrowed.set(output!, selection);
    const own: Asks = passed ?? selectedBy(node, facts) ?? node.inputs.map(() => undefined);
    asks.set(node, own);
    node.inputs.forEach((input, index) => {
      if (input !== '') wanted.set(input, [...(wanted.get(input) ?? []), own[index]]);
    });
  }
  return narrowed.size === 0 ? known : new Narrowing(known, facts, narrowed, asks).result();
}

interface Facts {
  shape(value: ValueName): Shape | undefined;
  constant(value: ValueName): Tensor | undefined;
}

/** All places that are wanted, or undefined where a reader wants the whole or it is too much. */
function union(
  list: readonly (Selection | undefined)[],
  sizeOf: (axis: number) => Dim | undefined,
): Selection | undefined {
  const first = list[0];
  if (first === undefined || list.some((one) => one === undefined || one.axis !== first.axis)) return undefined;
  const places = [...new Set(list.flatMap((one) => one!.places))].sort((a, b) => a - b);
  const size = sizeOf(first.axis);
  return typeof size === 'number' && places.length <= MOST * size ? { axis: first.axis, places } : undefined;
}

/** Values that subgraphs read: those are not followed. */
const capturedValues = (graph: Graph): string[] =>
  graph.nodes.flatMap((node) => node.uses.filter((value) => !node.inputs.includes(value)));

/** What a selecting node wants of its input: constant places along one axis. */
function selectedBy(node: Node, facts: Facts): Asks | undefined {
  const shape = facts.shape(node.inputs[0] ?? '');
  if (!shape || (node.type !== 'Gather' && node.type !== 'Slice')) return undefined;
  const ints = (index: number) => facts.constant(node.inputs[index] ?? '')?.numbers();
  if (node.type === 'Gather') {
    const axis = positiveAxis(node.attribute.int('axis', 0), shape.length);
    const size = shape[axis];
    const indices = ints(1);
    if (!indices || typeof size !== 'number') return undefined;
    return [{ axis, places: ascending(indices.map((index) => (index < 0 ? index + size : index))) }, undefined];
  }
  const [starts, ends, axes, steps] = [ints(1), ints(2), ints(3) ?? [0], ints(4) ?? [1]];
  const size = shape[positiveAxis(axes[0]!, shape.length)];
  if (starts?.length !== 1 || ends?.length !== 1 || steps[0] !== 1 || typeof size !== 'number') return undefined;
  const inside = (place: number) => Math.min(size, Math.max(0, place < 0 ? place + size : place));
  const [from, to] = [inside(starts[0]!), inside(ends[0]!)];
  const places = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
  return [{ axis: positiveAxis(axes[0]!, shape.length), places }, ...node.inputs.slice(1).map(() => undefined)];
}

const ascending = (places: readonly number[]) => [...new Set(places)].sort((a, b) => a - b);

// ---- ops that treat places alike -------------------------------------------------------------------------------------------

const UNARY = new Set(
  (
    'Relu LeakyRelu Clip HardSigmoid HardSwish ThresholdedRelu Sigmoid Tanh Softplus Softsign Elu Selu Celu Mish Swish Gelu Neg Abs ' +
    'Exp Log Sqrt Reciprocal Erf Sin Cos Floor Ceil Round Sign Cast Identity'
  ).split(' '),
);
const BROADCAST = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum', 'Where', 'PRelu']);
const RESHAPES = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);
const MEANS = new Set(['ReduceMean', 'ReduceSum']);

/** What a node needs of its inputs to make a selection of its output; undefined where it mixes the places or is not known. */
function passes(node: Node, { axis, places }: Selection, facts: Facts): Asks | undefined {
  const shapes = node.inputs.map((input) => (input === '' ? [] : facts.shape(input)));
  const made = facts.shape(node.outputs[0]!);
  if (!made || shapes.some((shape) => shape === undefined)) return undefined;
  const [first] = shapes as [Shape];
  const only = (from: number): Asks =>
    node.inputs.map((_, index) => (index === 0 ? { axis: from, places } : undefined));
  const normalised = (fallback: number) => positiveAxis(node.attribute.int('axis', fallback), made.length);
  /** An input that is stretched along the axis, or lacks it, is wanted whole. */
  const aligned = (): Asks =>
    shapes.map((shape) => {
      const own = axis - (made.length - shape!.length);
      return own < 0 || shape![own] === 1 ? undefined : { axis: own, places };
    });
  if (UNARY.has(node.type)) return only(axis);
  if (BROADCAST.has(node.type)) return aligned();
  if (node.type === 'LayerNormalization') return axis < normalised(-1) ? only(axis) : undefined;
  if (node.type === 'Softmax') return axis !== normalised(-1) ? only(axis) : undefined;
  if (node.type === 'Transpose') {
    const perm = node.attribute.ints('perm') ?? made.map((_, index) => made.length - 1 - index);
    return only(perm[axis]!);
  }
  if (node.type === 'MatMul') {
    if (shapes.some((shape) => shape!.length < 2) || axis === made.length - 1) return undefined;
    return axis === made.length - 2 ? only(first.length - 2) : aligned();
  }
  if (MEANS.has(node.type)) {
    const axes = node.attribute.ints('axes') ?? facts.constant(node.inputs[1] ?? '')?.numbers();
    const kept = axes && axes.length > 0 && node.attribute.int('keepdims', 1) === 1;
    return kept && !axes.some((one) => positiveAxis(one, made.length) === axis) ? only(axis) : undefined;
  }
  if (RESHAPES.has(node.type)) {
    const from = sameAxis(first, made, axis);
    const batched = made.filter((dim) => typeof dim !== 'number').length;
    return from === undefined || batched > 1 ? undefined : only(from);
  }
  return undefined;
}

/** The axis of `from` that a reshape to `to` leaves as its `axis`: of the same size, and with as many elements before it. */
function sameAxis(from: Shape, to: Shape, axis: number): number | undefined {
  const before = count(to.slice(0, axis));
  const found = from.findIndex((dim, index) => sameDim(dim, to[axis]!) && count(from.slice(0, index)) === before);
  return found < 0 ? undefined : found;
}

/** Number of elements for N items, as text: `12`, `12N`, `12NN`. */
const count = (dims: Shape): string =>
  dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : dim.batch), 1) +
  'N'.repeat(dims.filter((dim) => typeof dim !== 'number').length);

// ---- the graph again -----------------------------------------------------------------------------------------------------

/** Writes the narrowed nodes, under new names, among the others. */
class Narrowing {
  private readonly nodes: Node[] = [];
  private readonly initializers = new Map<string, Tensor>();
  private readonly shapes: Map<string, Shape>;
  private readonly types: Map<string, DataType>;
  private readonly taken: Set<string>;
  private readonly made = new Map<string, ValueName>();
  private readonly known: KnownGraph;
  private readonly facts: Facts;
  private readonly narrowed: ReadonlyMap<ValueName, Selection>;
  private readonly asks: ReadonlyMap<Node, Asks>;

  constructor(
    known: KnownGraph,
    facts: Facts,
    narrowed: ReadonlyMap<ValueName, Selection>,
    asks: ReadonlyMap<Node, Asks>,
  ) {
    this.known = known;
    this.facts = facts;
    this.narrowed = narrowed;
    this.asks = asks;
    this.shapes = new Map(known.shapes);
    this.types = new Map(known.types);
    this.taken = known.graph.valueNames;
  }

  result(): KnownGraph {
    const { graph } = this.known;
    for (const node of graph.nodes) this.write(node);
    const initializers = new Map([...graph.initializers, ...this.initializers]);
    return { graph: graph.with({ nodes: this.nodes, initializers }), shapes: this.shapes, types: this.types };
  }

  private write(node: Node): void {
    const selection = this.narrowed.get(node.outputs[0]!);
    const asks = this.asks.get(node)!;
    if (selection) this.nodes.push(this.narrow(node, selection, asks));
    else if (this.narrowed.has(node.inputs[0] ?? '')) this.nodes.push(this.reselect(node, asks[0]!));
    else this.nodes.push(node);
  }

  /** A node that makes only the selection of its output. */
  private narrow(node: Node, selection: Selection, asks: Asks): Node {
    const [output] = node.outputs as [ValueName];
    const shape = this.narrowShape(output, selection);
    const result = this.declare(output, shape);
    const inputs = node.inputs.map((input, index) => (asks[index] ? this.part(input, asks[index]!) : input));
    this.made.set(key(output, selection), result);
    const named = { outputs: [result], name: result };
    if (node.type !== 'Reshape' && node.type !== 'Flatten') return node.with({ ...named, inputs });
    const target = this.constant(output, Tensor.int64(shape.map((dim) => (typeof dim === 'number' ? dim : -1))));
    return Node.make('Reshape', [inputs[0]!, target], named.outputs, {}, { name: result });
  }

  /** A selecting node whose input has already been narrowed: the same places, found among those that are left. */
  private reselect(node: Node, asked: Selection): Node {
    const [input] = node.inputs as [ValueName];
    const from = this.narrowed.get(input)!;
    const source = this.made.get(key(input, from))!;
    if (node.type === 'Slice') {
      if (asked.places.length === from.places.length)
        return Node.make('Identity', [source], node.outputs, {}, { name: node.name });
      return this.gather(source, from, asked.places, [asked.places.length], node.outputs[0]!, node.name);
    }
    const indices = this.facts.constant(node.inputs[1]!)!;
    const size = this.facts.shape(input)![from.axis] as number;
    const places = indices.numbers().map((index) => (index < 0 ? index + size : index));
    return this.gather(source, from, places, indices.dims, node.outputs[0]!, node.name);
  }

  /** The asked part of a value, narrowed already or whole. */
  private part(value: ValueName, asked: Selection): ValueName {
    const before = this.made.get(key(value, asked));
    if (before) return before;
    const result = this.declare(value, this.narrowShape(value, asked));
    this.made.set(key(value, asked), result);
    const from = this.narrowed.get(value);
    const { places, axis } = asked;
    if (from) {
      const source = this.made.get(key(value, from))!;
      this.nodes.push(this.gather(source, from, places, [places.length], result, result));
      return result;
    }
    const all = Array.from({ length: this.facts.shape(value)![axis] as number }, (_, index) => index);
    if (places.every((place, index) => place === places[0]! + index)) {
      const bounds = [places[0]!, places[0]! + places.length, axis].map((bound) =>
        this.constant(value, Tensor.int64([bound])),
      );
      this.nodes.push(Node.make('Slice', [value, ...bounds], [result], {}, { name: result }));
    } else this.nodes.push(this.gather(value, { axis, places: all }, places, [places.length], result, result));
    return result;
  }

  private gather(
    source: ValueName,
    from: Selection,
    places: readonly number[],
    dims: readonly number[],
    output: ValueName,
    name: string,
  ): Node {
    const found = places.map((place) => from.places.indexOf(place));
    const indices = this.constant(output, Tensor.int64(found, dims));
    return Node.make('Gather', [source, indices], [output], { axis: from.axis }, { name });
  }

  private narrowShape(value: ValueName, { axis, places }: Selection): Shape {
    return this.facts.shape(value)!.with(axis, places.length);
  }

  private declare(value: ValueName, shape: Shape): ValueName {
    const name = this.fresh(`${value}/selected`);
    this.shapes.set(name, shape);
    const type = this.known.types.get(value) ?? this.facts.constant(value)?.type;
    if (type) this.types.set(name, type);
    return name;
  }

  private constant(hint: ValueName, tensor: Tensor): ValueName {
    const name = this.fresh(`${hint}/places`);
    this.initializers.set(name, tensor);
    this.types.set(name, tensor.type);
    return name;
  }

  private fresh(stem: string): string {
    let name = stem;
    for (let number = 1; this.taken.has(name); number++) name = `${stem}_${number}`;
    this.taken.add(name);
    return name;
  }
}

const key = (value: ValueName, { axis, places }: Selection) => `${value}\u0000${axis}:${places.join()}`;
