import { type DataType, fold, removeDeadNodes, removeUnusedInputs, Tensor } from '@seewhy/onnx';
import type { Json } from '../archive/json.ts';
import { errors } from '../errors.ts';
import type { BuiltGraph, LayerView } from '../model/build-graph.ts';
import { Emitter } from '../model/emitter.ts';
import { type WantedShapes, wantedShape } from '../model/wanted-shape.ts';
import type { RawWeight } from '../weights/source.ts';
import { toFloat32 } from '../weights/to-float32.ts';
import { type GraphDef, inOrder, isPlaceholder, type NodeDef, readGraphDef } from './graph-def.ts';
import { inlineTensor } from './inline-tensor.ts';
import { follow } from './known.ts';
import { bare, isKnown, type Known, MOST_KNOWN, type Operand, productOf } from './operand.ts';
import { Operation, PinnedBatch, type Surroundings } from './operation.ts';
import { CALLS, CONTROL_FLOW, OPERATIONS } from './table.ts';

export interface GraphModelOptions extends WantedShapes {
  readonly name: string;
  readonly topology: Json;
  /** Of model.json: names and shapes of inputs and outputs. */
  readonly signature: unknown;
  readonly weights: ReadonlyMap<string, RawWeight>;
}

/**
 * Builds the graph of a TensorFlow graph with its weights. A batch that is declared as 1 is taken as free, unless an operation only
 * makes sense for one item.
 */
export function buildGraphModel(options: GraphModelOptions): BuiltGraph {
  const def = readGraphDef(options.topology, options.signature);
  try {
    return new GraphModelMaker(def, options, true).make();
  } catch (error) {
    if (!(error instanceof PinnedBatch)) throw error;
    const built = new GraphModelMaker(def, options, false).make();
    const notice = `The batch stays at 1, as the file declares it: ${error.message} would mix the items of a larger one.`;
    return { ...built, notices: [...built.notices, notice] };
  }
}

class GraphModelMaker {
  private readonly def: GraphDef;
  private readonly options: GraphModelOptions;
  /** Take a declared batch of 1 as free. */
  private readonly free: boolean;
  private freed = false;
  private readonly b: Emitter;
  private readonly values = new Map<string, readonly Operand[]>();
  private readonly views: { view: Omit<LayerView, 'value'>; value: string }[] = [];
  private readonly notices = new Set<string>();
  private readonly dilations = new Map<string, readonly number[]>();
  private readonly crops = new Map<string, readonly (readonly [number, number])[]>();
  private readonly readers = new Map<string, NodeDef[]>();
  /** Beginnings of names: what is made inside of a node must not take the name of another one. */
  private readonly folders = new Set<string>();

  constructor(def: GraphDef, options: GraphModelOptions, free: boolean) {
    this.def = def;
    this.options = options;
    this.free = free;
    this.b = new Emitter(options.name);
  }

