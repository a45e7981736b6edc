import {
  type ColormapName,
  type Explanation,
  encodeNpy,
  type Geometry,
  type HeatMap,
  heatmapSheet,
  type Model,
  type OverlayStyle,
  overlay,
  type Picture,
  panel,
  pictureOfTensor,
  placeMap,
  type Raster,
  type RunTensor,
} from '@seewhy/core';
import type { SaveKind } from './output-files.ts';
import { encodePng } from './picture/encode-png.ts';
import { shownLabel } from './shown-label.ts';

/** What a picture of an explanation is drawn with. */
export interface DrawOptions {
  readonly colormap?: ColormapName | undefined;
  readonly opacity?: number | undefined;
  /** A preset with a drawing style of its own is drawn in it. */
  readonly preset?: string;
}

/** One explanation and the picture it is drawn on. */
export interface Drawing {
  readonly explanation: Explanation;
  readonly picture: Picture;
  readonly geometry: Geometry;
}

const STYLES: Readonly<Record<string, OverlayStyle>> = {
  'pytorch-grad-cam': 'pytorch-grad-cam',
  'tf-explain': 'tf-explain',
};

/** The fastest, half the time of 3 and a quarter larger: pictures are looked at once, and drawing them costs more than the model's run. */
const COMPRESSION = 1;

/** Everything that can be made of one explanation; the map is laid over the picture once. */
export class Draw {
  readonly drawing: Drawing;
  readonly options: DrawOptions;
  #placed: HeatMap | undefined;
  #overlay: (Raster & { channels: 3 }) | undefined;

  constructor(drawing: Drawing, options: DrawOptions) {
    this.drawing = drawing;
    this.options = options;
  }

  /** The map on the original picture. */
  get placed(): HeatMap {
    this.#placed ??= placeMap(this.drawing.explanation.map, this.drawing.geometry);
    return this.#placed;
  }

  get overlay(): Raster & { channels: 3 } {
    this.#overlay ??= overlay(this.drawing.picture, this.placed, this.#look);
    return this.#overlay;
  }

  get #look() {
    const { colormap, opacity, preset } = this.options;
    const style = STYLES[preset ?? ''];
    return {
      signed: this.drawing.explanation.signed,
      ...(colormap ? { colormap } : {}),
      ...(opacity === undefined ? {} : { opacity }),
      ...(style ? { style } : {}),
    };
  }

  /** The bytes of a file of that kind; records and raw maps are made elsewhere. */
  async bytes(kind: Exclude<SaveKind, 'json' | 'raw'>): Promise<Uint8Array> {
    const { explanation } = this.drawing;
    if (kind === 'map')
      return encodeNpy({ dims: [explanation.map.height, explanation.map.width], data: explanation.map.data });
    const image = kind === 'overlay' ? this.overlay : kind === 'heatmap' ? this.heatmap() : this.panel();
    return encodePng(image, { compression: COMPRESSION });
  }

  /** The map in colours with a legend of its raw range. */
  heatmap(): Raster & { channels: 3 } {
    const { explanation } = this.drawing;
    const { signed, colormap } = this.#look;
    return heatmapSheet({ map: this.placed, range: explanation.range, signed, ...(colormap ? { colormap } : {}) });
  }

  /** Picture, heatmap and overlay side by side, with the predictions. */
  panel(): Raster & { channels: 3 } {
    const { explanation, picture } = this.drawing;
    const { target, layers, method, predictions, diagnosis } = explanation;
    const at = layers.length > 0 ? ` at ${layers.map((layer) => layer.name).join(', ')}` : '';
    const own = predictions.findIndex((prediction) => prediction.index === target.index);
    const shown = predictions.slice(0, 5);
    if (own >= 5) shown.push(predictions[own]!);
    return panel({
      picture,
      map: this.placed,
      range: explanation.range,
      subtitle: `${method} for ${shownLabel(target.text, target.slug)}${at}`,
      predictions: shown.map(({ index, label, logit, probability }) => ({
        label: shownLabel(label, index),
        probability,
        ...(Number.isNaN(probability) ? { text: logit.toPrecision(4) } : {}),
        explained: index === target.index,
      })),
      warnings: diagnosis.warnings,
      ...this.#look,
    });
  }
}

/** A `.npy` item as a picture to draw on, which the model takes as it is. */
export function drawnTensor(
  tensor: RunTensor,
  { image }: Model,
  name: string,
): { picture: Picture; geometry: Geometry } {
  const size = { width: image.width, height: image.height };
  return {
    picture: pictureOfTensor(tensor, image, name),
    geometry: { picture: size, resized: size, offset: { x: 0, y: 0 }, input: size },
  };
}
