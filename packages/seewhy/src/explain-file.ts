import {
  assertTakesPictures,
  type ExplainOptions,
  type Explanation,
  explain,
  type Geometry,
  type Picture,
  placeMap,
  preprocessPicture,
  type Raster,
} from '@seewhy/core';
import { Draw, type DrawOptions } from './draw.ts';
import { type LoadOptions, type OpenedModel, openModel } from './open-model.ts';
import { decodePicture } from './picture/decode.ts';
import { encodePng } from './picture/encode-png.ts';
import { readTargets } from './targets.ts';

/** What `explainFile` takes: methods, layers and targets, how the map is drawn, and how the model is opened. */
export interface FileOptions extends ExplainOptions, DrawOptions {
  /** How the model is opened, when its path is given. */
  readonly load?: LoadOptions;
  readonly signal?: AbortSignal;
}

/** A picture's explanations, with what is needed to draw them. */
export interface ExplainedFile {
  readonly picture: Picture;
  readonly geometry: Geometry;
  /** Targets in order, methods within them. */
  readonly explanations: readonly Explanation[];
  /** The finished map of an explanation laid over the whole picture: `[height, width]` of the picture. */
  placed(explanation: Explanation): ReturnType<typeof placeMap>;
  /** An explanation as PNG bytes. */
  png(explanation: Explanation, kind?: 'overlay' | 'heatmap' | 'panel'): Promise<Uint8Array>;
  /** The overlay as pixels. */
  overlay(explanation: Explanation): Raster & { channels: 3 };
}

/**
 * Explains one picture file: opens the model if its path is given, decodes, preprocesses, runs, finishes.
 *
 * ```ts
 * const { explanations, png } = await explainFile('model.onnx', 'photo.jpg', { methods: ['gradcam'] });
 * await writeFile('why.png', await png(explanations[0]));
 * ```
 * @param model a path, or what `openModel` gave (open it once for many pictures)
 * @param file a path, or the bytes of a picture file
 */
export async function explainFile(
  model: string | OpenedModel,
  file: string | Uint8Array,
  options: FileOptions = {},
): Promise<ExplainedFile> {
  const opened = typeof model === 'string' ? await openModel(model, options.load) : model;
  assertTakesPictures(opened.model.image);
  const picture = await decodePicture(file);
  const { width, height } = opened.model.image;
  const { tensor, geometry } = preprocessPicture(picture, opened.preprocess, { width, height });
  const targets = await targetsOf(options.targets, opened, { path: typeof file === 'string' ? file : '', geometry });
  const [explanations] = await explain(opened.model, [tensor], { ...options, ...targets }, options.signal);
  const look = { colormap: options.colormap, opacity: options.opacity, preset: options.preset };
  const draws = new Map(
    explanations!.map((explanation) => [explanation, new Draw({ explanation, picture, geometry }, look)]),
  );
  const drawOf = (explanation: Explanation) =>
    draws.get(explanation) ?? new Draw({ explanation, picture, geometry }, look);
  return {
    picture,
    geometry,
    explanations: explanations!,
    placed: (explanation) => placeMap(explanation.map, geometry),
    overlay: (explanation) => drawOf(explanation).overlay,
    png: async (explanation, kind = 'overlay') => {
      const draw = drawOf(explanation);
      return kind === 'overlay'
        ? encodePng(draw.overlay)
        : encodePng(kind === 'heatmap' ? draw.heatmap() : draw.panel());
    },
  };
}

/** Targets given as text, those with a place in the picture included. */
async function targetsOf(
  targets: ExplainOptions['targets'],
  opened: OpenedModel,
  { path, geometry }: { path: string; geometry: Geometry },
): Promise<Pick<ExplainOptions, 'targets'>> {
  if (targets === undefined) return {};
  const asked = typeof targets === 'string' ? [targets] : targets;
  if (!asked.every((one) => typeof one === 'string')) return { targets };
  const { fixed, own } = readTargets(asked, opened, []);
  return { targets: own ? await own({ source: { path }, geometry }) : fixed };
}
