import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { check, Graph, type Node, type Tensor, Value, writeGraph } from '../src/index.ts';
import { difference, noise, runBytes, runGraph } from './ort.ts';

export const x = noise([2, 3]);
export const input = new Value('x', 'float32', ['N', 3]);
export const value = (name: string) => new Value(name);
export const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../fixtures/models/${name}`, import.meta.url)));
export const ops = (graph: Graph) => graph.nodes.map((node) => node.op);

export const graphOf = (nodes: Node[], outputs: string[], rest: Partial<Graph> = {}) =>
  new Graph({
    opsets: new Map([['', 17]]),
    inputs: [input],
    outputs: outputs.map(value),
    nodes,
    ...rest,
  });

/** The same outputs before (as ONNX Runtime reads the file) and after. */
export async function unchanged(before: Graph, after: Graph, feeds: Record<string, Tensor> = { x }) {
  expect(check(after)).toEqual([]);
  expect(
    difference(await runBytes(writeGraph(before), feeds, false), await runGraph(after, feeds, false)),
  ).toBeUndefined();
}
