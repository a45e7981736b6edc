import type { Graph } from '../graph.ts';
import type { Node } from '../node.ts';
import { Constant } from './kernels/constant.ts';
import { ELEMENTWISE_KERNELS } from './kernels/elementwise.ts';
import { GENERATOR_KERNELS } from './kernels/generators.ts';
import type { Kernel, KernelContext } from './kernels/kernel.ts';
import { MOVEMENT_KERNELS } from './kernels/movement.ts';

/** Dimensions of values, null where a dimension is not known. */
export type Shapes = ReadonlyMap<string, readonly (number | null)[]>;

const KERNELS: Readonly<Record<string, Kernel>> = {
  ...MOVEMENT_KERNELS,
  ...ELEMENTWISE_KERNELS,
  ...GENERATOR_KERNELS,
};

/** A result up to this size is always kept; above, only when its inputs were half as large at least (a cast from float16 doubles). */
const FREE_BYTES = 1 << 20;
const GROWTH = 2;
/** All results together: this plus twice the weights, so that a small hostile file cannot unfold into gigabytes. */
const TOTAL_BYTES = 16 << 20;

/**
 * Follows constants, and lists of which some elements are known, through a graph, node by node in order.
 * Results that are much larger than what they are made of are not computed (`ConstantOfShape` of a 400 MB weight stays a node).
 */
export class Evaluator {
  private readonly known = new Map<string, Constant>();
  private readonly graph: Graph;
  private readonly shapes: Shapes;
  private budget: number;
  private current = 0;
  private readonly context: KernelContext;

  constructor(graph: Graph, shapes: Shapes) {
    this.graph = graph;
    this.shapes = shapes;
    let weights = 0;
    for (const tensor of graph.initializers.values()) weights += tensor.bytes.length;
    this.budget = TOTAL_BYTES + GROWTH * weights;
    this.context = {
      opset: graph.opset,
      shape: (name) => this.shape(name),
      allows: (bytes) => {
        if (!(bytes <= this.budget) || (bytes > FREE_BYTES && bytes > GROWTH * this.current)) return false;
        this.budget -= bytes;
        return true;
      },
    };
  }

  /** A constant or partly known value by name. */
  get(name: string): Constant | undefined {
    const found = this.known.get(name);
    if (found) return found;
    const tensor = this.graph.initializers.get(name);
    if (!tensor) return undefined;
    const constant = Constant.of(tensor);
    this.known.set(name, constant);
    return constant;
  }

  shape(name: string): readonly (number | null)[] | undefined {
    const given = this.shapes.get(name) ?? this.get(name)?.dims;
    if (given) return given;
    // Runtimes refuse a picture that contradicts the declared numbers of an input, so they can be relied on.
    const input = this.inputs.get(name);
    return input?.map((dim) => (typeof dim === 'number' ? dim : null));
  }

  private get inputs() {
    this.#inputs ??= new Map(this.graph.inputs.flatMap(({ name, shape }) => (shape ? [[name, shape] as const] : [])));
    return this.#inputs;
  }
  #inputs: ReadonlyMap<string, readonly (number | string | null)[]> | undefined;

  /** Computes what it can of a node's outputs and remembers it; undefined when that is nothing. */
  visit(node: Node): readonly Constant[] | undefined {
    const kernel = node.domain === '' && Object.hasOwn(KERNELS, node.op) ? KERNELS[node.op] : undefined;
    if (!kernel) return undefined;
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.get(name)));
    this.current = inputs.reduce((sum, input) => sum + (input?.bytes ?? 0), 0);
    const results = kernel(node, inputs, this.context);
    if (!results || results.length < node.outputs.length) return undefined;
    node.outputs.forEach((name, index) => {
      if (name !== '') this.known.set(name, results[index]!);
    });
    return results;
  }
}
