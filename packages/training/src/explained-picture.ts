import {
  type ColormapName,
  type Explanation,
  type Geometry,
  mapStatistics,
  overlay,
  type Picture,
  placeMap,
  type Raster,
} from '@seewhy/core';

/** What an explained picture of a training is made of. */
export interface ExplainedPictureFields {
  /** Number of the epoch, of the batch or of the checkpoint. */
  readonly step: number;
  /** The picture's name. */
  readonly name: string;
  /** `gradcam/cat`, with several targets `gradcam/cat/tabby`: one a picture, method and target, the same at every step. */
  readonly tag: string;
  readonly explanation: Explanation;
  /** What the map is drawn on. */
  readonly picture: Picture;
  /** How the picture went into the model; undefined: as it is. */
  readonly geometry?: Geometry;
  /** `height * width` of the map: above 0 where the picture shows what is to be found. */
  readonly mask?: ArrayLike<number>;
  readonly colormap?: ColormapName;
}

/** One method's answer for one picture at one step of a training: what sinks are given. */
export class ExplainedPicture {
  readonly step: number;
  readonly name: string;
  readonly tag: string;
  readonly explanation: Explanation;
  readonly picture: Picture;
  private readonly fields: ExplainedPictureFields;
  private drawn: (Raster & { channels: 3 }) | undefined;

  constructor(fields: ExplainedPictureFields) {
    this.step = fields.step;
    this.name = fields.name;
    this.tag = fields.tag;
    this.explanation = fields.explanation;
    this.picture = fields.picture;
    this.fields = fields;
  }

  /** The map laid over the picture; drawn when first asked for. */
  get overlay(): Raster & { channels: 3 } {
    const { geometry, colormap } = this.fields;
    const { map, signed } = this.explanation;
    this.drawn ??= overlay(this.picture, geometry ? placeMap(map, geometry) : map, {
      signed,
      ...(colormap === undefined ? {} : { colormap }),
    });
    return this.drawn;
  }

  /**
   * Numbers worth a curve:
   * - `score`: the explained score; `probability`: of the explained class, where the target is one
   * - `norm`: √Σ x² of the raw map, over all layers (of gradient methods: the gradient's norm)
   * - `entropy`: of the finished map's mass |x| over the pixels, 0 (one pixel) to 1 (spread evenly)
   * - `inside`: share of that mass within the mask, 0 to 1, where there is a mask and mass
   */
  get scalars(): Readonly<Record<string, number>> {
    const { explanation } = this;
    const { target, map, raw, predictions } = explanation;
    let squares = 0;
    for (const { data } of raw) for (const value of data) squares += value * value;
    const mass = map.data.map(Math.abs);
    const own = target.kind === 'class' ? predictions.find(({ index }) => index === target.index) : undefined;
    const inside = this.fields.mask && shareInside(mass, this.fields.mask);
    return {
      score: target.value,
      ...(own ? { probability: own.probability } : {}),
      norm: Math.sqrt(squares),
      entropy: mapStatistics({ ...map, data: mass }).entropy,
      ...(inside === undefined ? {} : { inside }),
    };
  }
}

function shareInside(mass: Float32Array, mask: ArrayLike<number>): number | undefined {
  let all = 0;
  let within = 0;
  for (const [at, value] of mass.entries()) {
    if (!Number.isFinite(value)) continue;
    all += value;
    if (mask[at]! > 0) within += value;
  }
  return all > 0 ? within / all : undefined;
}
