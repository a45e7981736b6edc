import { attributesFrom, type Graph, type Node, type ValueName } from '@seewhy/onnx';
import { constantFinder } from './constant-finder.ts';

type Constants = ReturnType<typeof constantFinder>;

/**
 * A convolution of what a Pad has put zeros around, as the convolution with these pads, for the backward walk: what it then gives is the
 * gradient of what was padded. The other way borders are cut off again, and on ONNX Runtime's CPU provider a Slice takes the gradient and
 * the masks after it out of the blocks of channels. Keras pads all its strided convolutions so. The graph itself is not changed: the
 * runtime brings the pads into the convolution when it loads it.
 * @param keep values whose own gradient is asked for: a Pad among them stays
 */
export function padsIntoConvolutions(graph: Graph, keep: ReadonlySet<ValueName>): Graph {
  const constant = constantFinder(graph);
  let merged = false;
  const nodes = graph.nodes.map((node) => {
    const pad = node.type === 'Conv' ? graph.producers.get(node.inputs[0]!) : undefined;
    if (pad?.type !== 'Pad' || keep.has(pad.outputs[0]!)) return node;
    const rank = constant(node.inputs[1]!)?.dims.length;
    if (rank === undefined) return node;
    const [around, own] = [zerosAround(pad, rank, constant), ownPads(node, rank)];
    if (!around || !own) return node;
    merged = true;
    const kept = [...node.attributes].filter(([name]) => name !== 'auto_pad' && name !== 'pads');
    const pads = attributesFrom({ pads: own.map((size, at) => size + around[at]!) });
    return node.with({
      inputs: [pad.inputs[0]!, ...node.inputs.slice(1)],
      attributes: new Map([...kept, ...pads]),
    });
  });
  return merged ? graph.with({ nodes }) : graph;
}

/** Begins, then ends of the spatial axes, where a Pad puts only zeros and only there. */
function zerosAround(pad: Node, rank: number, constant: Constants): number[] | undefined {
  const [, sizes, value, given] = pad.inputs;
  if (pad.attribute.string('mode', 'constant') !== 'constant') return undefined;
  if (
    value &&
    !constant(value)
      ?.numbers()
      .every((number) => number === 0)
  )
    return undefined;
  const pads = sizes ? constant(sizes)?.numbers() : undefined;
  const axes = given ? constant(given)?.numbers() : Array.from({ length: rank }, (_, axis) => axis);
  if (!pads || !axes) return undefined;
  const all = Array<number>(2 * rank).fill(0);
  axes.forEach((axis, at) => {
    const place = axis < 0 ? axis + rank : axis;
    all[place] = pads[at]!;
    all[rank + place] = pads[axes.length + at]!;
  });
  const outside = [0, 1, rank, rank + 1].some((at) => all[at] !== 0);
  if (outside || all.some((size) => size < 0)) return undefined;
  return [...all.slice(2, rank), ...all.slice(rank + 2)];
}

/** A convolution's own pads, where it says them itself. */
function ownPads({ attribute }: Node, rank: number): readonly number[] | undefined {
  const mode = attribute.string('auto_pad', 'NOTSET');
  const none = Array<number>(2 * (rank - 2)).fill(0);
  if (mode === 'VALID') return none;
  return mode === 'NOTSET' || mode === '' ? (attribute.ints('pads') ?? none) : undefined;
}
