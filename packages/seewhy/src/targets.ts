import { basename, isAbsolute, join } from 'node:path';
import {
  cellOfPixel,
  classIndex,
  type Geometry,
  type HeatMap,
  type Model,
  maskOnGrid,
  outputGrid,
  preprocessPicture,
  similarTo,
  splitTargets,
  type Target,
} from '@seewhy/core';
import { errors } from './errors.ts';
import { imageTensorOf, type OpenedModel } from './open-model.ts';
import { decodePicture } from './picture/decode.ts';
import { type Source, sourceOf } from './sources.ts';

/** What targets of one picture are read for. */
export interface TargetItem {
  readonly source: Pick<Source, 'path' | 'fields' | 'folder'>;
  readonly geometry: Geometry;
}

/** The targets of a run. */
export interface AskedTargets {
  /** As they were written. */
  readonly texts: readonly string[];
  /** The same for every picture; empty where each has its own. */
  readonly fixed: readonly Target[];
  /** Targets of a picture; undefined where all have the same. */
  readonly own: ((item: TargetItem) => Promise<readonly Target[]>) | undefined;
}

/**
 * Reads `--target`, or the `target` column of a manifest where there is no flag. Besides what the core reads:
 *
 * - `CLASS@X:Y` of a segmentation: the class at that pixel of the original picture
 * - `CLASS@mask.png`: the class where the mask, of the picture's size, is white
 * - `similar:FILE`: cosine similarity of the output to that of a second picture
 *
 * Files are read when the first picture needs them.
 */
export function readTargets(
  flags: readonly string[] | undefined,
  opened: OpenedModel,
  sources: readonly Pick<Source, 'fields'>[],
): AskedTargets {
  const { model } = opened;
  const columns = flags === undefined && sources.some(({ fields }) => columnOf(fields) !== undefined);
  const texts = flags ?? ['top'];
  if (!columns && !texts.some((text) => isPlaced(text, model)))
    return { texts, fixed: texts.flatMap((text) => model.parseTargets(text)), own: undefined };
  const files = new Map<string, Promise<unknown>>();
  const reader = new PlacedTargets(opened, files);
  // What is wrong whatever the picture is said before any is read.
  if (!columns) for (const text of texts) reader.check(text);
  return {
    texts: columns ? [...new Set(sources.map(({ fields }) => columnOf(fields) ?? 'top'))] : texts,
    fixed: [],
    own: async (item) => {
      const own = columns ? [columnOf(item.source.fields) ?? 'top'] : texts;
      const targets: Target[] = [];
      for (const text of own) targets.push(...(await reader.read(text, item)));
      return targets;
    },
  };
}

/** Targets that need no picture. @throws TARGET_NEEDS_PICTURE */
export function plainTargets(texts: readonly string[], model: Model): Target[] {
  for (const text of texts) if (isPlaced(text, model)) throw errors.targetNeedsPicture(text);
  return texts.flatMap((text) => model.parseTargets(text));
}

/** The cell of a manifest's row that names its target. */
function columnOf(fields: Source['fields']): string | undefined {
  const cell = fields?.target;
  if (typeof cell === 'number') return String(cell);
  return typeof cell === 'string' && cell.trim() !== '' ? cell : undefined;
}

const SIMILAR = /^similar:\s*(.+)$/s;
const PIXEL = /^(.+)@\s*(\d{1,7})\s*:\s*(\d{1,7})$/s;
const MASK = /^(.+)@(.+\.(?:png|jpe?g|webp|gif|bmp|tiff?))$/is;

/** Whether a text, or a part of it, names a second file or a place. What is a label as it stands is that label. */
function isPlaced(text: string, model: Model): boolean {
  return splitTargets(text).some((part) => placed(part) && !isLabel(part, model)) && !isLabel(text.trim(), model);
}

const placed = (part: string): boolean => SIMILAR.test(part) || PIXEL.test(part) || MASK.test(part);

const isLabel = (text: string, { labels }: Model): boolean =>
  labels?.some((label) => label.toLowerCase() === text.toLowerCase()) === true;

/** Reads targets for one picture after the other; files are read once. */
class PlacedTargets {
  private readonly opened: OpenedModel;
  private readonly files: Map<string, Promise<unknown>>;

  constructor(opened: OpenedModel, files: Map<string, Promise<unknown>>) {
    this.opened = opened;
    this.files = files;
  }

