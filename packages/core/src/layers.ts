import type { Shape } from '@seewhy/autodiff';
import { type DataType, type Graph, isFloat } from '@seewhy/onnx';
import { errors } from './errors.ts';
import { type Grid, traceGrids } from './grid.ts';
import { pathNodes } from './path-nodes.ts';
import { scopeOf } from './scope.ts';

/** An activation with spatial extent that lies between the image and the explained output. */
export interface Layer {
  /** Name people know: the exporter's scope (`layer4.2`, `block3a_expand_conv`), or the value's own. */
  readonly name: string;
  /** Name of the value in the graph. */
  readonly value: string;
  readonly op: string;
  readonly grid: Grid;
  /** `[C, h, w]`. */
  readonly shape: readonly [number, number, number];
  /** Input pixels a cell steps over, vertically: the stage of the network. */
  readonly stride: number;
}

/** Where the image goes in and the explained value comes out. */
export interface LayerSearch {
  graph: Graph;
  shapes: ReadonlyMap<string, Shape>;
  types: ReadonlyMap<string, DataType>;
  image: { name: string; layout: 'NCHW' | 'NHWC'; height: number; width: number };
  /** Value that is explained (logits). */
  of: string;
}

/** All layers on the path from the image to the explained value, in the order they are computed. */
export function findLayers(search: LayerSearch): Layer[] {
  const { graph, shapes, types, image } = search;
  const onPath = pathNodes({ graph, types }, image.name, search.of);
  const grids = traceGrids(graph, onPath, shapes, image);
  const layers: Layer[] = [];
  for (const node of onPath) {
    for (const value of node.outputs) {
      const grid = grids.get(value);
      if (!grid || grid.height * grid.width < 2 || !isFloat(types.get(value) ?? 'float32')) continue;
      const channels = shapes.get(value)?.[grid.channelAxis];
      if (typeof channels !== 'number' || value === search.of) continue;
      layers.push({
        name: scopeOf(node, value, graph),
        value,
        op: node.op,
        grid,
        shape: [channels, grid.height, grid.width],
        stride: Math.max(1, Math.round(image.height / grid.height)),
      });
    }
  }
  return nameApart(layers);
}

/** A scope that several values share names the last of them (a module's output); the others get their op and a number. */
function nameApart(layers: readonly Layer[]): Layer[] {
  const last = new Map<string, Layer>();
  for (const layer of layers) last.set(layer.name, layer);
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    if (last.get(layer.name) === layer) return layer;
    const stem = `${layer.name}/${layer.op}`;
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    return { ...layer, name: count === 0 ? stem : `${stem}_${count}` };
  });
}

/** A layer by its name, its value's name, a node's name or a module's scope (the last layer inside it). @throws LAYER_UNKNOWN, LAYER_NOT_SPATIAL */
export function layerNamed(
  name: string,
  layers: readonly Layer[],
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
): Layer {
  const exact = layers.find((layer) => layer.name === name || layer.value === name);
  if (exact) return exact;
  const byNode = graph.nodes.find((node) => node.name === name);
  const ofNode = byNode && layers.find((layer) => byNode.outputs.includes(layer.value));
  if (ofNode) return ofNode;
  const inside = layers.filter((layer) => layer.name.startsWith(`${name}.`) || layer.name.startsWith(`${name}/`));
  const last = inside[inside.length - 1];
  if (last) return last;
  const value = shapes.has(name) ? name : byNode?.outputs[0];
  const names = layers.map((layer) => layer.name);
  if (value !== undefined && shapes.has(value)) {
    throw errors.layerNotSpatial(
      name,
      `[${shapes
        .get(value)!
        .map((dim) => (typeof dim === 'number' ? dim : 'N'))
        .join(', ')}]`,
      names,
    );
  }
  throw errors.unknownLayer(name, names);
}
