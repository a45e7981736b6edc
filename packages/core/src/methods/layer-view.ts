import type { GraphBuilder, ValueName } from '@seewhy/onnx';
import type { Grid } from '../grid.ts';

/** Reads a layer's activation or gradient in its own layout: which axes are space and channels, and how a map comes out of it. */
export class LayerView {
  private readonly grid: Grid;
  private readonly b: GraphBuilder;

  constructor(b: GraphBuilder, grid: Grid) {
    this.b = b;
    this.grid = grid;
  }

  /** Without prefix tokens: `[N, C, h, w]`, `[N, h, w, C]` or `[N, h·w, C]`. */
  cells(value: ValueName): ValueName {
    const { layout, prefix, height, width } = this.grid;
    return layout === 'tokens' && prefix > 0 ? this.b.slice(value, [prefix], [prefix + height * width], [1]) : value;
  }

  get channelAxis(): number {
    return this.grid.channelAxis;
  }

  get spatialAxes(): number[] {
    return this.grid.layout === 'NCHW' ? [2, 3] : this.grid.layout === 'NHWC' ? [1, 2] : [1];
  }

  /** Σ over channels of cells `[…, C, …]` → `[N, h, w]`. */
  sumChannels(cells: ValueName): ValueName {
    return this.toMap(this.b.reduceSum(cells, [this.channelAxis], false));
  }

  /** Σ over space, kept as 1: one value a channel. */
  sumSpace(cells: ValueName): ValueName {
    return this.b.reduceSum(cells, this.spatialAxes, true);
  }

  /** Cells as a matrix `[N, h·w, C]`. */
  rows(cells: ValueName): ValueName {
    const { layout } = this.grid;
    if (layout === 'tokens') return cells;
    const channelsLast = layout === 'NHWC' ? cells : this.b.transpose(cells, [0, 2, 3, 1]);
    return this.b.reshape(channelsLast, [0, this.grid.height * this.grid.width, -1]);
  }

  /** One value a cell, `[N, h·w]` → `[N, h, w]`. */
  asMap(values: ValueName): ValueName {
    return this.b.reshape(values, [-1, this.grid.height, this.grid.width]);
  }

  /** Mean over space, kept as 1: one weight a channel. */
  meanSpace(cells: ValueName): ValueName {
    return this.b.reduceMean(this.unstretched(cells), this.spatialAxes, true);
  }

  /** A gradient that is the same everywhere (before it lies a global mean) is as good before it is stretched. */
  private unstretched(cells: ValueName): ValueName {
    const made = this.b.maker(cells);
    return this.grid.layout !== 'tokens' && made?.op === 'Expand' ? made.inputs[0]! : cells;
  }

  /** Weights `[N, C]` in the layer's own layout, ready to multiply with its cells. */
  asWeights(weights: ValueName): ValueName {
    return this.b.unsqueeze(weights, this.grid.layout === 'NCHW' ? [2, 3] : this.grid.layout === 'NHWC' ? [1, 2] : [1]);
  }

  private toMap(summed: ValueName): ValueName {
    return this.grid.layout === 'tokens' ? this.asMap(summed) : summed;
  }
}
