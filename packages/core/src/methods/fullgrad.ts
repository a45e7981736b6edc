import type { GraphBuilder, ValueName } from '@seewhy/onnx';
import { type GraphBias, graphBiases } from '../graph-biases.ts';
import { type Grid, traceGrids } from '../grid.ts';
import { pathNodes } from '../path-nodes.ts';
import { asFloat32 } from '../program.ts';
import { LayerView } from './layer-view.ts';
import type { GraphMethod, MethodContext, MethodFacts } from './method.ts';

/** How a set of maps `[N, C, h, w]` (of any layout) becomes one map `[N, H, W]`. */
interface Aggregation {
  /** Which biases have a map. */
  readonly counts: (bias: GraphBias) => boolean;
  /** Whether channels are scaled one by one, or all together. */
  readonly axes: (view: LayerView) => number[];
  readonly epsilon: number;
  /** `coordinate_transformation_mode` of the Resize. */
  readonly grid: 'align_corners' | 'half_pixel';
}

const AGGREGATIONS: Readonly<Record<string, Aggregation>> = {
  paper: { counts: () => true, axes: () => [1, 2, 3], epsilon: 1e-6, grid: 'align_corners' },
  'pytorch-grad-cam': {
    counts: ({ node }) => node.op === 'Conv' || node.op === 'BatchNormalization',
    axes: (view) => view.spatialAxes,
    epsilon: 1e-7,
    grid: 'half_pixel',
  },
};

/** map = ψ(x ⊙ ∂y/∂x) + Σ over layers ψ(b ⊙ ∂y/∂z): the score, told apart into the picture's part and that of every bias. */
export const fullgrad: GraphMethod = {
  kind: 'graph',
  name: 'fullgrad',
  title: 'FullGrad',
  aliases: ['full-grad', 'full_grad', 'fullgradient', 'full-gradient'],
  summary: 'The whole score as gradient × input plus gradient × bias of every layer, laid over one another.',
  formula: 'Σ_c ψ(x ⊙ ∂y/∂x) + Σ_l Σ_c ψ(b_l ⊙ ∂y/∂z_l), ψ = enlarged (|·| scaled to 0…1); Σ x·∂y/∂x + Σ b·∂y/∂z = y',
  paper:
    'Srinivas and Fleuret, Full-Gradient Representation for Neural Network Visualization, NeurIPS 2019, eq. 3 and 5 (arXiv 1905.00780)',
  needs: 'input gradient',
  output: 'plane',
  cost: '1.3–2 saliency runs',
  stages: { rectify: 'none' },
  variants: {
    paper:
      'all maps of a layer scaled together, corners aligned; every bias of a layer with spatial extent, and bounds where they hold',
    'pytorch-grad-cam':
      'every channel scaled on its own, then resized (half-pixel); biases of Conv and BatchNormalization',
  },
  variantOf: { 'pytorch-grad-cam': 'pytorch-grad-cam' },
  caution:
    'Depends little on what was learned: with shuffled weights its map ranks the pixels much the same (rank correlation 0.69 on EfficientNet-Lite0). Biases of layers without spatial extent are in the score, but in no map.',
  alsoWrt: (facts) => biasesOf(facts).biases.map(({ value }) => value),
  notes: (facts) => {
    const { others } = biasesOf(facts);
    if (others.length === 0) return [];
    return [
      `FullGrad's terms add up to the score where every operator is linear piece by piece; ${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} not, and that share is in no map.`,
    ];
  },
  build(context) {
    const { b, types, options, input, graph, image, of } = context;
    const how = AGGREGATIONS[options.variant]!;
    const grids = traceGrids(graph, pathNodes(context, image, of), context.shapes, { ...input, name: image });
    const terms: [ValueName, Grid][] = [[pictureTerm(context), gridOf(context)]];
    for (const { node, value, added } of biasesOf(context).biases) {
      const grid = grids.get(value);
      if (!grid || !how.counts({ node, value, added })) continue;
      terms.push([asFloat32(b, b.mul(added(b), context.gradientOf(value)), types.get(value)), grid]);
    }
    return b.sum(terms.map(([term, grid]) => laidOver(b, term, grid, how, [input.height, input.width])));
  },
};

/** Σ x · ∂y/∂x + Σ b · ∂y/∂z of each item, `[N]`: the score, in a network that is linear piece by piece. */
export function fullGradientSum(context: MethodContext): ValueName {
  const { b, types, shapes } = context;
  const terms = biasesOf(context).biases.map(({ value, added }): [ValueName, number] => [
    asFloat32(b, b.mul(added(b), context.gradientOf(value)), types.get(value)),
    shapes.get(value)!.length,
  ]);
  const sums = [[pictureTerm(context), 4] as const, ...terms].map(([term, rank]) =>
    b.reduceSum(
      term,
      Array.from({ length: rank - 1 }, (_, axis) => axis + 1),
      false,
    ),
  );
  return b.sum(sums);
}

const biasesOf = (facts: MethodFacts) => graphBiases(facts, facts.image, facts.of);

/** x ⊙ ∂y/∂x in float32. */
function pictureTerm({ b, image, gradient, types }: MethodContext): ValueName {
  return asFloat32(b, b.mul(image, gradient), types.get(image));
}

const gridOf = ({ input }: MethodContext): Grid => ({
  layout: input.layout,
  height: input.height,
  width: input.width,
  channelAxis: input.layout === 'NCHW' ? 1 : 3,
  prefix: 0,
});

/** ψ: magnitudes from 0 to 1, summed over the channels and enlarged to the picture (both linear, so in this order). */
function laidOver(
  b: GraphBuilder,
  term: ValueName,
  grid: Grid,
  how: Aggregation,
  [height, width]: readonly [number, number],
): ValueName {
  const view = new LayerView(b, grid);
  const cells = b.op('Abs', [view.cells(term)]);
  const axes = how.axes(view).filter((axis) => grid.layout !== 'tokens' || axis < 3);
  const above = b.sub(cells, b.reduce('ReduceMin', cells, axes));
  const scaled = b.div(above, b.add(b.reduceMax(above, axes), b.scalar(how.epsilon)));
  const map = view.sumChannels(scaled);
  if (grid.height === height && grid.width === width) return map;
  const plane = b.unsqueeze(map, [1]);
  const sizes = b.concat([b.slice(b.shape(plane), [0], [2], [0]), b.ints([height, width])], 0);
  const enlarged = b.op('Resize', [plane, undefined, undefined, sizes], {
    mode: 'linear',
    coordinate_transformation_mode: how.grid,
  });
  return b.squeeze(enlarged, [1]);
}
