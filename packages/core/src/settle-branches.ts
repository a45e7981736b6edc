import { foldBranches, type Graph, removeDeadNodes } from '@seewhy/onnx';
import { knownSizes } from './known-sizes.ts';
import { probe } from './probe.ts';
import type { RunTensor, Runtime } from './runtime/runtime.ts';

/**
 * The graph with each If whose condition follows from sizes replaced by the branch that runs. torch's tracing exporter writes such an If for a
 * `squeeze`, a `repeat` or a `diagonal` of a picture whose sizes it did not know; gradients do not pass an If.
 * The sizes within a branch are known only once it is inlined: each round asks the runtime again. Graphs without an If are not run.
 */
export async function settleBranches(
  runtime: Runtime,
  graph: Graph,
  one: Readonly<Record<string, RunTensor>>,
  two?: Readonly<Record<string, RunTensor>>,
): Promise<Graph> {
  let settled = graph;
  while (settled.nodes.some(isIf)) {
    const { shapes } = await probe(runtime, settled, one, two);
    const next = removeDeadNodes(foldBranches(settled, { shapes: knownSizes(shapes) }));
    const left = new Set(next.nodes.filter(isIf).map((node) => node.outputs[0]));
    if (settled.nodes.filter(isIf).every((node) => left.has(node.outputs[0]))) break;
    settled = next;
  }
  return settled;
}

const isIf = ({ op, domain }: { op: string; domain: string }) => op === 'If' && domain === '';
