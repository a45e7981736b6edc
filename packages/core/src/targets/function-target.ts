import type { Dim, Shape } from '@seewhy/autodiff';
import { type DataType, type Graph, GraphBuilder, inferTypes, isFloat, Value, type ValueName } from '@seewhy/onnx';
import type { Model } from '../model.ts';
import { probe } from '../probe.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { Target } from '../target.ts';
import { zeros } from '../tensors.ts';
import { targetErrors } from './errors.ts';

export type FunctionTarget = Target & { kind: 'function' };

/** Nodes that a target is computed by, to be appended to the model's graph so that they can be differentiated. */
export interface TargetNodes {
  readonly nodes: Graph['nodes'];
  readonly initializers: Graph['initializers'];
  readonly shapes: ReadonlyMap<ValueName, Shape>;
  readonly types: ReadonlyMap<ValueName, DataType>;
  /** `[N]`: what is explained. */
  readonly value: ValueName;
  /** Values of the model that they read. */
  readonly reads: readonly ValueName[];
}

const made = new WeakMap<Model, WeakMap<FunctionTarget['build'], Promise<TargetNodes>>>();
let count = 0;

/**
 * Builds a function's nodes on a model, once, and asks the runtime for their shapes by a run of these nodes alone.
 * @throws TARGET_FUNCTION_INVALID
 */
export function functionNodes(target: FunctionTarget, model: Model): Promise<TargetNodes> {
  const known = made.get(model) ?? new WeakMap<FunctionTarget['build'], Promise<TargetNodes>>();
  made.set(model, known);
  const before = known.get(target.build);
  if (before) return before;
  const nodes = build(target, model, `seewhy/target-${count++}`);
  known.set(target.build, nodes);
  return nodes;
}

async function build(target: FunctionTarget, model: Model, prefix: string): Promise<TargetNodes> {
  const { graph, runtime } = model;
  const b = new GraphBuilder(graph, { prefix });
  const value = target.build(b, Object.fromEntries(graph.outputs.map(({ name }) => [name, name])));
  // A function that is a value of the model gets a node of its own.
  const named = b.op('Identity', [value], {}, 'value');
  const whole = b.build();
  const nodes = whole.nodes.slice(graph.nodes.length);
  const initializers = new Map([...whole.initializers].filter(([name]) => !graph.initializers.has(name)));
  const own = new Set(nodes.flatMap((node) => [...node.outputs]));
  const used = [...new Set(nodes.flatMap((node) => [...node.uses]))].filter((name) => !own.has(name));
  const constants = new Map([...whole.initializers].filter(([name]) => used.includes(name)));
  const reads = used.filter((name) => !constants.has(name));
  for (const name of reads)
    if (!model.shapes.has(name))
      throw targetErrors.targetFunction(target.name, `reads '${name}', which the model does not have`);
  const type = (name: ValueName): DataType => model.types.get(name) ?? 'float32';
  const part = graph.with({
    nodes,
    initializers: constants,
    values: new Map(),
    inputs: reads.map(
      (name) =>
        new Value(
          name,
          type(name),
          model.shapes.get(name)!.map(() => null),
        ),
    ),
    outputs: [new Value(named)],
  });
  const feeds = (items: number): Record<string, RunTensor> =>
    Object.fromEntries(reads.map((name) => [name, zeros(type(name), model.shapes.get(name)!.map(sizeAt(items)))]));
  const free = model.batch === 'free';
  const probed = await probe(runtime, part, feeds(1), free ? feeds(2) : undefined).catch((cause: unknown) => {
    throw targetErrors.targetFunction(
      target.name,
      `cannot be run (${cause instanceof Error ? cause.message : String(cause)})`,
    );
  });
  const shape = probed.shapes.get(named)!;
  if (free && probed.batch === 'fixed')
    throw targetErrors.targetFunction(target.name, 'gives a size that does not follow the number of pictures');
  const [first] = shape;
  const items = free ? typeof first === 'object' && first.batch === 1 : first === 1;
  if (shape.length !== 1 || !items)
    throw targetErrors.targetFunction(target.name, `gives the shape ${shown(shape)}, not [N]`);
  const types = new Map([...inferTypes(part)].filter(([name]) => own.has(name)));
  const result = types.get(named) ?? 'float32';
  if (!isFloat(result)) throw targetErrors.targetFunction(target.name, `gives ${result}, not floats`);
  const shapes = new Map([...probed.shapes].filter(([name]) => own.has(name)));
  return { nodes, initializers, shapes, types, value: named, reads };
}

const sizeAt = (items: number) => (dim: Dim) => (typeof dim === 'number' ? dim : dim.batch * items);

const shown = (shape: Shape): string =>
  `[${shape.map((dim) => (typeof dim === 'number' ? dim : dim.batch === 1 ? 'N' : `${dim.batch}·N`)).join(', ')}]`;