  make(): BuiltGraph {
    const { b, def } = this;
    const order = inOrder(def, (node) => {
      if (CALLS.has(node.op)) throw errors.functionCall(node.label);
      if (CONTROL_FLOW.has(node.op)) throw errors.controlFlow(node.label, node.op);
    });
    for (const node of order) {
      for (const { node: read } of node.inputs) {
        const list = this.readers.get(read);
        if (!list) this.readers.set(read, [node]);
        else if (list.at(-1) !== node) list.push(node);
      }
      for (let at = node.name.indexOf('/'); at > 0; at = node.name.indexOf('/', at + 1))
        this.folders.add(node.name.slice(0, at));
    }
    for (const node of order) if (isPlaceholder(node)) b.reserve(node.name);
    for (const { port } of def.inputs) this.place(def.nodes.get(port.node)!);
    for (const node of order) if (!this.values.has(node.name)) this.place(node);
    b.scope = '';
    // Outputs have the first right to their names.
    const taken = new Set<string>();
    const outputs = def.outputs.map(({ port }) => {
      const name = port.index === 0 ? port.node : `${port.node}:${port.index}`;
      return { name, held: this.plainOf(this.read(port.node, port.index, 'an output')) };
    });
    for (const { name, held } of outputs) {
      if (taken.has(name)) continue;
      taken.add(name);
      const shape = held.shape.map((dim, axis) => dim ?? (axis === 0 ? 'N' : null));
      const made = def.nodes.get(name)?.op !== 'Identity' && b.nameAs(held.value, name) === name;
      if (!made) b.reserve(name);
      b.output(held.value, made ? held.value : name, held.type, shape);
    }
    for (const { view, value } of this.views) if (!taken.has(view.name)) b.nameAs(value, view.name);
    const bare = removeDeadNodes(b.build());
    const { graph, dropped } = removeUnusedInputs(removeDeadNodes(fold(bare)));
    for (const name of dropped) this.notices.add(`No node reads the input '${name}'; it was left out.`);
    const alive = graph.valueNames;
    const layers = this.views
      .map(({ view, value }) => ({ ...view, value: b.finalName(value) }))
      .filter(({ value }) => alive.has(value));
    return { graph, layers, notices: [...this.notices] };
  }

  private plainOf(x: Operand): Operand {
    return x.layout === 'keras' ? x : { ...bare(x), ...this.b.inKerasLayout(bare(x)) };
  }

  private read(name: string, index: number, where: string): Operand {
    const made = this.values.get(name);
    const value = made?.[index];
    if (!value) throw errors.badGraph(where, `output ${index} of the node '${name}' is read, which does not exist`);
    return value;
  }

  private place(node: NodeDef): void {
    const { b } = this;
    b.scope = '';
    if (node.op === 'Const') this.values.set(node.name, [this.constant(node)]);
    else if (isPlaceholder(node)) this.values.set(node.name, [this.placeholder(node)]);
    else {
      b.scope = this.folders.has(node.name) ? `${node.name}:${node.op}` : node.name;
      this.values.set(node.name, this.operation(node));
    }
  }

  private operation(node: NodeDef): readonly Operand[] {
    const importer = Object.hasOwn(OPERATIONS, node.op) ? OPERATIONS[node.op] : undefined;
    if (!importer) throw errors.unknownOperation(node.label, node.op, Object.keys(OPERATIONS));
    const inputs = node.inputs.map(({ node: name, index }) => this.read(name, index, node.label));
    const op = new Operation(node, inputs, this.surroundings);
    const made = importer(op);
    const results = follow(op, Array.isArray(made) ? made : [made as Operand]).map((result) => this.settled(result));
    results.forEach((result, index) => {
      if (result.constant) return;
      const { shape, layout, value } = result;
      const name = index === 0 ? node.name : `${node.name}:${index}`;
      this.views.push({ view: { name, className: node.op, shape, layout }, value });
    });
    return results;
  }

  /** A result that is known altogether becomes a constant. */
  private settled(result: Operand): Operand {
    const { known, shape, type } = result;
    if (result.constant || !isKnown(known) || type === 'float32') return result;
    const constant = tensorOf(type, shape as number[], known);
    return { ...result, layout: 'keras', constant, value: this.b.constant(constant) };
  }

  private get surroundings(): Surroundings {
    const { b, dilations, crops, freed } = this;
    return {
      b,
      freed,
      dilations,
      crops,
      node: (name) => this.def.nodes.get(name),
      readers: (name) => this.readers.get(name) ?? [],
      content: (name) => this.content(name),
      notice: (text) => this.notices.add(text),
    };
  }

  private content(name: string): Known | undefined {
    let node = this.def.nodes.get(name);
    for (let steps = 0; node?.op === 'Identity' && steps < 16; steps++)
      node = this.def.nodes.get(node.inputs[0]?.node ?? '');
    return node?.op === 'Const' ? this.constant(node).known : undefined;
  }

