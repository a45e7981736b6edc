import { errors } from '../errors.ts';
import { type HeatMap, rangeOf } from './heatmap.ts';
import { type MapResize, resizeMap } from './resize.ts';
import { type Fusion, fuseMaps, type Normaliser, normalise, type Rectifier, type Reducer, rectify } from './stages.ts';

/** One step from the raw map to the shown one. Steps before `fuse` run on the map of each layer. */
export type Stage =
  | { stage: 'rectify'; how: Rectifier }
  | ({ stage: 'normalise' } & Normaliser)
  | { stage: 'resize'; how: MapResize }
  | { stage: 'fuse'; how: Fusion }
  /** tanh(gain · x): torch-cam's scaling of several LayerCAM layers. */
  | { stage: 'tanh'; gain: number };

/** What a preset does, in the order it does it. */
export interface Postprocess {
  about: string;
  stages: readonly Stage[];
  /** Maps of pixels, where that peer has a way of its own. */
  pixel?: PixelPostprocess;
}

/** How the peer shows a map of pixels. */
export interface PixelPostprocess {
  about: string;
  /** How its channels become one. */
  reduce: Reducer;
  /** Methods whose channels it reduces otherwise. */
  reduceOf?: Readonly<Record<string, Reducer>>;
  stages: readonly Stage[];
}

const relu: Stage = { stage: 'rectify', how: 'relu' };
const resize = (how: MapResize): Stage => ({ stage: 'resize', how });
const minmax = (epsilon: number): Stage => ({ stage: 'normalise', by: 'minmax', epsilon });
const fuse = (how: Fusion): Stage => ({ stage: 'fuse', how });

/**
 * From raw map to shown map, ours and the peers', in their exact order and with their ε. The order matters: a min-max
 * before resizing is not one after it. A stage `fuse` does nothing to a single layer; a preset without one is of one
 * layer in that peer, and several are averaged here at its end.
 *
 * Read in the peers' sources: pytorch-grad-cam 1.5.7 (`scale_cam_image`), tf-explain 0.3.1, captum 0.9.0
 * (LayerGradCam), tf-keras-vis 0.8.7, xplique, torch-cam 0.5.0, PAIR saliency.
 */
export const POSTPROCESS = {
  seewhy: {
    about: 'ours for class activation maps: the shown map spans 0..1 exactly, the raw range goes to the legend',
    stages: [relu, resize('bilinear'), fuse('mean'), { stage: 'normalise', by: 'minmax', epsilon: 0 }],
  },
  pixels: {
    about: 'ours for unsigned pixel maps (saliency): clipped at the 99th percentile, which a few pixels exceed',
    stages: [fuse('mean'), { stage: 'normalise', by: 'percentile', percentile: 99 }, resize('bilinear')],
  },
  scaled: {
    about: 'ours for maps that are not rectified (RISE): from the smallest value to the largest',
    stages: [resize('bilinear'), fuse('mean'), { stage: 'normalise', by: 'minmax', epsilon: 0 }],
  },
  signed: {
    about: 'ours for signed maps: zero stays zero, ±1 is the 99th percentile of the magnitude',
    stages: [fuse('mean'), { stage: 'normalise', by: 'symmetric', percentile: 99 }, resize('bilinear')],
  },
  'pytorch-grad-cam': {
    about: 'relu, min-max at layer resolution, OpenCV linear, mean over layers, min-max again',
    stages: [relu, minmax(1e-7), resize('bilinear'), relu, fuse('mean'), minmax(1e-7)],
  },
  'tf-explain': {
    about: 'no relu; OpenCV linear, then min-max unless the map is flat',
    stages: [resize('bilinear'), { stage: 'normalise', by: 'minmax', flat: 'keep' }],
  },
  captum: {
    about: 'LayerGradCam with LayerAttribution.interpolate: nearest, neither rectified nor scaled',
    stages: [resize('nearest')],
    pixel: {
      about:
        'visualize_image_attr: magnitude of the sum over channels; 1 is where the running sum of the sorted values reaches 98 %',
      reduce: 'sum',
      stages: [
        { stage: 'rectify', how: 'abs' },
        { stage: 'normalise', by: 'cumulative', percent: 98 },
      ],
    },
  },
  'tf-keras-vis': {
    about: 'relu, scipy zoom order 1 (corners coincide), min-max',
    stages: [relu, resize('align-corners'), minmax(1e-7)],
    pixel: { about: 'largest magnitude over channels, min-max', reduce: 'max-abs', stages: [minmax(1e-7)] },
  },
  xplique: {
    about: 'relu, tf.image.resize bicubic; not scaled, may go below zero',
    stages: [relu, resize('bicubic-tensorflow')],
    pixel: {
      about: 'mean over channels (saliency: the largest magnitude); not scaled',
      reduce: 'mean',
      reduceOf: { saliency: 'max-abs' },
      stages: [],
    },
  },
  'torch-cam': {
    about: 'relu, min-max; fuse_cams: bilinear to one size, maximum over layers',
    stages: [relu, minmax(1e-8), resize('bilinear'), fuse('max')],
  },
  saliency: {
    about: 'PAIR saliency: relu, divided by the maximum, skimage resize (order 1)',
    stages: [relu, { stage: 'normalise', by: 'max' }, resize('bilinear-mirror')],
    pixel: {
      about: 'VisualizeImageGrayscale: sum of magnitudes over channels, clipped at the 99th percentile',
      reduce: 'sum-abs',
      stages: [{ stage: 'normalise', by: 'percentile', percentile: 99 }],
    },
  },
} as const satisfies Record<string, Postprocess>;

