import type { Graph } from '../graph.ts';
import type { Node } from '../node.ts';
import { Names } from '../subgraph.ts';
import type { Tensor } from '../tensor.ts';
import type { DeclaredDim, Value } from '../value.ts';
import { type BatchAxis, type BatchContext, Refusal } from './batch-rule.ts';
import { BATCH_RULES } from './batch-rules.ts';
import { Evaluator, type Shapes } from './evaluator.ts';
import { boundsOf } from './kernels/movement.ts';
import { sortNodes } from './sort-nodes.ts';

/** What freeing the batch may know beside the graph, and which inputs are freed. */
export interface FreeBatchOptions {
  /** Dimensions of every value for a batch of 1, from a run of the model. Without them only declared shapes are known. */
  shapes?: Shapes;
  /**
   * Inputs to free: of 1 in the first dimension, or of a name when `shapes` says 1 (a declaration alone does not make a graph free).
   * Default: all that must be fed and are declared with a first dimension of 1.
   */
  inputs?: readonly string[];
  /** Name of the free dimension; default `N`. */
  name?: string;
}

/** The graph afterwards, and whether its batch is free. */
export interface FreeBatchResult {
  /** The rewritten graph, or the given one when it could not be freed. */
  graph: Graph;
  freed: boolean;
  /** Why not: one sentence that names the node. */
  reason?: string;
}

/**
 * Rewrites a batch fixed at 1 to a free one: declared dimensions, and the 1 in the constants of Reshape, Resize and Concat on the
 * way. The batch is followed from the inputs through every node, as the axis it lies on and how often it is repeated there (windows
 * of a Swin transformer, heads of an attention); what mixes, drops or cannot be shown to keep items apart is a reason not to free.
 * Nothing is run here: compare a batch of 2 with two runs before relying on it. Needs opset 13 (`upgrade`).
 */
export function freeBatch(graph: Graph, options: FreeBatchOptions = {}): FreeBatchResult {
  try {
    return { graph: new BatchFollower(sortNodes(graph), options).run(), freed: true };
  } catch (error) {
    if (error instanceof Refusal) return { graph, freed: false, reason: error.message };
    throw error;
  }
}

class BatchFollower implements BatchContext {
  private readonly graph: Graph;
  private readonly batched = new Map<string, BatchAxis>();
  /** Shapes with the batch unknown: what the evaluator follows, so that `Shape(x)` gives `[?, 3, 224, 224]`. */
  private readonly open = new Map<string, readonly (number | null)[]>();
  private readonly fixed: Shapes;
  private readonly declared: ReadonlyMap<string, Value>;
  private readonly evaluator: Evaluator;
  private readonly names: Names;
  private readonly constants = new Map<string, Tensor>();
  private readonly symbol: string;
  private readonly inputs: readonly string[];
  private nodes: Node[] = [];

  constructor(graph: Graph, options: FreeBatchOptions) {
    this.graph = graph;
    this.fixed = options.shapes ?? new Map();
    this.declared = new Map(
      [...graph.values.values(), ...graph.outputs, ...graph.inputs].map((value) => [value.name, value]),
    );
    this.names = new Names(graph);
    this.evaluator = new Evaluator(graph, this.open);
    this.symbol = freeSymbol(graph, options.name ?? 'N');
    this.inputs = options.inputs ?? graph.feeds.filter((value) => value.shape?.[0] === 1).map((value) => value.name);
  }

  run(): Graph {
    if (this.graph.opset < 13) throw new Refusal(`the model has opset ${this.graph.opset}: run upgrade first`);
    if (this.inputs.length === 0) throw new Refusal('no input has a first dimension of 1');
    for (const name of this.inputs) {
      const shape = this.fixed.get(name) ?? this.graph.feeds.find((value) => value.name === name)?.shape;
      // A number alone has no batch.
      if (shape?.length === 0) continue;
      if (shape?.[0] !== 1)
        throw new Refusal(`the input '${name}' has no first dimension of 1: [${shape ?? 'unknown'}]`);
      this.setBatch(name, { axis: 0, size: 1 });
    }
    for (const node of this.graph.nodes) this.follow(node);
    if (!this.graph.outputs.some((value) => this.batched.has(value.name)))
      throw new Refusal('no output depends on the batch');
    return this.graph.with({
      inputs: this.graph.inputs.map((value) => this.redeclare(value)),
      outputs: this.graph.outputs.map((value) => this.redeclare(value)),
      values: new Map([...this.graph.values].map(([name, value]) => [name, this.redeclare(value)])),
      initializers: new Map([...this.graph.initializers, ...this.constants]),
      nodes: this.nodes,
    });
  }

