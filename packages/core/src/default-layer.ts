import type { Shape } from '@seewhy/autodiff';
import type { Graph, Node } from '@seewhy/onnx';
import { type Layer, pathNodes } from './layers.ts';

export interface DefaultLayer {
  readonly layer: Layer;
  /** Why this one, as a sentence. */
  readonly reason: string;
}

/**
 * The layer explained when none is asked for: the last spatial feature map before the head pools it. In a transformer whose head reads
 * the class token only, later patch tokens have no influence at all; there it is the tokens that the last attention reads.
 */
export function defaultLayer(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  layers: readonly Layer[],
  image: string,
  of: string,
): DefaultLayer | undefined {
  if (layers.length === 0) return undefined;
  const byValue = new Map(layers.map((layer) => [layer.value, layer]));
  const order = new Map(layers.map((layer, index) => [layer.value, index]));
  const nodes = pathNodes(graph, image, of);
  const onPath = new Set(nodes);
  // Back from the explained value until each branch meets a layer.
  const frontier: Layer[] = [];
  const seen = new Set<string>([of]);
  const queue = [of];
  while (queue.length > 0) {
    const node = graph.producers.get(queue.shift()!);
    if (!node || !onPath.has(node)) continue;
    for (const input of node.uses) {
      if (seen.has(input)) continue;
      seen.add(input);
      const layer = byValue.get(input);
      if (layer) frontier.push(layer);
      else queue.push(input);
    }
  }
  frontier.sort((a, b) => order.get(b.value)! - order.get(a.value)!);
  const last = frontier[0] ?? layers[layers.length - 1]!;
  if (last.grid.layout === 'tokens' && last.grid.prefix > 0 && readsPrefixOnly(graph, shapes, last, onPath)) {
    const read = lastAttentionInput(graph, nodes, byValue, order.get(last.value)!, order);
    if (read)
      return {
        layer: read,
        reason: 'the tokens that the last attention reads: behind it only the class token reaches the head',
      };
  }
  return { layer: last, reason: 'the last spatial feature map before the head' };
}

/** Whether every reader of a token layer takes tokens from its prefix only (the class token). */
function readsPrefixOnly(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  layer: Layer,
  onPath: ReadonlySet<Node>,
): boolean {
  const readers = (graph.consumers.get(layer.value) ?? []).filter((node) => onPath.has(node));
  return (
    readers.length > 0 &&
    readers.every((node) => {
      if (node.op !== 'Gather' && node.op !== 'Slice' && node.op !== 'Split') return false;
      const shape = shapes.get(node.outputs[0]!);
      const whole = shapes.get(layer.value)!;
      // The token axis is gone (Gather of one index) or not longer than the prefix.
      return (
        shape !== undefined &&
        (shape.length < whole.length || (typeof shape[1] === 'number' && shape[1] <= layer.grid.prefix))
      );
    })
  );
}

/** Input of the linear layer in front of the last attention. */
function lastAttentionInput(
  graph: Graph,
  nodes: readonly Node[],
  byValue: ReadonlyMap<string, Layer>,
  before: number,
  order: ReadonlyMap<string, number>,
): Layer | undefined {
  const attention = [...nodes].reverse().find((node) => node.op === 'Softmax' || /Attention$/.test(node.op));
  if (!attention) return undefined;
  const seen = new Set<string>();
  const queue = [...attention.inputs.slice(0, 1)];
  let nearest: Layer | undefined;
  while (queue.length > 0) {
    const value = queue.shift()!;
    if (seen.has(value)) continue;
    seen.add(value);
    const layer = byValue.get(value);
    const producer = graph.producers.get(value);
    const normalised = producer !== undefined && /Normalization$/.test(producer.op);
    const readsIt = (graph.consumers.get(value) ?? []).some((node) => isLinear(graph, node) || node === attention);
    if (layer && (readsIt || normalised) && order.get(value)! <= before) {
      if (!nearest || order.get(value)! > order.get(nearest.value)!) nearest = layer;
      continue;
    }
    if (producer) queue.push(...producer.inputs.filter((input) => input !== '' && !graph.initializers.has(input)));
  }
  return nearest;
}

/** MatMul or Gemm with a constant weight. */
function isLinear(graph: Graph, node: Node): boolean {
  if (node.op !== 'MatMul' && node.op !== 'Gemm') return false;
  const weight = node.inputs[1]!;
  return graph.initializers.has(weight) || graph.initializers.has(graph.producers.get(weight)?.inputs[0] ?? '');
}