/** Name of a way from raw map to shown map: ours, or a peer's. */
export type PostprocessName = keyof typeof POSTPROCESS;

/** A map ready to be shown. */
export interface FinishedMap {
  map: HeatMap;
  /** Values at the two ends of the legend (shown as 0 and 1, or as -1 and 1), in raw units where `unit` is 'raw'. */
  range: [low: number, high: number];
  /** Shown values run from -1 to 1 with zero in the middle: a map for the diverging colormap. */
  signed: boolean;
  /** 'scaled': layers were normalised one by one before they were fused, so raw units are lost. */
  unit: 'raw' | 'scaled';
}

/**
 * Takes raw maps (one a layer) through the stages of a preset.
 *
 * @param maps raw maps `[h, w]`, one a layer, of any sizes
 * @param preset a name of {@link POSTPROCESS} or stages of your own (default `seewhy`)
 * @param size what `resize` resizes to, in pixels; default the largest of the maps
 * @throws SeewhyError `POST_PROCESSING_PRESET_UNKNOWN`
 */
export function finishMap(
  maps: HeatMap | readonly HeatMap[],
  preset: PostprocessName | readonly Stage[] = 'seewhy',
  size?: { width: number; height: number },
): FinishedMap {
  const stages = typeof preset === 'string' ? findPreset(preset).stages : preset;
  let layers = 'data' in maps ? [maps] : [...maps];
  if (layers.length === 0) throw errors.mapShape('no map given');
  const width = size?.width ?? Math.max(...layers.map((map) => map.width));
  const height = size?.height ?? Math.max(...layers.map((map) => map.height));
  const several = layers.length > 1;
  // shown = (raw - offset) / scale
  let offset = 0;
  let scale = 1;
  let unit: FinishedMap['unit'] = 'raw';
  let scaled = false;
  let signed = false;
  for (const stage of stages) {
    switch (stage.stage) {
      case 'rectify':
        layers = layers.map((map) => rectify(map, stage.how));
        break;
      case 'resize':
        layers = layers.map((map) => resizeMap(map, width, height, stage.how));
        break;
      case 'fuse':
        layers = [fuseMaps(layers, stage.how)];
        break;
      case 'tanh':
        layers = layers.map((map) => ({ ...map, data: map.data.map((x) => Math.tanh(stage.gain * x)) }));
        unit = 'scaled';
        break;
      case 'normalise': {
        if (layers.length > 1) unit = 'scaled';
        const results = layers.map((map) => normalise(map, stage));
        layers = results.map((result) => result.map);
        offset += results[0]!.offset * scale;
        scale *= results[0]!.scale;
        scaled ||= stage.by !== 'none';
        signed = stage.by === 'symmetric' || (signed && stage.by === 'none');
        break;
      }
    }
  }
  const map = layers.length > 1 ? fuseMaps(layers, 'mean') : layers[0]!;
  if (!scaled) return { map, range: rangeOf(map.data), signed: false, unit };
  if (unit === 'scaled' && several) return { map, range: signed ? [-1, 1] : [0, 1], signed, unit };
  return { map, range: [signed ? offset - scale : offset, offset + scale], signed, unit };
}

/** The preset of that name (`torchcam` is `torch-cam`). @throws SeewhyError `POST_PROCESSING_PRESET_UNKNOWN` */
export function findPreset(name: string): Postprocess {
  const preset = (POSTPROCESS as Record<string, Postprocess>)[name === 'torchcam' ? 'torch-cam' : name];
  if (!preset) throw errors.unknownPreset(name, Object.keys(POSTPROCESS));
  return preset;
}
