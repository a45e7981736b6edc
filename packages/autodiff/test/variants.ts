import { differentiate } from '@seewhy/autodiff';
import {
  DATA_TYPES,
  type DataType,
  float16ToFloat32,
  float32ToFloat16,
  type Graph,
  GraphBuilder,
  Node,
  Tensor,
  Value,
} from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { gradientGraph, type OpCase, probeShapes, run, setUp, uniform } from './harness.ts';

// Further ways in which a rule is looked at, besides checkRule of the harness.

type Feeds = Record<string, ort.Tensor>;

/** The largest difference between two lists, relative to the largest number of the second. */
export function relative(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (found.length !== wanted.length) throw new Error(`${found.length} numbers, not ${wanted.length}`);
  let [difference, scale] = [0, 1e-6];
  for (let index = 0; index < wanted.length; index++) {
    if (Number.isNaN(found[index]!)) throw new Error('NaN');
    difference = Math.max(difference, Math.abs(found[index]! - wanted[index]!));
    scale = Math.max(scale, Math.abs(wanted[index]!));
  }
  return difference / scale;
}

/** Gradients of one case for given inputs and seed, by name; −0 as 0. */
export async function gradients(c: OpCase, seed?: ArrayLike<number>): Promise<Record<string, number[]>> {
  const { graph, feeds, of, wrt } = setUp(c, 1);
  const shapes = await probeShapes(graph, feeds);
  const shape = shapes.get(of) as readonly number[];
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from(seed ?? new Float32Array(size).fill(1));
  const program = gradientGraph(graph, of, shapes, wrt, c.profile);
  const results = await run(program.graph, { ...feeds, seed: new ort.Tensor('float32', values, [...shape]) });
  return Object.fromEntries(
    wrt.map((name) => [name, Array.from(results[`d:${name}`]!.data as Float32Array, (value) => value + 0)]),
  );
}

/** Compares the whole Jacobian with central differences, entry by entry. Returns the largest error relative to the largest entry. */
export async function checkEntries(c: OpCase, options: { step?: number; tolerance?: number } = {}): Promise<number> {
  const { graph, feeds, of, wrt } = setUp(c, 3);
  const shapes = await probeShapes(graph, feeds);
  const shape = shapes.get(of) as readonly number[];
  const size = shape.reduce((a, b) => a * b, 1);
  const h = options.step ?? 1e-2;
  const program = gradientGraph(graph, of, shapes, wrt, c.profile);
  const rows: Record<string, ort.Tensor>[] = [];
  for (let entry = 0; entry < size; entry++) {
    const seed = new Float32Array(size);
    seed[entry] = 1;
    rows.push(await run(program.graph, { ...feeds, seed: new ort.Tensor('float32', seed, [...shape]) }));
  }
  const forward = graph.with({ outputs: [new Value(of)] });
  let worst = 0;
  for (const name of wrt) {
    const base = feeds[name]!.data as Float32Array;
    const found: number[] = [];
    const wanted: number[] = [];
    for (let entry = 0; entry < base.length; entry++) {
      const at = async (shift: number) => {
        const moved = Float32Array.from(base);
        moved[entry]! += shift;
        const results = await run(forward, { ...feeds, [name]: new ort.Tensor('float32', moved, feeds[name]!.dims) });
        return results[of]!.data as Float32Array;
      };
      const [p1, m1, p2, m2] = [await at(h), await at(-h), await at(2 * h), await at(-2 * h)];
      for (let row = 0; row < size; row++) {
        found.push((rows[row]![`d:${name}`]!.data as Float32Array)[entry]!);
        wanted.push((8 * (p1[row]! - m1[row]!) - (p2[row]! - m2[row]!)) / (12 * h));
      }
    }
    worst = Math.max(worst, relative(found, wanted));
  }
  if (worst > (options.tolerance ?? 2e-3)) throw new Error(`${c.op}: an entry is off by ${worst.toExponential(2)}`);
  return worst;
}

const free = (graph: Graph, type?: DataType) =>
  graph.with({
    inputs: graph.inputs.map(
      (value) =>
        new Value(
          value.name,
          type ?? value.type ?? 'float32',
          value.shape?.map(() => null),
        ),
    ),
  });

/**
 * A program made from shapes probed at batches 1 and 2 (the first dimension of every variable but those in `fixed` is the batch) gives, at
 * batches 1 and 3, what the program for that batch alone gives.
 */
