import { attribute } from '../attribute.ts';
import type { Graph } from '../graph.ts';
import type { Node } from '../node.ts';

/**
 * `ceil_mode` of pools as padding at the end. A window more than fits is taken as long as it begins within the input or the padding
 * before it: n + b elements at stride s give min(⌈(n + b + e − k)/s⌉ + 1, ⌈(n + b)/s⌉) windows, which is ⌊(n + b + E − k)/s⌋ + 1 with
 * E = min(e + s − 1, k − 1), whatever n is (k: extent of the window). ONNX Runtime infers the first of the two numbers for the shape and computes
 * the lesser one, so that whatever is built behind such a pool by its shape does not fit.
 *
 * Left as it is where pads would count in a mean (`count_include_pad`), or would be as wide as the kernel, which pools refuse.
 */
export function ceilAsPads(graph: Graph): Graph {
  let changed = false;
  const nodes = graph.nodes.map((node) => {
    const pads = padsOf(node);
    if (!pads) return node;
    changed = true;
    const attributes = new Map(node.attributes);
    attributes.delete('ceil_mode');
    attributes.set('pads', attribute('pads', pads));
    return node.with({ attributes });
  });
  return changed ? graph.with({ nodes }) : graph;
}

/** Values of auto_pad with which pads are as listed. */
const UNPADDED = new Set(['', 'NOTSET']);

/** The pads that stand for a pool's ceil_mode; undefined where nothing is to be changed. */
function padsOf(node: Node): number[] | undefined {
  if (node.type !== 'MaxPool' && node.type !== 'AveragePool' && node.type !== 'LpPool') return undefined;
  const { attribute: of } = node;
  if (of.int('ceil_mode', 0) === 0 || !UNPADDED.has(of.string('auto_pad', ''))) return undefined;
  const kernel = of.ints('kernel_shape');
  if (!kernel) return undefined;
  const rank = kernel.length;
  const given = of.ints('pads') ?? new Array<number>(2 * rank).fill(0);
  const ends = kernel.map((k, axis) => {
    const extent = (k - 1) * (of.ints('dilations')?.[axis] ?? 1);
    return Math.min(given[axis + rank]! + (of.ints('strides')?.[axis] ?? 1) - 1, extent);
  });
  const grows = ends.some((end, axis) => end !== given[axis + rank]!);
  if (grows && of.int('count_include_pad', 0) !== 0) return undefined;
  if (ends.some((end, axis) => end >= kernel[axis]!)) return undefined;
  return [...given.slice(0, rank), ...ends];
}