  /** @throws what does not depend on a picture: unknown classes, outputs without positions */
  check(text: string): void {
    const { model } = this.opened;
    if (!isPlaced(text, model)) {
      model.parseTargets(text);
      return;
    }
    for (const part of splitTargets(text)) {
      const [, name] = PIXEL.exec(part) ?? MASK.exec(part) ?? [];
      if (isLabel(part, model) || (name === undefined && !SIMILAR.test(part))) model.parseTargets(part);
      else if (name !== undefined && !SIMILAR.test(part)) {
        this.class(name);
        this.grid(part);
      }
    }
  }

  async read(text: string, item: TargetItem): Promise<readonly Target[]> {
    const { model } = this.opened;
    if (!isPlaced(text, model)) return model.parseTargets(text);
    const targets: Target[] = [];
    for (const part of splitTargets(text)) {
      const similar = SIMILAR.exec(part);
      const pixel = PIXEL.exec(part);
      const mask = MASK.exec(part);
      if (isLabel(part, model)) targets.push(...model.parseTargets(part));
      else if (similar) targets.push(await this.similar(beside(similar[1]!.trim(), item), part));
      else if (pixel) targets.push(this.pixel(pixel[1]!, Number(pixel[2]), Number(pixel[3]), part, item));
      else if (mask) targets.push(await this.mask(mask[1]!, beside(mask[2]!.trim(), item), part, item));
      else targets.push(...model.parseTargets(part));
    }
    return targets;
  }

  private class(name: string): number {
    const { model } = this.opened;
    const index = classIndex(name.trim(), model.output, model.labels);
    if (index !== undefined) return index;
    // Says what is wrong with it; a target that is no single class has no place either.
    model.parseTargets(name);
    throw errors.targetPlace(name, 'only a single class has a place');
  }

  private grid(asked: string) {
    const grid = outputGrid(this.opened.model);
    if (!grid)
      throw errors.targetPlace(
        asked,
        `the output '${this.opened.model.output.name}' has no positions: it is no segmentation`,
      );
    return grid;
  }

  private pixel(name: string, x: number, y: number, asked: string, { geometry }: TargetItem): Target {
    const { width, height } = geometry.picture;
    if (x >= width || y >= height)
      throw errors.targetPlace(asked, `the picture has ${width}x${height} pixels, counted from 0`);
    const at = cellOfPixel(geometry, this.grid(asked), x, y);
    if (!at) throw errors.targetPlace(asked, 'the model does not see that pixel: its preprocessing cuts it off');
    return { kind: 'position', index: this.class(name), at, asked, text: `${x}:${y}` };
  }

  private async mask(name: string, file: string, asked: string, { geometry }: TargetItem): Promise<Target> {
    const mask = await this.once(file, async (): Promise<HeatMap> => {
      const picture = await decodePicture(await sourceOf(file).read(), { name: file });
      const pixels = picture.width * picture.height;
      const brightness = (i: number) => Math.max(...picture.data.subarray(i * 3, i * 3 + 3)) / 255;
      return {
        width: picture.width,
        height: picture.height,
        data: Float32Array.from({ length: pixels }, (_, i) => brightness(i)),
      };
    });
    const { width, height } = geometry.picture;
    if (mask.width !== width || mask.height !== height)
      throw errors.targetPlace(
        asked,
        `the mask has ${mask.width}x${mask.height} pixels, the picture ${width}x${height}`,
      );
    if (mask.data.every((value) => value === 0)) throw errors.targetPlace(asked, 'the mask is black everywhere');
    const onGrid = maskOnGrid(mask, geometry, this.grid(asked));
    if (onGrid.data.every((value) => value === 0))
      throw errors.targetPlace(asked, 'the model sees nothing of the mask: its preprocessing cuts it off');
    return { kind: 'region', index: this.class(name), mask: onGrid, asked, text: basename(file) };
  }

  private async similar(file: string, asked: string): Promise<Target> {
    const { model, preprocess } = this.opened;
    const made = await this.once(file, async () => {
      const source = sourceOf(file);
      const bytes = await source.read();
      if (source.kind === 'tensor') return similarTo(model, imageTensorOf(bytes, file, model), basename(file));
      const { width, height } = model.image;
      const picture = await decodePicture(bytes, { name: file });
      return similarTo(model, preprocessPicture(picture, preprocess, { width, height }).tensor, basename(file));
    });
    return { ...made, asked };
  }

  private once<T>(file: string, read: () => Promise<T>): Promise<T> {
    const known = this.files.get(file) as Promise<T> | undefined;
    const made = known ?? read();
    if (!known) this.files.set(file, made);
    return made;
  }
}

/** A file named in a manifest lies beside it. */
const beside = (file: string, { source }: TargetItem): string =>
  isAbsolute(file) || source.folder === undefined ? file : join(source.folder, file);
