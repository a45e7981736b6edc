import type { Shape } from '@seewhy/autodiff';
import type { Graph, Node } from '@seewhy/onnx';
import { makesBlocks } from './blocked-layout.ts';

/** How the picture's plane lies in the axes of a value. */
export interface Grid {
  /** `NCHW`, `NHWC`, or `tokens`: `[N, prefix + h·w, C]`. */
  readonly layout: 'NCHW' | 'NHWC' | 'tokens';
  readonly height: number;
  readonly width: number;
  readonly channelAxis: number;
  /** Tokens before the grid: class token, registers. 0 for pictures. */
  readonly prefix: number;
}

/** `channels-first tokens [N, C, h·w]` on the way from a picture to tokens. */
interface Flat {
  readonly layout: 'flat';
  readonly height: number;
  readonly width: number;
}
/** `[N, G, C/G·h·w]`: a picture's channels in groups, as GroupNormalization is written. */
interface Grouped {
  readonly layout: 'grouped';
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}
type Traced = Grid | Flat | Grouped;

const picture = (layout: 'NCHW' | 'NHWC', height: number, width: number): Grid => ({
  layout,
  height,
  width,
  channelAxis: layout === 'NCHW' ? 1 : 3,
  prefix: 0,
});
const tokens = (height: number, width: number, prefix: number): Grid => ({
  layout: 'tokens',
  height,
  width,
  channelAxis: 2,
  prefix,
});

/** Ops that always work on `[N, C, h, w]`. */
const ON_PICTURES =
  /^(Conv|ConvTranspose|DeformConv|FusedConv|ConvInteger|QLinearConv|MaxPool|AveragePool|LpPool|GlobalAveragePool|GlobalMaxPool|BatchNormalization|InstanceNormalization|GroupNormalization|LRN|DepthToSpace|SpaceToDepth|QLinearAveragePool|Upsample)$/;

/**
 * Follows the picture's plane through the graph: which axes of each value are height, width and channels. Convolutions and pools fix
 * it, Transpose, Reshape and Concat move it, everything elementwise keeps it; where it is lost (windows of Swin, unfolding), the
 * residual addition that follows brings it back.
 */
export function traceGrids(
  graph: Graph,
  nodes: readonly Node[],
  shapes: ReadonlyMap<string, Shape>,
  image: { name: string; layout: 'NCHW' | 'NHWC'; height: number; width: number },
): Map<string, Grid> {
  const traced = new Map<string, Traced>([[image.name, picture(image.layout, image.height, image.width)]]);
  const dims = (value: string) =>
    (shapes.get(value) ?? graph.initializers.get(value)?.dims ?? []).map((dim) =>
      typeof dim === 'number' ? dim : -dim.batch,
    );
  for (const node of nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      const found = through(node, dims(output), traced, dims, image) ?? recognised(node, dims(output), image);
      if (found) traced.set(output, found);
    }
  }
  const grids = new Map<string, Grid>();
  for (const [value, grid] of traced) if (isGrid(grid)) grids.set(value, grid);
  return grids;
}

const isGrid = (traced: Traced): traced is Grid => traced.layout !== 'flat' && traced.layout !== 'grouped';

function through(
  node: Node,
  out: readonly number[],
  traced: ReadonlyMap<string, Traced>,
  dims: (value: string) => number[],
  image: { height: number; width: number },
): Traced | undefined {
  if (makesBlocks(node)) return undefined;
  if (ON_PICTURES.test(node.op)) {
    if (out.length === 4)
      return traced.has(node.inputs[0]!) || proportioned(out[2]!, out[3]!, image)
        ? picture('NCHW', out[2]!, out[3]!)
        : undefined;
    // Groups of channels are normalised as they lie.
    if (node.op !== 'InstanceNormalization') return undefined;
  }
  const from = node.inputs.map((input) => traced.get(input));
  const x = from[0];
  switch (node.op) {
    case 'ReorderOutput': {
      const last = node.attribute.int('channels_last', 0) === 1;
      return last ? picture('NHWC', out[1]!, out[2]!) : picture('NCHW', out[2]!, out[3]!);
    }
    case 'Transpose':
      return x && transposed(x, node.attribute.ints('perm') ?? [], out);
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze':
      return x && reshaped(x, dims(node.inputs[0]!), out);
    case 'Concat': {
      const at = from.findIndex((grid) => grid !== undefined);
      const grid = from[at];
      if (!grid) return undefined;
      if (grid.layout !== 'tokens' || node.attribute.int('axis', 1) % 3 !== 1)
        return fits(grid, out) ? grid : undefined;
      const before = node.inputs.slice(0, at).reduce((sum, input) => sum + (dims(input)[1] ?? 0), 0);
      return tokens(grid.height, grid.width, grid.prefix + before);
    }
    case 'Slice':
    case 'Gather':
    case 'Split':
    case 'Pad':
    case 'Resize':
      return x && resized(x, dims(node.inputs[0]!), out);
    case 'MatMul':
    case 'Gemm':
    case 'MatMulInteger':
    case 'DynamicQuantizeMatMul':
      // A linear layer changes the last axis only.
      return x && isGrid(x) && x.channelAxis === out.length - 1 && sameBut(dims(node.inputs[0]!), out, out.length - 1)
        ? x
        : undefined;
    default: {
      // Elementwise, normalisation, activation: any traced input of the result's own size.
      const grid = from.find((candidate, index) => candidate && sameBut(dims(node.inputs[index]!), out, -1));
      return grid ?? undefined;
    }
  }
}

