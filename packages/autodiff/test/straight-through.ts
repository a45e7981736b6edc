import { type DataType, Graph, Node, printNodes, Tensor, Value } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { gradientGraph, probeShapes, run, uniform } from './harness.ts';

// Quantised graphs, and the straight-through gradient of an op worked out without the rules.

export type Attributes = Parameters<typeof Node.make>[3];
export const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
export const scalar = (value: number) => Tensor.floats([value], []);
export const integers = (type: DataType, values: readonly number[], dims: readonly number[] = [values.length]) => {
  const arrays: Partial<Record<DataType, (v: readonly number[]) => ArrayBufferView>> = {
    uint8: (v) => Uint8Array.from(v),
    int8: (v) => Int8Array.from(v),
    uint16: (v) => Uint16Array.from(v),
    int16: (v) => Int16Array.from(v),
    int32: (v) => Int32Array.from(v),
  };
  return Tensor.of(type, dims, arrays[type]!(values) as never);
};
export const weights = (type: 'uint8' | 'int8', dims: readonly number[], seed = 5) =>
  integers(
    type,
    Array.from(uniform(seed, product(dims), type === 'uint8' ? 0 : -120, type === 'uint8' ? 255 : 120), Math.round),
    dims,
  );

export function graphOf(
  inputs: readonly { name: string; dims: readonly (number | null)[]; type?: DataType }[],
  constants: Record<string, Tensor>,
  nodes: readonly Node[],
  outputs: readonly string[],
  version = 17,
): Graph {
  return new Graph({
    irVersion: version > 21 ? 11 : 10,
    opsets: new Map([
      ['', version],
      ['com.microsoft', 1],
    ]),
    inputs: inputs.map(({ name, dims, type }) => new Value(name, type ?? 'float32', dims)),
    outputs: outputs.map((name) => new Value(name)),
    initializers: new Map(Object.entries(constants)),
    nodes,
  });
}

/** ∂x of Σ seed · y for every x, by the rules, and the values named in `see`. */
export async function gradientsOf(
  graph: Graph,
  feeds: Record<string, ort.Tensor>,
  seed: Float32Array,
  see: string[] = [],
  of = 'y',
) {
  const shapes = await probeShapes(graph, feeds);
  const program = gradientGraph(graph, of, shapes, Object.keys(feeds));
  const dims = shapes.get(of) as readonly number[];
  const all = program.graph.with({
    outputs: [...program.graph.outputs, ...see.filter((name) => name !== of).map((name) => new Value(name))],
  });
  const results = await run(all, { ...feeds, seed: new ort.Tensor('float32', seed, [...dims]) });
  return {
    gradients: Object.keys(feeds).map((name) => results[`d:${name}`]!.data as Float32Array),
    seen: see.map((name) => results[name]!.data as ArrayLike<number>),
    emitted: printNodes(
      program.graph,
      program.graph.nodes.slice(graph.nodes.length).filter((node) => !node.outputs[0]!.startsWith('d:')),
    ),
  };
}

export const range: Record<string, [number, number]> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};
export const near = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 1e-5) => {
  expect(found.length).toBe(wanted.length);
  const largest = Math.max(1e-6, ...Array.from(wanted, Math.abs));
  for (let index = 0; index < wanted.length; index++) {
    const error = Math.abs(found[index]! - wanted[index]!) / largest;
    if (!(error <= tolerance)) throw new Error(`entry ${index}: ${found[index]}, not ${wanted[index]}`);
  }
};

/** A quantised op between QuantizeLinear of its inputs and DequantizeLinear of its output, and the same op on floats. */
export interface Case {
  activations: { dims: readonly number[]; scale: number; zero: number; type: 'uint8' | 'int8' }[];
  constants?: Record<string, Tensor>;
  /** From q0, q1 (quantised), s0, z0 (scales, zeros), x0 (float) and sy, zy to q (quantised by sy, zy) or y (float). */
  nodes: Node[];
  result?: { scale: number; zero: number; type: 'uint8' | 'int8' };
  /** From f0, f1 to f. */
  float: Node[];
  opset?: number;
}