  private follow(node: Node): void {
    for (const name of node.outputs) {
      const shape = this.shape(name);
      if (shape) this.open.set(name, shape);
    }
    const results = this.evaluator.visit(node);
    // What can be followed element by element (shapes, indices) needs no rule.
    if (results) {
      this.nodes.push(node);
      return;
    }
    const partial = node.uses.some(
      (name) => this.evaluator.get(name)?.tensor === undefined && this.evaluator.get(name),
    );
    if (!partial && !node.uses.some((name) => this.batched.has(name))) {
      this.nodes.push(node);
      return;
    }
    const rule = Object.hasOwn(BATCH_RULES, node.type) ? BATCH_RULES[node.type] : undefined;
    if (partial && !TAKES_SHAPE.has(node.op)) throw new Refusal(`${node.label} computes with the size of the batch`);
    if (!rule) throw new Refusal(`${node.label} is not known to keep the items of a batch apart`);
    const outputs = rule(node, this);
    // A rule that rewrites the node has appended the new form, with the same list of outputs.
    if (this.nodes.at(-1)?.outputs !== node.outputs) this.nodes.push(node);
    node.outputs.forEach((name, index) => {
      const axis = outputs[index];
      if (name !== '' && axis) this.setBatch(name, axis);
    });
  }

  private setBatch(name: string, batch: BatchAxis): void {
    this.batched.set(name, batch);
    const shape = this.shape(name);
    if (shape)
      this.open.set(
        name,
        shape.map((dim, axis) => (axis === batch.axis ? null : dim)),
      );
  }

  private redeclare(value: Value): Value {
    const batch = this.batched.get(value.name);
    if (!batch || !value.shape) return value;
    const free: DeclaredDim = batch.size === 1 ? this.symbol : null;
    const open = (dim: DeclaredDim) => (typeof dim === 'number' ? free : dim);
    return value.withShape(value.shape.map((dim, axis) => (axis === batch.axis ? open(dim) : dim)));
  }

  // ---- what rules ask and do -----------------------------------------------------------------------------------------

  batch(name: string | undefined): BatchAxis | undefined {
    return name === undefined ? undefined : this.batched.get(name);
  }

  shape(name: string): readonly number[] | undefined {
    const known =
      this.fixed.get(name) ?? this.graph.initializers.get(name)?.dims ?? this.declared.get(name)?.shape ?? undefined;
    return known?.every((dim) => typeof dim === 'number') ? (known as readonly number[]) : undefined;
  }

  elements(name: string | undefined): readonly (number | null)[] | undefined {
    const constant = name ? this.evaluator.get(name) : undefined;
    // Bounds of a Slice (INT64_MAX for the end) are the only large numbers among them.
    return constant?.type === 'int64' ? boundsOf(constant) : constant?.numbers();
  }

  constant(tensor: Tensor, hint: string): string {
    const name = this.names.fresh(hint);
    this.constants.set(name, tensor);
    return name;
  }

  fresh(hint: string): string {
    return this.names.fresh(hint);
  }

  emit(node: Node): void {
    this.nodes.push(node);
  }
}

/** Ops that take a shape or bounds as input: that these depend on the batch is no harm. */
const TAKES_SHAPE = new Set(['Reshape', 'Expand', 'ConstantOfShape', 'Tile', 'Resize', 'Slice']);

/** A dimension name that the model does not use for something else. */
function freeSymbol(graph: Graph, wanted: string): string {
  const used = new Set<DeclaredDim>();
  for (const value of [...graph.inputs, ...graph.outputs, ...graph.values.values()])
    for (const dim of value.shape ?? []) used.add(dim);
  let name = wanted;
  for (let count = 1; used.has(name); count++) name = `${wanted}_${count}`;
  return name;
}