/**
 * Where the plane was lost (patch merging, windows) and no residual brings it back: a normalisation over the last axis, or a linear
 * layer, works on `[N, h, w, C]` or `[N, h·w, C]`; sizes that divide the picture evenly, in its own proportions, are its plane.
 */
function recognised(node: Node, out: readonly number[], image: { height: number; width: number }): Grid | undefined {
  if (!/^(LayerNormalization|RMSNormalization|MatMul)$/.test(node.op) || (out[0] !== 1 && out[0] !== -1))
    return undefined;
  const divides = (height: number, width: number) =>
    height > 1 &&
    image.height % height === 0 &&
    image.width % width === 0 &&
    image.height / height === image.width / width;
  if (out.length === 4 && divides(out[1]!, out[2]!)) return picture('NHWC', out[1]!, out[2]!);
  if (out.length !== 3) return undefined;
  const height = Math.round(Math.sqrt((out[1]! * image.height) / image.width));
  const width = out[1]! / Math.max(height, 1);
  return Number.isInteger(width) && divides(height, width) ? tokens(height, width, 0) : undefined;
}

/**
 * Whether a plane may be the picture's after its trace was lost: its cells are at most four times as long as wide. A detector takes the
 * mean of its box bins by a convolution over `[N, bins, 4, anchors]`, whose axes are no height and width.
 */
function proportioned(height: number, width: number, image: { height: number; width: number }): boolean {
  const ratio = (image.height * width) / (image.width * height);
  return ratio >= 1 / 4 && ratio <= 4;
}

const sameBut = (a: readonly number[], b: readonly number[], except: number) =>
  a.length === b.length && a.every((dim, axis) => axis === except || dim === b[axis]);

function fits(grid: Traced, out: readonly number[]): boolean {
  if (grid.layout === 'NCHW') return out.length === 4 && out[2] === grid.height && out[3] === grid.width;
  if (grid.layout === 'NHWC') return out.length === 4 && out[1] === grid.height && out[2] === grid.width;
  if (grid.layout === 'tokens') return out.length === 3 && out[1] === grid.prefix + grid.height * grid.width;
  const cells = grid.height * grid.width;
  if (grid.layout === 'grouped') return out.length === 3 && out[1]! * out[2]! === grid.channels * cells;
  return out.length === 3 && out[2] === cells;
}

function transposed(x: Traced, perm: readonly number[], out: readonly number[]): Traced | undefined {
  const p = perm.join();
  if (x.layout === 'NCHW' && p === '0,2,3,1') return picture('NHWC', x.height, x.width);
  if (x.layout === 'NHWC' && p === '0,3,1,2') return picture('NCHW', x.height, x.width);
  if (x.layout === 'flat' && p === '0,2,1') return tokens(x.height, x.width, 0);
  if (x.layout === 'tokens' && p === '0,2,1' && x.prefix === 0)
    return { layout: 'flat', height: x.height, width: x.width };
  return fits(x, out) && perm.every((axis, index) => axis === index) ? x : undefined;
}

function reshaped(x: Traced, before: readonly number[], out: readonly number[]): Traced | undefined {
  const cells = x.height * x.width;
  if (fits(x, out) && sameBut(before, out, -1)) return x;
  if (x.layout === 'NCHW' && out.length === 3 && out[1] === before[1] && out[2] === cells)
    return { layout: 'flat', height: x.height, width: x.width };
  if (x.layout === 'NCHW' && out.length === 3 && out[1]! * out[2]! === before[1]! * cells)
    return { layout: 'grouped', height: x.height, width: x.width, channels: before[1]! };
  if (x.layout === 'grouped')
    return out.length === 4 && out[1] === x.channels && out[2] === x.height && out[3] === x.width
      ? picture('NCHW', x.height, x.width)
      : undefined;
  if (x.layout === 'NHWC' && out.length === 3 && out[2] === before[3] && out[1] === cells)
    return tokens(x.height, x.width, 0);
  if (x.layout === 'flat' && out.length === 4 && out[1] === before[1] && out[2]! * out[3]! === cells)
    return picture('NCHW', out[2]!, out[3]!);
  if (
    x.layout === 'tokens' &&
    x.prefix === 0 &&
    out.length === 4 &&
    out[3] === before[2] &&
    out[1]! * out[2]! === cells
  )
    return picture('NHWC', out[1]!, out[2]!);
  return undefined;
}

/** Slice, Split, Pad, Resize: sizes change, axes do not; a slice of tokens drops leading ones. */
function resized(x: Traced, before: readonly number[], out: readonly number[]): Traced | undefined {
  if (out.length !== before.length) return undefined;
  if (x.layout === 'NCHW') return picture('NCHW', out[2]!, out[3]!);
  if (x.layout === 'NHWC') return picture('NHWC', out[1]!, out[2]!);
  if (x.layout === 'tokens') {
    const dropped = before[1]! - out[1]!;
    return dropped >= 0 && dropped <= x.prefix ? tokens(x.height, x.width, x.prefix - dropped) : undefined;
  }
  return fits(x, out) ? x : undefined;
}
