import { differentiate, type ProfileName, type Shape } from '@seewhy/autodiff';
import {
  type AttributeInput,
  attributesFrom,
  Graph,
  GraphBuilder,
  Node,
  type NodeFields,
  printNodes,
  Tensor,
  Value,
  writeGraph,
} from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { random } from '../../../tools/test-support/random.ts';

/** `size` numbers in [low, high). */
export function uniform(seed: number, size: number, low = -1, high = 1): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: size }, () => low + (high - low) * next());
}

/** A constant of uniform numbers. */
export const weights = (seed: number, ...dims: number[]): Tensor =>
  Tensor.floats(
    uniform(
      seed,
      dims.reduce((product, dim) => product * dim, 1),
    ),
    dims,
  );

export interface OpCase {
  op: string;
  domain?: string;
  opset?: number;
  attributes?: Record<string, AttributeInput>;
  /** Inputs in order: `variable` ones are fed and differentiated, `constant` ones are initializers, null is left out. */
  inputs: (
    | { variable: Shape1; low?: number; high?: number; values?: ArrayLike<number> }
    | { constant: Tensor }
    | null
  )[];
  outputs?: number;
  /** Which output is differentiated; default 0. */
  of?: number;
  profile?: ProfileName;
  /** More nodes, when the case is more than one op: called instead of making the single node; must produce values named y0, y1… */
  nodes?: Node[];
  extraOpsets?: Record<string, number>;
}
type Shape1 = readonly number[];

/** A graph around one op: variables are inputs x0, x1 …, constants initializers c0 …, results y0, y1 …. */
export function opGraph(c: OpCase): Graph {
  const opsets = new Map<string, number>([['', c.opset ?? 17], ...Object.entries(c.extraOpsets ?? {})]);
  if (c.domain) opsets.set(c.domain, 1);
  const inputs: Value[] = [];
  const initializers = new Map<string, Tensor>();
  const names = c.inputs.map((input, index) => {
    if (input === null) return '';
    if ('variable' in input) {
      inputs.push(new Value(`x${index}`, 'float32', input.variable));
      return `x${index}`;
    }
    initializers.set(`c${index}`, input.constant);
    return `c${index}`;
  });
  const outputs = Array.from({ length: c.outputs ?? 1 }, (_, index) => `y${index}`);
  const fields: NodeFields = {
    op: c.op,
    domain: c.domain ?? '',
    inputs: names,
    outputs,
    attributes: attributesFrom(c.attributes ?? {}),
  };
  return new Graph({
    irVersion: 8,
    opsets,
    inputs,
    outputs: outputs.map((name) => new Value(name)),
    initializers,
    nodes: c.nodes ?? [new Node(fields)],
  });
}

/** Runs a graph in onnxruntime-node. */
export async function run(
  graph: Graph,
  feeds: Record<string, ort.Tensor>,
  options: ort.InferenceSession.SessionOptions = {},
): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(writeGraph(graph), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    ...options,
  });
  try {
    return (await session.run(feeds)) as Record<string, ort.Tensor>;
  } finally {
    await session.release();
  }
}

/** Shapes of every value for one set of feeds. With `batched` feeds (batch doubled) dims that double become batch dims. */
export async function probeShapes(
  graph: Graph,
  feeds: Record<string, ort.Tensor>,
  doubled?: Record<string, ort.Tensor>,
): Promise<Map<string, Shape>> {
  const names = [
    ...graph.nodes.flatMap((node) => node.outputs.filter((value) => value !== '')),
    ...graph.inputs.map((value) => value.name),
  ];
  const shapeOf = (name: string) => `shape-of:${name}`;
  const probe = graph.with({
    nodes: [...graph.nodes, ...names.map((name) => Node.make('Shape', [name], [shapeOf(name)]))],
    outputs: names.map((name) => new Value(shapeOf(name))),
  });
  const once = async (f: Record<string, ort.Tensor>) => {
    const results = await run(probe, f, { graphOptimizationLevel: 'disabled' });
    return new Map(names.map((name) => [name, Array.from(results[shapeOf(name)]!.data as BigInt64Array, Number)]));
  };
  const one = await once(feeds);
  if (!doubled) return one;
  const two = await once(doubled);
  return new Map(
    [...one].map(([name, shape]) => [
      name,
      shape.map((dim, axis) => (two.get(name)![axis] === dim ? dim : { batch: dim })),
    ]),
  );
}

/** The graph with the gradients of all its float inputs appended, seeded by a further input `seed`. */
export function gradientGraph(
  graph: Graph,
  of: string,
  shapes: ReadonlyMap<string, Shape>,
  wrt: readonly string[],
  profile: ProfileName = 'native',
): { graph: Graph; gradients: Map<string, string> } {
  const builder = new GraphBuilder(graph, { prefix: 'g' });
  const seed = builder.input(
    'seed',
    'float32',
    shapes.get(of)!.map((dim) => (typeof dim === 'number' ? dim : null)),
  );
  const gradients = differentiate(builder, graph, { of, seed, wrt, shapes, profile });
  for (const [value, gradient] of gradients) builder.output(gradient, `d:${value}`);
  return { graph: builder.build(), gradients };
}

