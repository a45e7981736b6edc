import type { MaskRegion } from './contract.ts';
import { datasetErrors } from './dataset-errors.ts';

/** What may lie outside the picture by rounding, as YOLO's own trainer allows. */
const OUTERMOST = 1.01;
/** Numbers of a box, and of the smallest outline. */
const BOX = 4;
const LEAST_CORNERS = 6;

/** What a label file says of its picture: classes in the order of their first object, regions in shares of the picture's sides. */
export interface YoloLabels {
  readonly classes: readonly number[];
  readonly regions: readonly (MaskRegion & { readonly class: number })[];
}

/**
 * A YOLO label file: a line an object, numbers with blanks between them, places as shares of the picture's width and height.
 * - `class x y width height`, the box around its centre; a sixth number is the confidence of a prediction
 * - `class x1 y1 x2 y2 x3 y3 …`, the corners of an outline or of a turned box
 * - a box and the keypoints of a pose, which are left out
 *
 * @param keypoints numbers behind a box that are those of keypoints, where the data set tells
 * @throws SeewhyError `ANNOTATION_INVALID`
 */
export function yoloLabels(text: string, file: string, keypoints?: number): YoloLabels {
  const regions: (MaskRegion & { readonly class: number })[] = [];
  for (const [at, line] of text.split(/\r\n|\r|\n/).entries()) {
    if (line.trim() === '') continue;
    const invalid = (detail: string) =>
      datasetErrors.annotation(file, `is no YOLO label: line ${at + 1} ${detail}`, undefined, CURE);
    const numbers = line.trim().split(/\s+/).map(Number);
    if (!numbers.every(Number.isFinite)) throw invalid('holds something else than numbers');
    const [index, ...places] = numbers as [number, ...number[]];
    if (!Number.isInteger(index) || index < 0) throw invalid(`begins with ${index}, which is no class`);
    const outline = isOutline(places, keypoints);
    if (outline === undefined) throw invalid(`has ${numbers.length} ${numbers.length === 1 ? 'number' : 'numbers'}`);
    const used = outline ? places : places.slice(0, 4);
    if (used.some((place) => place < 1 - OUTERMOST || place > OUTERMOST))
      throw invalid('has places outside 0 to 1: they are shares of the picture, not pixels');
    if (outline) {
      regions.push({ class: index, polygon: used });
      continue;
    }
    const [x, y, width, height] = used as [number, number, number, number];
    regions.push({ class: index, box: [x - width / 2, y - height / 2, width, height] });
  }
  return { classes: [...new Set(regions.map((region) => region.class))], regions };
}

const CURE =
  'A line has the number of a class and a box (x y width height, x and y its centre) or the corners of an outline.';

/** Whether the numbers behind a class are an outline (true) or a box (false), with what may follow it; undefined for neither. */
function isOutline(places: readonly number[], keypoints: number | undefined): boolean | undefined {
  const more = places.length - BOX;
  if (more === 0 || more === 1 || more === keypoints) return false;
  // Of three numbers each: place and visibility. No corner lies at 2.
  const visible = places.slice(BOX).filter((_, at) => at % 3 === 2);
  const pose = more > 0 && more % 3 === 0 && visible.every((one) => one === 0 || one === 1 || one === 2);
  if (places.length >= LEAST_CORNERS && places.length % 2 === 0 && !(pose && visible.includes(2))) return true;
  return pose ? false : undefined;
}

/** Whether a text, or the beginning of one, reads as YOLO labels; undefined where it holds nothing. */
export function looksLikeYoloLabels(head: string): boolean | undefined {
  const lines = head.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) return undefined;
  return lines.every((line) => {
    const [index, ...places] = line.trim().split(/\s+/);
    return /^\d+(?:\.0+)?$/.test(index!) && places.length >= BOX && places.every((one) => Number.isFinite(Number(one)));
  });
}