/** <rule, v> = <mask_y · u, J_float(x̂) (mask_x · v)>, where the masks come from the integers that the runtime made. */
export async function straightThrough(c: Case, tolerance = 1e-4): Promise<number> {
  const constants: Record<string, Tensor> = { ...c.constants };
  const quantize: Node[] = [];
  c.activations.forEach(({ scale, zero, type }, index) => {
    constants[`s${index}`] = scalar(scale);
    constants[`z${index}`] = integers(type, [zero], []);
    quantize.push(Node.make('QuantizeLinear', [`x${index}`, `s${index}`, `z${index}`], [`q${index}`]));
  });
  const end: Node[] = [];
  if (c.result) {
    constants.sy = scalar(c.result.scale);
    constants.zy = integers(c.result.type, [c.result.zero], []);
    end.push(Node.make('DequantizeLinear', ['q', 'sy', 'zy'], ['y']));
  }
  const inputs = c.activations.map(({ dims }, index) => ({ name: `x${index}`, dims }));
  const graph = graphOf(inputs, constants, [...quantize, ...c.nodes, ...end], ['y'], c.opset);
  const feeds: Record<string, ort.Tensor> = {};
  c.activations.forEach(({ dims, scale, zero, type }, index) => {
    const [low, high] = range[type]!;
    const values = uniform(20 + index, product(dims), (low - zero - 8) * scale, (high - zero + 8) * scale);
    feeds[`x${index}`] = new ort.Tensor('float32', values, [...dims]);
  });
  const shapes = await probeShapes(graph, feeds);
  const size = product(shapes.get('y') as readonly number[]);
  const u = uniform(3, size);
  const see = [...c.activations.map((_, index) => `q${index}`), ...(c.result ? ['q'] : [])];
  const { gradients, seen } = await gradientsOf(graph, feeds, u, see);
  const exact = graphOf(
    c.activations.map(({ dims }, index) => ({ name: `f${index}`, dims })),
    c.constants ?? {},
    c.float,
    ['f'],
    c.opset,
  );
  const v = c.activations.map(({ dims }, index) => uniform(60 + index, product(dims)));
  const at = async (shift: number) => {
    const moved: Record<string, ort.Tensor> = {};
    c.activations.forEach(({ dims, scale, zero, type }, index) => {
      const [low, high] = range[type]!;
      const x = feeds[`x${index}`]!.data as Float32Array;
      const values = Float32Array.from(seen[index]!, (level, place) => {
        const rounded = Math.round(x[place]! / scale) + zero;
        const passes = rounded >= low && rounded <= high;
        return (level - zero) * scale + (passes ? shift * v[index]![place]! : 0);
      });
      moved[`f${index}`] = new ort.Tensor('float32', values, [...dims]);
    });
    // Unoptimised: the runtime would quantise a MatMul of a dequantised weight again.
    return (await run(exact, moved, { graphOptimizationLevel: 'disabled' })).f!.data as Float32Array;
  };
  const h = 2e-2;
  const [p1, m1, p2, m2] = [await at(h), await at(-h), await at(2 * h), await at(-2 * h)];
  const [low, high] = c.result ? range[c.result.type]! : [0, 0];
  let [left, scale, passed] = [0, 0, 0];
  for (let index = 0; index < size; index++) {
    const level = c.result ? seen.at(-1)![index]! : 1;
    if (c.result && (level <= low || level >= high)) continue;
    passed++;
    const jv = (8 * (p1[index]! - m1[index]!) - (p2[index]! - m2[index]!)) / (12 * h);
    left += jv * u[index]!;
    scale += Math.abs(jv * u[index]!);
  }
  let right = 0;
  gradients.forEach((gradient, index) => {
    gradient.forEach((value, place) => {
      right += value * v[index]![place]!;
    });
  });
  expect(passed).toBeGreaterThan(size / 4);
  const error = Math.abs(left - right) / scale;
  if (!(error <= tolerance)) throw new Error(`relative error ${error.toExponential(2)}: ${left} and ${right}`);
  return error;
}