/** The nodes a rule emits, as readable lines: for snapshots. */
export async function emitted(c: OpCase): Promise<string> {
  const { graph, feeds, of, wrt } = setUp(c, 1);
  const shapes = await probeShapes(graph, feeds);
  const result = gradientGraph(graph, of, shapes, wrt, c.profile);
  return printNodes(
    result.graph,
    result.graph.nodes.slice(graph.nodes.length).filter((node) => !node.outputs[0]!.startsWith('d:')),
  );
}

/** A case as a graph with its feeds. */
export function setUp(c: OpCase, seed: number) {
  const graph = opGraph(c);
  const feeds: Record<string, ort.Tensor> = {};
  c.inputs.forEach((input, index) => {
    if (input === null || !('variable' in input)) return;
    const size = input.variable.reduce((a, b) => a * b, 1);
    const data = input.values
      ? Float32Array.from(input.values)
      : uniform(seed + index, size, input.low ?? -1, input.high ?? 1);
    feeds[`x${index}`] = new ort.Tensor('float32', data, [...input.variable]);
  });
  return { graph, feeds, of: `y${c.of ?? 0}`, wrt: Object.keys(feeds) };
}

export interface CheckOptions {
  /** Relative error allowed between <Jv, u> and <v, Jᵀu>. Default 1e-4 for linear ops (`linear: true`), 1e-3 for central differences. */
  tolerance?: number;
  /** The op is linear in each of its variables taken together: Jv = f(v) − f(0) exactly. */
  linear?: boolean;
  /** Step of the central differences (fourth order, so it may be large). Default 1e-2. */
  step?: number;
  seed?: number;
}

/**
 * Checks a rule against the op itself: for random directions v and u, <Jv, u> by differences of the op's own outputs (exact for linear
 * ops, fourth-order central differences otherwise) must equal <v, Jᵀu> by the rule. Returns the largest relative error seen.
 */
export async function checkRule(c: OpCase, options: CheckOptions = {}): Promise<number> {
  const { graph, feeds, of, wrt } = setUp(c, (options.seed ?? 1) * 1000);
  const shapes = await probeShapes(graph, feeds);
  const program = gradientGraph(graph, of, shapes, wrt, c.profile);
  const forward = await ort.InferenceSession.create(writeGraph(graph.with({ outputs: [new Value(of)] })), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  const backward = await ort.InferenceSession.create(writeGraph(program.graph), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  let worst = 0;
  try {
    const f = async (shift: Record<string, Float32Array>, scale: number): Promise<Float64Array> => {
      const moved: Record<string, ort.Tensor> = {};
      for (const name of wrt) {
        const base = options.linear ? undefined : (feeds[name]!.data as Float32Array);
        moved[name] = new ort.Tensor(
          'float32',
          shift[name]!.map((value, index) => (base ? base[index]! : 0) + scale * value),
          feeds[name]!.dims,
        );
      }
      return Float64Array.from((await forward.run(moved))[of]!.data as Float32Array);
    };
    for (let trial = 0; trial < 3; trial++) {
      const v: Record<string, Float32Array> = {};
      wrt.forEach((name, index) => {
        v[name] = uniform((options.seed ?? 1) * 77 + trial * 13 + index, feeds[name]!.size);
      });
      const outputShape = shapes.get(of) as readonly number[];
      const u = uniform(
        trial + 5,
        outputShape.reduce((a, b) => a * b, 1),
      );
      const results = await backward.run({ ...feeds, seed: new ort.Tensor('float32', u, [...outputShape]) });
      const h = options.step ?? 1e-2;
      let jv: Float64Array;
      if (options.linear) {
        const [at, zero] = [await f(v, 1), await f(v, 0)];
        jv = at.map((value, index) => value - zero[index]!);
      } else {
        const [p1, m1, p2, m2] = [await f(v, h), await f(v, -h), await f(v, 2 * h), await f(v, -2 * h)];
        jv = p1.map((value, index) => (8 * (value - m1[index]!) - (p2[index]! - m2[index]!)) / (12 * h));
      }
      let left = 0;
      let scale = 0;
      jv.forEach((value, index) => {
        left += value * u[index]!;
        scale += Math.abs(value * u[index]!);
      });
      let right = 0;
      for (const name of wrt) {
        const gradient = results[`d:${name}`]!;
        if (gradient.dims.join() !== feeds[name]!.dims.join())
          throw new Error(`gradient of ${name} has shape [${gradient.dims}], not [${feeds[name]!.dims}]`);
        (gradient.data as Float32Array).forEach((value, index) => {
          right += value * v[name]![index]!;
        });
      }
      const error = Math.abs(left - right) / Math.max(scale, 1e-6);
      if (Number.isNaN(error)) throw new Error('gradient is NaN');
      worst = Math.max(worst, error);
    }
  } finally {
    await forward.release();
    await backward.release();
  }
  const tolerance = options.tolerance ?? (options.linear ? 1e-5 : 1e-3);
  if (worst > tolerance)
    throw new Error(`${c.op}: relative error ${worst.toExponential(2)} above ${tolerance}\n${await emitted(c)}`);
  return worst;
}
