import type { Shape } from '@seewhy/autodiff';
import type { Graph, Node } from '@seewhy/onnx';
import { makesBlocks } from './blocked-layout.ts';
import type { Layer, LayerSearch } from './layers.ts';
import { pathNodes } from './path-nodes.ts';

/** The layer taken where none was named. */
export interface DefaultLayer {
  readonly layer: Layer;
  /** Why this one, as a sentence. */
  readonly reason: string;
}

/**
 * The layer explained when none is asked for: the last spatial feature map before the head pools it. In a transformer whose head reads
 * the class token only, later patch tokens have no influence at all; there it is the tokens that the last attention reads. Where the head pools
 * by attention, it is what that reads, not its keys or values. A detector reads feature maps of several scales, and a number of one box
 * depends on one of them only: there it is the last that all of them depend on.
 */
export function defaultLayer(search: LayerSearch, layers: readonly Layer[]): DefaultLayer | undefined {
  const { graph, shapes, of } = search;
  if (layers.length === 0) return undefined;
  const byValue = new Map(layers.map((layer) => [layer.value, layer]));
  const order = new Map(layers.map((layer, index) => [layer.value, index]));
  const nodes = pathNodes(search, search.image.name, of);
  const onPath = new Set(nodes);
  const computed = new Set(nodes.flatMap((node) => node.outputs));
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
  const sizes = new Set(frontier.map(({ grid }) => `${grid.height}x${grid.width}`));
  if (sizes.size > 1 && (shapes.get(of)?.length ?? 0) > 2) {
    const ancestors = frontier.map((layer) => ancestorsOf(layer.value, graph));
    const shared = layers.findLast(({ value }) => ancestors.every((values) => values.has(value)));
    if (shared) return { layer: shared, reason: 'the last feature map that all scales of the head depend on' };
  }
  if (last.grid.layout === 'tokens' && last.grid.prefix > 0 && readsPrefixOnly(graph, shapes, last, onPath)) {
    const read = lastAttentionInput(graph, nodes, computed, byValue, order.get(last.value)!, order);
    if (read)
      return {
        layer: read,
        reason: 'the tokens that the last attention reads: behind it only the class token reaches the head',
      };
  }
  const readers = readersOf(last, nodes);
  if (readers.some(makesBlocks))
    return {
      layer: last,
      reason: 'the last layer that can be read: ONNX Runtime saved the file with later ones in blocks of channels',
    };
  const pooled = pooledByAttention(graph, readers, computed, byValue, last);
  if (pooled) return { layer: pooled, reason: 'the tokens that the attention of the head pools' };
  return { layer: last, reason: 'the last spatial feature map before the head' };
}

/** A value and all that it is computed from. */
function ancestorsOf(value: string, graph: Graph): Set<string> {
  const found = new Set([value]);
  // A set grows while it is walked.
  for (const one of found) for (const input of graph.producers.get(one)?.uses ?? []) found.add(input);
  return found;
}

/** Nodes, of those in topological order, that depend on a layer. */
function readersOf(layer: Layer, nodes: readonly Node[]): Node[] {
  const behind = new Set<string>([layer.value]);
  return nodes.filter((node) => {
    const reads = node.inputs.some((value) => behind.has(value));
    if (reads) for (const value of node.outputs) behind.add(value);
    return reads;
  });
}

/** What a head that pools by attention makes its keys or values of, where the last layer is these: half a layer of the head, not of the network. */
function pooledByAttention(
  graph: Graph,
  readers: readonly Node[],
  computed: ReadonlySet<string>,
  byValue: ReadonlyMap<string, Layer>,
  last: Layer,
): Layer | undefined {
  if (last.grid.layout !== 'tokens') return undefined;
  if (!readers.some((node) => mixesTokens(node, computed))) return undefined;
  let producer = graph.producers.get(last.value);
  // Behind the product its bias is added, and keys and values are taken apart.
  while (producer && /^(Add|Split|Slice|Gather)$/.test(producer.op)) {
    const from: string[] = producer.inputs.filter((value) => computed.has(value));
    producer = from.length === 1 ? graph.producers.get(from[0]!) : undefined;
  }
  return producer && isLinear(graph, producer) ? byValue.get(producer.inputs[0]!) : undefined;
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
  computed: ReadonlySet<string>,
  byValue: ReadonlyMap<string, Layer>,
  before: number,
  order: ReadonlyMap<string, number>,
): Layer | undefined {
  const attention = [...nodes].reverse().find((node) => mixesTokens(node, computed));
  if (!attention) return undefined;
  const seen = new Set<string>();
  const queue = attention.inputs.filter((value) => computed.has(value));
  let nearest: Layer | undefined;
  while (queue.length > 0) {
    const value = queue.shift()!;
    if (seen.has(value)) continue;
    seen.add(value);
    const layer = byValue.get(value);
    const producer = graph.producers.get(value);
    const normalised = producer !== undefined && /Normalization$/.test(producer.op);
    const readsIt = (graph.consumers.get(value) ?? []).some((node) => isLinear(graph, node));
    if (layer && (readsIt || normalised) && order.get(value)! <= before) {
      if (!nearest || order.get(value)! > order.get(nearest.value)!) nearest = layer;
      continue;
    }
    if (producer) queue.push(...producer.inputs.filter((input) => input !== '' && !graph.initializers.has(input)));
  }
  return nearest;
}

/** Attention, with or without a softmax: nothing else in a network multiplies two computed matrices. */
function mixesTokens(node: Node, computed: ReadonlySet<string>): boolean {
  if (/Attention$/.test(node.op)) return true;
  return (node.op === 'MatMul' || node.op === 'Einsum') && node.inputs.every((value) => computed.has(value));
}

/** MatMul or Gemm with a constant weight, or ONNX Runtime's Attention, which holds the weights of its queries, keys and values. */
function isLinear(graph: Graph, node: Node): boolean {
  if (node.op === 'Attention') return node.domain === 'com.microsoft';
  if (node.op !== 'MatMul' && node.op !== 'Gemm') return false;
  const weight = node.inputs[1]!;
  return graph.initializers.has(weight) || graph.initializers.has(graph.producers.get(weight)?.inputs[0] ?? '');
}
