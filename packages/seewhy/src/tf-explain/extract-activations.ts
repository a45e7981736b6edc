import { Explainer, findMethod, type GraphMethod, type Layer, type MethodOptions, type Model, TOP } from '@seewhy/core';
import { BatchExplainer, type ExplainerOptions } from './batch-explainer.ts';
import type { ImageBatch } from './image-batch.ts';
import type { ModelSource } from './opened-models.ts';
import { type Grid, greyRaster, pictureGrid } from './picture-grid.ts';
import { type RawValues, stacked } from './raw-values.ts';
import { tfExplainErrors as errors } from './tf-explain-errors.ts';
import type { ValidationData } from './validation-data.ts';

/** What `ExtractActivations.explain` takes beside data and model. */
export interface ActivationArguments {
  /** Names of layers, or one name. */
  readonly layersName: string | readonly string[];
  readonly signal?: AbortSignal;
}

/** Activations of one layer, `[N, h, w, C]`. */
export interface LayerValues extends RawValues {
  readonly layer: string;
}

/** The layer's activation with all its channels, `[N, h·w, C]`. */
const activations: GraphMethod = {
  ...(findMethod('layer-activation') as GraphMethod),
  name: 'channel-activations',
  build: ({ view, wrt }) => view!.rows(view!.cells(wrt)),
};

/** Every channel of a layer as a grey picture. */
export class ExtractActivations extends BatchExplainer {
  constructor(options: ExplainerOptions = {}) {
    super(options, false);
  }

  /**
   * All channels side by side, those of the first picture first, from the least value of the grid (black) to its largest (white). Several
   * layers lie under one another, each with a scale of its own.
   */
  async explain(data: ValidationData, model: ModelSource, args: ActivationArguments): Promise<Grid> {
    return below((await this.explainRaw(data, model, args)).map(channelGrid));
  }

  /** The values themselves, one array a layer. */
  async explainRaw(data: ValidationData, source: ModelSource, args: ActivationArguments): Promise<LayerValues[]> {
    const names = typeof args.layersName === 'string' ? [args.layersName] : args.layersName;
    if (!(names?.length > 0)) throw errors.noLayers();
    const { model, batch, layerName } = await this.ready(data, source);
    const layers = names.map((name) => model.layer(layerName(name)));
    const found = await this.run(model, batch, [...new Set(layers)], args.signal);
    return layers.map((layer): LayerValues => {
      const [channels, height, width] = layer.shape;
      const items = found.map((maps) => maps.find((map) => map.layer === layer)!.data);
      return { layer: layer.name, ...stacked(items, [height, width, channels]) };
    });
  }

  private async run(model: Model, batch: ImageBatch, layers: readonly Layer[], signal: AbortSignal | undefined) {
    const key = JSON.stringify(layers.map(({ value }) => value));
    const explainer = await this.keep(model, key, () =>
      Explainer.open(model, {
        methods: [{ method: activations, options: {} as MethodOptions }],
        layers,
        targets: [],
        score: 'logit',
      }),
    );
    const maps = [];
    for (const part of this.parts(model, batch)) {
      const own = part.map(() => [TOP]);
      maps.push(...(await explainer.run(part, signal, own)).map((one) => one.maps));
    }
    return maps;
  }
}

/** As tf-explain: what is left over of the grid counts as 0 when the least value is looked for. */
function channelGrid({ dims, data }: RawValues): Grid {
  const [count, height, width, channels] = dims as [number, number, number, number];
  const tiles = count * channels;
  let [low, high] = Math.ceil(Math.sqrt(tiles)) ** 2 > tiles ? [0, 0] : [data[0]!, data[0]!];
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const span = Math.fround(high - low);
  const unit = (value: number) => (span > 0 ? Math.fround(Math.fround(value - low) / span) : 0);
  const tile = (at: number) => {
    const [item, channel] = [Math.floor(at / channels), at % channels];
    const from = item * height * width * channels + channel;
    return Float32Array.from({ length: height * width }, (_, i) => unit(data[from + i * channels]!));
  };
  const grid = pictureGrid(Array.from({ length: tiles }, (_, at) => greyRaster(tile(at), width, height)));
  fillRest(grid, tiles, { width, height }, Math.trunc(Math.fround(unit(0) * 255)));
  return grid;
}

/** The places behind the last tile get the grey of 0. */
function fillRest(grid: Grid, tiles: number, { width, height }: { width: number; height: number }, grey: number) {
  const side = grid.width / width;
  for (let at = tiles; at < side * side; at++) {
    const [left, top] = [(at % side) * width, Math.floor(at / side) * height];
    for (let y = top; y < top + height; y++) {
      const from = (y * grid.width + left) * 3;
      grid.data.fill(grey, from, from + width * 3);
    }
  }
}

/** Grids under one another, on black where they are not of one width. */
function below(grids: readonly Grid[]): Grid {
  if (grids.length === 1) return grids[0]!;
  const width = Math.max(...grids.map((grid) => grid.width));
  const height = grids.reduce((sum, grid) => sum + grid.height, 0);
  const whole: Grid = { width, height, channels: 3, data: new Uint8Array(width * height * 3) };
  let top = 0;
  for (const grid of grids) {
    for (let y = 0; y < grid.height; y++)
      whole.data.set(grid.data.subarray(y * grid.width * 3, (y + 1) * grid.width * 3), (top + y) * width * 3);
    top += grid.height;
  }
  return whole;
}