export async function checkBatched(c: OpCase, fixed: readonly number[] = []): Promise<number> {
  const { graph, of, wrt } = setUp(c, 1);
  const open = free(graph);
  const feedsOf = (batch: number): Feeds => {
    const feeds: Feeds = {};
    c.inputs.forEach((input, index) => {
      if (input === null || !('variable' in input)) return;
      const dims = fixed.includes(index)
        ? [...input.variable]
        : [batch * input.variable[0]!, ...input.variable.slice(1)];
      const size = dims.reduce((a, b) => a * b, 1);
      feeds[`x${index}`] = new ort.Tensor('float32', uniform(index + 9, size, input.low ?? -1, input.high ?? 1), dims);
    });
    return feeds;
  };
  const general = gradientGraph(open, of, await probeShapes(open, feedsOf(1), feedsOf(2)), wrt, c.profile);
  let worst = 0;
  for (const batch of [1, 3]) {
    const feeds = feedsOf(batch);
    const shapes = await probeShapes(open, feeds);
    const special = gradientGraph(open, of, shapes, wrt, c.profile);
    const shape = shapes.get(of) as readonly number[];
    const seed = uniform(
      5,
      shape.reduce((a, b) => a * b, 1),
    );
    const all = { ...feeds, seed: new ort.Tensor('float32', seed, [...shape]) };
    const [found, wanted] = [await run(general.graph, all), await run(special.graph, all)];
    for (const name of wrt) {
      if (found[`d:${name}`]!.dims.join() !== feeds[name]!.dims.join())
        throw new Error(`${c.op}: gradient of ${name} at batch ${batch} has shape [${found[`d:${name}`]!.dims}]`);
      worst = Math.max(
        worst,
        relative(found[`d:${name}`]!.data as Float32Array, wanted[`d:${name}`]!.data as Float32Array),
      );
    }
  }
  if (worst > 1e-5) throw new Error(`${c.op}: the batch changes the gradient by ${worst.toExponential(2)}`);
  return worst;
}

/** The same op in float16: its gradient is that of float32 but for rounding, and the graph has no float32 constants. */
export async function checkHalf(c: OpCase, tolerance = 2e-2): Promise<number> {
  const { graph, feeds, of, wrt } = setUp(c, 1);
  const half = free(graph, 'float16').with({
    initializers: new Map(
      [...graph.initializers].map(([name, tensor]) => [
        name,
        tensor.type === 'float32' ? Tensor.floats(tensor.numbers(), tensor.dims, 'float16') : tensor,
      ]),
    ),
  });
  const rounded: Feeds = {};
  const narrow: Feeds = {};
  for (const [name, tensor] of Object.entries(feeds)) {
    const bits = Uint16Array.from(tensor.data as Float32Array, float32ToFloat16);
    narrow[name] = new ort.Tensor('float16', bits, tensor.dims);
    rounded[name] = new ort.Tensor('float32', Float32Array.from(bits, float16ToFloat32), tensor.dims);
  }
  const shapes = await probeShapes(graph, rounded);
  const shape = shapes.get(of) as readonly number[];
  const seedBits = Uint16Array.from(
    uniform(
      5,
      shape.reduce((a, b) => a * b, 1),
    ),
    float32ToFloat16,
  );
  const builder = new GraphBuilder(half, { prefix: 'g' });
  const seed = builder.input('seed', 'float16', [...shape]);
  const made = differentiate(builder, half, { of, seed, wrt, shapes, profile: c.profile ?? 'native' });
  for (const [value, gradient] of made) builder.output(gradient, `d:${value}`);
  const found = await run(builder.build(), { ...narrow, seed: new ort.Tensor('float16', seedBits, [...shape]) });
  const program = gradientGraph(graph, of, shapes, wrt, c.profile);
  const wide = new ort.Tensor('float32', Float32Array.from(seedBits, float16ToFloat32), [...shape]);
  const wanted = await run(program.graph, { ...rounded, seed: wide });
  let worst = 0;
  for (const name of wrt) {
    const result = found[`d:${name}`]!;
    if (result.type !== 'float16')
      throw new Error(`${c.op}: gradient of ${name} is ${result.type}, not ${DATA_TYPES.float16}`);
    const values = Float32Array.from(result.data as unknown as Uint16Array, (bits) => bits);
    const decoded = result.data instanceof Uint16Array ? Float32Array.from(result.data, float16ToFloat32) : values;
    worst = Math.max(worst, relative(decoded, wanted[`d:${name}`]!.data as Float32Array));
  }
  if (worst > tolerance) throw new Error(`${c.op}: float16 is off by ${worst.toExponential(2)}`);
  return worst;
}

/** The same case with a constant input computed by nodes, so that no rule can see its values. */
export function atRunTime(c: OpCase, index = 1): OpCase {
  const names = c.inputs.map((input, position) =>
    input === null ? '' : 'variable' in input ? `x${position}` : `c${position}`,
  );
  const outputs = Array.from({ length: c.outputs ?? 1 }, (_, position) => `y${position}`);
  return {
    ...c,
    nodes: [
      Node.make('Neg', [names[index]!], ['negative']),
      Node.make('Neg', ['negative'], ['hidden']),
      Node.make(c.op, names.with(index, 'hidden'), outputs, c.attributes ?? {}),
    ],
  };
}
