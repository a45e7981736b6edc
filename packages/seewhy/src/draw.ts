import {
  colourIndex,
  colormap as colours,
  type Explanation,
  encodeNpy,
  type Geometry,
  type HeatMap,
  type Model,
  type Picture,
  placeMap,
  type RunTensor,
  toFloat32,
} from '@seewhy/core';
import type { SaveKind } from './output-files.ts';

/** What a picture of an explanation is drawn with. */
export interface DrawOptions {
  readonly colormap?: string | undefined;
  readonly opacity?: number | undefined;
}

/** One explanation and the picture it is drawn on. */
export interface Drawing {
  readonly explanation: Explanation;
  readonly picture: Picture;
  readonly geometry: Geometry;
}

/** Everything that can be made of one explanation; the map is laid over the picture once. */
export class Draw {
  readonly drawing: Drawing;
  readonly options: DrawOptions;
  #placed: HeatMap | undefined;
  #overlay: Picture | undefined;

  constructor(drawing: Drawing, options: DrawOptions) {
    this.drawing = drawing;
    this.options = options;
  }

  /** The map on the original picture. */
  get placed(): HeatMap {
    this.#placed ??= placeMap(this.drawing.explanation.map, this.drawing.geometry);
    return this.#placed;
  }

  get overlay(): Picture {
    this.#overlay ??= blend(this.drawing.picture, this.placed, this.options, this.drawing.explanation.signed);
    return this.#overlay;
  }

  /** The bytes of a file of that kind; records (`json`) are made elsewhere. */
  async bytes(kind: Exclude<SaveKind, 'json' | 'raw'>): Promise<Uint8Array> {
    const { map } = this.drawing.explanation;
    if (kind === 'map') return encodeNpy({ dims: [map.height, map.width], data: map.data });
    return encode(this.overlay);
  }
}

function blend(picture: Picture, map: HeatMap, options: DrawOptions, signed: boolean): Picture {
  const table = colours((options.colormap ?? (signed ? 'diverging' : 'viridis')) as never);
  const data = new Uint8Array(picture.data.length);
  const w = options.opacity ?? 0.5;
  for (let i = 0; i < map.data.length; i++) {
    const at = Math.max(0, colourIndex(map.data[i]!, signed)) * 3;
    for (let c = 0; c < 3; c++) data[i * 3 + c] = picture.data[i * 3 + c]! * (1 - w) + table[at + c]! * w;
  }
  return { ...picture, data };
}

async function encode(picture: Picture): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  return sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .png()
    .toBuffer();
}

/** A `.npy` item as a picture to draw on: its channels, stretched from the smallest value to the largest. */
export function pictureOfTensor(
  tensor: RunTensor,
  model: Model,
  name: string,
): { picture: Picture; geometry: Geometry } {
  const { image } = model;
  const { width, height, channels } = image;
  const values = toFloat32(tensor);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = high > low ? 255 / (high - low) : 0;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const channel = Math.min(c, channels - 1);
      const value = image.layout === 'NCHW' ? values[channel * width * height + i]! : values[i * channels + channel]!;
      data[i * 3 + c] = (value - low) * scale;
    }
  }
  const notes = ['Drawn from the tensor itself: its smallest value black, its largest white.'];
  const size = { width, height };
  return {
    picture: { ...size, channels: 3, data, name, notes },
    geometry: { picture: size, resized: size, offset: { x: 0, y: 0 }, input: size },
  };
}