  private readonly constants = new Map<string, Operand>();

  /** The content of a Const: among the weights, or in the node itself. */
  private constant(node: NodeDef): Operand {
    const before = this.constants.get(node.name);
    if (before) return before;
    const raw = this.options.weights.get(node.name) ?? inlineTensor(node);
    if (!raw) throw errors.weightMissing(node.label, node.name, 'the weights manifest');
    if (raw.type === 'string') throw errors.unsupportedOperation(node.label, 'a constant of texts');
    const wanted = node.attributes.type('dtype', raw.type);
    const type: DataType = wanted ?? raw.type;
    const declared = node.attributes.tensor('value');
    const tensor = type === 'float32' ? toFloat32(raw, node.label, node.name) : integers(raw, type);
    if (declared) {
      const shape = inlineTensor.shape(node);
      if (
        shape &&
        (shape.length !== tensor.dims.length || shape.some((dim, axis) => dim !== tensor.dims[axis])) &&
        productOf(shape) !== 0
      )
        throw errors.weightShape(node.label, node.name, tensor.dims, shape);
    }
    const known = tensor.size <= (type === 'float32' ? 64 : MOST_KNOWN) ? tensor.numbers() : undefined;
    const scope = this.b.scope;
    this.b.scope = '';
    const result: Operand = {
      value: this.b.constant(tensor, node.name),
      shape: tensor.dims,
      layout: 'keras',
      type,
      constant: tensor,
      ...(known ? { known } : {}),
    };
    this.b.scope = scope;
    this.constants.set(node.name, result);
    return result;
  }

  /** A graph input, in TensorFlow's layout. Whole numbers come in as floats: a picture has to have a gradient. */
  private placeholder(node: NodeDef): Operand {
    const type = node.attributes.type('dtype', 'float32');
    if (!type) throw errors.unsupportedOperation(node.label, 'an input of texts or complex numbers');
    const signed = this.def.inputs.find(({ port }) => port.node === node.name)?.shape;
    const declared = node.attributes.shape('shape') ?? signed;
    const index = this.def.inputs[0]?.port.node === node.name ? 0 : 1;
    // Without a declared shape an empty one is what a damaged file has, or a number.
    const stated = declared?.length === 0 && signed ? signed : declared;
    let shape = wantedShape(this.options, { name: node.name, index }, stated);
    if (!shape) throw errors.noInputShape(this.options.name);
    if (shape.some((dim) => dim === 0)) throw errors.badGraph(node.label, `its shape [${shape.join(', ')}] is empty`);
    if (shape[0] === 1 && shape.length > 1 && this.free) {
      this.freed = true;
      shape = [null, ...shape.slice(1)];
    }
    const words =
      shape.length === 4
        ? ['N', 'height', 'width', 'channels']
        : shape.map((_, at) => (at === 0 ? 'N' : `${node.name}_${at}`));
    if (type !== 'float32')
      this.notices.add(
        `The input '${node.name}' holds whole numbers in the file; the graph takes the same numbers as float32.`,
      );
    this.b.reserve(node.name);
    this.b.input(
      node.name,
      'float32',
      shape.map((dim, axis) => dim ?? words[axis]!),
    );
    return { value: node.name, shape, layout: 'keras', type: 'float32' };
  }
}

function integers(raw: RawWeight, type: DataType): Tensor {
  const values = new Tensor(raw.type, raw.dims, raw.read()).numbers();
  return tensorOf(type, raw.dims, values);
}

function tensorOf(type: DataType, dims: readonly number[], values: readonly number[]): Tensor {
  if (type === 'bool')
    return Tensor.of(
      'bool',
      dims,
      Uint8Array.from(values, (value) => Number(value !== 0)),
    );
  return Tensor.int64(
    values.map((value) => Math.trunc(value) || 0),
    dims,
  );
}
