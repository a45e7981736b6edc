import type { Node } from './node.ts';
import type { FunctionProto, GraphProto, ModelProto } from './proto/onnx-ml_pb.ts';
import type { Tensor } from './tensor.ts';
import type { Value } from './value.ts';

/** What a graph is made of. */
export interface GraphFields {
  readonly name: string;
  readonly irVersion: number;
  /** Domain → opset version; '' is the standard domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly nodes: readonly Node[];
  /** What the file declares about inner values: hints. */
  readonly values: ReadonlyMap<string, Value>;
  readonly functions: readonly FunctionProto[];
  readonly metadata: ReadonlyMap<string, string>;
  /** The messages it was read from: producer, doc strings, quantization annotations and unknown fields live on there. */
  readonly origin: { readonly model: ModelProto; readonly graph: GraphProto } | undefined;
}

/**
 * A model as a graph: inputs, outputs, constants and nodes that refer to each other by value name. Never changed after it was
 * made: a pass returns another graph, made by `with`, which shares everything that did not change.
 */
export class Graph implements GraphFields {
  readonly name: string;
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<string, Value>;
  readonly functions: readonly FunctionProto[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly origin: GraphFields['origin'];
  #producers: ReadonlyMap<string, Node> | undefined;
  #consumers: ReadonlyMap<string, readonly Node[]> | undefined;

  constructor(fields: Partial<GraphFields>) {
    this.name = fields.name ?? 'graph';
    this.irVersion = fields.irVersion ?? 8;
    this.opsets = fields.opsets ?? new Map([['', 13]]);
    this.inputs = fields.inputs ?? [];
    this.outputs = fields.outputs ?? [];
    this.initializers = fields.initializers ?? new Map();
    this.nodes = fields.nodes ?? [];
    this.values = fields.values ?? new Map();
    this.functions = fields.functions ?? [];
    this.metadata = fields.metadata ?? new Map();
    this.origin = fields.origin;
  }

  /** A copy with some fields replaced. */
  with(changes: Partial<GraphFields>): Graph {
    return new Graph({ ...this, ...changes });
  }

  /** Version of the standard operator set; 0 when the model imports none. */
  get opset(): number {
    return this.opsets.get('') ?? 0;
  }

  /** The inputs a caller must feed: IR 3 files list their initializers as inputs too. */
  get feeds(): readonly Value[] {
    return this.inputs.filter((value) => !this.initializers.has(value.name));
  }

  /** Whether a size of what is fed is not a number: a free batch, pictures of any size. */
  get hasFreeSizes(): boolean {
    return this.feeds.some(({ shape }) => shape?.some((dim) => typeof dim !== 'number') ?? false);
  }

  /** Value name → the node that makes it. */
  get producers(): ReadonlyMap<string, Node> {
    if (!this.#producers) {
      const map = new Map<string, Node>();
      for (const node of this.nodes) for (const output of node.outputs) if (output !== '') map.set(output, node);
      this.#producers = map;
    }
    return this.#producers;
  }

  /** Value name → the nodes that read it (also from inside a subgraph), each once. */
  get consumers(): ReadonlyMap<string, readonly Node[]> {
    if (!this.#consumers) {
      const map = new Map<string, Node[]>();
      for (const node of this.nodes) {
        for (const value of new Set(node.uses)) {
          const list = map.get(value);
          if (list) list.push(node);
          else map.set(value, [node]);
        }
      }
      this.#consumers = map;
    }
    return this.#consumers;
  }

  /** Names of constants in sparse form. They are kept as they were read, not offered as tensors. */
  get sparseNames(): readonly string[] {
    return this.origin?.graph.sparseInitializer.map((sparse) => sparse.values?.name ?? '') ?? [];
  }

  /** Names of all values: inputs, initializers (dense and sparse) and node outputs. */
  get valueNames(): Set<string> {
    const names = new Set<string>(this.initializers.keys());
    for (const name of this.sparseNames) names.add(name);
    for (const input of this.inputs) names.add(input.name);
    for (const node of this.nodes) for (const output of node.outputs) if (output !== '') names.add(output);
    return names;
  }
}
